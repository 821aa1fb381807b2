/* SPDX-License-Identifier: MIT */
/*
 * vm_test.c - guest page tables, as the CPU finds them
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#include "kselftest_harness.h"

#define ENTER() do { ASSERT_EQ(0, dune_init(0)); ASSERT_EQ(0, dune_enter()); } while (0)

#define PAGE	4096UL
#define MIB	(1UL << 20)
#define GIB	(1UL << 30)
/* Where Linux has nothing. */
#define FREE	0x210000000000UL

#define R	DUNE_PTE_P
#define RW	(DUNE_PTE_P | DUNE_PTE_W)

static __thread sigjmp_buf back;
static __thread volatile uint64_t fault_error, fault_at;
static volatile int faults;

static int on_fault(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	faults++;
	fault_at = addr;
	fault_error = error;
	siglongjmp(back, 1);
}

/* The byte, or -1 for a page fault. */
static int peek(uintptr_t at)
{
	if (sigsetjmp(back, 0))
		return -1;
	return *(volatile unsigned char *)at;
}

static int poke(uintptr_t at, int value)
{
	if (sigsetjmp(back, 0))
		return -1;
	*(volatile unsigned char *)at = value;
	return 0;
}

static char *memory(size_t size)
{
	char *p = mmap(NULL, size + 2 * MIB, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : (char *)(((uintptr_t)p + 2 * MIB - 1) & ~(2 * MIB - 1));
}

static void begin(void)
{
	dune_trap_set_pgflt_handler(on_fault, 0);
}

TEST(fresh_pages)
{
	struct dune_root *root = dune_vm_mirror();
	struct dune_vm_stats before, after;

	ENTER();
	begin();
	dune_vm_stats(&before);
	EXPECT_EQ(-1, peek(FREE));
	ASSERT_EQ(0, dune_vm_map(root, FREE, 3 * PAGE, RW, DUNE_SHIFT_4K));
	EXPECT_EQ(0, peek(FREE + 2 * PAGE + 7));
	EXPECT_EQ(0, poke(FREE + 2 * PAGE + 7, 5));
	EXPECT_EQ(5, peek(FREE + 2 * PAGE + 7));
	EXPECT_EQ(-EEXIST, dune_vm_map(root, FREE + PAGE, 3 * PAGE, RW, DUNE_SHIFT_4K));
	EXPECT_EQ(-1, peek(FREE + 3 * PAGE));
	EXPECT_EQ(0, fault_error & DUNE_PF_PRESENT);
	EXPECT_EQ(FREE + 3 * PAGE, fault_at);
	EXPECT_EQ(0, dune_vm_unmap(root, FREE, 3 * PAGE));
	EXPECT_EQ(-1, peek(FREE + 2 * PAGE + 7));
	ASSERT_EQ(0, dune_vm_map(root, FREE, 3 * PAGE, RW, DUNE_SHIFT_4K));
	EXPECT_EQ(0, peek(FREE + 2 * PAGE + 7));
	EXPECT_EQ(0, dune_vm_unmap(root, FREE, 3 * PAGE));
	dune_vm_stats(&after);
	EXPECT_EQ(before.tables, after.tables);
	EXPECT_EQ(0, after.pool_pages);
}

TEST(rights)
{
	struct dune_root *root = dune_vm_mirror();
	char *p = memory(2 * MIB);
	uintptr_t at = (uintptr_t)p + 5 * PAGE;

	ENTER();
	begin();
	memset(p, 3, 2 * MIB);
	ASSERT_EQ(0, dune_vm_protect(root, at, PAGE, R));
	EXPECT_EQ(-1, poke(at, 1));
	EXPECT_EQ(DUNE_PF_PRESENT | DUNE_PF_WRITE, fault_error);
	EXPECT_EQ(3, peek(at));
	EXPECT_EQ(0, poke(at - 1, 1));
	EXPECT_EQ(0, poke(at + PAGE, 1));
	ASSERT_EQ(0, dune_vm_protect(root, at, PAGE, 0));
	EXPECT_EQ(-1, peek(at));
	EXPECT_EQ(0, fault_error);
	EXPECT_EQ(1, peek(at - 1));
	ASSERT_EQ(0, dune_vm_protect(root, at, PAGE, RW));
	EXPECT_EQ(0, poke(at, 4));
	EXPECT_EQ(4, peek(at));
	EXPECT_EQ(0, dune_vm_merge(root, (uintptr_t)p & ~(GIB - 1), GIB));
	EXPECT_GT(dune_vm_lookup(root, at).shift, DUNE_SHIFT_2M - 1);
	EXPECT_EQ(4, peek(at));
}

/* A part of a block taken away is the handler's; the rest comes as ever. */
TEST(holes_in_the_mirror_root)
{
	struct dune_root *root = dune_vm_mirror();
	char *p = memory(4 * MIB);

	ENTER();
	begin();
	p[0] = p[MIB] = 1;
	ASSERT_EQ(0, dune_vm_unmap(root, (uintptr_t)p, PAGE));
	EXPECT_EQ(-1, peek((uintptr_t)p));
	EXPECT_EQ(1, peek((uintptr_t)p + MIB));
	ASSERT_EQ(0, dune_vm_map_phys(root, (uintptr_t)p, PAGE, dune_va_to_pa(p), RW, 0));
	EXPECT_EQ(1, peek((uintptr_t)p));
}

/* The program's memory in a block that Linux comes to use afterwards. */
TEST(a_block_comes_around_what_is_there)
{
	struct dune_root *root = dune_vm_mirror();

	ENTER();
	begin();
	ASSERT_EQ(0, dune_vm_map(root, FREE + 8 * PAGE, PAGE, RW, DUNE_SHIFT_4K));
	EXPECT_EQ(0, poke(FREE + 8 * PAGE, 77));
	ASSERT_EQ((void *)FREE, mmap((void *)FREE, 16 * PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	EXPECT_EQ(0, poke(FREE, 1));
	EXPECT_EQ(0, poke(FREE + 9 * PAGE, 2));
	EXPECT_EQ(77, peek(FREE + 8 * PAGE));
	EXPECT_EQ(0, dune_vm_unmap(root, FREE + 8 * PAGE, PAGE));
	EXPECT_EQ(-1, peek(FREE + 8 * PAGE));
	EXPECT_EQ(2, peek(FREE + 9 * PAGE));
}

TEST(aliases)
{
	struct dune_root *root = dune_vm_mirror();
	char *p = memory(4 * MIB);
	uintptr_t at = (uintptr_t)p;

	ENTER();
	begin();
	memset(p, 1, 4 * MIB);
	ASSERT_EQ(0, dune_vm_alias(root, FREE, 4 * MIB, R, root, at));
	EXPECT_EQ(DUNE_SHIFT_2M, dune_vm_lookup(root, FREE).shift);
	p[3 * MIB] = 9;
	EXPECT_EQ(9, peek(FREE + 3 * MIB));
	EXPECT_EQ(-1, poke(FREE, 1));
	ASSERT_EQ(0, dune_vm_alias(root, FREE + GIB, 3 * PAGE, RW, root, at + PAGE));
	EXPECT_EQ(0, poke(FREE + GIB, 8));
	EXPECT_EQ(8, p[PAGE]);
	EXPECT_EQ(8, peek(FREE + PAGE));
	EXPECT_EQ(0, dune_vm_unmap(root, FREE, 2 * GIB));
}

TEST(leaves_of_all_sizes)
{
	struct dune_root *root = dune_vm_mirror();
	char *p = memory(2 * MIB);
	uint64_t pa;

	ENTER();
	begin();
	p[12345] = 42;
	pa = dune_va_to_pa(p);
	ASSERT_EQ(0, dune_vm_map_phys(root, FREE, 2 * MIB, pa, RW, DUNE_SHIFT_2M));
	EXPECT_EQ(42, peek(FREE + 12345));
	ASSERT_EQ(0, dune_vm_map(root, FREE + 4 * MIB, 2 * MIB, RW, DUNE_SHIFT_2M));
	EXPECT_EQ(0, poke(FREE + 5 * MIB, 4));
	if (dune_info()->features & DUNE_FEATURE_GUEST_1G) {
		ASSERT_EQ(0, dune_vm_map_phys(root, FREE + GIB, GIB, pa & ~(GIB - 1), RW,
					      DUNE_SHIFT_1G));
		EXPECT_EQ(42, peek(FREE + GIB + (pa & (GIB - 1)) + 12345));
		ASSERT_EQ(0, dune_vm_unmap(root, FREE + GIB, PAGE));
		EXPECT_EQ(42, peek(FREE + GIB + (pa & (GIB - 1)) + 12345));
		EXPECT_EQ(-1, peek(FREE + GIB));
	}
	EXPECT_EQ(0, dune_vm_protect(root, FREE + 4 * MIB, PAGE, R));
	EXPECT_EQ(4, peek(FREE + 5 * MIB));
	EXPECT_EQ(-1, poke(FREE + 4 * MIB, 4));
	EXPECT_EQ(0, dune_vm_unmap(root, FREE, 2 * GIB));
}

/* Pages of the 4 MiB at @at that do not have the W bit as it should be: clear in a range. */
static int wrong_rights(uintptr_t at, unsigned int first, unsigned int n)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < 1024; i++) {
		uint64_t pte = *dune_vm_lookup(dune_vm_mirror(), at + i * PAGE).pte;

		wrong += !(pte & DUNE_PTE_P) || !(pte & DUNE_PTE_D);
		wrong += !(pte & DUNE_PTE_W) != (i - first < n);
	}
	return wrong;
}

TEST(many_pages_at_once)
{
	static const unsigned int counts[] = { 1, 2, 3, 4, 5, 15, 16, 17, 33, 100, 511, 512, 513 };
	struct dune_root *root = dune_vm_mirror();
	char *p = memory(4 * MIB);
	uintptr_t at = (uintptr_t)p, start;
	struct dune_leaf leaf;
	unsigned int i, first;

	ENTER();
	begin();
	memset(p, 1, 4 * MIB);
	ASSERT_EQ(0, dune_vm_split(root, at, DUNE_SHIFT_4K, &leaf));
	ASSERT_EQ(0, dune_vm_split(root, at + 2 * MIB, DUNE_SHIFT_4K, &leaf));
	memset(p, 2, 4 * MIB);
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		/* Within one table, up to its end, and over it by little and by much. */
		for (first = 490; first <= 512; first += first == 490 ? 5 : 17) {
			start = at + first * PAGE;
			ASSERT_EQ(0, dune_vm_protect(root, start, counts[i] * PAGE, R));
			ASSERT_EQ(0, wrong_rights(at, first, counts[i]));
			ASSERT_EQ(-1, poke(start + (counts[i] - 1) * PAGE, 3));
			ASSERT_EQ(0, dune_vm_protect(root, start, counts[i] * PAGE, RW));
			ASSERT_EQ(0, wrong_rights(at, 0, 0));
			ASSERT_EQ(0, poke(start + (counts[i] - 1) * PAGE, 3));
		}
	}
	/* A part that is not mapped, in the second table: nothing has changed. */
	ASSERT_EQ(0, dune_vm_unmap(root, at + 530 * PAGE, PAGE));
	EXPECT_EQ(-ENOENT, dune_vm_protect(root, at + 500 * PAGE, 40 * PAGE, R));
	for (i = 500; i < 540; i++)
		EXPECT_EQ(i == 530 ? -1 : 0, poke(at + i * PAGE, 3));
	EXPECT_EQ(-EINVAL, dune_vm_protect(root, at + 1, 40 * PAGE, R));
	EXPECT_EQ(-EINVAL, dune_vm_protect(root, at, 40 * PAGE + 1, R));
	EXPECT_EQ(-EINVAL, dune_vm_protect(root, at, 40 * PAGE, DUNE_PTE_D));
	EXPECT_EQ(-EINVAL, dune_vm_protect(root, 0x7fffffffe000UL, 40 * PAGE, R));
	EXPECT_EQ(-EINVAL, dune_vm_protect(NULL, at, 40 * PAGE, R));
}

