// SPDX-License-Identifier: GPL-2.0-only
/*
 * slots.c - which 1 GiB block of virtual memory has which guest-physical slot
 *
 * Pure book-keeping, without locks of its own; compiled in user space too.
 */
#include <linux/errno.h>
#include <linux/slab.h>

#include "slots.h"

static u32 block_of(unsigned long va)
{
	return (va >> SLOT_SHIFT) & ((1U << SLOT_VA_BITS) - 1);
}

int dune_slots_init(struct dune_slots *slots, u32 nr)
{
	slots->block = kvcalloc(nr, sizeof(*slots->block), GFP_KERNEL_ACCOUNT);
	if (!slots->block)
		return -ENOMEM;
	slots->nr = nr;
	slots->used = 0;
	slots->nr_free = 0;
	return 0;
}

void dune_slots_destroy(struct dune_slots *slots)
{
	unsigned int i;

	for (i = 0; i < SLOT_TOP_SIZE; i++)
		dune_slots_free_leaf(slots->top[i]);
	kvfree(slots->block);
}

struct slot_leaf *dune_slots_alloc_leaf(void)
{
	return kzalloc(sizeof(struct slot_leaf), GFP_KERNEL_ACCOUNT);
}

void dune_slots_free_leaf(struct slot_leaf *leaf)
{
	kfree(leaf);
}

u32 dune_slots_find(const struct dune_slots *slots, unsigned long va)
{
	u32 block = block_of(va);
	const struct slot_leaf *leaf = slots->top[block >> SLOT_LEAF_BITS];

	/* SLOT_NONE is -1: what an empty entry becomes by itself. */
	return leaf ? leaf->slot[block & (SLOT_LEAF_SIZE - 1)] - 1 : SLOT_NONE;
}

/* One given back before a new one. */
static u32 take_slot(struct dune_slots *slots)
{
	u32 i;

	if (!slots->nr_free)
		return slots->used++;
	for (i = 0; slots->block[i] != SLOT_FREE; i++)
		;
	slots->nr_free--;
	return i;
}

/* A place in the table of slots for the block around @va. */
static int find_entry(struct dune_slots *slots, unsigned long va, struct slot_leaf **leaf,
		      u32 **entry)
{
	u32 block = block_of(va);
	struct slot_leaf **top = &slots->top[block >> SLOT_LEAF_BITS];

	if (!*top) {
		if (!*leaf)
			return -ENOMEM;
		*top = *leaf;
		*leaf = NULL;
	}
	*entry = &(*top)->slot[block & (SLOT_LEAF_SIZE - 1)];
	return 0;
}

int dune_slots_add(struct dune_slots *slots, unsigned long va,
		   struct slot_leaf **leaf, u32 *slot)
{
	u32 *entry;
	int r;

	*slot = dune_slots_find(slots, va);
	if (*slot != SLOT_NONE)
		return 0;
	if (slots->used == slots->nr && !slots->nr_free)
		return -ENOSPC;
	r = find_entry(slots, va, leaf, &entry);
	if (r)
		return r;
	*slot = take_slot(slots);
	slots->block[*slot] = block_of(va);
	*entry = *slot + 1;
	return 0;
}

int dune_slots_add_at(struct dune_slots *slots, unsigned long va,
		      struct slot_leaf **leaf, u32 slot)
{
	u32 *entry, now = dune_slots_find(slots, va);
	int r;

	if (slot >= slots->nr)
		return -EINVAL;
	if (now != SLOT_NONE)
		return now == slot ? 0 : -EBUSY;
	if (slot < slots->used && slots->block[slot] != SLOT_FREE)
		return -EBUSY;
	r = find_entry(slots, va, leaf, &entry);
	if (r)
		return r;
	/* Those passed over are free. */
	for (; slots->used <= slot; slots->used++, slots->nr_free++)
		slots->block[slots->used] = SLOT_FREE;
	slots->nr_free--;
	slots->block[slot] = block_of(va);
	*entry = slot + 1;
	return 0;
}

void dune_slots_remove(struct dune_slots *slots, unsigned long va)
{
	u32 block = block_of(va), slot = dune_slots_find(slots, va);

	if (slot == SLOT_NONE)
		return;
	slots->top[block >> SLOT_LEAF_BITS]->slot[block & (SLOT_LEAF_SIZE - 1)] = 0;
	slots->block[slot] = SLOT_FREE;
	slots->nr_free++;
}
