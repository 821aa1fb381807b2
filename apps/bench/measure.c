/* SPDX-License-Identifier: MIT */
/*
 * measure.c - the clock and the statistics
 *
 * The clock is the TSC: cycles of its own rate on hardware, instructions in the
 * emulated machine.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "bench.h"

uint64_t ticks_now(void)
{
	uint32_t a, d;

	asm volatile("lfence; rdtsc" : "=a" (a), "=d" (d) : : "memory");
	return a | (uint64_t)d << 32;
}

/* What the clock itself costs between two readings. */
uint64_t ticks_empty(void)
{
	uint64_t best = ~0ULL;
	int i;

	for (i = 0; i < 1000; i++) {
		uint64_t t = ticks_now();

		t = ticks_now() - t;
		if (t < best)
			best = t;
	}
	return best;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *values, long n)
{
	qsort(values, n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* Anonymous memory in small pages; NULL if there is none. */
char *map_pages(long n)
{
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, n * PAGE, MADV_NOHUGEPAGE);
	return p;
}
