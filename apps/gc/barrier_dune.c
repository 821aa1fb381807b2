/* SPDX-License-Identifier: MIT */
/*
 * barrier_dune.c - dirty bits, in Dune mode: no write costs anything
 */
#include <errno.h>
#include <stdlib.h>

#include <dune/vm.h>

#include "barrier.h"
#include "dirty.h"

static uintptr_t heap;
static size_t by_page;			/* bytes of it with leaves of a page */
static uint64_t *bitmap;

static int init(char *base, size_t size)
{
	heap = (uintptr_t)base;
	bitmap = calloc((size / GC_PAGE + 63) / 64, sizeof(*bitmap));
	if (!bitmap)
		return -ENOMEM;
	by_page = size < 1UL << DUNE_SHIFT_2M ? size : 1UL << DUNE_SHIFT_2M;
	/* What the first time takes longer is not part of a pause. */
	return dirty_by_page(heap, heap + by_page) ? : dirty_read(heap, by_page, true, bitmap);
}

/* The longest part of all by far where the heap has grown: a table for each 2 MiB. */
static int prepare(size_t used)
{
	int r = 0;

	if (used > by_page) {
		r = dirty_by_page(heap + by_page, heap + used);
		by_page = used;
	}
	return r;
}

static int start(size_t used)
{
	int r = prepare(used);

	barrier_dune.scanned += used / GC_PAGE;
	return r ? r : dirty_read(heap, used, true, bitmap);
}

static int collect(size_t used, uint8_t *dirty)
{
	size_t pages = used / GC_PAGE, i;
	int r = dirty_read(heap, used, false, bitmap);

	barrier_dune.scanned += pages;
	for (i = 0; !r && i < (pages + 63) / 64; i++) {
		uint64_t word = bitmap[i];

		for (; word; word &= word - 1)
			dirty[i * 64 + __builtin_ctzll(word)] = 1;
	}
	return r;
}

struct barrier barrier_dune = {
	.name = "dune", .in_dune = true, .init = init, .prepare = prepare,
	.start = start, .collect = collect,
};
