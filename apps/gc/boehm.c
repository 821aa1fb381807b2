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
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/measure.h"
#include "barrier.h"
#include "dirty.h"
#include "memory.h"

#define MAX_PAUSES	65536
#define REGION		(2UL << 20)	/* objects lie in regions of this size */
#define MAX_REGIONS	65536
#define NOTED		1024

static double pauses[MAX_PAUSES];
static long nr_pauses;
static uint64_t stopped, pause_max;

/*
 * Where objects are, for the dirty bits of their pages: libgc does not tell, so
 * each object's region is noted when it is made. Sorted, few, and rarely a new one.
 */
static uintptr_t regions[MAX_REGIONS];
static int nr_regions;
static pthread_mutex_t region_lock = PTHREAD_MUTEX_INITIALIZER;
static uintptr_t noted[NOTED];		/* the last ones, found without the lock */
static bool by_dirty_bits;
static unsigned long pages_scanned, pages_dirty;

static void note_region(uintptr_t region)
{
	int i;

	pthread_mutex_lock(&region_lock);
	for (i = 0; i < nr_regions && regions[i] != region; i++)
		;
	if (i == nr_regions) {
		if (i == MAX_REGIONS || dirty_by_page(region, region + REGION))
			abort();
		regions[i] = region;
		__atomic_store_n(&nr_regions, i + 1, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&region_lock);
}

static void note_object(uintptr_t start, size_t size)
{
	uintptr_t region;

	for (region = start & -REGION; region < start + size; region += REGION) {
		uintptr_t *place = &noted[region / REGION % NOTED];

		if (__atomic_load_n(place, __ATOMIC_RELAXED) == region)
			continue;
		note_region(region);
		__atomic_store_n(place, region, __ATOMIC_RELAXED);
	}
}

/* Tell libgc of each page written since the last time. The world is at rest. */
static void report_dirty(void)
{
	uint64_t bitmap[REGION / GC_PAGE / 64];
	unsigned int i, w;

	for (i = 0; i < (unsigned int)nr_regions; i++) {
		if (dirty_read(regions[i], REGION, true, bitmap))
			abort();
		pages_scanned += REGION / GC_PAGE;
		for (w = 0; w < REGION / GC_PAGE / 64; w++)
			for (; bitmap[w]; bitmap[w] &= bitmap[w] - 1, pages_dirty++)
				GC_end_stubborn_change((void *)(regions[i] + (w * 64UL +
					__builtin_ctzll(bitmap[w])) * GC_PAGE));
	}
}

/* The world is at rest from its having stopped to its going on. */
static void GC_CALLBACK on_event(GC_EventType event)
{
	uint64_t t;

	if (event == GC_EVENT_POST_STOP_WORLD) {
		stopped = ticks_now();
		if (by_dirty_bits)
			report_dirty();
	}
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

/* libgc is told of writes; it watches for none. */
static int init_dune(const struct gc_options *options)
{
	by_dirty_bits = true;
	GC_set_manual_vdb_allowed(1);
	begin(options);
	GC_enable_incremental();
	return GC_is_incremental_mode() ? 0 : -EOPNOTSUPP;
}

static void *alloc(size_t size, bool pointer_free)
{
	void *p = pointer_free ? GC_malloc_atomic(size) : GC_malloc(size);

	if (by_dirty_bits && p)
		note_object((uintptr_t)p, size);
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
	*stats = (struct gc_stats){
		.cycles = GC_get_gc_no(), .pause_max = pause_max,
		.pages_scanned = pages_scanned, .pages_dirty = pages_dirty,
	};
	if (nr_pauses)
		stats->pause_median = median(pauses, nr_pauses);
}

#define BOEHM(how, text, ...) const struct memory boehm_##how = {				\
	.name = text, .init = init_##how, .alloc = alloc, .safepoint = safepoint,	\
	.thread_begin = thread_begin, .thread_end = thread_end, .wait = wait,		\
	.collect = GC_gcollect, .finish = finish, __VA_ARGS__ }

BOEHM(none, "boehm");
BOEHM(mprotect, "boehm-mprotect");
BOEHM(soft_dirty, "boehm-soft-dirty");
BOEHM(dune, "boehm-dune", .in_dune = true);
