/* SPDX-License-Identifier: MIT */
/*
 * fig_init.c - dune_init() and dune_enter(), in a process that did neither
 */
#include <stdio.h>
#include <string.h>

#include <dune/dune.h>

#include "bench.h"

static double sum_lines(const char *file, const char *key)
{
	char line[128], format[32];
	double bytes = 0;
	long kb;
	FILE *f = fopen(file, "r");

	snprintf(format, sizeof(format), "%s: %%ld", key);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, format, &kb) == 1)
			bytes += kb * 1024.0;
	if (f)
		fclose(f);
	return bytes;
}

/* Resident memory and page tables of this process, in bytes. */
static double memory(void)
{
	return sum_lines("/proc/self/smaps_rollup", "Rss") +
	       sum_lines("/proc/self/status", "VmPTE");
}

int init_enter_dune(struct sample *sample)
{
	uint64_t empty = ticks_empty(), t;
	double before;
	int r;

	memory();		/* its own pages of libc are not the point */
	before = memory();
	t = ticks_now();
	r = enter();
	t = ticks_now() - t - empty;
	if (r)
		return r;
	sample->ticks = t;
	sample->bytes = memory() - before;
	sample->n = 1;
	sample->exits = sample->vmreads = sample->vmwrites = NOT_MEASURED;
	return 0;
}
