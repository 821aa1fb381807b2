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
#include <linux/mm.h>
#include <linux/sched.h>

#include <asm/vmx.h>

#include "ept.h"
#include "ept_table.h"

static bool is_leaf(u64 epte, int level)
{
	return level == 1 || (epte & EPTE_PS);
}

static u64 *table_of(u64 epte)
{
	return __va(epte & EPTE_ADDR);
}

int ept_init(struct ept *ept)
{
	ept->root = ept_table_alloc();
	if (!ept->root)
		return -ENOMEM;
	ept->nr_tables = 0;
	ept->eptp = __pa(ept->root) | VMX_EPTP_MT_WB | VMX_EPTP_PWL_4;
	if (ept->ad_bits)
		ept->eptp |= VMX_EPTP_AD_ENABLE_BIT;
	return 0;
}

/* Free a table of @level and all below it; how many. There may be a million. */
static unsigned long free_level(u64 *table, int level, bool may_sleep)
{
	unsigned long n = 1;
	int i;

	for (i = 0; level > 1 && i < EPT_ENTRIES; i++)
		if ((table[i] & EPTE_RWX) && !is_leaf(table[i], level))
			n += free_level(table_of(table[i]), level - 1, may_sleep);
	ept_table_free(table);
	if (may_sleep && level > 1)
		cond_resched();
	return n;
}

static unsigned long count_level(const u64 *table, int level)
{
	unsigned long n = 1;
	int i;

	for (i = 0; level > 1 && i < EPT_ENTRIES; i++)
		if ((table[i] & EPTE_RWX) && !is_leaf(table[i], level))
			n += count_level(table_of(table[i]), level - 1);
	return n;
}

void ept_destroy(struct ept *ept, bool may_sleep)
{
	if (ept->root)
		free_level(ept->root, EPT_LEVELS, may_sleep);
	ept->root = NULL;
	ept->nr_tables = 0;
}

int ept_cache_fill(struct ept_cache *cache)
{
	while (!ept_cache_full(cache)) {
		u64 *table = ept_table_alloc();

		if (!table)
			return -ENOMEM;
		cache->page[cache->nr++] = table;
	}
	return 0;
}

void ept_cache_drain(struct ept_cache *cache)
{
	while (cache->nr)
		ept_table_free(cache->page[--cache->nr]);
}

static u64 *add_table(struct ept *ept, struct ept_cache *cache, u64 *parent, u64 *entry)
{
	u64 *table = cache->page[--cache->nr];

	WRITE_ONCE(*entry, __pa(table) | EPTE_RWX);
	ept_table_gained(parent, 1);
	ept->nr_tables++;
	return table;
}

/* The table of @level around @gpa. */
static u64 *walk_to(struct ept *ept, struct ept_cache *cache, u64 gpa, int level)
{
	u64 *table = ept->root;
	int l;

	for (l = EPT_LEVELS; l > level; l--) {
		u64 *entry = ept_entry(table, gpa, l);

		if (unlikely(!(*entry & EPTE_RWX)))
			table = add_table(ept, cache, table, entry);
		else if (unlikely(is_leaf(*entry, l)))
			return NULL;
		else
			table = table_of(*entry);
	}
	return table;
}

u64 *ept_make_last_table(struct ept *ept, struct ept_cache *cache, u64 gpa)
{
	return walk_to(ept, cache, gpa, 1);
}

int ept_map(struct ept *ept, struct ept_cache *cache, u64 gpa, int level, u64 epte)
{
	u64 *table = walk_to(ept, cache, gpa, level);
	u64 *entry;

	if (!table)
		return -EEXIST;
	entry = ept_entry(table, gpa, level);
	if (!(*entry & EPTE_RWX))
		ept_table_gained(table, 1);
	else if (!is_leaf(*entry, level))
		return -EEXIST;
	WRITE_ONCE(*entry, epte | (level > 1 ? EPTE_PS : 0));
	return 0;
}

/* The list runs through the tables' words, with each one's level in low bits. */
static void remove_table(struct ept *ept, u64 *table, int level, struct ept_removed *removed)
{
	ept->nr_tables -= count_level(table, level);
	ept_table_set_word(table, (unsigned long)removed->first);
	removed->first = (u64 *)((unsigned long)table | level);
}

unsigned long ept_free_removed(struct ept_removed *removed, bool may_sleep)
{
	unsigned long n = 0, item = (unsigned long)removed->first, rest = 0;

	while (item) {
		u64 *table = (u64 *)(item & ~7UL);
		int level = item & 7;

		item = ept_table_word(table);
		n += free_level(table, level, may_sleep);
		if (may_sleep && ++rest % EPT_ENTRIES == 0)
			cond_resched();
	}
	removed->first = NULL;
	return n;
}

static void clear_entry(struct ept *ept, u64 *table, unsigned int i, int level,
			struct ept_removed *removed)
{
	u64 epte = table[i];

	WRITE_ONCE(table[i], 0);
	ept_table_set_word(table, ept_table_word(table) - 1);
	if (!is_leaf(epte, level))
		remove_table(ept, table_of(epte), level - 1, removed);
}

