/* SPDX-License-Identifier: MIT */
/*
 * sandbox_state_test.c - registers across a call of a plugin that attacks
 *
 * What it leaves in them is not there for the program, nor what the program had in
 * them for it.
 */
#include <stdint.h>
#include <sys/syscall.h>

#include "sandbox.h"

/* Registers and flags after a call are the program's. */
TEST(a_mess_is_not_left)
{
	struct dune_domain *d = DOMAIN(0);
	uint64_t flags, fs, gs = 1;
	volatile double x = 1, y = 3;
	uint32_t mxcsr;
	uint16_t cw;

	asm volatile("rdfsbase %0" : "=r" (fs));
	EXPECT_EQ(1, CALL(d, "leave_a_mess"));
	asm volatile("pushfq; pop %0; stmxcsr %1; fnstcw %2"
		     : "=r" (flags), "=m" (mxcsr), "=m" (cw));
	EXPECT_EQ(0, flags & 0x44400);
	EXPECT_EQ(0x200, flags & 0x200);
	EXPECT_EQ(0x1f80, mxcsr & 0xffc0);
	EXPECT_EQ(0x37f, cw);
	EXPECT_LT(0.33, x / y);
	CALL(d, "set_bases", 0x1234, 0x5678);
	asm volatile("rdfsbase %0; swapgs; rdgsbase %1; swapgs" : "=r" (gs), "=r" (flags));
	EXPECT_EQ(fs, gs);
	EXPECT_NE(0x5678, flags);
	errno = 7;
	EXPECT_EQ(7, errno);
}

static bool has_keys(void)
{
	uint32_t a = 7, c = 0, d, b;

	asm volatile("cpuid" : "+a" (a), "=b" (b), "+c" (c), "=d" (d));
	return c & 1 << 4;
}

TEST(protection_keys_are_the_program_s)
{
	struct dune_domain *d;
	uint32_t a, dx, pkru = 0;

	if (!has_keys())
		SKIP(return, "no protection keys");
	d = DOMAIN(0);
	asm volatile("rdpkru" : "=a" (pkru), "=d" (dx) : "c" (0));
	CALL(d, "set_pkru");
	asm volatile("rdpkru" : "=a" (a), "=d" (dx) : "c" (0));
	EXPECT_EQ(pkru, a);
}

/* With no rights to any memory it waits for the program to need some. */
TEST(protection_keys_that_are_shut)
{
	struct dune_domain_call c = { .timeout = 30 * MS };
	struct dune_domain_report report;
	struct dune_domain *d;

	if (!has_keys())
		SKIP(return, "no protection keys");
	d = DOMAIN(0);
	EXPECT_EQ(-ENOSYS, CALL(d, "shut_and_call", 1000));
	EXPECT_EQ(0, CALL(d, "shut_and_call", SYS_sched_yield));
	EXPECT_EQ(-EFAULT, CALL(d, "shut_and_call", SYS_nanosleep, (uint64_t)&c));
	EXPECT_EQ(SIGILL, FATAL(d, "shut_and_fault").signal);
	d = DOMAIN(0);
	EXPECT_EQ(SIGSEGV, FATAL(d, "shut_and_read").signal);
	d = DOMAIN(0);
	EXPECT_EQ(-EOWNERDEAD, call_error(d, "shut_and_loop", &c));
	dune_domain_report(d, &report);
	EXPECT_EQ(DUNE_DOMAIN_DEADLINE, report.cause);
	EXPECT_EQ(0, dune_domain_destroy(d));
}

TEST(vector_registers_hold_nothing_of_the_program_s)
{
	struct dune_domain *d = DOMAIN(0);
	struct dune_domain_call c = { 0 };
	uint64_t fn;

	ASSERT_EQ(0, dune_domain_symbol(d, "vectors_are_clean", &fn));
	asm volatile("pcmpeqd %%xmm0, %%xmm0\n\tpcmpeqd %%xmm7, %%xmm7\n\t"
		     "pcmpeqd %%xmm15, %%xmm15" : : : "xmm0", "xmm7", "xmm15");
	ASSERT_EQ(0, dune_domain_call(d, fn, &c));
	EXPECT_EQ(0, (long)c.result);
}

TEST_HARNESS_MAIN