/* Every third page of the range dirty, and so one bit of three in the bitmap. */
static int wrong_bits(struct dune_root *root, uintptr_t at, unsigned int n)
{
	static uint64_t map[17];
	unsigned int i, wrong = 0;

	if (dune_vm_scan(root, at, n * PAGE, DUNE_PTE_D, DUNE_SCAN_CLEAR, map))
		return -1;
	for (i = 0; i < n; i += 3)
		*(volatile char *)(at + i * PAGE) = 1;
	memset(map, 0xff, sizeof(map));
	if (dune_vm_scan(root, at, n * PAGE, DUNE_PTE_D, DUNE_SCAN_CLEAR, map))
		return -1;
	for (i = 0; i < (n + 63) / 64 * 64; i++)
		wrong += (map[i / 64] >> i % 64 & 1) != (i < n && i % 3 == 0);
	return wrong + (map[i / 64] != ~0UL);
}

TEST(dirty_bits_of_many_tables)
{
	static const unsigned int counts[] = { 1, 15, 16, 63, 64, 65, 127, 300, 700 };
	struct dune_root *root = dune_vm_mirror();
	char *p = memory(4 * MIB);
	struct dune_leaf leaf;
	unsigned int i, first;

	ENTER();
	begin();
	memset(p, 1, 4 * MIB);
	ASSERT_EQ(0, dune_vm_split(root, (uintptr_t)p, DUNE_SHIFT_4K, &leaf));
	ASSERT_EQ(0, dune_vm_split(root, (uintptr_t)p + 2 * MIB, DUNE_SHIFT_4K, &leaf));
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		for (first = 0; first < 324; first += 27)
			ASSERT_EQ(0, wrong_bits(root, (uintptr_t)p + first * PAGE, counts[i]));
}

