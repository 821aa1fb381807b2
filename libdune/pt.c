/* SPDX-License-Identifier: MIT */
/*
 * pt.c - find, split, write and clear entries of a guest page table
 *
 * Pure work on memory, under the root's lock and with all tables in hand that may
 * be needed. Entries change by single atomic writes, since CPUs walk the tables
 * and set A and D bits meanwhile.
 */
#include "pt.h"

struct pt_pos pt_find(struct dune_root *root, uint64_t va)
{
	struct pt_pos pos = { &root->low[va >> DUNE_SHIFT_1G], 3 };

	while (pt_is_table(pt_read(pos.entry), pos.level)) {
		pos.level--;
		pos.entry = &pt_table(pt_read(pos.entry))[pt_index(va, pos.level)];
	}
	return pos;
}

/* The first use of an entry of low[] makes its page a table of the CPU's. */
static void link_top(struct dune_root *root, uint64_t *entry)
{
	uint64_t nr = (entry - root->low) >> 9;

	if (!pt_read(&root->top[nr]))
		__atomic_store_n(&root->top[nr], dune_va_to_pa(&root->low[nr << 9]) | PT_TABLE,
				 __ATOMIC_RELEASE);
}

static void fill_with_parts(uint64_t *table, uint64_t leaf, unsigned int level)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		table[i] = leaf ? pt_part(leaf, (uint64_t)i << pt_shift(level), level) : 0;
}

/*
 * A table in place of a leaf, with 512 leaves that map the same; or an empty table
 * in place of nothing. No TLB need hear of it.
 */
