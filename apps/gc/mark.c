/* SPDX-License-Identifier: MIT */
/*
 * mark.c - what can be reached is marked
 */
#include <errno.h>
#include <sys/mman.h>

#include "heap.h"

#define HUGE	(2UL << 20)	/* a huge page of Linux's */

/* Marked objects whose words have not been looked at. Never full: an object gets here once. */
static uintptr_t *stack;
static size_t depth;

int mark_init(void)
{
	char *p = mmap(NULL, heap.size / GRANULE * sizeof(*stack) + HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -ENOMEM;
	/* Now, or a huge page is zeroed in the first pause, and is all that is long in it. */
	stack = (uintptr_t *)(((uintptr_t)p + HUGE - 1) & -HUGE);
	*(volatile uintptr_t *)stack = 0;
	return 0;
}

static void mark_word(uintptr_t word)
{
	struct object o;

	if (!heap_find(word, &o) || !bit_set(o.block->mark, o.index))
		return;
	if (!o.block->pointer_free)
		stack[depth++] = o.start;
}

/* The program may write them meanwhile; then their page is dirty. */
static void mark_words(const uintptr_t *from, const uintptr_t *to)
{
	for (; from < to; from++) {
		uintptr_t word = __atomic_load_n(from, __ATOMIC_RELAXED);

		if (word - (uintptr_t)heap.base < heap.used)	/* most are not */
			mark_word(word);
	}
}

void mark_roots(void)
{
	world_each_root(mark_words);
}

/* What of @o lies in the page at @page. */
static void mark_part(const struct object *o, uintptr_t page)
{
	uintptr_t from = o->start > page ? o->start : page;
	uintptr_t to = o->start + o->size < page + GC_PAGE ? o->start + o->size : page + GC_PAGE;

	if (bit_test(o->block->mark, o->index))
		mark_words((uintptr_t *)from, (uintptr_t *)to);
}

/* Again, all marked objects of a page. */
static void mark_page(uintptr_t page)
{
	struct block *b = &heap.blocks[(page - (uintptr_t)heap.base) >> BLOCK_SHIFT];
	uintptr_t start = page & -BLOCK_SIZE;
	struct object o = { .block = b };

	if (b->kind == BLOCK_LARGE || b->kind == BLOCK_LARGE_MORE) {
		if (b->kind == BLOCK_LARGE_MORE)
			b = o.block = &heap.blocks[b->next];
		o.start = (uintptr_t)heap.base + ((size_t)(b - heap.blocks) << BLOCK_SHIFT);
		o.size = (size_t)b->size << BLOCK_SHIFT;
	} else if (b->kind == BLOCK_SMALL) {
		o.size = b->size;
		o.index = (page - start) * (uint64_t)b->inverse >> 32;
		o.start = start + o.index * o.size;
	} else {
		return;
	}
	if (b->pointer_free)
		return;
	for (; o.start < page + GC_PAGE && (b->kind == BLOCK_LARGE || o.index < b->objects);
	     o.index++, o.start += o.size) {
		mark_part(&o, page);
		if (b->kind == BLOCK_LARGE)
			return;
	}
}

/*
 * From the @dirty pages of the first @used bytes, which are not any more then, and all
 * that comes of it.
 */
void mark(uint8_t *dirty, size_t used)
{
	struct object o;
	size_t i;

	for (i = 0; i < used / GC_PAGE; i++) {
		if (dirty[i])
			mark_page((uintptr_t)heap.base + i * GC_PAGE);
		dirty[i] = 0;
	}
	while (depth)
		if (heap_find(stack[--depth], &o))
			mark_words((uintptr_t *)o.start, (uintptr_t *)(o.start + o.size));
}
