/* SPDX-License-Identifier: MIT */
/*
 * memory_place_test.c - pages that go bad, move to another node or leave with their
 * memory, below a program in Dune mode that uses them
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "mm.h"

#ifndef BUS_MCEERR_AR
#define BUS_MCEERR_AR	4
#endif

/* Later kernels send the signal at once, others with the next access. */
static bool poison(char *p)
{
	if (sigsetjmp(mm_back, 0))
		return true;
	return !madvise(p, PAGE, MADV_HWPOISON);
}

/* The page is gone, its neighbours are not; a new mapping there is a good one. */
static void bad_page(struct __test_metadata *_metadata, char *p)
{
	int i;

	ENTER();
	for (i = 0; i < 8; i++)
		ASSERT_EQ(0, mm_write(p + i * PAGE, i));
	if (!poison(p + 3 * PAGE)) {
		ASSERT_EQ(EINVAL, errno);
		SKIP(return, "this kernel knows no bad memory");
	}
	for (i = 0; i < 8; i++)
		EXPECT_EQ(i == 3 ? REFUSED : i, mm_read(p + i * PAGE));
	EXPECT_EQ(REFUSED, mm_write(p + 3 * PAGE, 1));
	EXPECT_EQ(SIGBUS, mm_signal);
	EXPECT_EQ(BUS_MCEERR_AR, mm_code);
	ASSERT_EQ(p + 3 * PAGE, mmap(p + 3 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS |
				     MAP_FIXED, -1, 0));
	EXPECT_EQ(0, mm_write(p + 3 * PAGE, 3));
	EXPECT_EQ(3, mm_read(p + 3 * PAGE));
}

TEST(a_page_goes_bad)
{
	char *p = mm_map(8 * PAGE, RW);

	madvise(p, 8 * PAGE, MADV_NOHUGEPAGE);
	bad_page(_metadata, p);
}

TEST(a_page_goes_bad_in_a_huge_one)
{
	char *p = mm_map_aligned(HUGE_PAGE);

	madvise(p, HUGE_PAGE, MADV_HUGEPAGE);
	bad_page(_metadata, p);
}

TEST(a_page_of_a_file_goes_bad)
{
	int fd = memfd_create("bad", 0);
	char *p;

	ASSERT_EQ(0, ftruncate(fd, 8 * PAGE));
	p = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0);
	bad_page(_metadata, p);
}

/* ---- a thread that works on while its pages move ---- */

#define AREA_PAGES	512

static volatile uint32_t *area;
static atomic_bool finished;
static atomic_ulong rounds;
static atomic_long lost;

static volatile uint32_t *counter(unsigned long page)
{
	return area + page * (PAGE / sizeof(*area));
}

/* Counts each page up: a page that changed place without notice loses a count. */
static void *count_up(void *unused)
{
	unsigned long round, i;

	if (dune_enter()) {
		lost = -1;
		return NULL;
	}
	for (round = 0; !finished; round++) {
		for (i = 0; i < AREA_PAGES; i++) {
			if (*counter(i) != round)
				lost++;
			*counter(i) = round + 1;
		}
		rounds = round + 1;
	}
	dune_leave();
	return NULL;
}

static void begin_counting(struct __test_metadata *_metadata, pthread_t *thread)
{
	area = (uint32_t *)mm_map(AREA_PAGES * PAGE, RW);
	ASSERT_NE(NULL, area);
	madvise((void *)area, AREA_PAGES * PAGE, MADV_NOHUGEPAGE);
	ASSERT_EQ(0, dune_init(0));
	ASSERT_EQ(0, pthread_create(thread, NULL, count_up, NULL));
	while (!rounds && !lost)
		usleep(1000);
}

static void end_counting(struct __test_metadata *_metadata, pthread_t thread)
{
	unsigned long seen = rounds;

	/* Once more around, with all in its new place. */
	while (rounds < seen + 2 && !lost)
		usleep(1000);
	finished = true;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, lost);
}

static int nodes(void)
{
	char path[64];
	int n = 0;

	do {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d", n);
	} while (!access(path, F_OK) && ++n);
	return n;
}

/* It is nowhere for the moment in which it moves. */
static int where_is(volatile void *page)
{
	void *at = (void *)page;
	int node = -1, tries = 100;

	do {
		if (syscall(SYS_move_pages, 0, 1UL, &at, NULL, &node, 0))
			return -errno;
	} while (node == -ENOENT && --tries && !usleep(1000));
	return node;
}

