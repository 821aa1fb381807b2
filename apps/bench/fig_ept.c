/* SPDX-License-Identifier: MIT */
/*
 * fig_ept.c - pages that Linux has present, touched in Dune mode first now
 */
#include <errno.h>
#include <string.h>

#include "bench.h"

#define PAGES	4096
#define APART	16

static double values[PAGES];

/* One page in each few: all that a violation can bring in is the page itself. */
static volatile char *lone_pages(void)
{
	char *p = map_pages(PAGES * APART);
	int i;

	for (i = 0; p && i < PAGES; i++)
		p[i * APART * PAGE] = 1;
	return p;
}

static volatile char *dense_pages(void)
{
	char *p = map_pages(PAGES);

	return p ? memset(p, 1, PAGES * PAGE) : NULL;
}

int ept_violation_dune(struct sample *sample)
{
	volatile char *timed = lone_pages(), *counted = lone_pages();
	uint64_t empty, t;
	int r, i;

	if (!timed || !counted)
		return -ENOMEM;
	memset(values, 0, sizeof(values));
	r = enter();
	if (r)
		return r;
	empty = ticks_empty();
	for (i = 0; i < PAGES; i++) {
		t = ticks_now();
		timed[i * APART * PAGE] = 2;
		values[i] = ticks_now() - t - empty;
	}
	sample->ticks = median(values, PAGES);
	sample->n = PAGES;
	r = count_begin(sample);
	for (i = 0; i < PAGES; i++)
		counted[i * APART * PAGE] = 2;
	return r ? r : count_end(sample);
}

/* The first touch of each eighth of 64 KiB, in no order that could be guessed. */
int ept_violation_around_dune(struct sample *sample)
{
	enum { WINDOW = 8, NR = PAGES / WINDOW };
	volatile char *timed = dense_pages(), *counted = dense_pages();
	uint64_t empty, t;
	int r, i;

	if (!timed || !counted)
		return -ENOMEM;
	memset(values, 0, sizeof(values));
	r = enter();
	if (r)
		return r;
	empty = ticks_empty();
	for (i = 0; i < NR; i++) {
		t = ticks_now();
		timed[i * 75 % NR * WINDOW * PAGE] = 2;
		values[i] = ticks_now() - t - empty;
	}
	sample->ticks = median(values, NR);
	sample->n = NR;
	r = count_begin(sample);
	for (i = 0; i < NR; i++)
		counted[i * 75 % NR * WINDOW * PAGE] = 2;
	return r ? r : count_end(sample);
}

/* One after the other: the mean, as the cost comes in lumps. */
int ept_violation_warm_dune(struct sample *sample)
{
	volatile char *timed = dense_pages(), *counted = dense_pages();
	uint64_t empty, t;
	int r, i;

	if (!timed || !counted)
		return -ENOMEM;
	r = enter();
	if (r)
		return r;
	empty = ticks_empty();
	t = ticks_now();
	for (i = 0; i < PAGES; i++)
		timed[i * PAGE] = 2;
	sample->ticks = (double)(ticks_now() - t - empty) / PAGES;
	sample->n = PAGES;
	r = count_begin(sample);
	for (i = 0; i < PAGES; i++)
		counted[i * PAGE] = 2;
	return r ? r : count_end(sample);
}
