/* SPDX-License-Identifier: MIT */
/*
 * boehm.c - Debian's libgc in the collector's place, unmodified
 *
 * Where it marks incrementally it wants to know which pages were written; it has
 * two ways of its own to find out, and an interface for programs that know better.
 */
#define GC_THREADS
#define GC_NO_THREAD_REDIRECTS
#include <gc/gc.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/measure.h"
#include "memory.h"

#define MAX_PAUSES	65536

static double pauses[MAX_PAUSES];
static long nr_pauses;
static uint64_t stopped, pause_max;

/* The world is at rest from its having stopped to its going on. */
static void GC_CALLBACK on_event(GC_EventType event)
{
	uint64_t t;

	if (event == GC_EVENT_POST_STOP_WORLD)
		stopped = ticks_now();
	if (event != GC_EVENT_PRE_START_WORLD)
		return;
	t = ticks_now() - stopped;
	pause_max = t > pause_max ? t : pause_max;
	if (nr_pauses < MAX_PAUSES)
		pauses[nr_pauses++] = t;
}

static void begin(const struct gc_options *options)
{
	GC_set_markers_count(1);
	GC_INIT();
	GC_allow_register_threads();
	GC_set_max_heap_size(options->heap_size);
	GC_set_warn_proc(GC_ignore_warn_proc);
	GC_set_on_collection_event(on_event);
}

static int init_none(const struct gc_options *options)
{
	begin(options);
	return 0;
}

/* Its choice between the two is made by an environment variable. */
static int init_incremental(const struct gc_options *options, const char *soft_dirty, int needs)
{
	setenv("GC_USE_GETWRITEWATCH", soft_dirty, 1);
	begin(options);
	GC_enable_incremental();
	if (!GC_is_incremental_mode() || (GC_incremental_protection_needs() != 0) != needs)
		return -EOPNOTSUPP;
	return 0;
}

static int init_mprotect(const struct gc_options *options)
{
	return init_incremental(options, "0", 1);
}

static int init_soft_dirty(const struct gc_options *options)
{
	return init_incremental(options, "1", 0);
}

static void *alloc(size_t size, bool pointer_free)
{
	void *p = pointer_free ? GC_malloc_atomic(size) : GC_malloc(size);

	return p && pointer_free ? memset(p, 0, size) : p;
}

static void safepoint(void)
{
}

static void thread_begin(void)
{
	struct GC_stack_base base;

	if (GC_get_stack_base(&base) != GC_SUCCESS ||
	    GC_register_my_thread(&base) != GC_SUCCESS)
		abort();
}

static void thread_end(void)
{
	GC_unregister_my_thread();
}

/* Threads are stopped by a signal, wherever they wait. */
static void wait(void (*fn)(void *data), void *data)
{
	fn(data);
}

static void finish(struct gc_stats *stats)
{
	*stats = (struct gc_stats){ .cycles = GC_get_gc_no(), .pause_max = pause_max };
	if (nr_pauses)
		stats->pause_median = median(pauses, nr_pauses);
}

#define BOEHM(how, text) const struct memory boehm_##how = {				\
	.name = text, .init = init_##how, .alloc = alloc, .safepoint = safepoint,	\
	.thread_begin = thread_begin, .thread_end = thread_end, .wait = wait,		\
	.collect = GC_gcollect, .finish = finish }

BOEHM(none, "boehm");
BOEHM(mprotect, "boehm-mprotect");
BOEHM(soft_dirty, "boehm-soft-dirty");
