/* SPDX-License-Identifier: MIT */
/*
 * state.c - extended state, protection keys, and flags that trap
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "escape.h"

#define VALID		3	/* x87 and SSE */

/*
 * XRSTOR with a header that no CPU takes, the same area having been taken with its own
 */

static uint8_t area[8192] __attribute__((aligned(64)));
static uint64_t *const header = (uint64_t *)(area + 512);

extern const char xrstor_at[] __attribute__((visibility("hidden")));

static __attribute__((noinline, noclone)) void restore(void)
{
	asm volatile("xrstor_at:\txrstor64 %0" : : "m" (area), "a" (-1), "d" (-1) : "memory");
}

static int save_and_restore(void)
{
	asm volatile("xsave64 %0" : "+m" (area) : "a" (VALID), "d" (0) : "memory");
	return fault_of(restore, NULL, 0) ? UNTRIED : 0;
}

static int xrstor_supervisor(void)
{
	int e = save_and_restore();

	header[0] |= 1 << 8 | 1 << 11 | 1 << 12;	/* processor trace, CET */
	return e ?: fault_of(restore, xrstor_at, 0);
}

static int xrstor_compact_supervisor(void)
{
	int e = save_and_restore();

	header[1] = 1UL << 63 | 1 << 11 | VALID;
	return e ?: fault_of(restore, xrstor_at, 0);
}

/* Not the compact form, but a word where only that has one. */
static int xrstor_half_compact(void)
{
	int e = save_and_restore();

	header[1] = VALID;
	return e ?: fault_of(restore, xrstor_at, 0);
}

static int xrstor_reserved(void)
{
	int e = save_and_restore();

	header[2] = 1;
	return e ?: fault_of(restore, xrstor_at, 0);
}

static int xrstor_mxcsr(void)
{
	int e = save_and_restore();

	memset(area + 24, 0xff, 4);
	return e ?: fault_of(restore, xrstor_at, 0);
}

/* Supervisor state by the instruction for it: without any in it, ring 0 may. */
extern const char xrstors_at[] __attribute__((visibility("hidden")));

static __attribute__((noinline, noclone)) void restore_all(void)
{
	asm volatile("xrstors_at:\txrstors64 %0" : : "m" (area), "a" (VALID), "d" (0) : "memory");
}

static int xrstors(void)
{
	int e = save_and_restore();

	header[1] = 1UL << 63 | VALID;
	return e ?: fault_of(restore_all, xrstors_at, 0);
}

/* From the monitor's memory, and to it. */
static void restore_there(void)
{
	asm volatile("xrstor64 (%0)" : : "r" (TARGET_PAGE), "a" (0), "d" (0) : "memory");
}

static int xrstor_monitor(void)
{
	return fault_of(restore_there, NULL, TARGET_PAGE);
}

static void save_there(void)
{
	asm volatile("xsave64 (%0)" : : "r" (TARGET_PAGE), "a" (VALID), "d" (0) : "memory");
}

static int xsave_monitor(void)
{
	return fault_of(save_there, NULL, TARGET_PAGE);
}

/*
 * Protection keys: all rights of all keys
 */

static void open_all(void)
{
	asm volatile("wrpkru" : : "a" (0), "c" (0), "d" (0) : "memory");
	*(volatile char *)TARGET_PAGE = 1;
}

static int wrpkru_monitor(void)
{
	/* Natively the memory is closed by a key. */
	if (target_is_ours) {
		int key = syscall(SYS_pkey_alloc, 0, 1);

		if (key < 0 || syscall(SYS_pkey_mprotect, TARGET_PAGE, 4096,
				       PROT_READ | PROT_WRITE, key))
			return errno == ENOSPC || errno == EINVAL ? ENOSYS : errno;
	}
	return fault_of(open_all, NULL, TARGET_PAGE);
}

/*
 * A trap for each instruction, SYSCALL among them. Whose are they?
 */

static volatile unsigned int traps, after_syscall, of_monitor;
extern const char traced_behind[] __attribute__((visibility("hidden")));

static void on_trap(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	uintptr_t rip = uc->uc_mcontext.gregs[REG_RIP];

	traps++;
	/* Behind it, or a trap later: CPUs and kernels differ. */
	after_syscall += rip >= (uintptr_t)traced_behind && rip <= (uintptr_t)traced_behind + 1;
	of_monitor += rip >= TARGET && rip < TARGET + (1UL << 30);
}

static __attribute__((noinline, noclone)) void traced(long nr, void *argument)
{
	asm volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t"
		     "syscall\n"
		     "traced_behind:\tnop\n\t"
		     "pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n"
		     : "+a" (nr) : "D" (argument), "S" (0), "d" (0)
		     : "rcx", "r11", "memory");
}

static int trapped(long nr, void *argument)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	sigaction(SIGTRAP, &action, NULL);
	traced(nr, argument);
	if (of_monitor)
		return 0;
	return traps >= 3 && after_syscall ? FAULT(1, 0) : UNTRIED;
}

/* One that is decided at once, and one that is copied, judged and passed on. */
static int popf_tf_syscall(void)
{
	return trapped(SYS_getpid, NULL);
}

static int popf_tf_judged_syscall(void)
{
	return trapped(SYS_chdir, "/");
}

static __attribute__((noinline, noclone)) void traced_int3(void)
{
	asm volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t"
		     "int3\n\tpushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq" : : : "memory");
}

/* An interrupt that ring 3 may call, being traced. */
static int popf_tf_int3(void)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	sigaction(SIGTRAP, &action, NULL);
	traced_int3();
	if (of_monitor)
		return 0;
	return traps >= 4 ? FAULT(1, 0) : UNTRIED;
}

/*
 * XRSTOR refuses these headers to everybody: natively the same is seen, the fault at
 * the instruction.
 */
const struct attempt state_attempts[] = {
	A(xrstor_monitor, #PF), A(xsave_monitor, #PF), A(wrpkru_monitor, #PF),
	A0(xrstors, "#GP:0"),
	AX(xrstor_supervisor, "#GP:0", "#GP:0", NATIVE),
	AX(xrstor_compact_supervisor, "#GP:0", "#GP:0", NATIVE),
	AX(xrstor_half_compact, "#GP:0", "#GP:0", NATIVE),
	AX(xrstor_reserved, "#GP:0", "#GP:0", NATIVE),
	AX(xrstor_mxcsr, "#GP:0", "#GP:0", NATIVE),
	/* Bochs traces SYSCALL's entry, which Linux takes amiss; that they are made shows. */
	AX(popf_tf_syscall, "#DB", "#DB", NOWHERE),
	AX(popf_tf_judged_syscall, "#DB", "#DB", NOWHERE),
	AX(popf_tf_int3, "#DB", "#DB", NATIVE),
	{ 0 },
};
