/* SPDX-License-Identifier: MIT */
/*
 * stack_test.c - traps of code whose stack cannot take a frame
 */
#include <sys/mman.h>

#include "handlers.h"

/* Write to @p, then UD2, with RSP at @sp. */
static void on_stack(uintptr_t sp, volatile char *p)
{
	asm volatile("mov %%rsp, %%rbx\n\t"
		     "mov %0, %%rsp\n\t"
		     "movb $9, (%1)\n\t"
		     "ud2\n\t"
		     "mov %%rbx, %%rsp" : : "r" (sp), "r" (p) : "rbx", "memory");
}

static bool seen(uintptr_t addr)
{
	int i;

	for (i = 0; i < faults; i++)
		if (seen_addr[i] >> 12 == addr >> 12)
			return true;
	return false;
}

/* The guest's own table forbids it: the handler hears of the stack, too. */
static void forbidden_stack(struct __test_metadata *_metadata, unsigned int kind)
{
	uintptr_t sp;

	ENTER_OWN();
	sp = (uintptr_t)area + 60 * PAGE;
	dune_trap_set_handler(6, skip_ud2, 0);
	dune_trap_set_pgflt_handler(mend, kind);
	own_set((void *)(sp - PAGE), W, 0);
	on_stack(sp, forbid(PAGE));
	EXPECT_EQ(9, area[PAGE]);
	EXPECT_EQ(2, faults);
	EXPECT_TRUE(seen(sp - PAGE));
	EXPECT_TRUE(seen((uintptr_t)area + PAGE));
	EXPECT_EQ(1, traps);

	/* Again without a fault before the UD2, whose frame finds no place. */
	own_set((void *)(sp - PAGE), W, 0);
	on_stack(sp, area + PAGE);
	EXPECT_EQ(2, faults);
	EXPECT_EQ(2, traps);
	EXPECT_TRUE(seen_sp < sp - PAGE || seen_sp > sp) TH_LOG("%lx", (long)seen_sp);
	/* As often as you like. */
	for (int i = 0; i < 50; i++) {
		own_set((void *)(sp - PAGE), W, 0);
		on_stack(sp, forbid(PAGE));
	}
	EXPECT_EQ(102, faults);
	EXPECT_EQ(52, traps);
}

TEST(a_stack_that_the_guest_forbids)
{
	forbidden_stack(_metadata, DUNE_TRAP_GPRS_ONLY);
}

TEST(a_stack_that_the_guest_forbids_with_arguments_only)
{
	forbidden_stack(_metadata, DUNE_TRAP_ARGS_ONLY);
}

TEST(a_stack_that_linux_forbids)
{
	char *stack = mmap(NULL, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int k;

	ENTER_OWN();
	dune_trap_set_handler(6, skip_ud2, 0);
	for (k = 0; k < 4; k++) {
		dune_trap_set_pgflt_handler(mend, k % 2 ? DUNE_TRAP_ARGS_ONLY : DUNE_TRAP_GPRS_ONLY);
		area[PAGE] = 0;
		on_stack((uintptr_t)stack + 8 * PAGE, forbid(PAGE));
		EXPECT_EQ(9, area[PAGE]);
		EXPECT_EQ(k + 1, faults);
		EXPECT_EQ((uintptr_t)area + PAGE, seen_addr[k]);
		EXPECT_EQ(k + 1, traps);
	}
}

/* Both traps go to the stack of signals; where the stack is did not matter. */
#define STACK_NOWHERE(name, sp)						\
	TEST(a_stack_at_##name)						\
	{								\
		ENTER_OWN();						\
		dune_trap_set_handler(6, skip_ud2, 0);			\
		dune_trap_set_pgflt_handler(mend, DUNE_TRAP_GPRS_ONLY);	\
		on_stack(sp, area + PAGE);				\
		EXPECT_EQ(1, traps);					\
		EXPECT_EQ(0, faults);					\
	}

STACK_NOWHERE(zero, 8)
STACK_NOWHERE(no_canonical_address, 0x1234567890abcdef)
STACK_NOWHERE(the_end_of_user_space, 0x800000000000)
STACK_NOWHERE(the_kernel, 0xffffffff81000000)
STACK_NOWHERE(the_end_of_all, -16UL)

TEST(a_page_fault_with_a_stack_nowhere)
{
	int k;

	ENTER_OWN();
	dune_trap_set_handler(6, skip_ud2, 0);
	for (k = 0; k < 2; k++) {
		dune_trap_set_pgflt_handler(mend, k ? DUNE_TRAP_ARGS_ONLY : DUNE_TRAP_GPRS_ONLY);
		on_stack(0x1234567890abcdef, forbid(PAGE));
		EXPECT_EQ(k + 1, traps);
		EXPECT_EQ(k + 1, faults);
		EXPECT_EQ((uintptr_t)area + PAGE, seen_addr[k]);
	}
}

/* In a block of memory that the mirror root has not seen yet. */
TEST(a_stack_in_a_new_block)
{
	char *far = mmap((void *)0x312340000000UL, 16 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *farther = mmap((void *)0x322340000000UL, 16 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ENTER();
	dune_trap_set_handler(6, skip_ud2, 0);
	dune_trap_set_pgflt_handler(mend, DUNE_TRAP_GPRS_ONLY);
	on_stack((uintptr_t)far + 16 * PAGE, farther);
	EXPECT_EQ(9, *farther);
	EXPECT_EQ(1, traps);
	EXPECT_EQ(0, faults);
}

TEST_HARNESS_MAIN
