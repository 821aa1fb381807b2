/* SPDX-License-Identifier: MIT */
/*
 * cow.c - PERM_COW: whoever writes first gets a copy
 */
#include <string.h>

#include "../pt.h"
#include "compat.h"

/* The only user goes on with the page, others with a copy. NULL: no memory. */
static void *page_to_write(uint64_t old, uintptr_t va)
{
	void *page = dune_pa_to_va(old & DUNE_PTE_ADDR), *copy;

	if (dune_pool_users(page) == 1)
		return page;
	copy = dune_pool_get();
	if (copy)
		memcpy(copy, (void *)PGADDR(va), PGSIZE);
	return copy;
}

static bool copy_on_write(struct dune_root *root, uintptr_t va, struct dune_leaf leaf)
{
	uint64_t old = pt_read(leaf.pte), new;
	void *page = page_to_write(old, va);

	if (!page)
		return false;
	new = (old & ~(DUNE_PTE_ADDR | PTE_COW | PTE_WANTS_W)) | dune_va_to_pa(page) |
	      DUNE_PTE_W | PTE_LEAF | PTE_POOL;
	if (!__atomic_compare_exchange_n(leaf.pte, &old, new, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_RELAXED)) {
		/* Another thread was first, or the A bit came: the access says. */
		if (dune_va_to_pa(page) != (old & DUNE_PTE_ADDR))
			dune_pool_put(page);
		return true;
	}
	dune_vm_flush_range(root, PGADDR(va), PGSIZE);
	if (dune_va_to_pa(page) != (old & DUNE_PTE_ADDR) && (old & PTE_POOL))
		dune_pool_put(dune_pa_to_va(old & DUNE_PTE_ADDR));
	return true;
}

/* Anything else ends the program: there is nobody whom it could be left to. */
void dune_compat_vm_default_pgflt_handler(uintptr_t addr, uint64_t fec)
{
	struct dune_root *root = dune_vm_current();
	struct dune_leaf leaf = dune_vm_lookup(root, addr);
	uint64_t entry = leaf.pte ? pt_read(leaf.pte) : 0;

	if ((fec & FEC_W) && (entry & PTE_P) && (entry & PTE_COW) &&
	    !dune_vm_split(root, addr, DUNE_SHIFT_4K, &leaf) && copy_on_write(root, addr, leaf))
		return;
	/* Allowed by now: another thread has seen to it. */
	if ((entry & PTE_P) && (!(fec & FEC_W) || (entry & PTE_W)) &&
	    (!(fec & FEC_U) || (entry & PTE_U)) && (!(fec & FEC_I) || !(entry & PTE_NX)))
		return;
	dune_compat_printf("dune: page fault at %#lx, error code %#lx: not copy-on-write\n",
			   addr, fec);
	dune_compat_die();
}
