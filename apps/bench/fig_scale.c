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

#define NEIGHBOURS	16
#define ROUNDS		25	/* with each number of neighbours */
#define AREA_PAGES	16
#define GIB		(1UL << 30)

static double values[NEIGHBOURS * ROUNDS];

/*
 * Linux keeps mappings in a tree whose leaves have room for 16; one that is full is
 * split and joined again each time a mapping is. How full the leaf is that the page's
 * mapping is in depends on all others of the process, of which Dune has some of its
 * own. So each figure is taken with 1, 2, 3 and so on mappings more beside it.
 */
static bool one_more_neighbour(char *end, int i)
{
	return !mprotect(end - (i + 1) * PAGE, PAGE, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE);
}

static void time_rounds(volatile char *page, double *ticks)
{
	uint64_t empty = ticks_empty(), t;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		t = ticks_now();
		mprotect((void *)page, PAGE, PROT_READ);
		mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE);
		*page = 2;
		ticks[i] = ticks_now() - t - empty;
	}
}

/* Neighbours to be, a page that keeps them apart from the area, the area. */
static double operation(long *n)
{
	char *below = mmap(NULL, (NEIGHBOURS + 1 + AREA_PAGES) * PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *p = below + (NEIGHBOURS + 1) * PAGE;
	int i;

	*n = NEIGHBOURS * ROUNDS;
	if (below == MAP_FAILED || mprotect(p, AREA_PAGES * PAGE, PROT_READ | PROT_WRITE) ||
	    mprotect(p - PAGE, PAGE, PROT_READ))
		return NOT_MEASURED;
	p[0] = p[AREA_PAGES / 2 * PAGE] = 1;
	count_from();
	for (i = 0; i < NEIGHBOURS; i++) {
		if (!one_more_neighbour(p - PAGE, i))
			return NOT_MEASURED;
		time_rounds(p + AREA_PAGES / 2 * PAGE, values + i * ROUNDS);
	}
	count_to();
	return median(values, NEIGHBOURS * ROUNDS);
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
