/* SPDX-License-Identifier: MIT */
/*
 * extents.c - which parts of a domain's address range are in use, and for what
 *
 * Pure: a sorted array. All addresses are pages' and inside the range; the
 * callers have checked them.
 */
#include <stddef.h>

#include <asm/errno.h>

#include "extents.h"

bool dune_extents_inside(const struct extents *x, uint64_t start, uint64_t end)
{
	return start >= x->low && start <= end && end <= x->high;
}

/* The first extent that ends behind @addr; nr if there is none. */
static unsigned int first_behind(const struct extents *x, uint64_t addr)
{
	unsigned int low = 0, high = x->nr, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (x->at[mid].end > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static void move_up(struct extents *x, unsigned int from)
{
	unsigned int i;

	for (i = x->nr++; i > from; i--)
		x->at[i] = x->at[i - 1];
}

static void remove(struct extents *x, unsigned int from, unsigned int to)
{
	for (; to < x->nr; from++, to++)
		x->at[from] = x->at[to];
	x->nr = from;
}

/* Make @addr a boundary; returns the first extent at or behind it. */
static unsigned int split(struct extents *x, uint64_t addr)
{
	unsigned int i = first_behind(x, addr);

	if (i == x->nr || x->at[i].start >= addr)
		return i;
	move_up(x, i);
	x->at[i].end = addr;
	x->at[i + 1].start = addr;
	return i + 1;
}

static bool same(const struct extent *a, const struct extent *b)
{
	return a->end == b->start && a->prot == b->prot && a->kind == b->kind &&
	       a->kind != EXTENT_FILE && extent_takes_memory(a) == extent_takes_memory(b);
}

static void merge_with_next(struct extents *x, unsigned int i)
{
	if (i + 1 >= x->nr || !same(&x->at[i], &x->at[i + 1]))
		return;
	x->joins += extent_takes_memory(&x->at[i]);
	x->at[i].end = x->at[i + 1].end;
	remove(x, i + 1, i + 2);
}

/* Bytes in the range that take memory. */
uint64_t dune_extents_memory(const struct extents *x, uint64_t start, uint64_t end)
{
	unsigned int i = first_behind(x, start);
	uint64_t sum = 0, from, to;

	for (; i < x->nr && x->at[i].start < end; i++) {
		from = x->at[i].start > start ? x->at[i].start : start;
		to = x->at[i].end < end ? x->at[i].end : end;
		if (extent_takes_memory(&x->at[i]))
			sum += to - from;
	}
	return sum;
}

/* Room for two splits and one more. */
static bool full(const struct extents *x)
{
	return x->nr + 3 > x->max;
}

/* Takes what is there out; returns where it was. */
static unsigned int cut(struct extents *x, uint64_t start, uint64_t end)
{
	unsigned int from, to;

	x->memory -= dune_extents_memory(x, start, end);
	from = split(x, start);
	to = split(x, end);
	remove(x, from, to);
	return from;
}

/* In place of whatever is there. 0, or -ENOMEM: too many pieces. */
int dune_extents_set(struct extents *x, const struct extent *new)
{
	unsigned int i;

	if (full(x))
		return -ENOMEM;
	i = cut(x, new->start, new->end);
	move_up(x, i);
	x->at[i] = *new;
	if (extent_takes_memory(new))
		x->memory += new->end - new->start;
	merge_with_next(x, i);
	if (i)
		merge_with_next(x, i - 1);
	return 0;
}

int dune_extents_clear(struct extents *x, uint64_t start, uint64_t end)
{
	if (full(x))
		return -ENOMEM;
	cut(x, start, end);
	return 0;
}

/* The first that ends behind @addr. */
const struct extent *dune_extents_next(const struct extents *x, uint64_t addr)
{
	unsigned int i = first_behind(x, addr);

	return i < x->nr ? &x->at[i] : NULL;
}

const struct extent *dune_extents_find(const struct extents *x, uint64_t addr)
{
	unsigned int i = first_behind(x, addr);

	return i < x->nr && x->at[i].start <= addr ? &x->at[i] : NULL;
}

/* The lowest place for @size bytes with a free page on each side; 0: none. */
uint64_t dune_extents_place(const struct extents *x, uint64_t size)
{
	uint64_t at = x->low + EXTENT_PAGE;
	unsigned int i;

	if (size >= x->high - x->low)
		return 0;
	for (i = 0; i < x->nr; i++) {
		if (x->at[i].start >= at && x->at[i].start - at >= size + EXTENT_PAGE)
			return at;
		at = x->at[i].end + EXTENT_PAGE;
	}
	return at < x->high && x->high - at >= size + EXTENT_PAGE ? at : 0;
}

bool dune_extents_free(const struct extents *x, uint64_t start, uint64_t end)
{
	unsigned int i = first_behind(x, start);

	return i == x->nr || x->at[i].start >= end;
}

/*
 * Whether the domain may change the range: nothing in it is held by the host,
 * and, asked for the whole, nothing of it is free.
 */
bool dune_extents_own(const struct extents *x, uint64_t start, uint64_t end, bool whole)
{
	unsigned int i = first_behind(x, start);
	uint64_t at = start;

	for (; i < x->nr && x->at[i].start < end; i++) {
		if (x->at[i].kind > EXTENT_FILE || (whole && x->at[i].start > at))
			return false;
		at = x->at[i].end;
	}
	return !whole || at >= end;
}
