/* SPDX-License-Identifier: MIT */
/*
 * measure.c - the clock and the statistics
 *
 * The clock is the TSC: cycles of its own rate on hardware, instructions in the
 * emulated machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "bench.h"

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

/* Of the values last asked about: a pass has one set of them. */
static double last_median = NOT_MEASURED, last_p10, last_p90, last_refs = NOT_MEASURED;
static long last_batch;

double median(double *values, long n)
{
	qsort(values, n, sizeof(*values), compare);
	last_p10 = values[n / 10];
	last_p90 = values[n - 1 - n / 10];
	last_batch = 1;
	last_median = n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
	return last_median;
}

double median_of_batches(double *values, long n, long batch)
{
	median(values, n);
	last_batch = batch;
	return last_median;
}

/* What a figure's process has to say to the one that started it. */
void say_values(double value)
{
	printf("%f %f %f\n", value, last_p10, last_p90);
}

double hear_values(FILE *from)
{
	if (fscanf(from, "%lf %lf %lf", &last_median, &last_p10, &last_p90) != 3)
		last_median = NOT_MEASURED;
	last_batch = 1;
	return last_median;
}

/* What a page walk of this pass takes. */
void references(double refs)
{
	last_refs = refs;
}

/*
 * How far the values lie apart whose median @sample has (a mean has none); walks. Who
 * measures again to count says it in between.
 */
void details(struct sample *sample)
{
	bool known = sample->ticks != NOT_MEASURED && sample->ticks == last_median;

	sample->refs = last_refs;
	if (sample->batch != NOT_MEASURED)
		return;
	sample->p10 = known ? last_p10 : NOT_MEASURED;
	sample->p90 = known ? last_p90 : NOT_MEASURED;
	sample->batch = known ? last_batch : NOT_MEASURED;
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
