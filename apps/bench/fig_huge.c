/* SPDX-License-Identifier: MIT */
/*
 * fig_huge.c - first touch of memory in large pages, a page at a time
 */
#include <fcntl.h>
#include <linux/mman.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define SIZE_2M		(2UL << 20)
#define SIZE_1G		(1UL << 30)
#define MAX_PAGES	32

static double values[MAX_PAGES];

static double touch_each(volatile char *p, int pages, unsigned long size, long *n)
{
	uint64_t empty = ticks_empty(), t;
	int i;

	*n = pages;
	count_from();
	for (i = 0; i < pages; i++) {
		t = ticks_now();
		p[i * size] = 1;
		values[i] = ticks_now() - t - empty;
	}
	count_to();
	munmap((void *)p, pages * size);
	return median(values, pages);
}

double first_touch_2m(long *n)
{
	char *p = mmap(NULL, (MAX_PAGES + 1) * SIZE_2M, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t aligned = ((uintptr_t)p + SIZE_2M - 1) & -SIZE_2M;

	if (p == MAP_FAILED || madvise(p, (MAX_PAGES + 1) * SIZE_2M, MADV_HUGEPAGE))
		return NOT_MEASURED;
	return touch_each((char *)aligned, MAX_PAGES, SIZE_2M, n);
}

/* Reserve pages of hugetlbfs, as root; how many there were before, or -1. */
static int reserve(unsigned long size, int pages)
{
	char path[128], text[32];
	int fd, before = -1;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%lukB/nr_hugepages",
		 size / 1024);
	fd = open(path, O_RDWR);
	if (fd < 0)
		return -1;
	len = read(fd, text, sizeof(text) - 1);
	if (len > 0) {
		text[len] = '\0';
		sscanf(text, "%d", &before);
		snprintf(text, sizeof(text), "%d", pages);
		if (pwrite(fd, text, strlen(text), 0) < 0)
			before = -1;
	}
	close(fd);
	return before;
}

/* As many as the machine has free, up to @pages; none is no figure. */
static double touch_hugetlb(unsigned long size, int pages, int flag, long *n)
{
	int before = reserve(size, pages);
	double ticks = NOT_MEASURED;
	char *p;

	p = mmap(NULL, pages * size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | flag, -1, 0);
	if (p != MAP_FAILED)
		ticks = touch_each(p, pages, size, n);
	if (before >= 0)
		reserve(size, before);
	return ticks;
}

double first_touch_hugetlb_2m(long *n)
{
	return touch_hugetlb(SIZE_2M, MAX_PAGES, MAP_HUGE_2MB, n);
}

double first_touch_hugetlb_1g(long *n)
{
	return touch_hugetlb(SIZE_1G, 1, MAP_HUGE_1GB, n);
}
