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
#define UNMAPPINGS	9
#define AREA_PAGES	5120		/* 20 MiB */
#define FORK_PAGES	65536		/* 256 MiB */
#define SPARSE_SIZE	(1UL << 30)
#define SPARSE_STEP	(2UL << 20)

static double values[2 * ROUNDS];

/*
 * A page of a large area made read-only and read, or made writable and written,
 * in turn, each timed. Cutting the first page off takes one split of the mapping
 * and one merge undoes it; a page in the middle takes two of each.
 */
static bool protect_in_turn(long first, long step)
{
	char *p = map_pages(AREA_PAGES);
	uint64_t empty = ticks_empty(), t;
	long i;

	if (!p)
		return false;
	memset(p, 1, AREA_PAGES * PAGE);
	memset(values, 0, sizeof(values));
	count_from();
	for (i = 0; i < ROUNDS; i++) {
		volatile char *page = p + (first + i * step) * PAGE;

		t = ticks_now();
		mprotect((void *)page, PAGE, PROT_READ);
		(void)*page;
		values[2 * i] = ticks_now() - t - empty;
		t = ticks_now();
		mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE);
		*page = 2;
		values[2 * i + 1] = ticks_now() - t - empty;
	}
	count_to();
	munmap(p, AREA_PAGES * PAGE);
	return true;
}

double mprotect_first(long *n)
{
	*n = 2 * ROUNDS;
	return protect_in_turn(0, 0) ? median(values, 2 * ROUNDS) : NOT_MEASURED;
}

/* Two splits cost much more than two merges: half of both, not whichever the median hits. */
double mprotect_middle(long *n)
{
	int i;

	*n = 2 * ROUNDS;
	if (!protect_in_turn(100, 7))
		return NOT_MEASURED;
	for (i = 0; i < ROUNDS; i++)
		values[i] = (values[2 * i] + values[2 * i + 1]) / 2;
	return median_of_batches(values, ROUNDS, 2);
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

static double unmap_sparse(void)
{
	char *p = mmap(NULL, SPARSE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t empty = ticks_empty(), t;
	unsigned long i;

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

/* What else the kernel has to do falls into some of them. Exits are those of the last one. */
double munmap_1g(long *n)
{
	double each[UNMAPPINGS];
	int i;

	for (i = 0; i < UNMAPPINGS; i++)
		each[i] = unmap_sparse();
	*n = 1;
	return median(each, UNMAPPINGS);
}
