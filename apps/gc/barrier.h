/* SPDX-License-Identifier: MIT */
/*
 * barrier.h - write barriers: which pages were written since the marking began
 */
#ifndef _APPS_GC_BARRIER_H
#define _APPS_GC_BARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GC_PAGE		4096UL

struct barrier {
	const char	*name;
	bool		in_dune;	/* the program is to run in Dune mode */
	/* Once: the heap's whole range. 0 or a negative errno. */
	int		(*init)(char *heap, size_t size);
	/* Before start(), while the program runs: what that can leave to it. Or NULL. */
	int		(*prepare)(size_t used);
	/* The world is at rest: pages written from now on are wanted, of the first @used bytes. */
	int		(*start)(size_t used);
	/*
	 * The world is at rest: set dirty[i], none of which is set before, for each page
	 * of those that was written. Then start() or stop(). NULL: there is no barrier, all
	 * marking is done in a pause.
	 */
	int		(*collect)(size_t used, uint8_t *dirty);
	/* The world is at rest: no more writes of the first @used bytes are wanted. Or NULL. */
	int		(*stop)(size_t used);
	/* Counted since init: traps, and pages asked about. */
	unsigned long	faults, scanned;
};

extern struct barrier barrier_none, barrier_mprotect, barrier_soft_dirty, barrier_userfaultfd,
	barrier_dune, barrier_blind;

#endif /* _APPS_GC_BARRIER_H */
