/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slots.h - guest-physical memory, handed out in blocks of 1 GiB
 *
 * A virtual address has 47 bits, a guest-physical one often only 39. So a
 * block of virtual memory gets a slot of guest-physical memory when it is
 * first used, congruent modulo 1 GiB so that leaves of every size fit.
 */
#ifndef _DUNE_KERN_SLOTS_H
#define _DUNE_KERN_SLOTS_H

#include <linux/types.h>

#define SLOT_SHIFT	30
#define SLOT_SIZE	(1ULL << SLOT_SHIFT)
#define SLOT_NONE	(~0U)

/* A table of 32 KiB says where they are. */
#define SLOTS_MAX	8192U

/* Virtual blocks, two levels: 2^17 blocks of 1 GiB below 2^47. */
#define SLOT_VA_BITS	17
#define SLOT_LEAF_BITS	9
#define SLOT_LEAF_SIZE	(1U << SLOT_LEAF_BITS)
#define SLOT_TOP_SIZE	(1U << (SLOT_VA_BITS - SLOT_LEAF_BITS))

struct slot_leaf {
	u32	slot[SLOT_LEAF_SIZE];		/* slot number + 1; 0: none */
};

struct dune_slots {
	struct slot_leaf *top[SLOT_TOP_SIZE];
	u32	*block;				/* of each slot, its block's number */
	u32	nr;				/* slots there are */
	u32	used;				/* slots ever handed out, from 0 up */
	u32	nr_free;			/* of them, given back */
};

#define SLOT_FREE	(~0U)			/* in block[]: given back */

/* How many there are where a guest-physical address has @gpa_bits, 30 to 48. */
static inline u32 dune_slots_in(u32 gpa_bits)
{
	u32 nr = 1U << (gpa_bits - SLOT_SHIFT);

	return nr < SLOTS_MAX ? nr : SLOTS_MAX;
}

int dune_slots_init(struct dune_slots *slots, u32 nr);
void dune_slots_destroy(struct dune_slots *slots);

/* The number of the slot of the block around @va, or SLOT_NONE. */
u32 dune_slots_find(const struct dune_slots *slots, unsigned long va);

struct slot_leaf *dune_slots_alloc_leaf(void);
void dune_slots_free_leaf(struct slot_leaf *leaf);

/*
 * Give the block around @va a slot. @leaf, if not NULL, is used up where a
 * new leaf is needed (then *@leaf becomes NULL). -ENOSPC: no slot is left;
 * -ENOMEM: a leaf is needed and there is none.
 */
int dune_slots_add(struct dune_slots *slots, unsigned long va,
		   struct slot_leaf **leaf, u32 *slot);

/* The same, but this slot. -EBUSY: it has another block, or the block another slot. */
int dune_slots_add_at(struct dune_slots *slots, unsigned long va,
		      struct slot_leaf **leaf, u32 slot);

static inline u64 dune_slot_gpa(u32 slot)
{
	return (u64)slot << SLOT_SHIFT;
}

/* Take the slot of the block around @va back, if it has one. */
void dune_slots_remove(struct dune_slots *slots, unsigned long va);

/* The virtual address behind @gpa; false if it lies in no slot in use. */
static inline bool dune_slots_gpa_to_va(const struct dune_slots *slots, u64 gpa,
					unsigned long *va)
{
	u64 slot = gpa >> SLOT_SHIFT;

	if (slot >= slots->used || slots->block[slot] == SLOT_FREE)
		return false;
	*va = ((unsigned long)slots->block[slot] << SLOT_SHIFT) |
	      (gpa & (SLOT_SIZE - 1));
	return true;
}

#endif /* _DUNE_KERN_SLOTS_H */