TEST(dirty_and_accessed_bits)
{
	struct dune_root *root = dune_vm_mirror();
	uint64_t map[3], i;
	char *p = memory(2 * MIB);
	uintptr_t at = (uintptr_t)p;
	struct dune_leaf leaf;

	ENTER();
	begin();
	memset(p, 1, 2 * MIB);
	ASSERT_EQ(0, dune_vm_split(root, at, DUNE_SHIFT_4K, &leaf));
	ASSERT_EQ(DUNE_SHIFT_4K, leaf.shift);
	ASSERT_EQ(0, dune_vm_scan(root, at, 130 * PAGE, DUNE_PTE_D, DUNE_SCAN_CLEAR, map));
	EXPECT_EQ(~0UL, map[0]);
	EXPECT_EQ(~0UL, map[1]);
	EXPECT_EQ(3, map[2]);
	for (i = 0; i < 20; i++) {
		p[3 * PAGE] = p[64 * PAGE] = p[129 * PAGE] = i;
		ASSERT_EQ(0, dune_vm_scan(root, at, 130 * PAGE, DUNE_PTE_D, DUNE_SCAN_CLEAR, map));
		ASSERT_EQ(1UL << 3, map[0]);
		ASSERT_EQ(1, map[1]);
		ASSERT_EQ(2, map[2]);
	}
	ASSERT_EQ(0, dune_vm_scan(root, at, 130 * PAGE, DUNE_PTE_D, 0, map));
	EXPECT_EQ(0, map[0] | map[1] | map[2]);
	ASSERT_EQ(0, dune_vm_scan(root, at, 64 * PAGE, DUNE_PTE_A, DUNE_SCAN_CLEAR, map));
	EXPECT_EQ(1, peek(at + 9 * PAGE));
	ASSERT_EQ(0, dune_vm_scan(root, at, 64 * PAGE, DUNE_PTE_A, 0, map));
	EXPECT_EQ(1UL << 9, map[0]);
}

