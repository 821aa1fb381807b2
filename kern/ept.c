// SPDX-License-Identifier: GPL-2.0-only
/*
 * ept.c - map, zap and age leaves of the extended page tables
 *
 * Nothing here knows of Linux's page tables or takes a lock: the caller holds
 * the VM's ept_lock and flushes. Hardware walks the tables meanwhile, and sets
 * accessed and dirty bits: entries are written whole, and A bits cleared with
 * one atomic operation. Compiled in user space too.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include <asm/vmx.h>

#include "ept.h"

static unsigned int index_at(u64 gpa, int level)
{
	return (gpa >> (12 + 9 * (level - 1))) & 511;
}

static bool is_leaf(u64 epte, int level)
{
	return level == 1 || (epte & EPTE_PS);
}

static u64 *table_of(u64 epte)
{
	return __va(epte & EPTE_ADDR);
}

static u64 *alloc_table(void)
{
	return (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
}

static void free_table(u64 *table)
{
	free_page((unsigned long)table);
}

int ept_init(struct ept *ept)
{
	ept->root = alloc_table();
	if (!ept->root)
		return -ENOMEM;
	ept->eptp = __pa(ept->root) | VMX_EPTP_MT_WB | VMX_EPTP_PWL_4;
	if (ept->ad_bits)
		ept->eptp |= VMX_EPTP_AD_ENABLE_BIT;
	return 0;
}

static void free_level(u64 *table, int level)
{
	int i;

	for (i = 0; level > 1 && i < 512; i++)
		if ((table[i] & EPTE_RWX) && !is_leaf(table[i], level))
			free_level(table_of(table[i]), level - 1);
	free_table(table);
}

void ept_destroy(struct ept *ept)
{
	if (ept->root)
		free_level(ept->root, EPT_LEVELS);
	ept->root = NULL;
}

int ept_cache_fill(struct ept_cache *cache)
{
	while (cache->nr < ARRAY_SIZE(cache->page)) {
		u64 *table = alloc_table();

		if (!table)
			return -ENOMEM;
		cache->page[cache->nr++] = table;
	}
	return 0;
}

void ept_cache_drain(struct ept_cache *cache)
{
	while (cache->nr)
		free_table(cache->page[--cache->nr]);
}

int ept_map(struct ept *ept, struct ept_cache *cache, u64 gpa, int level, u64 epte)
{
	u64 *table = ept->root;
	u64 *entry;
	int l;

	for (l = EPT_LEVELS; ; l--) {
		entry = &table[index_at(gpa, l)];
		if (l == level)
			break;
		if (!(*entry & EPTE_RWX))
			WRITE_ONCE(*entry, __pa(cache->page[--cache->nr]) | EPTE_RWX);
		else if (is_leaf(*entry, l))
			return -EEXIST;
		table = table_of(*entry);
	}
	if ((*entry & EPTE_RWX) && !is_leaf(*entry, level))
		return -EEXIST;
	WRITE_ONCE(*entry, epte | (level > 1 ? EPTE_PS : 0));
	return 0;
}

/* Calls @visit for each leaf that overlaps the range; the or of what it says. */
static bool for_each_leaf(u64 *table, int level, u64 base, u64 start, u64 end,
			  bool (*visit)(u64 *entry, void *arg), void *arg)
{
	u64 size = ept_level_size(level);
	unsigned int first = start > base ? (start - base) / size : 0;
	u64 at = base + first * size;
	bool any = false;
	unsigned int i;

	for (i = first; i < 512 && at < end; i++, at += size) {
		if (!(table[i] & EPTE_RWX))
			continue;
		if (is_leaf(table[i], level))
			any |= visit(&table[i], arg);
		else
			any |= for_each_leaf(table_of(table[i]), level - 1, at,
					     start, end, visit, arg);
	}
	return any;
}

static bool zap_leaf(u64 *entry, void *arg)
{
	WRITE_ONCE(*entry, 0);
	return true;
}

bool ept_zap(struct ept *ept, u64 start, u64 end)
{
	if (!ept->root)
		return false;
	return for_each_leaf(ept->root, EPT_LEVELS, 0, start, end, zap_leaf, NULL);
}

struct age_arg {
	const struct ept	*ept;
	bool			clear;
};

/* Without A bits, a leaf that is there counts as young. */
static bool age_leaf(u64 *entry, void *p)
{
	const struct age_arg *arg = p;

	if (!arg->ept->ad_bits)
		return true;
	if (!(READ_ONCE(*entry) & EPTE_A))
		return false;
	if (arg->clear)
		clear_bit(EPTE_A_BIT, (unsigned long *)entry);
	return true;
}

bool ept_age(struct ept *ept, u64 start, u64 end, bool clear)
{
	struct age_arg arg = { .ept = ept, .clear = clear };

	if (!ept->root)
		return false;
	return for_each_leaf(ept->root, EPT_LEVELS, 0, start, end, age_leaf, &arg);
}
