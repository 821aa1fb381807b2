/* SPDX-License-Identifier: MIT */
/*
 * fig_dirty.c - which pages were written, as Linux tells it
 *
 * Of 256 MiB, one page in eight is written in each round, as for Dune's dirty bits
 * in fig_vm.c. Apart: to find those pages and begin anew, per page of the whole; and
 * the first write to a page since.
 */
#include <fcntl.h>
#include <linux/types.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define PAGES		HEAP_PAGES
#define EVERY		HEAP_WRITTEN
#define ROUNDS		5
#define SOFT_DIRTY	(1ULL << 55)

/* linux/fs.h of Linux 6.7 and newer. */
struct page_region {
	__u64	start, end, categories;
};

struct pm_scan_arg {
	__u64	size, flags, start, end, walk_end, vec, vec_len, max_pages;
	__u64	category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define PAGEMAP_SCAN		_IOWR('f', 16, struct pm_scan_arg)
#define PM_SCAN_WP_MATCHING	(1 << 0)
#define PAGE_IS_WRITTEN		(1 << 1)

#define UFFD_FEATURE_WP_UNPOPULATED	(1 << 13)
#define UFFD_FEATURE_WP_ASYNC		(1 << 15)

static char *area;
static int clear_refs, pagemap, uffd;
static double scans[ROUNDS], writes[ROUNDS * PAGES / EVERY];

/* Find the written pages and begin anew; how many there were, or -1. */
static long soft_dirty_round(void)
{
	static uint64_t entries[PAGES];
	long n = 0, i;

	if (pread(pagemap, entries, sizeof(entries), (uintptr_t)area / PAGE * 8) !=
	    sizeof(entries))
		return -1;
	for (i = 0; i < PAGES; i++)
		n += !!(entries[i] & SOFT_DIRTY);
	return write(clear_refs, "4", 1) == 1 ? n : -1;
}

static bool soft_dirty_init(void)
{
	clear_refs = open("/proc/self/clear_refs", O_WRONLY);
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	return clear_refs >= 0 && pagemap >= 0 && soft_dirty_round() == PAGES;
}

static long pagemap_scan_round(void)
{
	static struct page_region regions[PAGES];
	struct pm_scan_arg arg = {
		.size = sizeof(arg), .flags = PM_SCAN_WP_MATCHING, .start = (uintptr_t)area,
		.end = (uintptr_t)area + PAGES * PAGE, .vec = (uintptr_t)regions,
		.vec_len = PAGES, .category_mask = PAGE_IS_WRITTEN, .return_mask = PAGE_IS_WRITTEN,
	};
	long found = ioctl(pagemap, PAGEMAP_SCAN, &arg), n = 0, i;

	for (i = 0; i < found; i++)
		n += (regions[i].end - regions[i].start) / PAGE;
	return found < 0 ? -1 : n;
}

static bool pagemap_scan_init(void)
{
	struct uffdio_api api = {
		.api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_WP_UNPOPULATED,
	};
	struct uffdio_register reg = {
		.range = { (uintptr_t)area, PAGES * PAGE }, .mode = UFFDIO_REGISTER_MODE_WP,
	};

	pagemap = open("/proc/self/pagemap", O_RDONLY);
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	return pagemap >= 0 && uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api) &&
	       !ioctl(uffd, UFFDIO_REGISTER, &reg) && pagemap_scan_round() == PAGES;
}

/* Each page whose first write userfaultfd tells of, and that it lets go on. */
static volatile long told;

static bool protect(uintptr_t start, uint64_t size, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { start, size }, .mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return !ioctl(uffd, UFFDIO_WRITEPROTECT, &wp);
}

static void *serve_writes(void *nothing)
{
	struct uffd_msg msg;

	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		told++;
		protect(msg.arg.pagefault.address & -PAGE, PAGE, false);
	}
	return nothing;
}

static long userfaultfd_round(void)
{
	long n = told;

	told = 0;
	return protect((uintptr_t)area, PAGES * PAGE, true) ? n : -1;
}

static bool userfaultfd_init(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_register reg = {
		.range = { (uintptr_t)area, PAGES * PAGE }, .mode = UFFDIO_REGISTER_MODE_WP,
	};
	pthread_t server;

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	return uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api) &&
	       !ioctl(uffd, UFFDIO_REGISTER, &reg) && userfaultfd_round() == 0 &&
	       !pthread_create(&server, NULL, serve_writes, NULL);
}

/* All rounds; false if a round does not find what was written. */
static bool measure_rounds(bool (*init)(void), long (*round)(void))
{
	uint64_t empty = ticks_empty(), t;
	long i, j, n = 0;

	area = map_pages(PAGES);
	if (!area)
		return false;
	memset(area, 1, PAGES * PAGE);
	if (!init())
		return false;
	for (i = 0; i < ROUNDS; i++) {
		for (j = 0; j < PAGES; j += EVERY) {
			t = ticks_now();
			*(volatile char *)(area + j * PAGE) = 2;
			writes[n++] = ticks_now() - t - empty;
		}
		t = ticks_now();
		if (round() != PAGES / EVERY)
			return false;
		scans[i] = (double)(ticks_now() - t - empty) / PAGES;
	}
	return true;
}

static double scan(bool (*init)(void), long (*round)(void), long *n)
{
	*n = ROUNDS * PAGES;
	return measure_rounds(init, round) ? median_of_batches(scans, ROUNDS, PAGES) : NOT_MEASURED;
}

static double first_write(bool (*init)(void), long (*round)(void), long *n)
{
	*n = ROUNDS * PAGES / EVERY;
	return measure_rounds(init, round) ? median(writes, *n) : NOT_MEASURED;
}

double soft_dirty_scan(long *n) { return scan(soft_dirty_init, soft_dirty_round, n); }
double soft_dirty_write(long *n) { return first_write(soft_dirty_init, soft_dirty_round, n); }
double userfaultfd_scan(long *n) { return scan(userfaultfd_init, userfaultfd_round, n); }
double userfaultfd_write(long *n) { return first_write(userfaultfd_init, userfaultfd_round, n); }
double pagemap_scan(long *n) { return scan(pagemap_scan_init, pagemap_scan_round, n); }
double pagemap_scan_write(long *n) { return first_write(pagemap_scan_init, pagemap_scan_round, n); }
