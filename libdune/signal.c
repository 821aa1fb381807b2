/* SPDX-License-Identifier: MIT */
/*
 * signal.c - the signal Linux would have sent
 *
 * Page faults are the easy part: the host half makes the same access, and Linux
 * itself answers. Other exceptions are looked up as the kernel's own handlers
 * have them, and queued to the thread; like the kernel's they cannot be blocked
 * or ignored.
 */
#include <asm/siginfo.h>
#include <asm/signal.h>

#include "priv.h"

struct trap_signal {
	uint8_t	sig, code;
	bool	at_rip;		/* si_addr is the instruction, else 0 */
};

static const struct trap_signal trap_signals[32] = {
	[TRAP_DE] = { SIGFPE, FPE_INTDIV, true },
	[TRAP_DB] = { SIGTRAP, TRAP_TRACE, true },
	[TRAP_BP] = { SIGTRAP, SI_KERNEL, false },
	[TRAP_OF] = { SIGSEGV, SI_KERNEL, false },
	[TRAP_BR] = { SIGSEGV, SI_KERNEL, false },
	[TRAP_UD] = { SIGILL, ILL_ILLOPN, true },
	[TRAP_TS] = { SIGSEGV, SI_KERNEL, false },
	[TRAP_NP] = { SIGBUS, SI_KERNEL, false },
	[TRAP_SS] = { SIGBUS, SI_KERNEL, false },
	[TRAP_GP] = { SIGSEGV, SI_KERNEL, false },
	[TRAP_MF] = { SIGFPE, 0, true },
	[TRAP_AC] = { SIGBUS, BUS_ADRALN, false },
	[TRAP_XM] = { SIGFPE, 0, true },
};

static void set_default(int sig)
{
	struct dune_action dfl = { .handler = HANDLER_DFL };

	sys(__NR_rt_sigaction, sig, &dfl, NULL, 8);
}

