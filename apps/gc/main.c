/* SPDX-License-Identifier: MIT */
/*
 * main.c - dune-gc: a collector's write barriers, compared
 */
#include <argp.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <dune/dune.h>

#include "../bench/measure.h"
#include "barrier.h"
#include "exits.h"
#include "gc.h"
#include "work.h"

#define MAX_THREADS	16

/* The last one is not to be listed. */
static struct barrier *const barriers[] = {
	&barrier_none, &barrier_mprotect, &barrier_soft_dirty, &barrier_userfaultfd,
	&barrier_dune, &barrier_blind, NULL };
static const struct memory *const others[] = {
	&boehm_none, &boehm_mprotect, &boehm_soft_dirty, &boehm_dune, NULL };
static const struct workload *const workloads[] = {
	&work_gcbench, &work_list, &work_hash, &work_xml, NULL };

static const struct workload *workload = &work_gcbench;
static struct gc_options gc = { .heap_size = 192UL << 20, .barrier = &barrier_mprotect };
static int nr_threads = 1;
static double scale = 1;
static const char *dirty_map;
static bool want_json;

static struct memory own_collector = {
	.name = "mprotect", .init = gc_init, .alloc = gc_alloc, .safepoint = gc_safepoint,
	.thread_begin = gc_thread_begin, .thread_end = gc_thread_end, .wait = gc_wait,
	.collect = gc_collect, .finish = gc_finish,
};
const struct memory *memory = &own_collector;

void *new_object(size_t size, bool pointer_free)
{
	void *p = memory->alloc(size, pointer_free);

	if (!p) {
		fprintf(stderr, "dune-gc: the heap is full; --heap=MIB makes it larger\n");
		_Exit(1);
	}
	return p;
}

static void find_barrier(const char *name, struct argp_state *state)
{
	int i;

	for (i = 0; others[i]; i++)
		if (!strcmp(others[i]->name, name)) {
			memory = others[i];
			return;
		}
	for (i = 0; barriers[i] && strcmp(barriers[i]->name, name); i++)
		;
	if (!barriers[i])
		argp_error(state, "there is no barrier '%s'", name);
	gc.barrier = barriers[i];
	own_collector.name = name;
	own_collector.in_dune = barriers[i]->in_dune;
	memory = &own_collector;
}

static void find_workload(const char *name, struct argp_state *state)
{
	int i;

	for (i = 0; workloads[i] && strcmp(workloads[i]->name, name); i++)
		;
	if (!workloads[i])
		argp_error(state, "there is no workload '%s'", name);
	workload = workloads[i];
}

static void list_barriers(void)
{
	int i;

	for (i = 0; barriers[i + 1]; i++)
		puts(barriers[i]->name);
	for (i = 0; others[i]; i++)
		puts(others[i]->name);
	exit(0);
}

/* A whole number from 1 to @max; more than a number is none. */
static unsigned long number(const char *text, unsigned long max, struct argp_state *state,
			    const char *option)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || !n || n > max)
		argp_error(state, "%s is 1 to %lu", option, max);
	return n;
}

static void set_scale(const char *text, struct argp_state *state)
{
	char *end;

	scale = strtod(text, &end);
	if (*end || !(scale > 0 && scale <= 1000))
		argp_error(state, "--scale is a number above 0, up to 1000");
}

