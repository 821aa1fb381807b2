/* SPDX-License-Identifier: MIT */
/*
 * fig_parallel.c - the same work on one CPU, and on two at a time
 *
 * Ticks from the common beginning to the last one's end, by what each thread does:
 * where two stand in each other's way, the second figure is higher.
 */
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS		15
#define CALLS		1000
#define PAGES		256
#define MAX_CPUS	2

static double values[ROUNDS];
static void (*work)(void);
static int nr_threads, waiting;
static uint64_t begun, ended[MAX_CPUS];

static void call_getpid(void)
{
	int i;

	for (i = 0; i < CALLS; i++)
		syscall(SYS_getpid);
}

static void touch_memory(void)
{
	volatile char *p = map_pages(PAGES);
	int i;

	for (i = 0; p && i < PAGES; i++)
		p[i * PAGE] = 1;
	munmap((void *)p, PAGES * PAGE);
}

static void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* All begin when the last one has come. */
static void meet(void)
{
	if (__atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST) == nr_threads)
		__atomic_store_n(&begun, ticks_now(), __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&begun, __ATOMIC_SEQ_CST))
		;
}

static void *run(void *number)
{
	int cpu = (long)number;

	pin_to(cpu);
	work();			/* so that code and data are there */
	meet();
	work();
	ended[cpu] = ticks_now();
	return NULL;
}

static double one_round(void)
{
	pthread_t thread;
	uint64_t last;

	waiting = begun = 0;
	if (nr_threads > 1 && pthread_create(&thread, NULL, run, (void *)1L))
		return NOT_MEASURED;
	run((void *)0L);
	if (nr_threads > 1)
		pthread_join(thread, NULL);
	last = nr_threads > 1 && ended[1] > ended[0] ? ended[1] : ended[0];
	return last - begun;
}

static double parallel(void (*fn)(void), int threads, long operations, long *n)
{
	int i;

	*n = 2 * ROUNDS * operations;		/* each round's first is not timed */
	if (sysconf(_SC_NPROCESSORS_ONLN) < threads)
		return NOT_MEASURED;
	work = fn;
	nr_threads = threads;
	count_from();
	for (i = 0; i < ROUNDS; i++)
		values[i] = one_round() / operations;
	count_to();
	return median_of_batches(values, ROUNDS, operations);
}

double parallel_getpid_1(long *n) { return parallel(call_getpid, 1, CALLS, n); }
double parallel_getpid_2(long *n) { return parallel(call_getpid, 2, CALLS, n); }
double parallel_touch_1(long *n) { return parallel(touch_memory, 1, PAGES, n); }
double parallel_touch_2(long *n) { return parallel(touch_memory, 2, PAGES, n); }
