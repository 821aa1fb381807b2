/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hostwalk.h - what Linux's page table says of an address, without taking a
 * reference on the page
 *
 * By the raw entries: where VMX is there, no hypervisor stands between Linux and
 * its tables, and the usual accessors cost three times as much. Upper levels of
 * user mappings allow everything; under page table isolation the topmost says NX,
 * which does not count.
 */
#ifndef _DUNE_KERN_HOSTWALK_H
#define _DUNE_KERN_HOSTWALK_H

#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/pgtable.h>

#include "ept.h"

struct host_leaf {
	int		level;		/* 1: 4 KiB, 2: 2 MiB, 3: 1 GiB (4: 512 GiB) */
	u64		address;	/* of the leaf's first byte */
	unsigned long	flags;		/* as in a PTE: PAT at the 4 KiB position */
	const unsigned long *pte;	/* level 1: the entry, in its table */
};

/* The raw bits: pte_present() is true of PROT_NONE pages, pte_write() of shadow stacks. */
static __always_inline bool host_flags_usable(unsigned long flags)
{
	return (flags & (_PAGE_PRESENT | _PAGE_USER)) == (_PAGE_PRESENT | _PAGE_USER);
}

static __always_inline const unsigned long *host_entry(const unsigned long *table,
						       unsigned long hva, int level)
{
	return &table[(hva >> (12 + 9 * (level - 1))) & (PTRS_PER_PTE - 1)];
}

static __always_inline const unsigned long *host_table(unsigned long entry, unsigned long mask)
{
	return __va(entry & mask);
}

/* Not there: nothing of the block that an entry of @level maps is. */
static __always_inline bool host_absent(struct host_leaf *leaf, int level)
{
	leaf->level = level;
	return false;
}

/* Large leaves have their PAT bit elsewhere; give it the 4 KiB position. */
static __always_inline bool host_found_large(struct host_leaf *leaf, int level,
					     unsigned long entry)
{
	if (!host_flags_usable(entry))
		return host_absent(leaf, level);
	leaf->level = level;
	leaf->pte = NULL;
	leaf->flags = entry & ~_PAGE_PAT;
	if (entry & _PAGE_PAT_LARGE)
		leaf->flags |= _PAGE_PAT;
	leaf->address = entry & PTE_PFN_MASK & ~(ept_level_size(level) - 1);
	return true;
}

/*
 * Find the present, user-accessible leaf that maps @hva; false if there is
 * none. Interrupts are off, which keeps page tables from being freed. What is
 * found stays true as long as the caller keeps invalidations out. Where
 * false is returned, @leaf->level says of how large a block nothing is there.
 */
static __always_inline bool host_walk_irqoff(struct mm_struct *mm, unsigned long hva,
					     struct host_leaf *leaf)
{
	const unsigned long *table = (const unsigned long *)mm->pgd;
	unsigned long mask = PTE_PFN_MASK, entry;

	if (pgtable_l5_enabled()) {
		entry = READ_ONCE(*host_entry(table, hva, 5));
		if (!(entry & _PAGE_PRESENT))
			return host_absent(leaf, 4);
		table = host_table(entry, mask);
	}
	entry = READ_ONCE(*host_entry(table, hva, 4));
	if (!(entry & _PAGE_PRESENT))
		return host_absent(leaf, 4);

	entry = READ_ONCE(*host_entry(host_table(entry, mask), hva, 3));
	if (!(entry & _PAGE_PRESENT))
		return host_absent(leaf, 3);
	if (unlikely(entry & _PAGE_PSE))
		return host_found_large(leaf, 3, entry);

	entry = READ_ONCE(*host_entry(host_table(entry, mask), hva, 2));
	if (!(entry & _PAGE_PRESENT))
		return host_absent(leaf, 2);
	if (unlikely(entry & _PAGE_PSE))
		return host_found_large(leaf, 2, entry);

	leaf->pte = host_entry(host_table(entry, mask), hva, 1);
	entry = READ_ONCE(*leaf->pte);
	if (!host_flags_usable(entry))
		return host_absent(leaf, 1);
	leaf->level = 1;
	leaf->flags = entry;
	leaf->address = entry & mask;
	return true;
}

#endif /* _DUNE_KERN_HOSTWALK_H */
