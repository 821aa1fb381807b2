/* SPDX-License-Identifier: MIT */
/*
 * vm_threads_test.c - several threads on page tables: one changes them, others use them
 */
#include <sched.h>

#include "kselftest_harness.h"
#include "vm.h"

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

#define COUNTERS	8

/* A number of this thread's own in each of the pages that all write to. */
static void *counter(void *arg)
{
	struct shared *s = arg;
	unsigned int i, lost = 0, mine = 1 + __atomic_fetch_add(&s->go, 1, __ATOMIC_RELAXED);
	uint64_t n;

	for (n = 1; !s->stop; n++) {
		for (i = 0; i < COUNTERS; i++) {
			volatile uint64_t *p = (volatile uint64_t *)(s->at + i * PAGE) + mine;

			lost += ++*p != n;
			*p = n;
		}
	}
	__atomic_fetch_add(&s->writes, n, __ATOMIC_RELAXED);
	return (void *)(uintptr_t)lost;
}

/* Clones come and go: whoever writes by what its TLB still says, and whoever copies. */
TEST(no_write_is_lost_to_a_clone)
{
	struct dune_root *mirror = dune_vm_mirror(), *clone;
	struct shared s = { .at = FREE };
	pthread_t threads[3];
	unsigned int i, clones = getenv("SLOW_KERNEL") ? 20 : 300;
	void *lost;

	ENTER();
	begin();
	ASSERT_EQ(0, dune_vm_map(mirror, FREE, COUNTERS * PAGE, RW, DUNE_SHIFT_4K));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, counter, &s));
	while (s.go < 3)
		sched_yield();
	for (i = 0; i < clones; i++) {
		ASSERT_EQ(0, dune_vm_clone(mirror, DUNE_CLONE_COW, &clone));
		if (i % 3 == 0)
			sched_yield();
		ASSERT_EQ(0, dune_root_free(clone));
	}
	s.stop = 1;
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &lost));
		EXPECT_EQ(NULL, lost);
	}
	EXPECT_GT(s.writes, 3);
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

static volatile int no_more;

/* As changer(), again and again, and clones that copy pages. */
static void *restless(void *arg)
{
	uintptr_t at = (uintptr_t)arg;
	struct dune_root *mirror = dune_vm_mirror(), *clone;

	while (!no_more) {
		if (dune_vm_map(mirror, at, 24 * PAGE, RW, DUNE_SHIFT_4K) || poke(at, 1) ||
		    dune_vm_clone(mirror, DUNE_CLONE_COW, &clone) || poke(at + PAGE, 2) ||
		    dune_root_free(clone) || dune_vm_unmap(mirror, at, 24 * PAGE))
			return (void *)2;
	}
	return NULL;
}

/* In a child of whatever moment: all can be used and given back, with nothing lost. */
static int try_all(void)
{
	struct dune_root *mirror = dune_vm_mirror(), *clone;
	struct dune_vm_stats before, after;
	uintptr_t at = FREE + 8 * GIB;
	unsigned int i;

	dune_vm_stats(&before);
	if (dune_vm_map(mirror, at, 600 * PAGE, RW, DUNE_SHIFT_4K))
		return 1;
	for (i = 0; i < 600; i++)
		if (peek(at + i * PAGE) || poke(at + i * PAGE, 7))
			return 2;
	if (dune_vm_clone(mirror, DUNE_CLONE_COW, &clone) || poke(at, 8) ||
	    dune_vm_switch(clone) || peek(at) != 7 || dune_vm_switch(mirror) ||
	    dune_root_free(clone) || dune_vm_unmap(mirror, at, 600 * PAGE))
		return 3;
	dune_vm_stats(&after);
	return before.pool_pages == after.pool_pages && before.tables == after.tables ? 0 : 4;
}

TEST(forks_while_tables_change)
{
	pthread_t threads[2];
	int i, status, forks = getenv("SLOW_KERNEL") ? 4 : 40;
	void *result;
	pid_t pid;

	ENTER();
	begin();
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, restless,
					    (void *)(FREE + i * GIB)));
	for (i = 0; i < forks; i++) {
		pid = fork();
		if (!pid) {
			alarm(60);
			_exit(try_all());
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status) TH_LOG("child %d", i);
	}
	no_more = 1;
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &result));
		EXPECT_EQ(NULL, result);
	}
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
