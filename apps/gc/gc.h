/* SPDX-License-Identifier: MIT */
/*
 * gc.h - a mostly-concurrent mark-sweep collector, for programs in C
 *
 * Objects do not move. Stacks and registers are searched for whatever looks like
 * a pointer into the heap, objects too unless they were allocated pointer-free.
 * A thread of the collector's own marks while the program runs; which pages the
 * program wrote meanwhile is the write barrier's to know (barrier.h), and those
 * are looked at again in a short pause.
 */
#ifndef _APPS_GC_GC_H
#define _APPS_GC_GC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct barrier;

struct gc_options {
	size_t			heap_size;	/* bytes, a multiple of 16 KiB */
	struct barrier		*barrier;
	bool			verify;		/* the heap, after each collection */
	FILE			*dirty_map;	/* for the dirty pages over time, or NULL */
};

/*
 * Once, by the thread that is to be the first one of the program: in Dune mode
 * already, if it is to be there. 0 or a negative errno.
 */
int gc_init(const struct gc_options *options);

/* Zeroed memory, or NULL if the heap is full of what is in use. */
void *gc_alloc(size_t size, bool pointer_free);

/* Where a thread may be stopped: in gc_alloc(), and here. */
void gc_safepoint(void);

/* A variable outside the heap and the stacks that may hold the only pointer. */
void gc_add_root(void *variable);

/* A thread of the program begins, ends. */
void gc_thread_begin(void);
void gc_thread_end(void);

/* Call @fn, which may take long and touches no object: the world can rest meanwhile. */
void gc_wait(void (*fn)(void *data), void *data);

/* A whole collection, and wait for its end. */
void gc_collect(void);

/* No more collections; what there was. */
struct gc_stats {
	unsigned long	cycles, objects_verified;
	unsigned long	pages_scanned;		/* asked whether they were written */
	unsigned long	pages_dirty;		/* and had been, or were new */
	unsigned long	barrier_faults;		/* traps into the barrier */
	uint64_t	pause_max, pause_median;	/* ticks, the world at rest */
	uint64_t	stop_max;	/* ticks, from asking all threads to rest until they do */
	uint64_t	verify_ticks;		/* no part of the others */
	uint64_t	exits;			/* of the collector's own thread */
};

void gc_finish(struct gc_stats *stats);

#endif /* _APPS_GC_GC_H */