/* As the kernel's force_sig(): a thread cannot hide from its own exception. */
static void uncover(int sig, bool fatal)
{
	uint64_t bit = SIG_BIT(sig), mask = 0;
	struct dune_action old = { 0 };

	sys(__NR_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	sys(__NR_rt_sigaction, sig, NULL, &old, 8);
	if (fatal || (mask & bit) || old.handler == HANDLER_IGN)
		set_default(sig);
	sys(__NR_rt_sigprocmask, SIG_UNBLOCK, &bit, NULL, 8);
}

static void queue(int sig, int code, uintptr_t addr)
{
	siginfo_t info = { .si_signo = sig, .si_code = code };
	long pid = sys(__NR_getpid), tid = sys(__NR_gettid);

	info.si_addr = (void *)addr;
	sys(__NR_rt_tgsigqueueinfo, pid, tid, sig, &info);
}

void dune_raise(int sig, int code, uintptr_t addr)
{
	uncover(sig, false);
	if (sig == SIGTRAP && code == SI_KERNEL)
		dune_gate_break();
	else
		queue(sig, code, addr);
}

/* For a thread that cannot go on: no handler may return to it. */
void dune_raise_fatal(int sig, int code, uintptr_t addr)
{
	uncover(sig, true);
	queue(sig, code, addr);
}

/* Which of SIGFPE's codes the x87 status word or MXCSR stands for. */
static int fpe_code(uint32_t status)
{
	if (status & 1)
		return FPE_FLTINV;
	if (status & 4)
		return FPE_FLTDIV;
	if (status & 8)
		return FPE_FLTOVF;
	if (status & (2 | 16))
		return FPE_FLTUND;
	if (status & 32)
		return FPE_FLTRES;
	return 0;
}

static int float_code(uint64_t vector)
{
	uint16_t cwd, swd;
	uint32_t mxcsr;

	if (vector == TRAP_XM) {
		asm volatile("stmxcsr %0" : "=m" (mxcsr));
		return fpe_code(~(mxcsr >> 7) & mxcsr);
	}
	asm volatile("fnstcw %0" : "=m" (cwd));
	asm volatile("fnstsw %0" : "=m" (swd));
	return fpe_code(swd & ~cwd);
}

/* What the frame of the signal's handler tells of the exception. */
static void note(struct dune_thread *t, uint64_t trapno, uint64_t error, uint64_t cr2)
{
	t->sig.trapno = trapno;
	t->sig.error = error;
	if (trapno == TRAP_PF)
		t->sig.cr2 = cr2;
}

static bool is_mapped(uintptr_t va)
{
	return !sys(__NR_msync, va & ~(PAGE_SIZE - 1), PAGE_SIZE, 1 /* MS_ASYNC */);
}

/* An access that Linux refused, or might by now allow. (sigcatch.c notes it.) */
void dune_raise_access(struct dune_thread *t, uintptr_t va, uint32_t access)
{
	bool mapped;

	if (access & DUNE_ACCESS_EXEC) {
		mapped = is_mapped(va);
		note(t, TRAP_PF, DUNE_PF_USER | DUNE_PF_FETCH | (mapped ? DUNE_PF_PRESENT : 0), va);
		dune_raise(SIGSEGV, mapped ? SEGV_ACCERR : SEGV_MAPERR, va);
	} else {
		dune_gate_touch(va, access & DUNE_ACCESS_WRITE);
	}
}

/* In a block that the guest's table has not: because Linux has nothing there? */
static void raise_new_block(struct dune_thread *t, uintptr_t va, uint32_t access)
{
	int r = dune_root_add(va);

	if (r == -ENOSPC) {
		/* Linux would allow the access, again and again in vain. */
		dune_log("dune:   why: %s", dune_strerror(r));
		dune_raise(SIGBUS, BUS_ADRERR, va);
	} else if (r && r != -ENOMEM) {		/* short of memory, it is tried anew */
		dune_raise_access(t, va, access);
	}
}

static void raise_pgflt(struct dune_thread *t, const struct dune_tf *tf, uintptr_t cr2)
{
	uint32_t access = DUNE_ACCESS_READ;

	if (tf->error & DUNE_PF_WRITE)
		access = DUNE_ACCESS_WRITE;
	if (tf->error & DUNE_PF_FETCH)
		access = DUNE_ACCESS_EXEC;

	if ((tf->error & DUNE_PF_LINUX) || cr2 >> 47)
		dune_raise_access(t, cr2, access);
	else if (!(dune_blocks[cr2 >> 30] & BLOCK_SLOT))
		raise_new_block(t, cr2, access);
	else	/* the guest's own table forbids what Linux may allow */
		dune_raise(SIGSEGV, tf->error & DUNE_PF_PRESENT ? SEGV_ACCERR : SEGV_MAPERR,
			   cr2);
}

/* The exception in @tf, that nobody claimed. */
void dune_raise_trap(struct dune_thread *t, const struct dune_tf *tf, uintptr_t cr2)
{
	const struct trap_signal *ts = &trap_signals[tf->vector & 31];
	int code;

	dune_report_trap(tf, cr2);
	if (tf->vector == TRAP_PF) {
		note(t, TRAP_PF, (uint32_t)tf->error | DUNE_PF_USER, cr2);
		raise_pgflt(t, tf, cr2);
		return;
	}
	note(t, tf->vector, tf->error, 0);
	if (tf->vector >= 32) {		/* INT n, which outside is a #GP */
		note(t, TRAP_GP, tf->vector << 3 | 2, 0);
		dune_raise(SIGSEGV, SI_KERNEL, 0);
		return;
	}
	if (!ts->sig) {
		dune_raise_fatal(SIGSEGV, SI_KERNEL, 0);
		return;
	}
	code = ts->code;
	if (tf->vector == TRAP_MF || tf->vector == TRAP_XM)
		code = float_code(tf->vector);
	dune_raise(ts->sig, code, ts->at_rip ? tf->rip : 0);
}
