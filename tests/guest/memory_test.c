/* SPDX-License-Identifier: MIT */
/*
 * memory_test.c - every kind of memory Linux has, from inside Dune mode
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dune/dune.h>
#include <dune/vm.h>

#include "kselftest_harness.h"
#include "mm.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

TEST(rights_are_linuxs)
{
	char *p;

	ENTER();
	p = mm_map(2 * PAGE, RW);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, mm_write(p, 1));
	ASSERT_EQ(0, mprotect(p, PAGE, PROT_READ));
	EXPECT_EQ(1, mm_read(p));
	EXPECT_EQ(REFUSED, mm_write(p, 2));
	EXPECT_EQ(SIGSEGV, mm_signal);
	ASSERT_EQ(0, mprotect(p, PAGE, PROT_NONE));
	EXPECT_EQ(REFUSED, mm_read(p));
	EXPECT_EQ(0, mm_write(p + PAGE, 3));
	ASSERT_EQ(0, mprotect(p, PAGE, RW));
	EXPECT_EQ(1, mm_read(p));
	EXPECT_EQ(0, mm_write(p, 4));
	ASSERT_EQ(0, munmap(p, PAGE));
	EXPECT_EQ(REFUSED, mm_read(p));
	EXPECT_EQ(3, mm_read(p + PAGE));
}

TEST(files_shared_and_private)
{
	char *shared, *again, *private, byte = 0;
	int fd;

	ENTER();
	fd = memfd_create("memory", 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 2 * PAGE));
	shared = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	again = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	private = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	EXPECT_EQ(0, mm_read(private));
	EXPECT_EQ(0, mm_write(shared, 5));
	EXPECT_EQ(5, mm_read(again));
	EXPECT_EQ(5, mm_read(private));
	EXPECT_EQ(0, mm_write(private, 6));
	EXPECT_EQ(5, mm_read(shared));
	EXPECT_EQ(1, pread(fd, &byte, 1, 0));
	EXPECT_EQ(5, byte);
	byte = 7;
	EXPECT_EQ(1, pwrite(fd, &byte, 1, 0));
	EXPECT_EQ(7, mm_read(again));
	EXPECT_EQ(6, mm_read(private));
	EXPECT_EQ(REFUSED, mm_write(again, 1));

	ASSERT_EQ(0, ftruncate(fd, PAGE));
	EXPECT_EQ(REFUSED, mm_read(shared + PAGE));
	EXPECT_EQ(SIGBUS, mm_signal);
	EXPECT_EQ(7, mm_read(shared));
	/* A hole punched reads as zeros. */
	ASSERT_EQ(0, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
	EXPECT_EQ(0, mm_read(shared));
	EXPECT_EQ(6, mm_read(private));
}

/*
 * Linux maps such a page writable but clean when it is read: it must hear of the
 * first write, or takes the page for one it can read again.
 */
TEST(what_is_read_first_and_then_written_stays)
{
	int fd = memfd_create("memory", 0), i;
	char *p;

	ENTER();
	ASSERT_EQ(0, ftruncate(fd, 16 * PAGE));
	p = mmap(NULL, 16 * PAGE, RW, MAP_SHARED, fd, 0);
	for (i = 0; i < 16; i++)
		ASSERT_EQ(0, mm_read(p + i * PAGE));
	for (i = 0; i < 16; i++)
		ASSERT_EQ(0, mm_write(p + i * PAGE, i + 1));
	ASSERT_EQ(0, madvise(p, 16 * PAGE, MADV_PAGEOUT));
	for (i = 0; i < 16; i++)
		EXPECT_EQ(i + 1, mm_read(p + i * PAGE));
}

TEST(mremap_moves_grows_shrinks)
{
	char *p, *q;

	ENTER();
	p = mm_map(4 * PAGE, RW);
	mm_write(p, 1);
	mm_write(p + 3 * PAGE, 4);
	q = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_EQ(q, mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q));
	EXPECT_EQ(REFUSED, mm_read(p));
	EXPECT_EQ(1, mm_read(q));
	EXPECT_EQ(4, mm_read(q + 3 * PAGE));
	EXPECT_EQ(0, mm_read(q + 7 * PAGE));
	ASSERT_EQ(q, mremap(q, 8 * PAGE, 2 * PAGE, 0));
	EXPECT_EQ(REFUSED, mm_read(q + 3 * PAGE));
	EXPECT_EQ(1, mm_read(q));
	p = mremap(q, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(1, mm_read(p));
	EXPECT_EQ(0, mm_read(q));
}

