/* SPDX-License-Identifier: MIT */
/*
 * frames.c - frames of signals forged for rt_sigreturn(), and faults without a stack
 */
#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "escape.h"

/*
 * What is in the frame's registers. Each is to be followed by an instruction that only
 * ring 0 may execute, or by the first of the monitor's.
 */
static ucontext_t *context;
static void (*forge)(greg_t *r);

static void on_usr1(int sig, siginfo_t *info, void *uc)
{
	context = uc;
	forge(context->uc_mcontext.gregs);
}

static void return_by(void (*fn)(greg_t *r))
{
	struct sigaction action = { .sa_sigaction = on_usr1, .sa_flags = SA_SIGINFO };

	forge = fn;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

/* The kernel's code segment; and all flags that are a ring's. */
static void ring0(greg_t *r)
{
	r[REG_CSGSFS] = (r[REG_CSGSFS] & ~0xffffL) | 0x10;
}

static void flags(greg_t *r)
{
	r[REG_EFL] |= 0x3000 | 0x20000 | 0x4000;	/* IOPL, VM, NT */
}

extern const char after_ring0[], after_flags[] __attribute__((visibility("hidden")));

static __attribute__((noinline, noclone)) void ring0_and_cli(void)
{
	return_by(ring0);
	asm volatile("after_ring0:\tcli\n\tsti");
}

static __attribute__((noinline, noclone)) void flags_and_cli(void)
{
	return_by(flags);
	asm volatile("after_flags:\tcli\n\tsti");
}

static int sigreturn_ring0(void)
{
	return fault_of(ring0_and_cli, after_ring0, 0);
}

static int sigreturn_flags(void)
{
	return fault_of(flags_and_cli, after_flags, 0);
}

/* To the monitor's memory: natively there is code of ours, which comes back. */
static volatile bool arrived;
static void *way_back[5];

static void arrive(void)
{
	arrived = true;
	__builtin_longjmp(way_back, 1);
}

static void monitor(greg_t *r)
{
	r[REG_RIP] = TARGET_PAGE;
	r[REG_RDX] = (uintptr_t)arrive;
	r[REG_RSP] = (r[REG_RSP] & -16L) - 8;
}

static void to_monitor(void)
{
	if (__builtin_setjmp(way_back))
		return;
	return_by(monitor);
}

static int sigreturn_monitor(void)
{
	int r;

	if (target_is_ours)
		memcpy((void *)TARGET_PAGE, "\xff\xe2", 2);	/* jmp *%rdx */
	r = fault_of(to_monitor, (void *)TARGET_PAGE, TARGET_PAGE);
	return r ?: arrived ? 0 : UNTRIED;
}

/* An address that is none: IRET itself, or SYSRET, would fault on some CPUs at ring 0. */
static void noncanonical(greg_t *r)
{
	r[REG_RIP] = 0x8000000000000000L;
}

static void to_nowhere(void)
{
	return_by(noncanonical);
}

static int sigreturn_noncanonical(void)
{
	return fault_of(to_nowhere, (void *)0x8000000000000000L, 0);
}

/*
 * What is in its vector registers. That the frame was taken shows in one of them.
 */
static const char marker[16] = "from the frame";

static char *state(void)
{
	return (char *)context->uc_mcontext.fpregs;
}

static uint64_t *header(void)
{
	return (uint64_t *)(state() + 512);
}

/* XMM7, and that it is there. */
static void mark(char *fpstate)
{
	memcpy(fpstate + 160 + 16 * 7, marker, sizeof(marker));
	fpstate[512] |= 3;
}

static int restored(void (*fn)(greg_t *r))
{
	struct sigaction action = { .sa_sigaction = on_usr1, .sa_flags = SA_SIGINFO };
	char xmm7[16];
	long pid = getpid();

	forge = fn;
	sigaction(SIGUSR1, &action, NULL);
	asm volatile("pxor %%xmm7, %%xmm7\n\tsyscall\n\tmovups %%xmm7, %0"
		     : "=m" (xmm7) : "a" (62 /* kill */), "D" (pid), "S" (SIGUSR1)
		     : "rcx", "r11", "xmm7", "memory");
	return memcmp(xmm7, marker, sizeof(xmm7)) ? UNTRIED : EPERM;
}

static void supervisor(greg_t *r)
{
	mark(state());
	header()[0] |= 1 << 8 | 1 << 11;
}

static int sigreturn_supervisor_state(void)
{
	return restored(supervisor);
}

static void compact(greg_t *r)
{
	mark(state());
	header()[1] = 1UL << 63 | 1 << 11 | 3;
}

static int sigreturn_compact_state(void)
{
	return restored(compact);
}

static void reserved(greg_t *r)
{
	mark(state());
	header()[2] = -1;
}

static int sigreturn_reserved_state(void)
{
	return restored(reserved);
}

static void mxcsr(greg_t *r)
{
	mark(state());
	memset(state() + 24, 0xff, 4);
}

static int sigreturn_mxcsr(void)
{
	return restored(mxcsr);
}

/* More than there is room for: where it is copied to, most of all. */
static void sizes(greg_t *r)
{
	uint32_t *software = (uint32_t *)(state() + 464);	/* struct _fpx_sw_bytes */

	mark(state());
	software[1] = 0x7fffffff;	/* extended_size */
	software[4] = 0x7ffffff0;	/* xstate_size */
}

static int sigreturn_sizes(void)
{
	return restored(sizes);
}

/* In the monitor's memory. */
static void elsewhere(greg_t *r)
{
	if (target_is_ours) {
		memcpy((void *)TARGET_PAGE, state(), 4096 - 1024);
		mark((void *)TARGET_PAGE);
	}
	context->uc_mcontext.fpregs = (void *)TARGET_PAGE;
}

static int sigreturn_monitor_state(void)
{
	int r = restored(elsewhere);

	return r == EPERM ? 0 : r;	/* it has been read there */
}

/*
 * A fault where the stack is the monitor's. At ring 0 there is no other stack, and so
 * the frame is pushed there; from ring 3 none may be.
 */
extern const char wild_at[] __attribute__((visibility("hidden")));

static __attribute__((noinline, noclone)) void wild_stack(void)
{
	asm volatile("mov %0, %%rsp\nwild_at:\tud2" : : "r" (TARGET_PAGE + 0x3000) : "memory");
}

static int fault_on_monitor_stack(void)
{
	const char *p = (const char *)TARGET_PAGE + 0x2000;
	int r = fault_of(wild_stack, wild_at, 0), i;

	for (i = 0; target_is_ours && i < 0x1000; i++)
		if (p[i])
			return 0;
	return r;
}

const struct attempt frame_attempts[] = {
	A0(sigreturn_ring0, "#GP:0"), A0(sigreturn_flags, "#GP:0"), A(sigreturn_monitor, #PF),
	A(sigreturn_monitor_state, SIGSEGV), A0(fault_on_monitor_stack, "#UD"),
	/* Linux goes there, and no further. */
	AX(sigreturn_noncanonical, "#GP:0", "#GP:0", NATIVE),
	/* Of these the monitor's XRSTOR sees nothing. Linux's own faults, which it expects. */
	AX(sigreturn_supervisor_state, "EPERM", "SIGSEGV", NATIVE),
	AX(sigreturn_compact_state, "EPERM", "SIGSEGV", NATIVE),
	AX(sigreturn_reserved_state, "EPERM", "SIGSEGV", NATIVE),
	AX(sigreturn_mxcsr, "EPERM", "SIGSEGV", NATIVE),
	AX(sigreturn_sizes, "EPERM", "EPERM", NATIVE),
	{ 0 },
};
