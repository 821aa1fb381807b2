/* SPDX-License-Identifier: MIT */
/*
 * verify.c - was everything marked that can be reached?
 *
 * Looks for itself, from the roots, with a bitmap and a stack of its own and no
 * regard to what was written when: what the marker missed shows.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "heap.h"

static uint64_t (*seen)[BITMAP_WORDS];
static uintptr_t *stack;
static size_t depth;
static unsigned long missed, found;

static void *reserve(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int verify_init(void)
{
	seen = reserve(heap.nr_blocks * sizeof(*seen));
	stack = reserve(heap.size / GRANULE * sizeof(*stack));
	return seen && stack ? 0 : -ENOMEM;
}

static void visit_words(const uintptr_t *from, const uintptr_t *to)
{
	struct object o;

	for (; from < to; from++) {
		if (!heap_find(*from, &o) || !bit_set(seen[o.block - heap.blocks], o.index))
			continue;
		found++;
		missed += !bit_test(o.block->mark, o.index);
		if (!o.block->pointer_free)
			stack[depth++] = o.start;
	}
}

/* The world is at rest and nothing is swept yet. How many objects are in use. */
unsigned long verify_heap(void)
{
	struct object o;

	memset(seen, 0, heap.nr_used * sizeof(*seen));
	missed = found = 0;
	world_each_root(visit_words);
	while (depth)
		if (heap_find(stack[--depth], &o))
			visit_words((uintptr_t *)o.start, (uintptr_t *)(o.start + o.size));
	if (missed) {
		fprintf(stderr, "dune-gc: of %lu objects in use, %lu are not marked\n", found,
			missed);
		_Exit(3);
	}
	return found;
}
