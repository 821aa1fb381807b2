/* SPDX-License-Identifier: MIT */
/*
 * vm_threads_test.c - several threads on page tables: one changes them, others use them
 */
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
