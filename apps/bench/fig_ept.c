/* SPDX-License-Identifier: MIT */
/*
 * fig_ept.c - pages that Linux has present, touched in Dune mode first now
 */
#include <errno.h>
#include <string.h>

#include "bench.h"

#define PAGES	4096
#define APART	16
#define AROUND	8		/* pages that a violation brings in */

static double values[PAGES];

/* Touch a page in each @step pages, each one timed: the median. */
static int touch(volatile char *p, long n, long step, struct sample *sample)
{
	uint64_t empty, t;
	long i;
	int r;

	if (!p)
		return -ENOMEM;
	memset(values, 0, sizeof(values));
	r = enter();
	if (r)
		return r;
	empty = ticks_empty();
	count_from();
	for (i = 0; i < n; i++) {
		/* In no order that could be guessed: 75 and n have no divisor in common. */
		long at = i * 75 % n * step * PAGE;

		t = ticks_now();
		p[at] = 2;
		values[i] = ticks_now() - t - empty;
	}
	count_to();
	sample->ticks = median(values, n);
	sample->n = n;
	return counted(sample);
}

/* One page in each few: all that a violation can bring in is the page itself. */
int ept_violation_dune(struct sample *sample)
{
	char *p = map_pages(PAGES * APART);
	long i;

	for (i = 0; p && i < PAGES; i++)
		p[i * APART * PAGE] = 1;
	return touch(p, PAGES, APART, sample);
}

static char *dense_pages(void)
{
	char *p = map_pages(PAGES);

	return p ? memset(p, 1, PAGES * PAGE) : NULL;
}

int ept_violation_around_dune(struct sample *sample)
{
	return touch(dense_pages(), PAGES / AROUND, AROUND, sample);
}

/* One after the other: the mean, as the cost comes in lumps. */
int ept_violation_warm_dune(struct sample *sample)
{
	volatile char *p = dense_pages();
	uint64_t empty = ticks_empty(), t;
	int r, i;

	if (!p)
		return -ENOMEM;
	r = enter();
	if (r)
		return r;
	count_from();
	t = ticks_now();
	for (i = 0; i < PAGES; i++)
		p[i * PAGE] = 2;
	sample->ticks = (double)(ticks_now() - t - empty) / PAGES;
	count_to();
	sample->n = PAGES;
	return counted(sample);
}