void pt_split(struct pt_edit *edit, struct pt_pos pos)
{
	uint64_t *table = dune_table_use(edit), old = pt_read(pos.entry);

	if (old)
		fill_with_parts(table, old, pos.level - 1);
	while (!__atomic_compare_exchange_n(pos.entry, &old, pt_table_entry(table), false,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		fill_with_parts(table, old, pos.level - 1);
	if (pos.level == 3)
		link_top(edit->root, pos.entry);
}

/* To an entry of @level or lower. */
struct pt_pos pt_descend(struct pt_edit *edit, uint64_t va, unsigned int level)
{
	struct pt_pos pos = pt_find(edit->root, va);

	while (pos.level > level) {
		pt_split(edit, pos);
		pos = pt_find(edit->root, va);
	}
	return pos;
}

/* Whether a leaf does not end at @va but goes on. */
static bool crosses(struct pt_pos pos, uint64_t va)
{
	return (va & (pt_size(pos.level) - 1)) && pt_read(pos.entry);
}

/* How many tables it takes to have leaves end at @va. */
unsigned int pt_tables_to_cut(struct dune_root *root, uint64_t va)
{
	struct pt_pos pos;
	unsigned int n = 0;

	if (va >> VA_BITS)
		return 0;
	pos = pt_find(root, va);
	for (; crosses(pos, va); pos.level--)
		n++;
	return n;
}

/* With so many in hand. */
void pt_cut(struct pt_edit *edit, uint64_t va)
{
	struct pt_pos pos;

	if (va >> VA_BITS)
		return;
	for (pos = pt_find(edit->root, va); crosses(pos, va); pos = pt_find(edit->root, va))
		pt_split(edit, pos);
}

/* An entry of @level, whatever is in it. */
static uint64_t *entry_at(struct pt_edit *edit, uint64_t va, unsigned int level)
{
	struct pt_pos pos = { &edit->root->low[va >> DUNE_SHIFT_1G], 3 };

	while (pos.level > level) {
		if (!pt_is_table(pt_read(pos.entry), pos.level))
			pt_split(edit, pos);
		pos.level--;
		pos.entry = &pt_table(pt_read(pos.entry))[pt_index(va, pos.level)];
	}
	return pos.entry;
}

/* Tables in which nothing is. */
static void remove_tables(struct pt_edit *edit, uint64_t entry, unsigned int level)
{
	unsigned int i;

	if (!pt_is_table(entry, level))
		return;
	for (i = 0; level > 2 && i < 512; i++)
		remove_tables(edit, pt_table(entry)[i], level - 1);
	dune_table_remove(edit, pt_table(entry));
}

/* Write a leaf where nothing is, but perhaps tables. */
void pt_set(struct pt_edit *edit, uint64_t va, unsigned int level, uint64_t leaf)
{
	uint64_t *entry = entry_at(edit, va, level), old = pt_read(entry);

	__atomic_store_n(entry, leaf, __ATOMIC_RELEASE);
	remove_tables(edit, old, level);
	if (level == 3)
		link_top(edit->root, entry);
}

/* Write @leaf, or its parts, wherever nothing is. */
void pt_fill(struct pt_edit *edit, uint64_t *entry, unsigned int level, uint64_t leaf)
{
	uint64_t *table, old = pt_read(entry);
	unsigned int i;

	if (!old) {
		__atomic_store_n(entry, leaf, __ATOMIC_RELEASE);
		if (level == 3)
			link_top(edit->root, entry);
	}
	if (!pt_is_table(old, level))
		return;
	table = pt_table(old);
	for (i = 0; i < 512; i++)
		pt_fill(edit, &table[i], level - 1,
			pt_part(leaf, (uint64_t)i << pt_shift(level - 1), level - 1));
}

/* @leaf is no more: its pages have one user less. */
void pt_release(struct pt_edit *edit, uint64_t leaf, unsigned int level)
{
	if (leaf & PTE_POOL)
		dune_pool_drop(leaf & DUNE_PTE_ADDR, pt_size(level), &edit->released);
}

static bool is_empty(const uint64_t *table)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		if (table[i])
			return false;
	return true;
}

static void clear_entry(struct pt_edit *edit, uint64_t *entry, unsigned int level,
			uint64_t first, uint64_t start, uint64_t end);

/* Of the part of [start, end) that a table maps whose first address is @first. */
static void clear_table(struct pt_edit *edit, uint64_t *table, unsigned int level,
			uint64_t first, uint64_t start, uint64_t end)
{
	uint64_t size = pt_size(level), va;

	if (start > first)
		first = start & ~(size - 1);
	for (va = first; va < end && (va == first || pt_index(va, level)); va += size)
		clear_entry(edit, &table[pt_index(va, level)], level, va, start, end);
}

static void clear_entry(struct pt_edit *edit, uint64_t *entry, unsigned int level,
			uint64_t first, uint64_t start, uint64_t end)
{
	uint64_t old = pt_read(entry), *table;

	if (!pt_is_table(old, level)) {
		if (old)
			pt_release(edit, __atomic_exchange_n(entry, 0, __ATOMIC_RELAXED), level);
		return;
	}
	table = pt_table(old);
	clear_table(edit, table, level - 1, first, start, end);
	if ((start <= first && first + pt_size(level) <= end) || is_empty(table)) {
		__atomic_store_n(entry, 0, __ATOMIC_RELAXED);
		dune_table_remove(edit, table);
	}
}

/* Leaves end at both ends of the range already. */
void pt_clear(struct pt_edit *edit, uint64_t start, uint64_t end)
{
	uint64_t size = pt_size(3), va;

	for (va = start & ~(size - 1); va < end; va += size) {
		if (!edit->root->top[va >> 39])
			va |= (1UL << 39) - size;
		else
			clear_entry(edit, &edit->root->low[va >> DUNE_SHIFT_1G], 3, va, start, end);
	}
}

/* The one leaf that stands for all of @table, or 0. */
static uint64_t whole(const uint64_t *table, unsigned int level)
{
	const uint64_t flags = DUNE_PTE_A | DUNE_PTE_D;
	uint64_t first = pt_read(table), ad = 0, entry;
	unsigned int i;

	if (!(first & PTE_LEAF) || (first & DUNE_PTE_ADDR & (pt_size(level + 1) - 1)))
		return 0;
	for (i = 0; i < 512; i++) {
		entry = pt_read(&table[i]);
		ad |= entry & flags;
		if ((entry & ~flags) != (first & ~flags) + ((uint64_t)i << pt_shift(level)))
			return 0;
	}
	return first | ad | DUNE_PTE_PS;
}

/*
 * A CPU may set a bit in the old entries until the TLBs are flushed, and nobody
 * would see it: so A and D are as good as set already.
 */
static void merge_entry(struct pt_edit *edit, uint64_t *entry, unsigned int level)
{
	uint64_t old = pt_read(entry), *table, leaf;
	unsigned int i;

	if (!pt_is_table(old, level))
		return;
	table = pt_table(old);
	for (i = 0; level > 2 && i < 512; i++)
		merge_entry(edit, &table[i], level - 1);
	leaf = whole(table, level - 1);
	if (!leaf || (level == 3 && !pt_has_1g()))
		return;
	if (leaf & DUNE_PTE_P)
		leaf |= DUNE_PTE_A | (leaf & DUNE_PTE_W ? DUNE_PTE_D : 0);
	__atomic_store_n(entry, leaf, __ATOMIC_RELEASE);
	dune_table_remove(edit, table);
}

/* What lies in the range as a whole. */
void pt_merge(struct pt_edit *edit, uint64_t start, uint64_t end)
{
	struct pt_pos pos;
	uint64_t va = start, size;
	uint64_t *entry;

	for (; va < end; va += size) {
		entry = &edit->root->low[va >> DUNE_SHIFT_1G];
		pos.level = 3;
		size = pt_size(3);
		while ((va & (size - 1) || va + size > end) && pos.level > 2 &&
		       pt_is_table(pt_read(entry), pos.level)) {
			pos.level--;
			entry = &pt_table(pt_read(entry))[pt_index(va, pos.level)];
			size = pt_size(pos.level);
		}
		if (!(va & (size - 1)) && va + size <= end)
			merge_entry(edit, entry, pos.level);
		size -= va & (size - 1);
	}
}
