/* SPDX-License-Identifier: MIT */
/*
 * barrier_soft_dirty.c - Linux's own bit for written pages, by /proc/self/pagemap
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "barrier.h"

#define SOFT_DIRTY	(1ULL << 55)
#define BATCH		512

static uintptr_t heap;
static int clear_refs, pagemap;

/* A kernel built without it leaves the bit 0 for ever. */
static bool works(char *page)
{
	uint64_t entry = 0;

	*(volatile char *)page = 0;
	return pread(pagemap, &entry, 8, heap / GC_PAGE * 8) == 8 && (entry & SOFT_DIRTY);
}

static int init(char *base, size_t size)
{
	heap = (uintptr_t)base;
	clear_refs = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (clear_refs < 0 || pagemap < 0)
		return -errno;
	return works(base) ? 0 : -EOPNOTSUPP;
}

/* Of the whole process: there is no narrower way. */
static int start(size_t used)
{
	return write(clear_refs, "4", 1) == 1 ? 0 : -errno;
}

static int collect(size_t used, uint8_t *dirty)
{
	uint64_t entries[BATCH];
	size_t pages = used / GC_PAGE, i, j, n;

	for (i = 0; i < pages; i += n) {
		n = pages - i < BATCH ? pages - i : BATCH;
		if (pread(pagemap, entries, n * 8, (heap / GC_PAGE + i) * 8) != (ssize_t)n * 8)
			return -EIO;
		for (j = 0; j < n; j++)
			dirty[i + j] = !!(entries[j] & SOFT_DIRTY);
	}
	barrier_soft_dirty.scanned += pages;
	return 0;
}

struct barrier barrier_soft_dirty = {
	.name = "soft-dirty", .init = init, .start = start, .collect = collect,
};
