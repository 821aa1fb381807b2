/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ept_install.h - bring what Linux's page table says into the EPT
 */
#ifndef _DUNE_KERN_EPT_INSTALL_H
#define _DUNE_KERN_EPT_INSTALL_H

#include <linux/types.h>

struct dune_vm;
struct ept_cache;

enum ept_install {
	EPT_INSTALLED,		/* the access may be made again */
	EPT_NOT_PRESENT,	/* Linux's leaf is missing, or does not allow it */
	EPT_CHANGING,		/* Linux is changing something there: wait */
	EPT_NO_SLOT,		/* no virtual address belongs to the guest-physical one */
	EPT_NOT_TRIED,
};

/*
 * An access to be made possible, and what is kept from one to the next: how many
 * pages of 4 KiB to bring in. Few at first, more where each access follows upon
 * what the last one brought.
 */
struct ept_access {
	u64		gpa;
	u32		access;		/* DUNE_ACCESS_* */
	unsigned int	pages_min;	/* a power of two, up to a table's 512 */
	bool		alone;		/* do not look around */
	unsigned int	pages;		/* brought in last */
	u64		next;		/* the number of the page behind them */
	unsigned long	hva;		/* out, but for EPT_NO_SLOT */
	int		level;		/* out: the leaf's, or of the block that is absent */
};

/* What a violation brings in at first. */
#define EPT_PAGES_AROUND	8

/*
 * Install the leaf for the access, and what is present around it. @cache must be
 * full. Under ept_lock, interrupts off.
 */
enum ept_install ept_install(struct dune_vm *vm, struct ept_cache *cache,
			     struct ept_access *a);

/*
 * The same if it can be done here and now: the lock is not held, interrupts are
 * off. Otherwise EPT_NOT_TRIED.
 */
enum ept_install ept_install_at_once(struct dune_vm *vm, struct ept_cache *cache, struct ept_access *a);

#endif /* _DUNE_KERN_EPT_INSTALL_H */