/* Whether Linux moves pages to where they are used. */
static void balance(const char *whether)
{
	mm_write_file("/proc/sys/kernel/numa_balancing", whether);
}

/* Moves the whole area to @node; how many pages did not come along. */
static int move_to(int node)
{
	static void *at[AREA_PAGES];
	static int to[AREA_PAGES], now[AREA_PAGES];
	int i, elsewhere = 0;

	for (i = 0; i < AREA_PAGES; i++) {
		at[i] = (void *)counter(i);
		to[i] = node;
	}
	syscall(SYS_move_pages, 0, (unsigned long)AREA_PAGES, at, to, now, 2 /* MPOL_MF_MOVE */);
	for (i = 0; i < AREA_PAGES; i++)
		elsewhere += now[i] != node;
	return elsewhere;
}

/* Linux takes its time for these, the more it checks. */
FIXTURE(memory) { };
FIXTURE_SETUP(memory) { }
FIXTURE_TEARDOWN(memory) { }

TEST_F_TIMEOUT(memory, pages_move_between_nodes, 300)
{
	unsigned long first = 1, second = 2;
	pthread_t thread;
	int i;

	if (nodes() < 2)
		SKIP(return, "one node (numa=fake=2 makes two, where the kernel has it)");
	balance("0");
	begin_counting(_metadata, &thread);
	for (i = 0; i < 20; i++) {
		EXPECT_GE(AREA_PAGES / 8, move_to(i & 1));
		EXPECT_EQ(i & 1, where_is(counter(AREA_PAGES / 2)));
	}
	/* The whole process, libdune's own pages and all. */
	EXPECT_LE(0, syscall(SYS_migrate_pages, 0, 8 * sizeof(long), &second, &first));
	EXPECT_EQ(0, where_is(counter(0)));
	EXPECT_LE(0, syscall(SYS_migrate_pages, 0, 8 * sizeof(long), &first, &second));
	EXPECT_EQ(1, where_is(counter(0)));
	end_counting(_metadata, thread);
	balance("1");
}

#define MEMORY	"/sys/devices/system/memory"

static unsigned long read_number(const char *path, int base)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	return n > 0 ? strtoul(text, NULL, base) : 0;
}

/* The number of the memory block that @page is in. */
static unsigned long block_of(volatile void *page)
{
	unsigned long size = read_number(MEMORY "/block_size_bytes", 16);
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (pread(fd, &entry, 8, (uintptr_t)page / PAGE * 8) != 8)
		entry = 0;
	close(fd);
	return size ? (entry & ((1ULL << 55) - 1)) * PAGE / size : 0;
}

static bool set_block(unsigned long block, const char *state)
{
	char path[64];

	snprintf(path, sizeof(path), MEMORY "/memory%lu/state", block);
	return mm_write_file(path, state);
}

/*
 * A block of memory without pages of the kernel's own: it goes, and comes back for
 * movable pages only, which makes Linux take a program's new pages from there.
 */
static bool find_movable(unsigned long *block)
{
	for (*block = 63; *block > 0; --*block)
		if (set_block(*block, "offline") && set_block(*block, "online_movable"))
			return true;
	return false;
}

static int pages_in(unsigned long block)
{
	int i, n = 0;

	for (i = 0; i < AREA_PAGES; i++)
		n += block_of(counter(i)) == block;
	return n;
}

TEST_F_TIMEOUT(memory, memory_goes_and_comes, 300)
{
	unsigned long block;
	pthread_t thread;

	if (access(MEMORY "/memory0/state", W_OK))
		SKIP(return, "this kernel cannot do without memory it has");
	if (!access(MEMORY "/memory64", F_OK))
		SKIP(return, "that much memory is no test machine's");
	if (!find_movable(&block))
		SKIP(return, "no block of memory is free of the kernel's own pages");
	begin_counting(_metadata, &thread);
	EXPECT_LT(AREA_PAGES / 2, pages_in(block));
	EXPECT_TRUE(set_block(block, "offline"));
	EXPECT_EQ(0, pages_in(block));
	end_counting(_metadata, thread);
	EXPECT_TRUE(set_block(block, "online_movable"));
}

TEST_HARNESS_MAIN
