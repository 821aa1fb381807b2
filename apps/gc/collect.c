/* SPDX-License-Identifier: MIT */
/*
 * collect.c - a collection, from beginning to end, in a thread of its own
 *
 *	world at rest	watch for writes, mark what the roots point to
 *	program runs	mark the rest
 *	world at rest	which pages were written? If many: watch anew
 *	program runs	mark again from those and from roots; then these two again
 *	world at rest	if few: mark again from those and from roots
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
#define FEW_PAGES	8	/* written, that may wait for the pause */
#define PATIENCE	16	/* rounds in which half as many as before were written, or more */
#define LITTLE_PATIENCE	4	/* the same, if a quarter of all pages or more were */
#define MAP_COLUMNS	128

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wanted = PTHREAD_COND_INITIALIZER, ended = PTHREAD_COND_INITIALIZER;
static bool requested, under_way, finishing;
static unsigned long begun, finished;	/* collections */
static pthread_t collector;

static struct barrier *barrier;
static bool verify;
static FILE *dirty_map;
static unsigned long drawn;	/* collections on it */
/* The pages that were written when last looked at, how many, of how many bytes. */
static uint8_t *dirty;
static size_t nr_dirty, dirty_used;
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
static void draw_dirty(void)
{
	size_t per_column = (heap.size / GC_PAGE + MAP_COLUMNS - 1) / MAP_COLUMNS, i;
	unsigned int count[MAP_COLUMNS] = { 0 };

	for (i = 0; i < dirty_used / GC_PAGE; i++)
		count[i / per_column] += dirty[i];
	for (i = 0; i < MAP_COLUMNS; i++)
		fprintf(dirty_map, "%lu %zu %u\n", stats.cycles, i, count[i]);
	fputc('\n', dirty_map);
}

/* Pages of blocks that came into use since they were last watched are dirty. */
static void find_dirty(size_t watched)
{
	int r = barrier->collect(watched, dirty);
	size_t i;

	if (r)
		die("the written pages cannot be found", r);
	dirty_used = heap.used;
	memset(dirty + watched / GC_PAGE, 1, (dirty_used - watched) / GC_PAGE);
	for (i = nr_dirty = 0; i < dirty_used / GC_PAGE; i++)
		nr_dirty += dirty[i];
	stats.pages_dirty += nr_dirty;
	if (dirty_map && drawn == stats.cycles) {
		draw_dirty();
		drawn++;
	}
}

/* What takes long and need not be done while the world is at rest. */
static void prepare_to_watch(void)
{
	int r = barrier->prepare ? barrier->prepare(heap.used) : 0;

	if (r)
		die("writes cannot be watched", r);
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

/* The world, and how long it took until all threads were at rest. Returns when they were. */
static uint64_t stop_world(void)
{
	uint64_t asked = ticks_now(), t;

	world_stop();
	t = ticks_now();
	if (t - asked > stats.stop_max)
		stats.stop_max = t - asked;
	return t;
}

static void stop_watching(size_t watched)
{
	int r = barrier->stop ? barrier->stop(watched) : 0;

	if (r)
		die("writes are watched for ever", r);
}

static size_t begin_marking(void)
{
	size_t watched;
	uint64_t t;

	prepare_to_watch();
	t = stop_world();
	watched = watch();
	mark_roots();
	pause_took(ticks_now() - t);
	world_start();
	return watched;
}

/* What is not marked may go. The world is at rest since @t. */
static void end_marking(uint64_t t)
{
	uint64_t checked = 0;

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

/*
 * A round: mark from what was written since @watched and from the roots, so that new
 * objects are found too. In this pause, if that is little or this is the @last; else
 * while the program runs. Whether all is marked.
 */
static bool mark_written(size_t *watched, bool last)
{
	uint64_t t;

	prepare_to_watch();
	t = stop_world();
	if (barrier->collect)
		find_dirty(*watched);
	mark_roots();
	if (last || nr_dirty <= FEW_PAGES) {
		stop_watching(*watched);
		mark(dirty, dirty_used);
		end_marking(t);
		return true;
	}
	*watched = watch();
	pause_took(ticks_now() - t);
	world_start();
	mark(dirty, dirty_used);
	return false;
}

static bool is_hopeless(int in_vain)
{
	return in_vain >= (nr_dirty < dirty_used / GC_PAGE / 4 ? PATIENCE : LITTLE_PATIENCE);
}

/* Rounds, until the program wrote little, or writes more than is marked meanwhile. */
static void mark_until_few(size_t watched)
{
	size_t before = SIZE_MAX;
	int in_vain = 0;

	while (!mark_written(&watched, is_hopeless(in_vain))) {
		in_vain += nr_dirty > before / 2;
		before = nr_dirty;
	}
}

static void cycle(void)
{
	size_t watched = 0;

	if (barrier->collect) {
		watched = begin_marking();
		mark(dirty, 0);
	}
	mark_until_few(watched);
	while (heap_sweep_some())
		;
	stats.cycles++;
}

/* From gc_alloc(), with the heap's lock held. That under way will do. */
void collect_request(void)
{
	pthread_mutex_lock(&lock);
	requested |= !under_way;
	pthread_cond_signal(&wanted);
	pthread_mutex_unlock(&lock);
}

/* The end of a collection that begins after this, if @whole; of any, otherwise. */
static void request_and_wait(void *whole)
{
	unsigned long end;

	pthread_mutex_lock(&lock);
	requested |= whole || !under_way;
	end = whole ? begun + 1 : finished + 1;
	pthread_cond_signal(&wanted);
	while (finished < end)
		pthread_cond_wait(&ended, &lock);
	pthread_mutex_unlock(&lock);
}

/* For room. */
void collect_wait(void)
{
	gc_wait(request_and_wait, NULL);
}

void gc_collect(void)
{
	gc_wait(request_and_wait, &lock);
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
		under_way = true;
		begun++;
		pthread_mutex_unlock(&lock);
		cycle();
		pthread_mutex_lock(&lock);
		under_way = false;
		finished++;
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
	dirty_map = options->dirty_map;
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
	*to = stats;
}