TEST(madvise_in_its_ways)
{
	char *p;
	int i;

	ENTER();
	p = mm_map(16 * PAGE, RW);
	for (i = 0; i < 16; i++)
		mm_write(p + i * PAGE, i + 1);
	ASSERT_EQ(0, madvise(p, PAGE, MADV_DONTNEED));
	EXPECT_EQ(0, mm_read(p));
	ASSERT_EQ(0, madvise(p + PAGE, PAGE, MADV_COLD));
	EXPECT_EQ(2, mm_read(p + PAGE));
	ASSERT_EQ(0, madvise(p + 2 * PAGE, PAGE, MADV_PAGEOUT));
	EXPECT_EQ(3, mm_read(p + 2 * PAGE));
	/* Free, unless written to again. */
	ASSERT_EQ(0, madvise(p + 3 * PAGE, PAGE, MADV_FREE));
	EXPECT_EQ(0, mm_write(p + 3 * PAGE, 99));
	ASSERT_EQ(0, madvise(p + 3 * PAGE, PAGE, MADV_PAGEOUT));
	EXPECT_EQ(99, mm_read(p + 3 * PAGE));
	ASSERT_EQ(0, madvise(p + 4 * PAGE, PAGE, MADV_POPULATE_WRITE));
	EXPECT_EQ(5, mm_read(p + 4 * PAGE));
	ASSERT_EQ(0, mlock(p + 5 * PAGE, PAGE));
	EXPECT_EQ(6, mm_read(p + 5 * PAGE));
	for (i = 6; i < 16; i++)
		EXPECT_EQ(i + 1, mm_read(p + i * PAGE));
}

TEST(a_childs_memory)
{
	char *wiped, *gone, *copied, *shared;
	int status;
	pid_t pid;

	ENTER();
	wiped = mm_map(PAGE, RW);
	gone = mm_map(PAGE, RW);
	copied = mm_map(PAGE, RW);
	shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*wiped = *gone = *copied = *shared = 1;
	ASSERT_EQ(0, madvise(wiped, PAGE, MADV_WIPEONFORK));
	ASSERT_EQ(0, madvise(gone, PAGE, MADV_DONTFORK));
	pid = fork();
	if (!pid) {
		bool good = mm_read(wiped) == 0 && mm_read(gone) == REFUSED &&
			    mm_read(copied) == 1 && mm_read(shared) == 1;

		mm_write(copied, 2);
		mm_write(shared, 3);
		_exit(!good);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, mm_read(wiped));
	EXPECT_EQ(1, mm_read(gone));
	EXPECT_EQ(1, mm_read(copied));
	EXPECT_EQ(3, mm_read(shared));
}

/* One violation for each huge page; split where Linux splits, and whole again. */
TEST(transparent_huge_pages)
{
	unsigned long before, i;
	char *p;

	ENTER();
	p = mm_map_aligned(4 * HUGE_PAGE);
	ASSERT_NE(NULL, p);
	if (madvise(p, 4 * HUGE_PAGE, MADV_HUGEPAGE))
		SKIP(return, "no transparent huge pages");
	before = mm_violations();
	for (i = 0; i < 4 * HUGE_PAGE; i += PAGE)
		p[i] = i / PAGE;
	/* The test's own pages count too: far fewer than 2048. */
	EXPECT_GE(24, mm_violations() - before);

	ASSERT_EQ(0, mprotect(p + 5 * PAGE, PAGE, PROT_READ));
	EXPECT_EQ(REFUSED, mm_write(p + 5 * PAGE, 0));
	EXPECT_EQ(0, mm_write(p + 6 * PAGE, 6));
	ASSERT_EQ(0, munmap(p + HUGE_PAGE + 7 * PAGE, PAGE));
	EXPECT_EQ(REFUSED, mm_read(p + HUGE_PAGE + 7 * PAGE));
	for (i = 0; i < 4 * HUGE_PAGE; i += PAGE)
		if (i != HUGE_PAGE + 7 * PAGE)
			ASSERT_EQ(i / PAGE & 255, mm_read(p + i));

	ASSERT_EQ(0, mprotect(p, HUGE_PAGE, RW));
	if (madvise(p, HUGE_PAGE, MADV_COLLAPSE))
		SKIP(return, "Linux cannot collapse on request");
	/* Once for all the code on the way. */
	mm_read(p + HUGE_PAGE);
	mm_violations();
	before = mm_violations();
	for (i = 0; i < HUGE_PAGE; i += PAGE)
		ASSERT_EQ(i / PAGE & 255, mm_read(p + i));
	EXPECT_GE(4, mm_violations() - before);
}

