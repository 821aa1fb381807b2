/* SPDX-License-Identifier: MIT */
/*
 * fig_mm.c - Linux changes memory that is mapped in Dune mode
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS		500
#define AREA_PAGES	5120		/* 20 MiB */
#define FORK_PAGES	65536		/* 256 MiB */
#define SPARSE_SIZE	(1UL << 30)
#define SPARSE_STEP	(2UL << 20)

static double values[ROUNDS];

/*
 * One page of a large area made read-only and read, or made writable and
 * written: half of both.
 */
double mprotect_one(long *n)
{
	char *p = map_pages(AREA_PAGES);
	volatile char *page;
	uint64_t empty = ticks_empty(), t;
	int i;

	*n = 2 * ROUNDS;
	memset(p, 1, AREA_PAGES * PAGE);
	for (i = 0; i < ROUNDS; i++)
		values[i] = 0;
	count_from();
	for (i = 0; i < ROUNDS; i++) {
		page = p + (i * 7 + 100) * PAGE;
		t = ticks_now();
		mprotect((void *)page, PAGE, PROT_READ);
		(void)*page;
		mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE);
		*page = 2;
		values[i] = (ticks_now() - t - empty) / 2.0;
	}
	count_to();
	munmap(p, AREA_PAGES * PAGE);
	return median(values, ROUNDS);
}

/* fork(), the child's end, and then every page written again. */
double fork_256m(long *n)
{
	char *p = map_pages(FORK_PAGES);
	uint64_t empty = ticks_empty(), t;
	pid_t pid;
	long i;

	*n = 1;
	for (i = 0; i < FORK_PAGES; i++)
		p[i * PAGE] = 1;
	count_from();
	t = ticks_now();
	pid = fork();
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	for (i = 0; i < FORK_PAGES; i++)
		p[i * PAGE] = 2;
	t = ticks_now() - t - empty;
	count_to();
	munmap(p, FORK_PAGES * PAGE);
	return t;
}

double munmap_1g(long *n)
{
	char *p = mmap(NULL, SPARSE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t empty = ticks_empty(), t;
	unsigned long i;

	*n = 1;
	madvise(p, SPARSE_SIZE, MADV_NOHUGEPAGE);
	for (i = 0; i < SPARSE_SIZE; i += SPARSE_STEP)
		p[i] = 1;
	count_from();
	t = ticks_now();
	munmap(p, SPARSE_SIZE);
	t = ticks_now() - t - empty;
	count_to();
	return t;
}
