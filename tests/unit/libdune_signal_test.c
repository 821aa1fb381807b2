/* SPDX-License-Identifier: MIT */
/*
 * libdune_signal_test.c - which signal an exception becomes
 */
#include "libdune_fake_sys.h"
#include "../../libdune/signal.c"

#include <string.h>

#include "libdune_tap.h"

uint32_t dune_blocks[1 << 17];

static struct dune_thread thread;
static siginfo_t sent;
static int nr_sent, set_to_default, unblocked;
static uint64_t blocked;
static uint64_t disposition;
static bool mapped;

static uintptr_t touched;
static int touched_write;
static int add_result;

/* Names of <asm/signal.h> come with other values than libc's structures. */
static long action(int sig, const struct dune_action *new, struct dune_action *old)
{
	if (old)
		old->handler = disposition;
	if (new && !new->handler)
		set_to_default = sig;
	return 0;
}

static long mask(int how, const uint64_t *set, uint64_t *old)
{
	if (old)
		*old = blocked;
	if (set && how == SIG_UNBLOCK)
		unblocked = __builtin_ffsll(*set);
	return 0;
}

long fake_sys(long nr, long a, long b, long c, long d, long e, long f)
{
	switch (nr) {
	case __NR_rt_sigaction:
		return action(a, (void *)b, (void *)c);
	case __NR_rt_sigprocmask:
		return mask(a, (void *)b, (void *)c);
	case __NR_rt_tgsigqueueinfo:
		nr_sent++;
		sent = *(siginfo_t *)d;
		return 0;
	case __NR_msync:
		return mapped ? 0 : -ENOMEM;
	case __NR_getpid:
	case __NR_gettid:
		return 1;
	}
	return -ENOSYS;
}

/* The breakpoint itself is the signal then. */
void dune_gate_break(void)
{
	sent.si_signo = SIGTRAP;
	sent.si_code = SI_KERNEL;
	nr_sent++;
}

void dune_gate_touch(uintptr_t va, bool write)
{
	touched = va;
	touched_write = write;
}

int dune_root_add(uintptr_t va)
{
	return add_result;
}

void dune_report_trap(const struct dune_tf *tf, uintptr_t cr2) { }
void dune_log(const char *fmt, ...) { }
const char *dune_strerror(int error) { return ""; }

static void forget(void)
{
	memset(&sent, 0, sizeof(sent));
	nr_sent = set_to_default = unblocked = 0;
	blocked = 0;
	disposition = 0;
	touched = 0;
	touched_write = -1;
}

#define RIP	0x401000UL

/* Whether exception @vector makes this signal, as arch/x86's handlers have it. */
static bool makes(unsigned int vector, int sig, int code, uintptr_t addr)
{
	struct dune_tf tf = { .vector = vector, .rip = RIP, .cs = SEL_KERNEL_CS };

	forget();
	dune_raise_trap(&thread, &tf, 0);
	return nr_sent == 1 && sent.si_signo == sig && sent.si_code == code &&
	       (uintptr_t)sent.si_addr == addr && unblocked == sig &&
	       (vector == 0x80 ? thread.sig.trapno == TRAP_GP : thread.sig.trapno == vector);
}

static void test_table(void)
{
	ok(makes(TRAP_DE, SIGFPE, FPE_INTDIV, RIP), "#DE");
	ok(makes(TRAP_DB, SIGTRAP, TRAP_TRACE, RIP), "#DB");
	ok(makes(TRAP_BP, SIGTRAP, SI_KERNEL, 0), "#BP");
	ok(makes(TRAP_OF, SIGSEGV, SI_KERNEL, 0), "#OF");
	ok(makes(TRAP_BR, SIGSEGV, SI_KERNEL, 0), "#BR");
	ok(makes(TRAP_UD, SIGILL, ILL_ILLOPN, RIP), "#UD");
	ok(makes(TRAP_TS, SIGSEGV, SI_KERNEL, 0), "#TS");
	ok(makes(TRAP_NP, SIGBUS, SI_KERNEL, 0), "#NP");
	ok(makes(TRAP_SS, SIGBUS, SI_KERNEL, 0), "#SS");
	ok(makes(TRAP_GP, SIGSEGV, SI_KERNEL, 0), "#GP");
	ok(makes(TRAP_AC, SIGBUS, BUS_ADRALN, 0), "#AC");
	ok(makes(0x80, SIGSEGV, SI_KERNEL, 0) && !set_to_default,
	   "INT 0x80 is a #GP outside, and can be handled");
	ok(makes(TRAP_DF, SIGSEGV, SI_KERNEL, 0) && set_to_default == SIGSEGV,
	   "#DF cannot");
}

