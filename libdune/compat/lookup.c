/* SPDX-License-Identifier: MIT */
/*
 * lookup.c - entries, and the pages behind them; roots
 *
 * In the original all memory was mapped in pages of 4 KiB, and programs change
 * the entry of one: large leaves that they did not make themselves are split.
 */
#include <errno.h>

#include "../pt.h"
#include "compat.h"

static bool is_to_split(struct dune_leaf leaf)
{
	return leaf.shift > DUNE_SHIFT_4K && pt_read(leaf.pte) && !(pt_read(leaf.pte) & COMPAT_BIG);
}

static unsigned int shift_to_create(int create)
{
	return create == CREATE_BIG_1GB ? DUNE_SHIFT_1G :
	       create == CREATE_BIG ? DUNE_SHIFT_2M : DUNE_SHIFT_4K;
}

int dune_compat_vm_lookup(ptent_t *root, void *va, int create, ptent_t **pte_out)
{
	struct dune_root *on = (struct dune_root *)root;
	struct dune_leaf leaf;
	int r = 0;

	leaf = dune_vm_lookup(on, (uintptr_t)va);
	if (!leaf.pte)
		return -EINVAL;
	/* What Linux has there, if this is its first use. */
	if (!pt_read(leaf.pte) && on == dune_vm_mirror() && !dune_root_add((uintptr_t)va))
		leaf = dune_vm_lookup(on, (uintptr_t)va);
	if (is_to_split(leaf))
		r = dune_vm_split(on, (uintptr_t)va, DUNE_SHIFT_4K, &leaf);
	else if (!pt_read(leaf.pte) && leaf.shift > shift_to_create(create))
		r = create ? dune_vm_split(on, (uintptr_t)va, shift_to_create(create), &leaf) :
		    -ENOENT;
	if (!r)
		*pte_out = leaf.pte;
	return r;
}

int dune_compat_vm_page_walk(ptent_t *root, void *start_va, void *end_va, page_walk_cb cb,
			     const void *arg)
{
	struct dune_root *on = (struct dune_root *)root;
	uint64_t va = (uintptr_t)start_va, last = (uintptr_t)end_va, first;
	struct dune_leaf leaf;
	int r = 0;

	if (last >> VA_BITS)
		last = (1UL << VA_BITS) - 1;
	for (; !r && va <= last; va = first + (1UL << leaf.shift)) {
		leaf = dune_vm_lookup(on, va);
		first = va & ~((1UL << leaf.shift) - 1);
		/* Not one that reaches beyond the range. */
		if (is_to_split(leaf) && (first < (uintptr_t)start_va ||
					  last - first < (1UL << leaf.shift) - 1)) {
			r = dune_vm_split(on, va, DUNE_SHIFT_4K, &leaf);
			first = va & ~((1UL << leaf.shift) - 1);
		}
		if (!r && pt_read(leaf.pte))
			r = cb(arg, leaf.pte, (void *)first);
	}
	return r;
}

int dune_compat_vm_insert_page(ptent_t *root, void *va, struct page *pg, int perm)
{
	return dune_compat_vm_map_phys(root, (void *)PGADDR(va), PGSIZE,
				       (void *)((pg - dune_compat_pages) << PGSHIFT), perm);
}

struct page *dune_compat_vm_lookup_page(ptent_t *root, void *va)
{
	struct dune_leaf leaf = dune_vm_lookup((struct dune_root *)root, (uintptr_t)va);
	uint64_t offset;
	char *page;

	if (!leaf.pte || !pt_read(leaf.pte))
		return NULL;
	offset = (uintptr_t)va & ((1UL << leaf.shift) - 1) & ~(uint64_t)PGMASK;
	page = dune_pa_to_va((pt_read(leaf.pte) & DUNE_PTE_ADDR) + offset);
	return dune_pool_users(page) ? compat_page(page) : NULL;
}

/* The same memory, writable for both. */
ptent_t *dune_compat_vm_clone(ptent_t *root)
{
	struct dune_root *clone;

	compat_adopt((struct dune_root *)root, 0, 1UL << VA_BITS);
	return dune_vm_clone((struct dune_root *)root, 0, &clone) ? NULL : (ptent_t *)clone;
}

void dune_compat_vm_free(ptent_t *root)
{
	compat_adopt((struct dune_root *)root, 0, 1UL << VA_BITS);
	dune_root_free((struct dune_root *)root);
}

ptent_t *dune_compat_get_root(void)
{
	return (ptent_t *)dune_vm_current();
}

/* The PCID in the low bits is libdune's to choose. */
void dune_compat_load_root(unsigned long cr3)
{
	struct dune_root *root = (struct dune_root *)(cr3 & DUNE_PTE_ADDR);
	unsigned long now;

	if (dune_vm_switch(root))
		dune_compat_assert_failed("a root on which the thread can run", "load_cr3", 0,
					  "dune_vm_switch");
	if (!(cr3 >> 63))
		asm volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r" (now) : : "memory");
}

uintptr_t dune_compat_va_to_pa(void *ptr)
{
	dune_root_add((uintptr_t)ptr);
	return dune_va_to_pa(ptr);
}
