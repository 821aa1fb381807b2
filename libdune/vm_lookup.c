/* SPDX-License-Identifier: MIT */
/*
 * vm_lookup.c - the entry of an address, and a visit to every leaf
 */
#include "lock.h"
#include "pt.h"

static struct dune_leaf leaf_at(struct pt_pos pos)
{
	return (struct dune_leaf){ pos.entry, pt_shift(pos.level) };
}

static __attribute__((noinline)) struct dune_leaf lookup_any(struct dune_root *root, uintptr_t va)
{
	if (va >> VA_BITS)
		return (struct dune_leaf){ NULL, 0 };
	return leaf_at(pt_find(root, va));
}

DUNE_API struct dune_leaf dune_vm_lookup(struct dune_root *root, uintptr_t va)
{
	uint64_t *entry;

	if (!pt_small(root, va, &entry))
		return lookup_any(root, va);
	return (struct dune_leaf){ entry, DUNE_SHIFT_4K };
}

/* The first leaf in use at or after *@va; @pte is NULL if there is none. */
static struct dune_leaf find_leaf(struct dune_root *root, uint64_t *va, uint64_t end)
{
	struct dune_leaf leaf = { NULL, 0 };
	struct dune_held held;
	struct pt_pos pos;

	dune_lock(&root->lock, &held);
	for (; *va < end && !leaf.pte; *va = pt_next(*va, pos.level)) {
		pos = pt_find(root, *va);
		if (pt_read(pos.entry))
			leaf = leaf_at(pos);
	}
	dune_unlock(&root->lock, &held);
	return leaf;
}

DUNE_API int dune_vm_walk(struct dune_root *root, uintptr_t va, size_t len, dune_vm_walk_fn fn,
			  void *data)
{
	uint64_t at = va, end = va + len;
	struct dune_leaf leaf;
	int r = 0;

	if (!fn || !dune_vm_good_range(root, va, len, 1))
		return FAIL(-EINVAL);
	while (!r && (leaf = find_leaf(root, &at, end)).pte)
		r = fn(leaf, at - (1UL << leaf.shift), data);
	return r;
}