static void test_float(void)
{
	ok(fpe_code(1) == FPE_FLTINV && fpe_code(4) == FPE_FLTDIV && fpe_code(8) == FPE_FLTOVF &&
	   fpe_code(16) == FPE_FLTUND && fpe_code(2) == FPE_FLTUND && fpe_code(32) == FPE_FLTRES &&
	   !fpe_code(0), "SIGFPE's codes");
	ok(fpe_code(1 | 32) == FPE_FLTINV, "the gravest one counts");
}

static void test_forced(void)
{
	forget();
	dune_raise(SIGILL, ILL_ILLOPN, RIP);
	ok(!set_to_default && unblocked == SIGILL, "a handler stays");
	forget();
	blocked = 1UL << (SIGILL - 1);
	dune_raise(SIGILL, ILL_ILLOPN, RIP);
	ok(set_to_default == SIGILL && unblocked == SIGILL, "a blocked signal comes all the same");
	forget();
	disposition = HANDLER_IGN;
	dune_raise(SIGILL, ILL_ILLOPN, RIP);
	ok(set_to_default == SIGILL, "an ignored one too");
	forget();
	disposition = RIP;
	dune_raise_fatal(SIGSEGV, SEGV_MAPERR, 0);
	ok(set_to_default == SIGSEGV, "a fatal one has no handler");
}

static void page_fault(uintptr_t va, uint64_t error)
{
	struct dune_tf tf = { .vector = TRAP_PF, .error = error, .rip = RIP };

	forget();
	dune_raise_trap(&thread, &tf, va);
}

static void test_page_faults(void)
{
	uintptr_t va = 0x123456789000UL;

	dune_blocks[va >> 30] = 5;
	page_fault(va, DUNE_PF_PRESENT | DUNE_PF_WRITE | DUNE_PF_LINUX);
	ok(touched == va && touched_write == 1 && !nr_sent, "Linux refuses a write: let it answer");
	page_fault(va, DUNE_PF_PRESENT | DUNE_PF_LINUX);
	ok(touched == va && touched_write == 0, "a read");
	mapped = true;
	page_fault(va, DUNE_PF_PRESENT | DUNE_PF_FETCH | DUNE_PF_LINUX);
	ok(!touched && sent.si_code == SEGV_ACCERR && (uintptr_t)sent.si_addr == va &&
	   thread.sig.cr2 == va && thread.sig.error == 0x15, "nobody jumps there to see");
	mapped = false;
	page_fault(va, DUNE_PF_PRESENT | DUNE_PF_FETCH | DUNE_PF_LINUX);
	ok(!touched && sent.si_code == SEGV_MAPERR, "nor where nothing is");
	page_fault(va, DUNE_PF_PRESENT | DUNE_PF_USER);
	ok(!touched && sent.si_signo == SIGSEGV && sent.si_code == SEGV_ACCERR,
	   "what the guest's own table forbids, Linux might allow");

	dune_blocks[va >> 30] = 0;
	add_result = -EFAULT;
	page_fault(va, 0);
	ok(touched == va && !nr_sent, "a block in which Linux has nothing");
	add_result = 0;
	page_fault(va, 0);
	ok(!touched && !nr_sent, "one in which it has by now: again");
	add_result = -ENOSPC;
	page_fault(va, 0);
	ok(!touched && sent.si_signo == SIGBUS && sent.si_code == BUS_ADRERR,
	   "one for which no slot is left");
	page_fault(0xffff800000000000UL, DUNE_PF_WRITE);
	ok(touched == 0xffff800000000000UL, "the kernel's half");
}

int main(void)
{
	test_table();
	test_float();
	test_forced();
	test_page_faults();
	return tap_end();
}