TEST(roots_are_switched)
{
	struct dune_root *mirror = dune_vm_mirror(), *other;
	struct dune_vm_stats before, after;
	char *p = memory(2 * MIB);
	uintptr_t at = (uintptr_t)p;
	int i;

	ENTER();
	begin();
	p[0] = 1;
	dune_vm_stats(&before);
	ASSERT_EQ(0, dune_vm_clone(mirror, 0, &other));
	ASSERT_EQ(0, dune_vm_unmap(other, at, PAGE));
	ASSERT_EQ(0, dune_vm_map(other, at, PAGE, RW, DUNE_SHIFT_4K));
	EXPECT_EQ(mirror, dune_vm_current());
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, dune_vm_switch(other));
		ASSERT_EQ(i, peek(at));
		ASSERT_EQ(0, poke(at, i + 1));
		ASSERT_EQ(-EBUSY, dune_root_free(other));
		ASSERT_EQ(0, dune_vm_switch(mirror));
		ASSERT_EQ(1, peek(at));
	}
	/* What is taken away while the thread is elsewhere is gone when it is back. */
	ASSERT_EQ(0, dune_vm_switch(other));
	ASSERT_EQ(20, peek(at));
	ASSERT_EQ(0, dune_vm_switch(mirror));
	ASSERT_EQ(0, dune_vm_protect(other, at, PAGE, 0));
	ASSERT_EQ(0, dune_vm_switch(other));
	EXPECT_EQ(-1, peek(at));
	EXPECT_EQ(other, dune_vm_current());
	ASSERT_EQ(0, dune_vm_switch(mirror));
	EXPECT_EQ(0, dune_root_free(other));
	dune_vm_stats(&after);
	EXPECT_EQ(before.tables, after.tables);
	EXPECT_EQ(0, after.pool_pages);
}

