// SPDX-License-Identifier: GPL-2.0-only
/*
 * ept_install.c - bring what Linux's page table says into the EPT
 *
 * No page reference is held and no sequence counter needed: an invalidation
 * takes ept_lock before it changes anything, so a walk made under ept_lock with
 * no overlapping invalidation in progress cannot be stale.
 *
 * A leaf becomes writable only where Linux's is writable and dirty: then
 * nothing written through the EPT is lost, for whoever cleans the dirty bit
 * tells the notifier.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <asm/cpufeature.h>
#include <asm/memtype.h>
#include <asm/pgtable.h>

#include "dune.h"
#include "ept_install.h"
#include "ept_table.h"
#include "hostwalk.h"
#include "vmx.h"

#define WRITABLE	(_PAGE_RW | _PAGE_DIRTY)
#define CACHE_TYPE	(_PAGE_PWT | _PAGE_PCD | _PAGE_PAT)
#define LEAF_FLAGS	(_PAGE_PRESENT | _PAGE_USER | WRITABLE | CACHE_TYPE | _PAGE_NX)

static __always_inline bool leaf_allows(const struct host_leaf *leaf, u32 access)
{
	if ((access & DUNE_ACCESS_WRITE) && (leaf->flags & WRITABLE) != WRITABLE)
		return false;
	if ((access & DUNE_ACCESS_EXEC) && (leaf->flags & _PAGE_NX))
		return false;
	return true;
}

/* IA32_PAT encodes types as EPT does, but for UC-, which EPT does not know. */
static noinline u64 other_memory_type(unsigned long flags)
{
	unsigned int index = (flags & _PAGE_PWT ? 1 : 0) + (flags & _PAGE_PCD ? 2 : 0) +
			     (flags & _PAGE_PAT ? 4 : 0);
	u64 pat, type;

	rdmsrl(MSR_IA32_CR_PAT, pat);
	type = (pat >> (8 * index)) & 7;
	return type == 7 ? 0 : type;
}

static __always_inline u64 rights_of(unsigned long flags)
{
	u64 epte = EPTE_R | EPTE_IPAT;

	if ((flags & WRITABLE) == WRITABLE)
		epte |= EPTE_W;
	if (!(flags & _PAGE_NX))
		epte |= EPTE_X;
	/* Linux never changes entry 0 of the PAT: write-back. */
	if (likely(!(flags & CACHE_TYPE)))
		return epte | 6 << EPTE_MT_SHIFT;
	return epte | other_memory_type(flags) << EPTE_MT_SHIFT;
}

/* CPUs with the multihit erratum must not execute from large leaves. */
static bool level_allowed(int level, u64 rights)
{
	if (level == 3 && !vmx_caps.has_ept_1g)
		return false;
	if (level == 2 && !vmx_caps.has_ept_2m)
		return false;
	return level == 1 || !(rights & EPTE_X) ||
	       !boot_cpu_has_bug(X86_BUG_ITLB_MULTIHIT);
}

/* As large as Linux's leaf, or as large as can be. */
static __always_inline void install_large(struct dune_vm *vm, struct ept_cache *cache, u64 gpa,
			 const struct host_leaf *leaf)
{
	u64 offset = gpa & (ept_level_size(leaf->level) - 1);
	u64 hpa = leaf->address + offset;
	u64 rights = rights_of(leaf->flags);
	int level, r = -EEXIST;

	for (level = leaf->level; level >= 1 && r; level--)
		if (level_allowed(level, rights))
			r = ept_map(&vm->ept, cache, gpa, level,
				    (hpa & ~(ept_level_size(level) - 1)) | rights);
}

static __always_inline unsigned int next_pages(struct ept_access *a, u64 page)
{
	if (page == a->next)
		a->pages = min(2 * a->pages, EPT_ENTRIES);
	else
		a->pages = a->pages_min;
	return a->pages;
}

/*
 * The leaves around the one asked for, from the same table of Linux's into the
 * same table here: those present, with whatever they allow. What is there
 * already stays. How many there are more.
 *
 * Pages come in whole groups of EPT_PAGES_AROUND, each looked at by code of its
 * own: most often none of them is there, and that should cost little.
 */
