/* SPDX-License-Identifier: MIT */
/*
 * vm.c - map, unmap and protect with the original's rights and ranges
 *
 * Its ranges are rounded out to whole pages, and what is mapped already gives way.
 */
#include <errno.h>

#include "../pt.h"
#include "compat.h"

ptent_t *dune_compat_pgroot;

/* A range in whole pages of some size; false: not below 2^47, or empty. */
static bool round_out(const void *va, size_t len, unsigned int shift, uint64_t *start,
		      uint64_t *end)
{
	uint64_t mask = (1UL << shift) - 1, first = (uintptr_t)va;

	if (!len || first >> VA_BITS || len > (1UL << VA_BITS) - first)
		return false;
	*start = first & ~mask;
	*end = (first + len + mask) & ~mask;
	return true;
}

static unsigned int shift_of(int perm)
{
	return perm & PERM_BIG_1GB ? DUNE_SHIFT_1G : perm & PERM_BIG ? DUNE_SHIFT_2M : DUNE_SHIFT_4K;
}

static uint64_t rights_of(int perm)
{
	return (perm & PERM_R ? PTE_P : 0) | (perm & PERM_W && !(perm & PERM_COW) ? PTE_W : 0) |
	       (perm & PERM_X ? 0 : PTE_NX) | (perm & PERM_U ? PTE_U : 0) |
	       (perm & PERM_UC ? PTE_PCD : 0) | (perm & PERM_USR1 ? PTE_USR1 : 0) |
	       (perm & PERM_USR2 ? PTE_USR2 : 0) | (perm & PERM_USR3 ? PTE_USR3 : 0) |
	       (shift_of(perm) > DUNE_SHIFT_4K ? COMPAT_BIG : 0);
}

static bool makes_sense(int perm)
{
	return (perm & PERM_R) || !(perm & (PERM_W | PERM_X));
}

static uint64_t next(uint64_t va, unsigned int shift)
{
	return ((va >> shift) + 1) << shift;
}

/*
 * Programs write leaves themselves. What libdune wants to find in one that leads
 * to a page of its pool is put right before it has to.
 */
void compat_adopt(struct dune_root *root, uint64_t va, uint64_t end)
{
	struct dune_leaf leaf;
	uint64_t old;

	for (; va < end; va = next(va, leaf.shift)) {
		leaf = dune_vm_lookup(root, va);
		old = pt_read(leaf.pte);
		if (!old || (old & PTE_LEAF))
			continue;
		if (dune_pool_users(dune_pa_to_va(old & DUNE_PTE_ADDR)))
			old |= PTE_POOL;
		__atomic_fetch_or(leaf.pte, PTE_LEAF | (old & PTE_POOL), __ATOMIC_SEQ_CST);
	}
}

static int unmap(struct dune_root *root, uint64_t start, uint64_t end)
{
	compat_adopt(root, start, end);
	return dune_vm_unmap(root, start, end - start);
}

void dune_compat_vm_unmap(ptent_t *root, void *va, size_t len)
{
	uint64_t start, end;

	if (round_out(va, len, DUNE_SHIFT_4K, &start, &end))
		unmap((struct dune_root *)root, start, end);
}