TEST(copies_on_write)
{
	struct dune_root *mirror = dune_vm_mirror(), *a, *b;
	struct dune_vm_stats stats;
	uint64_t first;

	ENTER();
	begin();
	ASSERT_EQ(0, dune_vm_map(mirror, FREE, 4 * PAGE, RW, DUNE_SHIFT_4K));
	ASSERT_EQ(0, dune_vm_map(mirror, FREE + 2 * MIB, 2 * MIB, RW, DUNE_SHIFT_2M));
	ASSERT_EQ(0, poke(FREE + 8, 1));
	ASSERT_EQ(0, poke(FREE + 3 * MIB, 1));
	first = *dune_vm_lookup(mirror, FREE).pte & DUNE_PTE_ADDR;
	ASSERT_EQ(0, dune_vm_clone(mirror, DUNE_CLONE_COW, &a));
	ASSERT_EQ(0, dune_vm_clone(a, DUNE_CLONE_COW, &b));
	EXPECT_EQ(1, peek(FREE + 8));
	EXPECT_EQ(0, poke(FREE + 8, 2));
	EXPECT_NE(first, *dune_vm_lookup(mirror, FREE).pte & DUNE_PTE_ADDR);
	ASSERT_EQ(0, dune_vm_switch(a));
	EXPECT_EQ(1, peek(FREE + 8));
	EXPECT_EQ(0, poke(FREE + 8, 3));
	EXPECT_EQ(0, poke(FREE + 3 * MIB, 3));
	EXPECT_EQ(3, peek(FREE + 8));
	ASSERT_EQ(0, dune_vm_switch(b));
	EXPECT_EQ(1, peek(FREE + 8));
	EXPECT_EQ(1, peek(FREE + 3 * MIB));
	EXPECT_EQ(0, poke(FREE + 8, 4));
	/* The last one has the page for itself. */
	EXPECT_EQ(first, *dune_vm_lookup(b, FREE).pte & DUNE_PTE_ADDR);
	ASSERT_EQ(0, dune_vm_protect(b, FREE + PAGE, PAGE, R));
	EXPECT_EQ(-1, poke(FREE + PAGE, 1));
	ASSERT_EQ(0, dune_vm_protect(b, FREE + PAGE, PAGE, RW));
	EXPECT_EQ(0, poke(FREE + PAGE, 1));
	ASSERT_EQ(0, dune_vm_switch(mirror));
	EXPECT_EQ(0, peek(FREE + PAGE));
	EXPECT_EQ(2, peek(FREE + 8));
	EXPECT_EQ(1, peek(FREE + 3 * MIB));
	EXPECT_EQ(0, dune_root_free(a));
	EXPECT_EQ(0, dune_root_free(b));
	EXPECT_EQ(0, faults - 1);
	EXPECT_EQ(0, dune_vm_unmap(mirror, FREE, GIB));
	dune_vm_stats(&stats);
	EXPECT_EQ(0, stats.pool_pages);
}

/* What Linux has mapped is one memory in all roots, as it is to system calls. */
TEST(linux_memory_is_not_copied)
{
	struct dune_root *mirror = dune_vm_mirror(), *clone;
	char *p = memory(2 * MIB);
	uintptr_t at = (uintptr_t)p;
	uint64_t pa;
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	ENTER();
	begin();
	ASSERT_EQ(0, poke(at, 1));
	pa = dune_va_to_pa(p);
	ASSERT_EQ(0, dune_vm_clone(mirror, DUNE_CLONE_COW, &clone));
	ASSERT_EQ(0, dune_vm_switch(clone));
	EXPECT_EQ(1, peek(at));
	EXPECT_EQ(0, poke(at, 2));
	EXPECT_EQ(0, poke(at + PAGE, 3));	/* Linux has nothing there yet */
	EXPECT_EQ(pa, dune_va_to_pa(p));
	/* A system call sees what the clone wrote, and the clone what it reads. */
	EXPECT_EQ(1, write(fds[1], p, 1));
	EXPECT_EQ(1, read(fds[0], p + 1, 1));
	EXPECT_EQ(2, peek(at + 1));
	ASSERT_EQ(0, dune_vm_switch(mirror));
	EXPECT_EQ(2, peek(at));
	EXPECT_EQ(2, peek(at + 1));
	EXPECT_EQ(3, peek(at + PAGE));
	EXPECT_EQ(0, faults);
	/* Of Linux's memory a root can have rights of its own. */
	ASSERT_EQ(0, dune_vm_protect(clone, at, PAGE, R));
	EXPECT_EQ(0, poke(at, 4));
	ASSERT_EQ(0, dune_vm_switch(clone));
	EXPECT_EQ(4, peek(at));
	EXPECT_EQ(-1, poke(at, 5));
	ASSERT_EQ(0, dune_vm_switch(mirror));
	EXPECT_EQ(4, peek(at));
	EXPECT_EQ(0, dune_root_free(clone));
}

struct writer {
	struct dune_root	*root;
	int			value;
};

#define SHARED_PAGES	32

