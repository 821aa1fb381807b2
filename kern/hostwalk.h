/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hostwalk.h - what Linux's page table says of an address, without taking a
 * reference on the page
 */
#ifndef _DUNE_KERN_HOSTWALK_H
#define _DUNE_KERN_HOSTWALK_H

#include <linux/mm_types.h>

struct host_leaf {
	int		level;		/* 1: 4 KiB, 2: 2 MiB, 3: 1 GiB */
	unsigned long	pfn;		/* of the leaf's first page */
	unsigned long	flags;		/* as in a PTE: PAT at the 4 KiB position */
};

/*
 * Find the present, user-accessible leaf that maps @hva; false if there is
 * none. Interrupts are off, which keeps page tables from being freed. What is
 * found stays true as long as the caller keeps invalidations out.
 */
bool host_walk_irqoff(struct mm_struct *mm, unsigned long hva, struct host_leaf *leaf);

#endif /* _DUNE_KERN_HOSTWALK_H */