/* A range of a table of @level, which maps memory from @base on. */
struct span {
	u64		base, start, end;
	unsigned int	first;
};

static struct span span_of(int level, u64 base, u64 start, u64 end)
{
	u64 size = ept_level_size(level);

	return (struct span) {
		.base = base, .start = start, .end = end,
		.first = start > base ? (start - base) / size : 0,
	};
}

/*
 * The next entry from @i on that may be in use. Most of a table often is empty, and
 * an empty entry is 0: eight at a time.
 */
static unsigned int next_used(const u64 *table, unsigned int i)
{
	const u64 *e = &table[i];

	for (; i % 8 == 0 && i < EPT_ENTRIES; i += 8, e += 8)
		if (e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7])
			break;
	return i;
}

static bool zap_table(struct ept *ept, u64 *table, int level, struct span s,
		      struct ept_removed *removed)
{
	u64 size = ept_level_size(level), at;
	bool any = false;
	unsigned int i;

	for (i = next_used(table, s.first); i < EPT_ENTRIES; i = next_used(table, i + 1)) {
		u64 epte = table[i];

		at = s.base + i * size;
		if (at >= s.end)
			break;
		if (!(epte & EPTE_RWX))
			continue;
		if (!is_leaf(epte, level) && (at < s.start || s.end - at < size)) {
			u64 *below = table_of(epte);

			any |= zap_table(ept, below, level - 1,
					 span_of(level - 1, at, s.start, s.end), removed);
			if (ept_table_word(below))
				continue;
		}
		clear_entry(ept, table, i, level, removed);
		any = true;
	}
	return any;
}

bool ept_zap_page(struct ept *ept, u64 gpa)
{
	u64 *table = ept_last_table(ept, gpa), *entry;

	if (!table)
		return false;
	entry = ept_entry(table, gpa, 1);
	if (!*entry || !ept_table_lost_one(table))
		return false;
	WRITE_ONCE(*entry, 0);
	return true;
}

bool ept_zap(struct ept *ept, u64 start, u64 end, struct ept_removed *removed)
{
	if (!ept->root)
		return false;
	return zap_table(ept, ept->root, EPT_LEVELS,
			 span_of(EPT_LEVELS, 0, start, end), removed);
}

/* Without A bits every table counts as cold. */
static bool was_used(const struct ept *ept, u64 *entry)
{
	if (!ept->ad_bits || !(READ_ONCE(*entry) & EPTE_A))
		return false;
	clear_bit(EPTE_A_BIT, (unsigned long *)entry);
	return true;
}

/* From ept->cold_at on, which moves with it, to c->end. */
static void zap_cold(struct ept *ept, u64 *table, int level, u64 base, struct ept_cold *c)
{
	u64 size = ept_level_size(level);
	unsigned int i = (ept->cold_at - base) / size;
	u64 at = base + i * size;

	for (; i < EPT_ENTRIES && at < c->end; i++, at += size) {
		u64 *below = table_of(table[i]);
		bool cold;

		if (!(table[i] & EPTE_RWX) || is_leaf(table[i], level))
			continue;
		if (!c->look)
			return;
		c->look--;
		if (ept->cold_at < at)
			ept->cold_at = at;
		if (level > 2) {
			zap_cold(ept, below, level - 1, at, c);
			cold = !ept_table_word(below);
		} else {
			cold = !was_used(ept, &table[i]);
			ept->cold_at = at + size;
		}
		if (cold) {
			clear_entry(ept, table, i, level, &c->removed);
			c->cut++;
		}
	}
}

void ept_zap_cold(struct ept *ept, struct ept_cold *c)
{
	u64 from = ept->cold_at;

	if (!ept->root)
		return;
	c->end = ~0ULL;
	zap_cold(ept, ept->root, EPT_LEVELS, 0, c);
	if (!c->look)
		return;
	c->end = from;
	ept->cold_at = 0;
	zap_cold(ept, ept->root, EPT_LEVELS, 0, c);
}

/* Without A bits, a leaf that is there counts as young. */
static bool age_leaf(const struct ept *ept, u64 *entry, bool clear)
{
	if (!ept->ad_bits)
		return true;
	if (!(READ_ONCE(*entry) & EPTE_A))
		return false;
	if (clear)
		clear_bit(EPTE_A_BIT, (unsigned long *)entry);
	return true;
}

static bool age_table(const struct ept *ept, u64 *table, int level, struct span s, bool clear)
{
	u64 size = ept_level_size(level);
	u64 at = s.base + s.first * size;
	bool young = false;
	unsigned int i;

	for (i = s.first; i < EPT_ENTRIES && at < s.end; i++, at += size) {
		if (!(table[i] & EPTE_RWX))
			continue;
		if (is_leaf(table[i], level))
			young |= age_leaf(ept, &table[i], clear);
		else
			young |= age_table(ept, table_of(table[i]), level - 1,
					   span_of(level - 1, at, s.start, s.end), clear);
	}
	return young;
}

bool ept_age(struct ept *ept, u64 start, u64 end, bool clear)
{
	if (!ept->root)
		return false;
	return age_table(ept, ept->root, EPT_LEVELS, span_of(EPT_LEVELS, 0, start, end), clear);
}
