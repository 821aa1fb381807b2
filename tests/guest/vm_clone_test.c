/* SPDX-License-Identifier: MIT */
/*
 * vm_clone_test.c - clones of roots: what is copied, what is shared, and what comes later
 */
#include "kselftest_harness.h"
#include "vm.h"

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

TEST_HARNESS_MAIN
