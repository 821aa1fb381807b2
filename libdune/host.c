/* SPDX-License-Identifier: MIT */
/*
 * host.c - the host half: what the run loop cannot do in registers
 *
 * Runs outside Dune mode, on the thread's outside stack. The guest's registers
 * are in t->run->regs; with DUNE_SET_REGS in t->run->set, changes to rip, rsp
 * and rflags take effect too.
 */
#include "priv.h"

static void inject(struct dune_thread *t, uint8_t vector, uint32_t error, uint64_t cr2)
{
	bool has_error = vector == TRAP_GP || vector == TRAP_PF;

	t->run->event = (struct dune_event) {
		.vector		= vector,
		.has_error	= has_error,
		.error		= error,
		.cr2		= cr2,
	};
	t->run->set |= DUNE_SET_EVENT;
}

/* By which trap.c knows the access; there it gets the error code of a page fault. */
static uint32_t pgflt_error(const struct dune_exit_info *info)
{
	uint32_t error = PF_FROM_LINUX;

	if (info->access & DUNE_ACCESS_WRITE)
		error |= DUNE_PF_WRITE;
	if (info->access & DUNE_ACCESS_EXEC)
		error |= DUNE_PF_FETCH;
	if (info->cpl == 3)
		error |= DUNE_PF_USER;
	return error;
}

/*
 * The frame of a trap found no place on the stack it belongs on. A stack that
 * can grow does so for Linux; else the trap goes on where libdune has a place.
 */
static void bad_stack(struct dune_thread *t, const char *go_on)
{
	if (sys(__NR_getrandom, t->run->info.hva, 1, 1 /* GRND_NONBLOCK */) == 1)
		return;
	t->run->regs.rip = (uintptr_t)go_on;
	t->run->set |= DUNE_SET_REGS;
}

static bool is_pgflt_push(uint64_t rip)
{
	return (rip >= (uintptr_t)dune_pgflt_push && rip < (uintptr_t)dune_pgflt_pushed) ||
	       (rip >= (uintptr_t)dune_pgflt_args_push && rip < (uintptr_t)dune_pgflt_args_pushed);
}

/*
 * An access that Linux refuses: libdune's, if it copies and wants to know; the
 * program's, if it asked for such faults; else Linux answers in its own way,
 * with a signal.
 */
static void ept_fault(struct dune_thread *t)
{
	const struct dune_exit_info *info = &t->run->info;
	uint64_t rip = t->run->regs.rip;
	bool copying = info->cpl == 0 && (rip == (uintptr_t)dune_uaccess_words ||
					  rip == (uintptr_t)dune_uaccess_insn);

	if (info->hva == ~0ULL || info->gva == ~0ULL) {
		dune_report_exit(t, DUNE_EXIT_EPT_FAULT);
		dune_raise_fatal(11, 1, info->gva == ~0ULL ? 0 : info->gva);
		return;
	}
	if (info->cpl == 0 && rip == (uintptr_t)dune_trap_move) {
		bad_stack(t, dune_trap_bad_stack);
		return;
	}
	if (info->cpl == 0 && is_pgflt_push(rip)) {
		bad_stack(t, dune_pgflt_bad_stack);
		return;
	}
	if ((copying || (info->cpl == 3 && t->call) || dune_pgflt_claimed(t)) &&
	    !info->intr_info) {
		inject(t, TRAP_PF, pgflt_error(info), info->gva);
		return;
	}
	dune_report_exit(t, DUNE_EXIT_EPT_FAULT);
	dune_raise_access(t, info->hva, info->access);
}

/* Instructions that do not exist for a program; the rest are privileged. */
static bool undefined(uint32_t hw_reason)
{
	switch (hw_reason) {
	case 11:		/* GETSEC */
	case 17 ... 27:		/* RSM, VMCALL to VMXON */
	case 36:		/* MWAIT */
	case 39:		/* MONITOR */
	case 50:		/* INVEPT */
	case 53:		/* INVVPID */
	case 59:		/* VMFUNC */
		return true;
	}
	return false;
}

/* At CPL 0, what a CPU does to a program at CPL 3. */
static void privileged(struct dune_thread *t)
{
	dune_report_exit(t, DUNE_EXIT_PRIVILEGED);
	inject(t, undefined(t->run->info.hw_reason) ? TRAP_UD : TRAP_GP, 0, 0);
}

/* The frame of the ring-3 call that is being passed on, or NULL: CPL 0's own. */
struct dune_tf *dune_ring3_call(const struct dune_thread *t)
{
	if (t->run->regs.rip != (uintptr_t)dune_user_vmcall_done)
		return NULL;
	return (struct dune_tf *)t->run->regs.rbx;
}

/* With signals in the queue: whether a call may be made before they are delivered. */
bool dune_host_may_call(struct dune_thread *t)
{
	if (dune_global.ring3_signals && dune_ring3_call(t))
		return false;
	/* If not this one, the interrupt that was asked for is held up by CPL 0. */
	return !t->sig.kick;
}

#define VMCALL_LEN	3

/* The call was not made, because a signal comes first. */
void dune_host_restart(struct dune_thread *t)
{
	if (dune_ring3_call(t)) {
		t->run->regs.rax = -ECALLAGAIN;
		return;
	}
	t->run->regs.rip -= VMCALL_LEN;
	t->run->set |= DUNE_SET_REGS;
}

static int hypercall(struct dune_thread *t)
{
	struct dune_regs *regs = &t->run->regs;

	switch (regs->rax) {
	case HC_LEAVE:
		if (t->sig.kick) {
			dune_host_restart(t);
			break;
		}
		dune_bases_to_linux(t);
		return HOST_LEAVE;
	case HC_RAISE:
		dune_raise_trap(t, (const struct dune_tf *)regs->rdi, regs->rsi);
		break;
	case HC_DIE:
		dune_report_trap((const struct dune_tf *)regs->rdi, regs->rsi);
		dune_raise_fatal(11, 1, regs->rsi);
		break;
	default:
		if (regs->rax >> 32 != HYPERCALL_MAGIC)
			return dune_host_syscall(t);
		regs->rax = -ENOSYS;
	}
	return HOST_RESUME;
}

/* @code: what DUNE_RUN returned. */
int dune_host_exit(struct dune_thread *t, long code)
{
	if (code > 0)
		t->entered = 1;
	switch (code) {
	case DUNE_EXIT_VMCALL:
		return hypercall(t);
	case DUNE_EXIT_EPT_FAULT:
		ept_fault(t);
		return HOST_RESUME;
	case DUNE_EXIT_PRIVILEGED:
		privileged(t);
		return HOST_RESUME;
	}

	if (code < 0 && !t->entered) {
		t->run->regs.rax = code;	/* dune_gate_enter()'s result */
		return HOST_LEAVE;
	}
	/* The guest cannot go on, and there is nothing to go back to. */
	dune_report_exit(t, code);
	dune_raise_fatal(11, 1, t->run->regs.rip);
	return HOST_RESUME;
}