/* To be copied by whoever writes: see cow.c. */
static void mark_cow(struct dune_root *root, uint64_t start, uint64_t end)
{
	struct dune_leaf leaf;
	uint64_t va, old, new;

	for (va = start; va < end; va = next(va, leaf.shift)) {
		leaf = dune_vm_lookup(root, va);
		old = pt_read(leaf.pte);
		do {
			if (!old)
				break;
			new = (old & ~DUNE_PTE_W) | PTE_COW | PTE_WANTS_W;
		} while (!__atomic_compare_exchange_n(leaf.pte, &old, new, false,
						      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	}
	dune_vm_flush_range(root, start, end - start);
}

/* Of those parts of the range that are mapped. */
static int protect_mapped(struct dune_root *root, uint64_t va, uint64_t end, uint64_t pte)
{
	uint64_t to;
	int r = 0;

	for (; !r && va < end; va = to) {
		to = next(va, dune_vm_lookup(root, va).shift);
		if (to > end)
			to = end;
		if (pt_read(dune_vm_lookup(root, va).pte))
			r = dune_vm_protect(root, va, to - va, pte);
	}
	return r;
}

/* The whole range at once if there are no holes. */
static int protect(struct dune_root *root, uint64_t start, uint64_t end, int perm)
{
	int r = dune_vm_protect(root, start, end - start, rights_of(perm));

	if (r == -ENOENT)
		r = protect_mapped(root, start, end, rights_of(perm));
	if (!r && (perm & PERM_COW))
		mark_cow(root, start, end);
	return r;
}

/* What Linux has in the range, if this is its first use. */
static void bring_in(struct dune_root *root, uint64_t va, uint64_t end)
{
	for (; root == dune_vm_mirror() && va < end; va = next(va, DUNE_SHIFT_1G))
		if (!pt_read(dune_vm_lookup(root, va).pte))
			dune_root_add(va);
}

int dune_compat_vm_mprotect(ptent_t *root, void *va, size_t len, int perm)
{
	struct dune_root *on = (struct dune_root *)root;
	uint64_t start, end;

	if (!makes_sense(perm) || !round_out(va, len, DUNE_SHIFT_4K, &start, &end))
		return -EINVAL;
	bring_in(on, start, end);
	return protect(on, start, end, perm);
}

int dune_compat_vm_map_pages(ptent_t *root, void *va, size_t len, int perm)
{
	struct dune_root *on = (struct dune_root *)root;
	unsigned int shift = shift_of(perm);
	uint64_t start, end;
	int r;

	if (!makes_sense(perm) || !round_out(va, len, shift, &start, &end))
		return -EINVAL;
	r = unmap(on, start, end);
	if (!r)
		r = dune_vm_map(on, start, end - start, rights_of(perm), shift);
	if (!r && (perm & PERM_COW))
		mark_cow(on, start, end);
	return r;
}

/* Whether the range leads to @pa and on already. */
static bool leads_to(struct dune_root *root, uint64_t va, uint64_t end, uint64_t pa)
{
	struct dune_leaf leaf;
	uint64_t entry, offset, to;

	for (; va < end; pa += to - va, va = to) {
		leaf = dune_vm_lookup(root, va);
		entry = pt_read(leaf.pte);
		offset = va & ((1UL << leaf.shift) - 1);
		if (!entry || (entry & DUNE_PTE_ADDR) + offset != pa)
			return false;
		to = next(va, leaf.shift);
	}
	return true;
}

/*
 * To memory in one block. Linux may have nothing in it yet: then neither has the
 * guest, until it is used.
 */
static int map_block(struct dune_root *root, uint64_t va, uint64_t end, const char *source,
		     int perm)
{
	int r = dune_root_add((uintptr_t)source);
	uint64_t pa;

	if (r)
		return r == -EFAULT ? 0 : r;
	pa = dune_va_to_pa(source);
	/* The program's own code or stack, perhaps: it stays mapped meanwhile. */
	if (leads_to(root, va, end, pa))
		return dune_vm_protect(root, va, end - va, rights_of(perm));
	r = unmap(root, va, end);
	if (!r)
		r = dune_vm_map_phys(root, va, end - va, pa, rights_of(perm), shift_of(perm));
	return r;
}

/*
 * Blocks of memory that lie in a row need not do so in guest-physical memory: the
 * range at @pa is what lies in a row with the memory there.
 */
int dune_compat_vm_map_phys(ptent_t *root, void *va, size_t len, void *pa, int perm)
{
	uint64_t mask = (1UL << shift_of(perm)) - 1, start, end, at, to;
	char *source = dune_pa_to_va((uintptr_t)pa & ~mask);
	int r = 0;

	if (!makes_sense(perm) || !source || (((uintptr_t)va ^ (uintptr_t)pa) & mask) ||
	    !round_out(va, len, shift_of(perm), &start, &end))
		return -EINVAL;
	for (at = start; !r && at < end; source += to - at, at = to) {
		to = at + (next((uintptr_t)source, DUNE_SHIFT_1G) - (uintptr_t)source);
		if (to > end)
			to = end;
		r = map_block((struct dune_root *)root, at, to, source, perm);
	}
	if (!r && (perm & PERM_COW))
		mark_cow((struct dune_root *)root, start, end);
	return r;
}
