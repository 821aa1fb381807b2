/* SPDX-License-Identifier: MIT */
/*
 * fig_walk.c - a pointer chase over more pages than a TLB holds
 *
 * On hardware the ticks tell what a page walk costs. The emulated machine walks
 * for nothing, so the walk's memory references are computed from the tables: one
 * for each level natively; in Dune mode (g + 1) * (e + 1) - 1, with g levels of
 * the guest's table and e of the EPT. The mirror root maps all memory with its
 * largest leaves, unless the program splits them; the EPT's leaves are as large as
 * Linux's own.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <dune/dune.h>
#include <dune/vm.h>

#include "bench.h"

#define SMALL_PAGES	32768UL		/* 128 MiB: more than any second-level TLB */
#define SIZE_2M		(2UL << 20)
#define STEPS		32768
#define BATCHES		15

static double values[BATCHES];

/* Which page comes after which: one cycle through all, in random order. */
static uint32_t *random_order(unsigned long pages)
{
	uint32_t *order = malloc(pages * sizeof(*order));
	uint64_t seed = 1;
	unsigned long i, j;

	for (i = 0; order && i < pages; i++)
		order[i] = i;
	for (i = pages - 1; order && i > 0; i--) {
		uint32_t swap = order[i];

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		j = (seed >> 33) % (i + 1);
		order[i] = order[j];
		order[j] = swap;
	}
	return order;
}

/* A cache line of the page, not of all pages the same. */
static void **line_of(char *p, uint32_t page)
{
	return (void **)(p + page * PAGE + page % 64 * 64);
}

static void **make_chain(char *p, unsigned long pages)
{
	uint32_t *order = random_order(pages);
	unsigned long i;
	void **first;

	if (!order)
		return NULL;
	for (i = 0; i < pages; i++)
		*line_of(p, order[i]) = line_of(p, order[(i + 1) % pages]);
	first = line_of(p, order[0]);
	free(order);
	return first;
}

static void *chase(void **at)
{
	int i;

	for (i = 0; i < STEPS; i++)
		at = *at;
	return at;
}

/* Per step, after one time round, which brings everything in. */
static double time_chase(char *p)
{
	void **at = make_chain(p, SMALL_PAGES);
	uint64_t empty = ticks_empty(), t;
	int i;

	if (!at)
		return NOT_MEASURED;
	at = chase(at);
	count_from();
	for (i = 0; i < BATCHES; i++) {
		t = ticks_now();
		at = chase(at);
		asm volatile("" : : "r" (at));
		values[i] = (double)(ticks_now() - t - empty) / STEPS;
	}
	count_to();
	return median_of_batches(values, BATCHES, STEPS);
}

/* In small pages, or in huge ones, and then all of it. */
static char *memory(bool huge)
{
	unsigned long size = SMALL_PAGES * PAGE + SIZE_2M;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || madvise(p, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
		return NULL;
	p = (char *)(((uintptr_t)p + SIZE_2M - 1) & -SIZE_2M);
	return memset(p, 0, SMALL_PAGES * PAGE);
}

/* Levels of Linux's table for @p: three if it is all in huge pages, else four. */
static int host_levels(const char *p)
{
	char line[256];
	unsigned long start, end, kb = 0;
	bool here = false;
	FILE *f = fopen("/proc/self/smaps", "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = (unsigned long)p >= start && (unsigned long)p < end;
		else if (here && sscanf(line, "AnonHugePages: %lu kB", &kb) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kb >= SMALL_PAGES * PAGE / 1024 ? 3 : 4;
}

/* Levels of the guest's table for @p, once its leaves are no larger than @shift. */
static int guest_levels(char *p, unsigned int shift)
{
	struct dune_leaf leaf;
	unsigned long i;

	for (i = 0; i < SMALL_PAGES * PAGE; i += SIZE_2M)
		if (dune_vm_split(dune_vm_mirror(), (uintptr_t)p + i, shift, &leaf))
			return -1;
	leaf = dune_vm_lookup(dune_vm_mirror(), (uintptr_t)p);
	return leaf.shift == DUNE_SHIFT_4K ? 4 : leaf.shift == DUNE_SHIFT_2M ? 3 : 2;
}

static double walk(bool huge, unsigned int guest_shift, long *n)
{
	int guest, host;
	char *p = memory(huge);

	if (!p)
		return NOT_MEASURED;
	host = host_levels(p);
	if (dune_active()) {
		guest = guest_levels(p, guest_shift);
		if (guest < 0)
			return NOT_MEASURED;
		references((guest + 1) * (host + 1) - 1);
	} else {
		references(host);
	}
	*n = (long)BATCHES * STEPS;
	return time_chase(p);
}

double page_walk_mirror_4k(long *n) { return walk(false, DUNE_SHIFT_1G, n); }
double page_walk_mirror_2m(long *n) { return walk(true, DUNE_SHIFT_1G, n); }
double page_walk_4k(long *n) { return walk(false, DUNE_SHIFT_4K, n); }
double page_walk_2m(long *n) { return walk(true, DUNE_SHIFT_2M, n); }
