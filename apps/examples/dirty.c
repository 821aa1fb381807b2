/* SPDX-License-Identifier: MIT */
/*
 * dirty.c - which pages were written to? The CPU knows: it sets a bit for each
 *
 * No page is protected and nothing faults: the bits are read and cleared between
 * two rounds of work. A garbage collector or a checkpoint would go on from there.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <dune/dune.h>
#include <dune/vm.h>

#define PAGE		4096UL
#define BIG		(2UL << 20)
#define SIZE		(16UL << 20)
#define NPAGES		(SIZE / PAGE)

static char *heap;

/* At first one entry stands for a GiB. One for each page is needed. */
static int watch_pages(void)
{
	struct dune_leaf leaf;
	size_t i;
	int r = 0;

	memset(heap, 0, SIZE);
	for (i = 0; !r && i < SIZE; i += BIG)
		r = dune_vm_split(dune_vm_mirror(), (uintptr_t)heap + i, DUNE_SHIFT_4K, &leaf);
	return r;
}

/* Pages written to since the last time. */
static int count_dirty(void)
{
	uint64_t bitmap[NPAGES / 64];
	int count = 0;
	size_t i;

	if (dune_vm_scan(dune_vm_mirror(), (uintptr_t)heap, SIZE, DUNE_PTE_D, DUNE_SCAN_CLEAR,
			 bitmap))
		return -1;
	for (i = 0; i < NPAGES / 64; i++)
		count += __builtin_popcountll(bitmap[i]);
	return count;
}

static int write_every(size_t nth)
{
	size_t page;
	int n = 0;

	for (page = 0; page < NPAGES; page += nth, n++)
		heap[page * PAGE + page % PAGE]++;
	return n;
}

int main(void)
{
	size_t nth;
	int r, wrote, found;

	heap = (char *)mmap(NULL, SIZE + BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	heap = (char *)(((uintptr_t)heap + BIG - 1) & ~(BIG - 1));
	r = dune_init(0);
	if (!r)
		r = dune_enter();
	if (!r)
		r = watch_pages();
	if (r) {
		fprintf(stderr, "dirty: %s\n", dune_strerror(r));
		return 1;
	}
	count_dirty();
	for (nth = 1; nth <= NPAGES; nth *= 4) {
		wrote = write_every(nth);
		found = count_dirty();
		printf("dirty: %d pages written to, %d found\n", wrote, found);
		if (found != wrote)
			return 1;
	}
	return dune_leave() ? 1 : 0;
}