static void *write_own_copy(void *arg)
{
	struct writer *w = arg;
	int i;

	if (dune_vm_switch(w->root))
		return (void *)1;
	for (i = 0; i < SHARED_PAGES; i++)
		poke(FREE + i * PAGE + w->value, w->value);
	for (i = 0; i < SHARED_PAGES; i++)
		if (peek(FREE + i * PAGE + w->value) != w->value ||
		    peek(FREE + i * PAGE + (w->value ^ 1)) == (w->value ^ 1) ||
		    peek(FREE + i * PAGE) != 99)
			return (void *)2;
	return dune_vm_switch(dune_vm_mirror()) ? (void *)3 : NULL;
}

/* Two roots, two threads each, all writing to what they share. */
TEST(copies_on_write_from_threads)
{
	struct dune_vm_stats stats;
	struct writer w[4];
	pthread_t threads[4];
	void *result;
	int i, round;

	ENTER();
	begin();
	for (round = 0; round < 5; round++) {
		ASSERT_EQ(0, dune_vm_map(dune_vm_mirror(), FREE, SHARED_PAGES * PAGE, RW,
					 DUNE_SHIFT_4K));
		for (i = 0; i < SHARED_PAGES; i++)
			poke(FREE + i * PAGE, 99);
		ASSERT_EQ(0, dune_vm_clone(dune_vm_mirror(), DUNE_CLONE_COW, &w[0].root));
		ASSERT_EQ(0, dune_vm_clone(dune_vm_mirror(), DUNE_CLONE_COW, &w[1].root));
		w[2].root = w[0].root;
		w[3].root = w[1].root;
		for (i = 0; i < 4; i++) {
			w[i].value = 2 + i;
			ASSERT_EQ(0, pthread_create(&threads[i], NULL, write_own_copy, &w[i]));
		}
		for (i = 0; i < 4; i++) {
			ASSERT_EQ(0, pthread_join(threads[i], &result));
			EXPECT_EQ(NULL, result);
		}
		EXPECT_EQ(0, peek(FREE + 2) | peek(FREE + 3));
		EXPECT_EQ(0, dune_root_free(w[0].root));
		EXPECT_EQ(0, dune_root_free(w[1].root));
		EXPECT_EQ(0, dune_vm_unmap(dune_vm_mirror(), FREE, GIB));
	}
	dune_vm_stats(&stats);
	EXPECT_EQ(0, stats.pool_pages);
}

TEST(a_new_root_is_enough_to_run_on)
{
	struct dune_root *root;
	char *stack;

	ENTER();
	begin();
	ASSERT_EQ(0, dune_root_new(&root));
	stack = __builtin_frame_address(0);
	if (dune_vm_switch(root) == -EFAULT) {
		uintptr_t low = ((uintptr_t)stack & ~(PAGE - 1)) - 64 * PAGE;

		dune_vm_alias(root, low, 66 * PAGE, RW, dune_vm_mirror(), low);
		ASSERT_EQ(0, dune_vm_switch(root));
	}
	EXPECT_EQ(root, dune_vm_current());
	ASSERT_EQ(0, dune_vm_switch(dune_vm_mirror()));
	EXPECT_EQ(0, dune_root_free(root));
}

