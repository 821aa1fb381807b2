/* SPDX-License-Identifier: MIT */
/*
 * memory.h - what a workload asks of a collector, whichever it is
 */
#ifndef _APPS_GC_MEMORY_H
#define _APPS_GC_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gc.h"

struct memory {
	const char	*name;
	bool		in_dune;	/* the program is to run in Dune mode */
	int		(*init)(const struct gc_options *options);
	void		*(*alloc)(size_t size, bool pointer_free);
	void		(*safepoint)(void);
	void		(*thread_begin)(void);
	void		(*thread_end)(void);
	void		(*wait)(void (*fn)(void *data), void *data);
	void		(*collect)(void);	/* now; before a workload looks at its data again */
	void		(*finish)(struct gc_stats *stats);
};

extern const struct memory *memory;

/* Zeroed; does not return if there is no memory. */
void *new_object(size_t size, bool pointer_free);

/* boehm.c: Debian's libgc, stopping the world, with barriers of its own, and with Dune's. */
extern const struct memory boehm_none, boehm_mprotect, boehm_soft_dirty, boehm_dune;

#endif /* _APPS_GC_MEMORY_H */
