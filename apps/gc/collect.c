/* SPDX-License-Identifier: MIT */
/*
 * collect.c - a collection, from beginning to end, in a thread of its own
 *
 *	world at rest	watch for writes, mark what the roots point to
 *	program runs	mark the rest
 *	world at rest	which pages were written? watch anew
 *	program runs	mark again from those: these two again, if they were many
 *	world at rest	mark again from pages written since, and from roots
 *	program runs	sweep
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../bench/measure.h"
#include "exits.h"
#include "heap.h"

#define MAX_PAUSES	65536
#define ROUNDS		3	/* of marking what was written, while the program runs */
#define FEW_PAGES	32	/* written, that may wait for the pause */
#define MAP_COLUMNS	128

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wanted = PTHREAD_COND_INITIALIZER, ended = PTHREAD_COND_INITIALIZER;
static bool requested, finishing;
static unsigned long requests_served;
static pthread_t collector;

static struct barrier *barrier;
static bool verify;
static FILE *dirty_map;
static uint8_t *dirty;
static struct gc_stats stats;
static double pauses[MAX_PAUSES];
static long nr_pauses;

static void die(const char *what, int error)
{
	fprintf(stderr, "dune-gc: %s: %s: %s\n", barrier->name, what, strerror(-error));
	_Exit(1);
}

static void pause_took(uint64_t ticks)
{
	if (ticks > stats.pause_max)
		stats.pause_max = ticks;
	if (nr_pauses < MAX_PAUSES)
		pauses[nr_pauses++] = ticks;
}

/* The pages written while this collection marked first, in columns of the heap's length. */
static void draw_dirty(size_t pages)
{
	size_t per_column = (heap.size / GC_PAGE + MAP_COLUMNS - 1) / MAP_COLUMNS, i;
	unsigned int count[MAP_COLUMNS] = { 0 };

	for (i = 0; i < pages; i++)
		count[i / per_column] += dirty[i];
	for (i = 0; i < MAP_COLUMNS; i++)
		fprintf(dirty_map, "%lu %zu %u\n", stats.cycles, i, count[i]);
	fputc('\n', dirty_map);
}

/* Pages of blocks that came into use since they were last watched are dirty. How many. */
static size_t find_dirty(size_t watched)
{
	size_t pages = heap.used / GC_PAGE, n = 0, i;
	int r;

	memset(dirty, 0, pages);
	r = barrier->collect(watched, dirty);
	if (r)
		die("the written pages cannot be found", r);
	memset(dirty + watched / GC_PAGE, 1, pages - watched / GC_PAGE);
	for (i = 0; i < pages; i++)
		n += dirty[i];
	stats.pages_dirty += n;
	return n;
}

/* Writes from now on. The world is at rest. */
static size_t watch(void)
{
	size_t watched = heap.used;
	int r = barrier->start(watched);

	if (r)
		die("writes cannot be watched", r);
	return watched;
}

static size_t begin_marking(void)
{
	size_t watched;
	uint64_t t;

	world_stop();
	t = ticks_now();
	watched = watch();
	mark_roots();
	pause_took(ticks_now() - t);
	world_start();
	return watched;
}

/*
 * While the program runs, mark from what it wrote so far, so that less is left for
 * the pause. Whether that was much.
 */
static bool mark_written(size_t *watched, bool draw)
{
	size_t used, n;
	uint64_t t;

	world_stop();
	t = ticks_now();
	used = heap.used;
	n = find_dirty(*watched);
	*watched = watch();
	pause_took(ticks_now() - t);
	world_start();
	if (draw)
		draw_dirty(used / GC_PAGE);
	mark_dirty(dirty, used);
	mark_drain();
	return n > FEW_PAGES;
}

static void end_marking(size_t watched)
{
	uint64_t t, checked = 0;

	world_stop();
	t = ticks_now();
	if (barrier->collect) {
		find_dirty(watched);
		mark_dirty(dirty, heap.used);
	}
	mark_roots();
	mark_drain();
	if (verify) {
		checked = ticks_now();
		stats.objects_verified += verify_heap();
		checked = ticks_now() - checked;
		stats.verify_ticks += checked;
	}
	heap_begin_sweep();
	world_each_thread(heap_forget_cursors);
	pause_took(ticks_now() - t - checked);
	world_start();
}

static void cycle(void)
{
	size_t watched = 0;
	int round;

	if (barrier->collect) {
		watched = begin_marking();
		mark_drain();
		for (round = 0; round < ROUNDS && mark_written(&watched, dirty_map && !round); round++)
			;
	}
	end_marking(watched);
	while (heap_sweep_some())
		;
	stats.cycles++;
}

/* From gc_alloc(), with the heap's lock held. */
void collect_request(void)
{
	pthread_mutex_lock(&lock);
	requested = true;
	pthread_cond_signal(&wanted);
	pthread_mutex_unlock(&lock);
}

/* A collection that begins now or later. */
static void request_and_wait(void *unused)
{
	unsigned long before;

	pthread_mutex_lock(&lock);
	before = requests_served;
	requested = true;
	pthread_cond_signal(&wanted);
	while (requests_served == before)
		pthread_cond_wait(&ended, &lock);
	pthread_mutex_unlock(&lock);
}

void collect_wait(void)
{
	gc_wait(request_and_wait, NULL);
}

void gc_collect(void)
{
	collect_wait();
}

static void *collector_main(void *unused)
{
	pthread_mutex_lock(&lock);
	for (;;) {
		while (!requested && !finishing)
			pthread_cond_wait(&wanted, &lock);
		if (finishing)
			break;
		requested = false;
		pthread_mutex_unlock(&lock);
		cycle();
		pthread_mutex_lock(&lock);
		requests_served++;
		pthread_cond_broadcast(&ended);
	}
	pthread_mutex_unlock(&lock);
	stats.exits = own_exits();
	return NULL;
}

int gc_init(const struct gc_options *options)
{
	int r = heap_init(options->heap_size);

	barrier = options->barrier;
	verify = options->verify;
	r = r ? r : mark_init();
	r = r ? r : barrier->init(heap.base, heap.size);
	if (!r && verify)
		r = verify_init();
	if (!r && options->dirty_map) {
		dirty_map = fopen(options->dirty_map, "w");
		r = dirty_map ? 0 : -errno;
	}
	dirty = mmap(NULL, heap.size / GC_PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r || dirty == MAP_FAILED)
		return r ? r : -ENOMEM;
	gc_thread_begin();
	return -pthread_create(&collector, NULL, collector_main, NULL);
}

static void join_collector(void *unused)
{
	pthread_join(collector, NULL);
}

void gc_finish(struct gc_stats *to)
{
	pthread_mutex_lock(&lock);
	finishing = true;
	pthread_cond_signal(&wanted);
	pthread_mutex_unlock(&lock);
	gc_wait(join_collector, NULL);
	if (nr_pauses)
		stats.pause_median = median(pauses, nr_pauses);
	stats.barrier_faults = barrier->faults;
	stats.pages_scanned = barrier->scanned;
	if (dirty_map)
		fclose(dirty_map);
	*to = stats;
}