static __always_inline unsigned int install_around(struct ept_access *a, u64 *table, u64 rights,
						  const struct host_leaf *leaf)
{
	u64 page = a->gpa >> PAGE_SHIFT, mask = PTE_PFN_MASK;
	unsigned int pages = next_pages(a, page), index = page % EPT_ENTRIES;
	unsigned int first = index & ~(pages - 1), gained = 0, i;
	const unsigned long *host = leaf->pte - index + first, *end = host + pages;
	unsigned long flags = leaf->flags & LEAF_FLAGS;

	a->next = page - index + first + pages;
	for (table += first; host < end; host += EPT_PAGES_AROUND, table += EPT_PAGES_AROUND) {
#pragma GCC unroll 8
		for (i = 0; i < EPT_PAGES_AROUND; i++) {
			unsigned long pte = READ_ONCE(host[i]);

			if (!(pte & _PAGE_PRESENT) || table[i])
				continue;
			if (unlikely((pte & LEAF_FLAGS) != flags)) {
				if (!(pte & _PAGE_USER))
					continue;
				flags = pte & LEAF_FLAGS;
				rights = rights_of(flags);
			}
			WRITE_ONCE(table[i], (pte & mask) | rights);
			gained++;
		}
	}
	return gained;
}

static __always_inline bool changing(const struct dune_vm *vm, unsigned long hva, int level)
{
	unsigned long size = ept_level_size(level), start = hva & ~(size - 1);

	return vm->inv_start < start + size &&
	       start < vm->inv_end;
}

static __always_inline void install_small(struct dune_vm *vm, struct ept_cache *cache,
					  struct ept_access *a, const struct host_leaf *leaf,
					  bool alone)
{
	u64 *table = ept_last_table(&vm->ept, a->gpa), *entry;
	u64 rights = rights_of(leaf->flags);
	unsigned int gained;

	if (unlikely(!table))
		table = ept_make_last_table(&vm->ept, cache, a->gpa);
	if (unlikely(!table))
		return;
	entry = ept_entry(table, a->gpa, 1);
	gained = !*entry;
	WRITE_ONCE(*entry, leaf->address | rights);
	if (likely(!alone))
		gained += install_around(a, table, rights, leaf);
	if (gained)
		ept_table_gained(table, gained);
}

static __always_inline enum ept_install install(struct dune_vm *vm, struct ept_cache *cache,
						struct ept_access *a)
{
	bool there, alone = a->alone;
	struct host_leaf leaf;

	if (unlikely(!dune_slots_gpa_to_va(&vm->slots, a->gpa, &a->hva)))
		return EPT_NO_SLOT;
	if (unlikely(vm->invalidating)) {
		if (changing(vm, a->hva, 1))
			return EPT_CHANGING;
		alone |= changing(vm, a->hva, 2);
	}
	if (unlikely(!vm->ept.root))
		return EPT_NOT_PRESENT;
	there = host_walk_irqoff(vm->mn.mm, a->hva, &leaf) && leaf_allows(&leaf, a->access);
	a->level = leaf.level;
	if (unlikely(!there))
		return EPT_NOT_PRESENT;
	if (likely(leaf.level == 1)) {
		install_small(vm, cache, a, &leaf, alone);
		return EPT_INSTALLED;
	}
	if (vm->invalidating && changing(vm, a->hva, leaf.level))
		return EPT_CHANGING;
	install_large(vm, cache, a->gpa, &leaf);
	return EPT_INSTALLED;
}

enum ept_install ept_install(struct dune_vm *vm, struct ept_cache *cache,
			     struct ept_access *a)
{
	return install(vm, cache, a);
}

/*
 * The lock's holder may be waiting for this very CPU to take an interrupt, so
 * with interrupts off it is only tried.
 */
enum ept_install ept_install_at_once(struct dune_vm *vm, struct ept_cache *cache,
				     struct ept_access *a)
{
	enum ept_install r;

	if (IS_ENABLED(CONFIG_PREEMPT_RT) || unlikely(!ept_cache_full(cache)) ||
	    unlikely(!spin_trylock(&vm->ept_lock)))
		return EPT_NOT_TRIED;
	r = install(vm, cache, a);
	spin_unlock(&vm->ept_lock);
	return r;
}