static void hugetlb(struct __test_metadata *_metadata, unsigned long size, int flag)
{
	unsigned long before, i;
	char *p = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | flag, -1, 0);

	if (p == MAP_FAILED)
		SKIP(return, "no huge page of this size is set aside");
	before = mm_violations();
	for (i = 0; i < size; i += PAGE)
		p[i] = i / PAGE;
	EXPECT_GE(24, mm_violations() - before);
	for (i = 0; i < size; i += PAGE)
		ASSERT_EQ(i / PAGE & 255, (unsigned char)p[i]);
	ASSERT_EQ(0, mprotect(p, size, PROT_READ));
	EXPECT_EQ(REFUSED, mm_write(p + size - 1, 0));
	ASSERT_EQ(0, munmap(p, size));
	EXPECT_EQ(REFUSED, mm_read(p));
}

TEST(huge_pages_of_2_mib)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "w");

	if (f) {
		fputs("8", f);
		fclose(f);
	}
	ENTER();
	hugetlb(_metadata, HUGE_PAGE, 21 << MAP_HUGE_SHIFT);
}

TEST(huge_pages_of_1_gib)
{
	ENTER();
	hugetlb(_metadata, 1UL << 30, 30 << MAP_HUGE_SHIFT);
}

/* Memory that others write: another process, and the kernel for a reader. */
TEST(written_from_outside)
{
	struct iovec here, there;
	char *p, value = 42;
	int status, fds[2];
	pid_t pid;

	ENTER();
	p = mm_map(2 * PAGE, RW);
	mm_write(p, 1);
	pid = fork();
	if (!pid) {
		here = (struct iovec) { &value, 1 };
		there = (struct iovec) { p, 1 };
		_exit(process_vm_writev(getppid(), &here, 1, &there, 1, 0) != 1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(42, mm_read(p));
	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(1, write(fds[1], "x", 1));
	ASSERT_EQ(1, read(fds[0], p + PAGE, 1));
	EXPECT_EQ('x', mm_read(p + PAGE));
	/* A page given to a pipe: what is written later shows. */
	mm_write(p, 43);
	here = (struct iovec) { p, 1 };
	ASSERT_EQ(1, vmsplice(fds[1], &here, 1, 0));
	mm_write(p, 44);
	ASSERT_EQ(1, read(fds[0], &value, 1));
	EXPECT_EQ(44, value);
}

static bool is_soft_dirty(int fd, const char *p)
{
	uint64_t entry = 0;

	if (pread(fd, &entry, 8, (uintptr_t)p / PAGE * 8) != 8)
		return false;
	return entry >> 55 & 1;
}

TEST(soft_dirty_bits)
{
	int pagemap, clear;
	char *p;

	ENTER();
	p = mm_map(4 * PAGE, RW);
	memset(p, 1, 4 * PAGE);
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	clear = open("/proc/self/clear_refs", O_WRONLY);
	if (!is_soft_dirty(pagemap, p))
		SKIP(return, "no soft-dirty bits");
	ASSERT_EQ(1, write(clear, "4", 1));
	EXPECT_FALSE(is_soft_dirty(pagemap, p));
	EXPECT_EQ(1, mm_read(p));
	EXPECT_FALSE(is_soft_dirty(pagemap, p));
	EXPECT_EQ(0, mm_write(p + 2 * PAGE, 2));
	EXPECT_TRUE(is_soft_dirty(pagemap, p + 2 * PAGE));
	EXPECT_FALSE(is_soft_dirty(pagemap, p));
}

TEST(same_pages_are_merged)
{
	char *p, text[32] = "";
	int i, fd;

	ENTER();
	p = mm_map(64 * PAGE, RW);
	memset(p, 7, 64 * PAGE);
	if (madvise(p, 64 * PAGE, MADV_MERGEABLE) ||
	    !mm_write_file("/sys/kernel/mm/ksm/pages_to_scan", "1000") ||
	    !mm_write_file("/sys/kernel/mm/ksm/run", "1"))
		SKIP(return, "no KSM");
	for (i = 0; i < 100 && atoi(text) < 32; i++) {
		usleep(50000);
		fd = open("/sys/kernel/mm/ksm/pages_sharing", O_RDONLY);
		memset(text, 0, sizeof(text));
		EXPECT_LT(0, read(fd, text, sizeof(text) - 1));
		close(fd);
	}
	EXPECT_LE(32, atoi(text));
	EXPECT_EQ(0, mm_write(p + 3 * PAGE, 8));
	for (i = 0; i < 64; i++)
		EXPECT_EQ(i == 3 ? 8 : 7, mm_read(p + i * PAGE));
	mm_write_file("/sys/kernel/mm/ksm/run", "2");
	EXPECT_EQ(7, mm_read(p));
}

/* Pages change their places below a program that goes on using them. */
TEST(compaction_and_offlining)
{
	char *p;
	int i;

	ENTER();
	p = mm_map(256 * PAGE, RW);
	for (i = 0; i < 256; i++)
		mm_write(p + i * PAGE, i);
	mm_write_file("/proc/sys/vm/compact_memory", "1");
	/* MADV_SOFT_OFFLINE: the content moves elsewhere. */
	for (i = 0; i < 8; i++)
		madvise(p + i * PAGE, PAGE, 101);
	for (i = 0; i < 256; i++)
		ASSERT_EQ(i, mm_read(p + i * PAGE));
}

/* 64 points of 4 TiB, and addresses far apart that the program chose itself. */
TEST(sparse_and_far)
{
	unsigned long step = 64UL << 30, at[] = { 0x10000, 0x123456789000, 0x7e0000000000 };
	unsigned int i;
	char *p;

	ENTER();
	p = mmap(NULL, 64 * step, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		SKIP(return, "no address space");
	for (i = 0; i < 64; i++)
		ASSERT_EQ(0, mm_write(p + i * step + i * PAGE, i + 1));
	for (i = 0; i < 64; i++)
		ASSERT_EQ(i + 1, mm_read(p + i * step + i * PAGE));
	ASSERT_EQ(0, munmap(p, 64 * step));
	EXPECT_EQ(REFUSED, mm_read(p));
	for (i = 0; i < 3; i++) {
		p = mmap((void *)at[i], PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS |
			 MAP_FIXED_NOREPLACE, -1, 0);
		ASSERT_EQ((void *)at[i], p);
		EXPECT_EQ(0, mm_write(p, 1));
	}
}

static int grow_stack(int depth)
{
	volatile int frame[1024];

	frame[0] = depth;
	return depth ? grow_stack(depth - 1) + frame[0] - depth : 1;
}

TEST(the_stack_grows)
{
	ENTER();
	EXPECT_EQ(1, grow_stack(1000));
}

TEST(prefaulted_memory_costs_no_exits)
{
	unsigned long i, before;
	char *p;

	ENTER();
	p = mm_map(1024 * PAGE, RW);
	madvise(p, 1024 * PAGE, MADV_NOHUGEPAGE);
	EXPECT_EQ(0, dune_prefault(p, 1024 * PAGE, DUNE_PREFAULT_WRITE));
	before = mm_violations();
	for (i = 0; i < 1024; i++)
		p[i * PAGE] = i;
	EXPECT_EQ(before, mm_violations());

	/* Nothing is faulted in unless asked. */
	p = mm_map(16 * PAGE, RW);
	EXPECT_EQ(0, dune_prefault(p, 16 * PAGE, 0));
	before = mm_violations();
	p[0] = 1;
	EXPECT_EQ(before + 1, mm_violations());
	/* Of all there can be: 131072 blocks of 1 GiB, with a lock taken for each. */
	EXPECT_EQ(0, dune_prefault((void *)0, 1UL << (getenv("SLOW_KERNEL") ? 43 : 47), 0));

	EXPECT_EQ(-EINVAL, dune_prefault(p, PAGE, 4));
	EXPECT_EQ(-EINVAL, dune_prefault(p, -1UL, 0));
	EXPECT_EQ(-EINVAL, dune_prefault(p, 1UL << 47, 0));
	munmap(p, 16 * PAGE);
	EXPECT_EQ(-ENOMEM, dune_prefault(p, PAGE, DUNE_PREFAULT_READ));
	EXPECT_EQ(0, dune_prefault(p, PAGE, 0));
}

/* What is around comes with it, and what is not there does not. */
TEST(violations_bring_in_neighbours)
{
	unsigned long before;
	char *p;
	int i;

	ENTER();
	p = mm_map_aligned(HUGE_PAGE);
	madvise(p, HUGE_PAGE, MADV_NOHUGEPAGE);
	ASSERT_EQ(0, madvise(p, HUGE_PAGE, MADV_POPULATE_WRITE));
	before = mm_violations();
	for (i = 0; i < 512; i++)
		p[i * PAGE] = 1;
	EXPECT_GE(20, mm_violations() - before);
	ASSERT_EQ(0, mprotect(p + 3 * PAGE, PAGE, PROT_NONE));
	EXPECT_EQ(1, mm_read(p + 2 * PAGE));
	EXPECT_EQ(REFUSED, mm_read(p + 3 * PAGE));
}

TEST_HARNESS_MAIN
