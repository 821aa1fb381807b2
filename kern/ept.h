/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ept.h - extended page tables of one VM (SDM, "EPT Translation Mechanism")
 */
#ifndef _DUNE_KERN_EPT_H
#define _DUNE_KERN_EPT_H

#include <linux/mm.h>
#include <linux/types.h>

/* Levels as the SDM counts them; a leaf is at 1 (4 KiB), 2 (2 MiB), 3 (1 GiB). */
#define EPT_LEVELS		4
#define EPT_ENTRIES		512U

#define EPTE_R			(1ULL << 0)
#define EPTE_W			(1ULL << 1)
#define EPTE_X			(1ULL << 2)
#define EPTE_RWX		(EPTE_R | EPTE_W | EPTE_X)
#define EPTE_MT_SHIFT		3
#define EPTE_IPAT		(1ULL << 6)
#define EPTE_PS			(1ULL << 7)
#define EPTE_A_BIT		8
#define EPTE_A			(1ULL << EPTE_A_BIT)
#define EPTE_D			(1ULL << 9)
#define EPTE_ADDR		0x000ffffffffff000ULL

struct ept {
	u64		*root;
	u64		eptp;
	bool		ad_bits;
	unsigned long	nr_tables;	/* without the root */
	u64		cold_at;	/* where ept_zap_cold() goes on */
};

/* Table pages set aside, so that none is allocated under the lock. */
struct ept_cache {
	unsigned int	nr;
	u64		*page[EPT_LEVELS - 1];
};

/*
 * Tables cut off, which hardware may still walk: to be freed once every CPU has
 * forgotten them. Starts as all zeros.
 */
struct ept_removed {
	u64		*first;
};

static inline u64 ept_level_size(int level)
{
	return 1ULL << (12 + 9 * (level - 1));
}

int ept_init(struct ept *ept);
void ept_destroy(struct ept *ept, bool may_sleep);

int ept_cache_fill(struct ept_cache *cache);
void ept_cache_drain(struct ept_cache *cache);

static inline bool ept_cache_full(const struct ept_cache *cache)
{
	return cache->nr == EPT_LEVELS - 1;
}

/*
 * Map the block of @level around @gpa with the leaf @epte, replacing a leaf
 * there is. Where tables of a lower level hang in its place, or a larger leaf
 * covers it, nothing is changed and -EEXIST comes back. @cache must be full.
 */
int ept_map(struct ept *ept, struct ept_cache *cache, u64 gpa, int level, u64 epte);

/*
 * The table of 4 KiB leaves around @gpa, made if need be, or NULL where a larger
 * leaf covers it. Who writes leaves into empty entries of it says afterwards how
 * many, with ept_table_gained() of ept_table.h. @cache must be full.
 */
u64 *ept_make_last_table(struct ept *ept, struct ept_cache *cache, u64 gpa);

static inline u64 *ept_entry(u64 *table, u64 gpa, int level)
{
	return &table[(gpa >> (12 + 9 * (level - 1))) & (EPT_ENTRIES - 1)];
}

/* The same where it exists already, which is what most callers find; or NULL. */
static __always_inline u64 *ept_last_table(struct ept *ept, u64 gpa)
{
	u64 epte = *ept_entry(ept->root, gpa, 4);

	if (unlikely(!(epte & EPTE_RWX)))
		return NULL;
	epte = *ept_entry(__va(epte & EPTE_ADDR), gpa, 3);
	if (unlikely((epte & (EPTE_R | EPTE_PS)) != EPTE_R))
		return NULL;
	epte = *ept_entry(__va(epte & EPTE_ADDR), gpa, 2);
	if (unlikely((epte & (EPTE_R | EPTE_PS)) != EPTE_R))
		return NULL;
	return __va(epte & EPTE_ADDR);
}

/*
 * Clear every leaf that overlaps [@start, @end), and cut off every table that is
 * empty then. Whether anything was there: then flush, then ept_free_removed().
 */
bool ept_zap(struct ept *ept, u64 start, u64 end, struct ept_removed *removed);

/*
 * The short way for a page that has a 4 KiB leaf, not the last of its table.
 * False: it has not, use ept_zap(). There is a root.
 */
bool ept_zap_page(struct ept *ept, u64 gpa);

/* One look at tables for those to give back. */
struct ept_cold {
	unsigned long		look;	/* at so many tables at most; counts down */
	unsigned long		cut;	/* counts up */
	struct ept_removed	removed;
	u64			end;
};

/*
 * Cut off tables of 4 KiB leaves that nothing went through since they were last
 * looked at, and those above that are empty then. Each call goes on where the last
 * one ended, and round at most once. To be followed as ept_zap() is.
 */
void ept_zap_cold(struct ept *ept, struct ept_cold *c);

/* Returns the number of tables freed. Not under a lock: there may be a million. */
unsigned long ept_free_removed(struct ept_removed *removed, bool may_sleep);

/* Whether a leaf in [@start, @end) was accessed; @clear: forget that it was. */
bool ept_age(struct ept *ept, u64 start, u64 end, bool clear);

#endif /* _DUNE_KERN_EPT_H */