/* The child's roots are as the parent's, in another VM. */
TEST(fork_keeps_roots)
{
	struct dune_root *mirror = dune_vm_mirror(), *other;
	char *p = memory(2 * MIB);
	uintptr_t at = (uintptr_t)p;
	int status;
	pid_t pid;

	ENTER();
	begin();
	p[0] = 1;
	ASSERT_EQ(0, dune_vm_protect(mirror, at + PAGE, PAGE, R));
	ASSERT_EQ(0, dune_vm_clone(mirror, 0, &other));
	ASSERT_EQ(0, dune_vm_map(other, FREE, PAGE, RW, DUNE_SHIFT_4K));
	ASSERT_EQ(0, dune_vm_switch(other));
	ASSERT_EQ(0, poke(FREE, 11));
	pid = fork();
	if (!pid) {
		if (dune_vm_current() != other || peek(FREE) != 11 || poke(FREE, 12) ||
		    peek(at) != 1 || poke(at + PAGE, 1) != -1 || dune_vm_switch(mirror) ||
		    peek(FREE) != -1 || poke(at + PAGE, 1) != -1 || dune_root_free(other))
			_exit(1);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(11, peek(FREE));
	ASSERT_EQ(0, dune_vm_switch(mirror));
}

/* Blocks that nobody uses yet; each time others. */
static uintptr_t new_blocks(unsigned int n)
{
	static uintptr_t next = 0x230000000000UL;
	uintptr_t at = next;

	next += n * GIB;
	return mmap((void *)at, n * GIB, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == (void *)at ?
	       at : 0;
}

TEST(clones_get_new_blocks)
{
	struct dune_root *mirror = dune_vm_mirror(), *a, *b, *empty;
	uintptr_t first, second;

	ENTER();
	begin();
	ASSERT_EQ(0, dune_root_new(&empty));
	ASSERT_EQ(0, dune_vm_clone(mirror, 0, &a));
	ASSERT_EQ(0, dune_vm_clone(a, DUNE_CLONE_COW, &b));
	ASSERT_NE(0, first = new_blocks(1));
	ASSERT_NE(0, second = new_blocks(1));

	/* First used in a clone, */
	ASSERT_EQ(0, dune_vm_switch(a));
	EXPECT_EQ(0, poke(first, 7));
	/* and in the mirror root. */
	ASSERT_EQ(0, dune_vm_switch(mirror));
	EXPECT_EQ(7, peek(first));
	EXPECT_EQ(0, poke(second, 8));
	ASSERT_EQ(0, dune_vm_switch(b));
	EXPECT_EQ(7, peek(first));
	EXPECT_EQ(8, peek(second));

	/* What a clone takes away it does not get back. */
	ASSERT_EQ(0, dune_vm_unmap(b, first, PAGE));
	ASSERT_EQ(0, dune_vm_protect(b, second, PAGE, R));
	EXPECT_EQ(-1, peek(first));
	EXPECT_EQ(0, peek(first + PAGE));
	EXPECT_EQ(-1, poke(second, 9));
	EXPECT_EQ(8, peek(second));
	ASSERT_EQ(0, dune_vm_switch(a));
	EXPECT_EQ(7, peek(first));
	EXPECT_EQ(0, poke(second, 9));
	ASSERT_EQ(0, dune_vm_switch(mirror));
	EXPECT_EQ(0, *dune_vm_lookup(empty, first).pte);
	EXPECT_EQ(0, dune_root_free(a));
	EXPECT_EQ(0, dune_root_free(b));
	EXPECT_EQ(0, dune_root_free(empty));
}

#define TOUCHED	16

struct toucher {
	uintptr_t	at;
	long		offset;
	volatile int	*ready;
};

/* All at the same time, block after block; from the first on, the stack is in one. */
static void *touch_blocks(void *arg)
{
	struct toucher *t = arg;
	long i;

	for (i = 0; i < TOUCHED; i++) {
		__atomic_add_fetch(t->ready, 1, __ATOMIC_SEQ_CST);
		while (*t->ready < 2 * (i + 1))
			;
		if (poke(t->at + i * GIB + t->offset, i + 1))
			return (void *)1;
	}
	return NULL;
}

TEST(threads_begin_in_a_clone)
{
	struct dune_root *mirror = dune_vm_mirror(), *clone;
	volatile int ready = 0;
	struct toucher t[2];
	pthread_t threads[2];
	pthread_attr_t attr;
	uintptr_t at, stack;
	void *result;
	int i;

	ENTER();
	begin();
	ASSERT_EQ(0, dune_vm_clone(mirror, 0, &clone));
	ASSERT_EQ(0, dune_vm_switch(clone));
	ASSERT_NE(0, at = new_blocks(TOUCHED));
	for (i = 0; i < 2; i++) {
		ASSERT_NE(0, stack = new_blocks(1));
		t[i] = (struct toucher){ at, i * PAGE, &ready };
		pthread_attr_init(&attr);
		ASSERT_EQ(0, pthread_attr_setstack(&attr, (void *)stack, MIB));
		ASSERT_EQ(0, pthread_create(&threads[i], &attr, touch_blocks, &t[i]));
	}
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &result));
		EXPECT_EQ(NULL, result);
	}
	for (i = 0; i < TOUCHED; i++)
		EXPECT_EQ(i + 1, peek(at + i * GIB + PAGE));
	ASSERT_EQ(0, dune_vm_switch(mirror));
	for (i = 0; i < TOUCHED; i++)
		EXPECT_EQ(i + 1, peek(at + i * GIB));
	EXPECT_EQ(0, dune_root_free(clone));
}

struct shared {
	uintptr_t	at;
	volatile int	go, seen, stop, writes;
};

/* In Dune mode, as its maker. Never leaves the guest by itself: only an interrupt can flush its TLB. */
static void *reader(void *arg)
{
	struct shared *s = arg;

	s->go = 1;
	while (!s->stop && peek(s->at) != -1)
		;
	s->seen = 1;
	return NULL;
}

