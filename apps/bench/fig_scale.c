/* SPDX-License-Identifier: MIT */
/*
 * fig_scale.c - one operation in ever larger processes
 *
 * The operation is one that touches all that could grow: mprotect() of a page,
 * which has to find and take away its translation, and the page's next use.
 */
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS	200
#define GIB	(1UL << 30)

static double values[ROUNDS];

static double operation(long *n)
{
	char *p = map_pages(16);
	uint64_t empty = ticks_empty(), t;
	int i;

	*n = ROUNDS;
	if (!p)
		return NOT_MEASURED;
	p[0] = p[8 * PAGE] = 1;
	count_from();
	for (i = 0; i < ROUNDS; i++) {
		t = ticks_now();
		mprotect(p + 8 * PAGE, PAGE, PROT_READ);
		mprotect(p + 8 * PAGE, PAGE, PROT_READ | PROT_WRITE);
		*(volatile char *)(p + 8 * PAGE) = 2;
		values[i] = ticks_now() - t - empty;
	}
	count_to();
	return median(values, ROUNDS);
}

/* A page used in each of so many GiB. */
static double in_space(unsigned long gib, long *n)
{
	char *p = mmap(NULL, gib * GIB, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned long i;

	if (p == MAP_FAILED)
		return NOT_MEASURED;
	for (i = 0; i < gib; i++)
		*(volatile char *)(p + i * GIB) = 1;
	return operation(n);
}

/* So many mappings, which Linux cannot merge. */
static double among_mappings(long mappings, long *n)
{
	char *p = map_pages(2 * mappings);
	long i;

	for (i = 0; p && i < mappings; i++)
		if (mprotect(p + 2 * i * PAGE, PAGE, PROT_READ))
			return NOT_MEASURED;
	return operation(n);
}

static int never[2];

/* A child of a thread in Dune mode is in Dune mode. */
static void *wait_for_ever(void *unused)
{
	char c;

	while (read(never[0], &c, 1) < 0)
		;
	return NULL;
}

/* So many threads, in Dune mode as the measuring one is, all waiting. */
static double beside_threads(int threads, long *n)
{
	pthread_attr_t attr;
	pthread_t thread;
	int i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	if (pipe(never))
		return NOT_MEASURED;
	for (i = 0; i < threads; i++)
		if (pthread_create(&thread, &attr, wait_for_ever, NULL))
			return NOT_MEASURED;
	usleep(200000);
	return operation(n);
}

double space_1(long *n) { return in_space(1, n); }
double space_30(long *n) { return in_space(30, n); }
double space_400(long *n) { return in_space(400, n); }
double mappings_10(long *n) { return among_mappings(10, n); }
double mappings_1000(long *n) { return among_mappings(1000, n); }
double mappings_10000(long *n) { return among_mappings(10000, n); }
double threads_1(long *n) { return beside_threads(1, n); }
double threads_16(long *n) { return beside_threads(16, n); }
double threads_128(long *n) { return beside_threads(128, n); }
