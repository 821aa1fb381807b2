/* SPDX-License-Identifier: MIT */
/*
 * fig_vm.c - page tables: look up, protect, scan
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <dune/vm.h>

#include "bench.h"

#define ROUNDS		1000
#define SPACE		5120		/* pages around those that change: 20 MiB */
#define MANY		100
#define SCANS		20

#define RW		(DUNE_PTE_P | DUNE_PTE_W)

static double values[ROUNDS];
static uint64_t bitmap[HEAP_PAGES / 64];

/* Small leaves for every block of 2 MiB that the range has a part in. */
static int split(char *p, long len)
{
	uintptr_t va = (uintptr_t)p & -(2UL << 20);
	struct dune_leaf leaf;
	int r = 0;

	for (; !r && va < (uintptr_t)p + len; va += 2L << 20)
		r = dune_vm_split(dune_vm_mirror(), va, DUNE_SHIFT_4K, &leaf);
	return r;
}

/* Memory of the mirror root's, in use, in small leaves. */
static char *small_pages(long n, int *r)
{
	char *p = map_pages(n);

	*r = -ENOMEM;
	if (!p)
		return NULL;
	memset(p, 1, n * PAGE);
	*r = enter();
	*r = *r ? *r : split(p, n * PAGE);
	return p;
}

int pte_lookup_dune(struct sample *sample)
{
	struct dune_root *root = dune_vm_mirror();
	uint64_t empty, t;
	long i;
	int r;
	char *p = small_pages(SPACE, &r);

	if (r)
		return r;
	empty = ticks_empty();
	count_from();
	for (i = 0; i < ROUNDS; i++) {
		/* Each time another page. */
		uintptr_t va = (uintptr_t)p + i * 1237 % SPACE * PAGE;
		struct dune_leaf leaf;

		/* Worked out by now, not in between. */
		asm volatile("" : : "r" (va));
		t = ticks_now();
		leaf = dune_vm_lookup(root, va);
		t = ticks_now() - t;
		if (!(*leaf.pte & DUNE_PTE_P))
			return -EIO;
		values[i] = t - empty;
	}
	count_to();
	sample->ticks = median(values, ROUNDS);
	sample->n = ROUNDS;
	return counted(sample);
}

/* The rights of @n pages in the middle, taken and given in turn: the taking. */
static int protect_dune(struct sample *sample, long n)
{
	struct dune_root *root = dune_vm_mirror();
	uint64_t empty, t;
	int r, i;
	char *p = small_pages(SPACE, &r), *at = p + SPACE / 2 * PAGE;

	empty = ticks_empty();
	count_from();
	for (i = 0; !r && i < ROUNDS; i++) {
		t = ticks_now();
		r = dune_vm_protect(root, (uintptr_t)at, n * PAGE, DUNE_PTE_P);
		values[i] = ticks_now() - t - empty;
		r = r ? r : dune_vm_protect(root, (uintptr_t)at, n * PAGE, RW);
		memset(at, 2, n * PAGE);
	}
	if (r)
		return r;
	count_to();
	sample->ticks = median(values, ROUNDS);
	sample->n = ROUNDS;
	return counted(sample);
}

static double protect_native(long n)
{
	uint64_t empty = ticks_empty(), t;
	char *p = map_pages(SPACE), *at = p + SPACE / 2 * PAGE;
	int i;

	if (!p)
		return NOT_MEASURED;
	memset(p, 1, SPACE * PAGE);
	for (i = 0; i < ROUNDS; i++) {
		t = ticks_now();
		mprotect(at, n * PAGE, PROT_READ);
		values[i] = ticks_now() - t - empty;
		mprotect(at, n * PAGE, PROT_READ | PROT_WRITE);
		memset(at, 2, n * PAGE);
	}
	return median(values, ROUNDS);
}

int protect_1_dune(struct sample *sample)
{
	return protect_dune(sample, 1);
}

double protect_1_native(void)
{
	return protect_native(1);
}

int protect_100_dune(struct sample *sample)
{
	return protect_dune(sample, MANY);
}

double protect_100_native(void)
{
	return protect_native(MANY);
}

/* The scan found one page in @each, and no other. */
static bool found(long each)
{
	long i;

	for (i = 0; i < HEAP_PAGES; i++)
		if ((bitmap[i / 64] >> i % 64 & 1) != (each && i % each == 0))
			return false;
	return true;
}

/* Scan and clear, one page in @each written before: ticks a page. */
static int dirty_scan(struct sample *sample, long each)
{
	struct dune_root *root = dune_vm_mirror();
	uint64_t empty, t;
	long i, at;
	int r;
	char *p = small_pages(HEAP_PAGES, &r);

	/* What the pages were filled with, and brought by, is not of a round. */
	r = r ? r : dune_vm_scan(root, (uintptr_t)p, HEAP_PAGES * PAGE, DUNE_PTE_D,
				 DUNE_SCAN_CLEAR, bitmap);
	empty = ticks_empty();
	count_from();
	for (i = 0; !r && i < SCANS; i++) {
		for (at = 0; each && at < HEAP_PAGES; at += each)
			p[at * PAGE] = i;
		t = ticks_now();
		r = dune_vm_scan(root, (uintptr_t)p, HEAP_PAGES * PAGE, DUNE_PTE_D,
				 DUNE_SCAN_CLEAR, bitmap);
		values[i] = (double)(ticks_now() - t - empty) / HEAP_PAGES;
		if (!r && !found(each))
			r = -EIO;
	}
	if (r)
		return r;
	count_to();
	sample->ticks = median_of_batches(values, SCANS, HEAP_PAGES);
	sample->n = SCANS * HEAP_PAGES;
	return counted(sample);
}

int dirty_scan_dune(struct sample *sample)
{
	return dirty_scan(sample, HEAP_WRITTEN);
}

int dirty_scan_all_dune(struct sample *sample)
{
	return dirty_scan(sample, 1);
}

int dirty_scan_none_dune(struct sample *sample)
{
	return dirty_scan(sample, 0);
}
