/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ept.h - extended page tables of one VM (SDM, "EPT Translation Mechanism")
 */
#ifndef _DUNE_KERN_EPT_H
#define _DUNE_KERN_EPT_H

#include <linux/types.h>

/* Levels as the SDM counts them; a leaf is at 1 (4 KiB), 2 (2 MiB), 3 (1 GiB). */
#define EPT_LEVELS		4

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
	u64	*root;
	u64	eptp;
	bool	ad_bits;
};

/* Table pages set aside, so that none is allocated under the lock. */
struct ept_cache {
	unsigned int	nr;
	u64		*page[EPT_LEVELS - 1];
};

static inline u64 ept_level_size(int level)
{
	return 1ULL << (12 + 9 * (level - 1));
}

int ept_init(struct ept *ept);
void ept_destroy(struct ept *ept);

int ept_cache_fill(struct ept_cache *cache);
void ept_cache_drain(struct ept_cache *cache);

/*
 * Map the block of @level around @gpa with the leaf @epte, replacing a leaf
 * there is. Where tables of a lower level hang in its place, or a larger leaf
 * covers it, nothing is changed and -EEXIST comes back. @cache must be full.
 */
int ept_map(struct ept *ept, struct ept_cache *cache, u64 gpa, int level, u64 epte);

/* Clear every leaf that overlaps [@start, @end); whether there was any. */
bool ept_zap(struct ept *ept, u64 start, u64 end);

/* Whether a leaf in [@start, @end) was accessed; @clear: forget that it was. */
bool ept_age(struct ept *ept, u64 start, u64 end, bool clear);

#endif /* _DUNE_KERN_EPT_H */
