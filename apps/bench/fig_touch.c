/* SPDX-License-Identifier: MIT */
/*
 * fig_touch.c - anonymous memory, touched for the first time by anybody
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "bench.h"

#define PAGES		4096
#define HUGE_SIZE	(64UL << 20)
#define HUGE_PAGE	(2UL << 20)

static double values[PAGES];

/* Page after page, each one timed: the median. */
static double touch_each(bool read_first, long *n)
{
	volatile char *p = map_pages(PAGES);
	uint64_t empty = ticks_empty(), t;
	int i;

	*n = PAGES;
	for (i = 0; i < PAGES; i++)
		values[i] = 0;
	count_from();
	for (i = 0; p && i < PAGES; i++) {
		t = ticks_now();
		if (read_first)
			(void)p[i * PAGE];
		p[i * PAGE] = 1;
		values[i] = ticks_now() - t - empty;
	}
	count_to();
	munmap((void *)p, PAGES * PAGE);
	return median(values, PAGES);
}

double first_touch_4k(long *n)
{
	return touch_each(false, n);
}

/* Read, which maps the zero page, and then written: both together. */
double read_then_write(long *n)
{
	return touch_each(true, n);
}

/* Every page of 4 KiB of memory in huge pages: the mean. */
double first_touch_thp(long *n)
{
	char *p = mmap(NULL, HUGE_SIZE + HUGE_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile char *aligned = (char *)(((uintptr_t)p + HUGE_PAGE - 1) & -HUGE_PAGE);
	uint64_t empty = ticks_empty(), t;
	unsigned long i;

	*n = HUGE_SIZE / PAGE;
	madvise(p, HUGE_SIZE + HUGE_PAGE, MADV_HUGEPAGE);
	count_from();
	t = ticks_now();
	for (i = 0; i < HUGE_SIZE; i += PAGE)
		aligned[i] = 1;
	t = ticks_now() - t - empty;
	count_to();
	munmap(p, HUGE_SIZE + HUGE_PAGE);
	return (double)t / *n;
}
