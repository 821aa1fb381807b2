/* SPDX-License-Identifier: MIT */
/*
 * fig_ept.c - a page that Linux has present, touched in Dune mode first now
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"

#define PAGES	4096
#define PAGE	4096

static double values[PAGES];

static volatile char *make_pages(void)
{
	char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, PAGES * PAGE, MADV_NOHUGEPAGE);
	memset(p, 1, PAGES * PAGE);
	return p;
}

int ept_violation_dune(struct sample *sample)
{
	volatile char *timed = make_pages(), *counted = make_pages();
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
		values[i] = 0;
		t = ticks_now();
		timed[i * PAGE] = 2;
		values[i] = ticks_now() - t - empty;
	}
	sample->ticks = median(values, PAGES);
	sample->n = PAGES;
	r = count_begin(sample);
	for (i = 0; i < PAGES; i++)
		counted[i * PAGE] = 2;
	return r ? r : count_end(sample);
}
