// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostwalk.c - walk Linux's page table of a process
 *
 * By the raw bits: pte_present() is true of PROT_NONE pages, pte_write() of
 * shadow stacks. Upper levels of user mappings allow everything; under page
 * table isolation the topmost says NX, which does not count.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "hostwalk.h"

static bool usable(unsigned long flags)
{
	return (flags & (_PAGE_PRESENT | _PAGE_USER)) == (_PAGE_PRESENT | _PAGE_USER);
}

/* Large leaves have their PAT bit elsewhere; give it the 4 KiB position. */
static unsigned long small_flags(unsigned long flags)
{
	flags &= ~_PAGE_PAT;
	if (flags & _PAGE_PAT_LARGE)
		flags = (flags & ~_PAGE_PAT_LARGE) | _PAGE_PAT;
	return flags;
}

static bool found(struct host_leaf *leaf, int level, unsigned long pfn,
		  unsigned long flags)
{
	if (!usable(flags))
		return false;
	leaf->level = level;
	leaf->pfn = pfn;
	leaf->flags = flags;
	return true;
}

bool host_walk_irqoff(struct mm_struct *mm, unsigned long hva, struct host_leaf *leaf)
{
	pgd_t *pgdp = pgd_offset(mm, hva);
	p4d_t *p4dp;
	pud_t *pudp, pud;
	pmd_t *pmdp, pmd;
	pte_t pte;

	if (!(pgd_flags(READ_ONCE(*pgdp)) & _PAGE_PRESENT))
		return false;
	p4dp = p4d_offset(pgdp, hva);
	if (!(p4d_flags(READ_ONCE(*p4dp)) & _PAGE_PRESENT))
		return false;

	pudp = pud_offset(p4dp, hva);
	pud = READ_ONCE(*pudp);
	if (!(pud_flags(pud) & _PAGE_PRESENT))
		return false;
	if (pud_flags(pud) & _PAGE_PSE)
		return found(leaf, 3, pud_pfn(pud), small_flags(pud_flags(pud)));

	pmdp = pmd_offset(pudp, hva);
	pmd = READ_ONCE(*pmdp);
	if (!(pmd_flags(pmd) & _PAGE_PRESENT))
		return false;
	if (pmd_flags(pmd) & _PAGE_PSE)
		return found(leaf, 2, pmd_pfn(pmd), small_flags(pmd_flags(pmd)));

	pte = READ_ONCE(*pte_offset_kernel(pmdp, hva));
	return found(leaf, 1, pte_pfn(pte), pte_flags(pte));
}
