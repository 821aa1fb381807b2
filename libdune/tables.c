/* SPDX-License-Identifier: MIT */
/*
 * tables.c - pages that tables are made of
 *
 * One area within one block of 1 GiB, so that a table's guest-physical address
 * and its virtual one are a constant apart. At its start stand links, one for each
 * page: a table in no use is zero and must stay so, as a CPU may look at it until
 * TLBs are flushed, and cannot hold its link itself.
 */
#include <linux/mman.h>

#include "lock.h"
#include "pt.h"

#define AREA_MAX	(1UL << DUNE_SHIFT_1G)
#define AREA_MIN	(1UL << 20)
#define AREA_IN_ARENA	(64UL << 20)
#define KEEP		128		/* tables in no use that keep their memory */

/* A link: the next page of a list, and whether the page has never been written to. */
#define UNTOUCHED	(1U << 31)

uint64_t dune_table_delta;

static uint32_t *links;
static char *area;
static uint32_t nr_pages, fresh;	/* pages from @fresh on were never in use */
static uint32_t free_list, nr_free;
static uint32_t nr_warm;		/* of the free ones, with memory */
static uint32_t lock;

static uint64_t *table_at(uint32_t nr)
{
	return (uint64_t *)(area + nr * PAGE_SIZE);
}

static uint32_t number_of(const uint64_t *table)
{
	return ((const char *)table - area) / PAGE_SIZE;
}

int dune_tables_init(void)
{
	size_t size = dune_arena_is_set() ? AREA_IN_ARENA : AREA_MAX;
	int r;

	while (!area && size >= AREA_MIN) {
		area = dune_map_aligned(size);
		if (!area)
			size /= 2;
	}
	if (!area)
		return -ENOMEM;
	if (!links) {
		links = (uint32_t *)area;
		nr_pages = size / PAGE_SIZE;
		fresh = 1 + nr_pages * sizeof(links[0]) / PAGE_SIZE;
	}
	/* Its block may need a table itself. */
	r = dune_root_place((uintptr_t)area);
	if (r)
		return r;
	dune_table_delta = (uintptr_t)area - dune_va_to_pa(area) - PT_TABLE;
	return dune_root_add_range(area, PAGE_SIZE);
}

static uint32_t take(void)
{
	uint32_t nr = free_list;

	if (!nr) {
		if (fresh == nr_pages)
			return NO_TABLE;
		return fresh++;
	}
	free_list = links[nr] & ~UNTOUCHED;
	nr_free--;
	if (!(links[nr] & UNTOUCHED))
		nr_warm--;
	return nr;
}

/* Have @nr tables in hand, at least. */
bool dune_tables_take(struct pt_edit *edit, uint32_t nr)
{
	struct dune_held held;
	uint32_t table;

	dune_lock(&lock, &held);
	while (edit->nr_spare < nr) {
		table = take();
		if (!table)
			break;
		links[table] = edit->spare;
		edit->spare = table;
		edit->nr_spare++;
	}
	dune_unlock(&lock, &held);
	return edit->nr_spare >= nr;
}

/* One of those; it is zero. */
uint64_t *dune_table_use(struct pt_edit *edit)
{
	uint32_t nr = edit->spare;

	edit->spare = links[nr];
	edit->nr_spare--;
	return table_at(nr);
}

/* Nothing leads to @table any more, but TLBs may. */
void dune_table_remove(struct pt_edit *edit, uint64_t *table)
{
	uint32_t nr = number_of(table);

	links[nr] = edit->removed;
	edit->removed = nr;
}

/* Linux takes the memory; what is read there afterwards is zero. */
static void cool(uint32_t list)
{
	uint32_t first, n;

	while (list) {
		first = list;
		for (n = 1; links[list] == first + n; n++)
			list = links[list];
		list = links[list];
		sys(__NR_madvise, table_at(first), n * PAGE_SIZE, MADV_DONTNEED);
	}
}

static void clean(uint32_t list)
{
	for (; list; list = links[list])
		__builtin_memset(table_at(list), 0, PAGE_SIZE);
}

static uint32_t length(uint32_t list)
{
	uint32_t n = 0;

	for (; list; list = links[list])
		n++;
	return n;
}

static void put_list(uint32_t list, uint32_t mark)
{
	uint32_t nr, next;

	for (nr = list; nr; nr = next) {
		next = links[nr];
		links[nr] = free_list | mark;
		free_list = nr;
		nr_free++;
		if (!mark)
			nr_warm++;
	}
}

/* After the flush. */
void dune_tables_give_back(struct pt_edit *edit)
{
	bool cold = nr_warm + length(edit->removed) > KEEP;
	struct dune_held held;

	if (!edit->removed && !edit->spare)
		return;
	if (cold)
		cool(edit->removed);
	else
		clean(edit->removed);
	dune_lock(&lock, &held);
	put_list(edit->removed, cold ? UNTOUCHED : 0);
	put_list(edit->spare, 0);
	dune_unlock(&lock, &held);
	edit->removed = edit->spare = edit->nr_spare = 0;
}

/* Around a fork: see root.c. */
void dune_tables_freeze(void)
{
	dune_lock_wait(&lock);
}

void dune_tables_thaw(void)
{
	dune_unlock_nested(&lock);
}

/* In the child of a fork: another thread may have been about to count. */
void dune_tables_forked(void)
{
	uint32_t nr;

	lock = 0;
	nr_free = nr_warm = 0;
	for (nr = free_list; nr; nr = links[nr] & ~UNTOUCHED) {
		nr_free++;
		nr_warm += !(links[nr] & UNTOUCHED);
	}
}

uint64_t dune_tables_in_use(void)
{
	return area ? fresh - 1 - nr_pages * sizeof(links[0]) / PAGE_SIZE - nr_free : 0;
}