TEST(other_threads_hear_of_it)
{
	struct dune_root *root = dune_vm_mirror();
	struct shared s = { .at = FREE };
	pthread_t thread;
	void *result;
	int i;

	ENTER();
	begin();
	for (i = 0; i < 10; i++) {
		memset(&s, 0, sizeof(s));
		s.at = FREE;
		ASSERT_EQ(0, dune_vm_map(root, FREE, PAGE, RW, DUNE_SHIFT_4K));
		ASSERT_EQ(0, pthread_create(&thread, NULL, reader, &s));
		while (!s.go)
			;
		ASSERT_EQ(0, i % 2 ? dune_vm_protect(root, FREE, PAGE, 0) :
			  dune_vm_unmap(root, FREE, PAGE));
		ASSERT_EQ(0, pthread_join(thread, &result));
		ASSERT_EQ(NULL, result);
		ASSERT_EQ(1, s.seen);
		ASSERT_EQ(0, dune_vm_unmap(root, FREE, PAGE));
	}
}

#define HEAP_PAGES	64

/* Writes go on while the bits are cleared: each is found, now or next time. */
static void *mutator(void *arg)
{
	struct shared *s = arg;
	unsigned int seed = 1, i;

	s->go = 1;
	while (!s->stop) {
		i = (seed = seed * 1103515245 + 12345) >> 16 & (HEAP_PAGES - 1);
		++*(volatile uint64_t *)(s->at + i * PAGE);
		s->writes++;
	}
	return NULL;
}

TEST(no_write_is_lost)
{
	struct dune_root *root = dune_vm_mirror();
	char *p = memory(2 * MIB);
	struct shared s = { .at = (uintptr_t)p };
	uint64_t known[HEAP_PAGES], now, map;
	struct dune_leaf leaf;
	pthread_t thread;
	int i, page, lost = 0;

	ENTER();
	memset(p, 0, 2 * MIB);
	memset(known, 0, sizeof(known));
	ASSERT_EQ(0, dune_vm_split(root, s.at, DUNE_SHIFT_4K, &leaf));
	ASSERT_EQ(0, dune_vm_scan(root, s.at, HEAP_PAGES * PAGE, DUNE_PTE_D, DUNE_SCAN_CLEAR, &map));
	ASSERT_EQ(0, pthread_create(&thread, NULL, mutator, &s));
	while (!s.go)
		;
	for (i = 0; i < 200; i++) {
		if (i == 199)
			s.stop = 1;
		if (s.stop)
			pthread_join(thread, NULL);
		dune_vm_scan(root, s.at, HEAP_PAGES * PAGE, DUNE_PTE_D, DUNE_SCAN_CLEAR, &map);
		for (page = 0; page < HEAP_PAGES; page++) {
			now = *(volatile uint64_t *)(p + page * PAGE);
			if (map & 1UL << page)
				known[page] = now;
		}
	}
	for (page = 0; page < HEAP_PAGES; page++)
		lost += known[page] != *(volatile uint64_t *)(p + page * PAGE);
	EXPECT_EQ(0, lost);
	EXPECT_GT(s.writes, 0);
}

/* All at once, each in its own range of one root: tables come and go beneath. */
static void *changer(void *arg)
{
	uintptr_t at = (uintptr_t)arg;
	struct dune_root *root = dune_vm_mirror();
	int i;

	for (i = 0; i < 60; i++) {
		if (dune_vm_map(root, at, 8 * PAGE, RW, DUNE_SHIFT_4K) ||
		    poke(at + 3 * PAGE, i) || dune_vm_protect(root, at + 3 * PAGE, PAGE, R) ||
		    peek(at + 3 * PAGE) != (i & 255) || poke(at + 3 * PAGE, 1) != -1 ||
		    poke(at + 4 * PAGE, 1) || dune_vm_unmap(root, at, 8 * PAGE) ||
		    peek(at) != -1)
			return (void *)2;
	}
	return NULL;
}

TEST(threads_change_one_root)
{
	struct dune_vm_stats before, after;
	pthread_t threads[4];
	void *result;
	long i;

	ENTER();
	begin();
	dune_vm_stats(&before);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, changer,
					    (void *)(FREE + i * 16 * PAGE)));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &result));
		EXPECT_EQ(NULL, result);
	}
	dune_vm_stats(&after);
	EXPECT_EQ(before.tables, after.tables);
	EXPECT_EQ(0, after.pool_pages);
}

TEST_HARNESS_MAIN