/* libgc shows neither what it marked nor what it was told of pages. */
static void check_options(struct argp_state *state)
{
	if (memory != &own_collector && (gc.verify || dirty_map))
		argp_error(state, "%s looks into dune-gc's own collector: not with the barrier %s",
			   gc.verify ? "--verify" : "--dirty-map", memory->name);
	if (dirty_map && !gc.barrier->collect)
		argp_error(state, "--dirty-map: the barrier %s finds no pages", memory->name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'b':
		find_barrier(arg, state);
		return 0;
	case 'd':
		dirty_map = arg;
		return 0;
	case 'h':
		gc.heap_size = number(arg, 65536, state, "--heap") << 20;
		return 0;
	case 'j':
		want_json = true;
		return 0;
	case 'l':
		list_barriers();
		return 0;
	case 's':
		set_scale(arg, state);
		return 0;
	case 't':
		nr_threads = number(arg, MAX_THREADS, state, "--threads");
		return 0;
	case 'v':
		gc.verify = true;
		return 0;
	case ARGP_KEY_ARG:
		find_workload(arg, state);
		return 0;
	case ARGP_KEY_END:
		check_options(state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "barrier", 'b', "NAME", 0, "As --list names them; or blind, which sees no write, to show"
	  " that --verify notices [mprotect]", 0 },
	{ "dirty-map", 'd', "FILE", 0, "Write the dirty pages of each collection to FILE", 0 },
	{ "heap", 'h', "MIB", 0, "The heap's size [192]", 0 },
	{ "json", 'j', NULL, 0, "Print a JSON object", 0 },
	{ "list", 'l', NULL, 0, "Print the barriers' names", 0 },
	{ "scale", 's', "N", 0, "So much of the work [1]", 0 },
	{ "threads", 't', "N", 0, "So many threads share the work [1]", 0 },
	{ "verify", 'v', NULL, 0, "Check the heap in each collection; its ticks do not count", 0 },
	{ 0 }
};

static const struct argp argp = {
	options, parse, "[gcbench|list|hash|xml]",
	"Run a workload on a mostly-concurrent garbage collector, and say what it cost.",
	NULL, NULL, NULL,
};

/* What one thread of the program did. */
struct share {
	pthread_t	thread;
	int		number;
	const char	*wrong;
	uint64_t	exits;
};

static struct share shares[MAX_THREADS];

static void *run_share(void *data)
{
	struct share *share = data;

	if (share->number)
		memory->thread_begin();
	share->wrong = workload->run(share->number, nr_threads, scale);
	share->exits = own_exits();
	if (share->number)
		memory->thread_end();
	return NULL;
}

static void join_all(void *unused)
{
	int i;

	for (i = 1; i < nr_threads; i++)
		pthread_join(shares[i].thread, NULL);
}

static const char *run_all(void)
{
	int i;

	for (i = 1; i < nr_threads; i++) {
		shares[i].number = i;
		if (pthread_create(&shares[i].thread, NULL, run_share, &shares[i]))
			return "no more threads";
	}
	run_share(&shares[0]);
	memory->wait(join_all, NULL);
	for (i = 0; i < nr_threads; i++)
		if (shares[i].wrong)
			return shares[i].wrong;
	return NULL;
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

struct outcome {
	uint64_t	ticks, exits;
	long		faults;
	struct gc_stats	gc;
};

static void print(const struct outcome *o)
{
	const char *format = want_json ?
		"{\"workload\": \"%s\", \"barrier\": \"%s\", \"threads\": %d, \"ticks\": %lu, "
		"\"pause_max\": %lu, \"pause_median\": %lu, \"collections\": %lu, "
		"\"faults\": %lu, \"barrier_faults\": %lu, \"exits\": %lu, "
		"\"pages_scanned\": %lu, \"pages_dirty\": %lu, \"objects_verified\": %lu, \"stop_max\": %lu}\n" :
		"%s, barrier %s, %d threads\n"
		"  ticks             %15lu\n"
		"  longest pause     %15lu\n"
		"  median pause      %15lu\n"
		"  collections       %15lu\n"
		"  page faults       %15lu\n"
		"  faults of barrier %15lu\n"
		"  VM exits          %15lu\n"
		"  pages scanned     %15lu\n"
		"  pages dirty       %15lu\n"
		"  objects verified  %15lu\n"
		"  longest stop      %15lu\n";

	printf(format, workload->name, memory->name, nr_threads, o->ticks, o->gc.pause_max,
	       o->gc.pause_median, o->gc.cycles, o->faults, o->gc.barrier_faults,
	       o->exits + o->gc.exits, o->gc.pages_scanned, o->gc.pages_dirty,
	       o->gc.objects_verified, o->gc.stop_max);
}

static bool open_dirty_map(void)
{
	if (!dirty_map)
		return true;
	gc.dirty_map = fopen(dirty_map, "we");
	if (!gc.dirty_map)
		fprintf(stderr, "dune-gc: %s: %s\n", dirty_map, strerror(errno));
	return gc.dirty_map;
}

/* All that was to be written is: the disk may be full. */
static bool written(void)
{
	bool out = !fflush(stdout) && !ferror(stdout), map = true;

	if (gc.dirty_map) {
		map = !ferror(gc.dirty_map);
		map = !fclose(gc.dirty_map) && map;
	}
	if (!map || !out)
		fprintf(stderr, "dune-gc: not all could be written to %s\n",
			map ? "standard output" : dirty_map);
	return map && out;
}

static int enter(void)
{
	int r = dune_init(0);

	r = r ? r : dune_enter();
	if (r)
		fprintf(stderr, "dune-gc: %s\n", dune_strerror(r));
	return r;
}

int main(int argc, char **argv)
{
	struct outcome o = { 0 };
	const char *wrong;
	int r, i;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (!open_dirty_map())
		return 1;
	if (memory->in_dune && enter())
		return 1;
	r = memory->init(&gc);
	if (r) {
		fprintf(stderr, "dune-gc: barrier %s: %s\n", memory->name, strerror(-r));
		return 1;
	}
	o.faults = minor_faults();
	o.ticks = ticks_now();
	wrong = run_all();
	o.ticks = ticks_now() - o.ticks;
	o.faults = minor_faults() - o.faults;
	memory->finish(&o.gc);
	o.ticks -= o.gc.verify_ticks;
	for (i = 0; i < nr_threads; i++)
		o.exits += shares[i].exits;
	if (wrong) {
		fprintf(stderr, "dune-gc: %s: %s\n", workload->name, wrong);
		return 3;
	}
	print(&o);
	return !written();
}
