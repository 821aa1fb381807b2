/* SPDX-License-Identifier: MIT */
/*
 * pressure.c - memory that does not stay where it was
 *
 *	pressure whole MIB ROUNDS	write it, and find it whole again and again
 *	pressure hot HOT COLD		a hot part, used while a cold one is filled:
 *					how much of it had to be read back
 *	pressure sparse MIB SECONDS	a page in each 2 MiB, looked at every second
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGE	4096UL
#define MIB	(1UL << 20)

static char *map(unsigned long mib)
{
	char *p = mmap(NULL, mib * MIB, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(p, mib * MIB, MADV_NOHUGEPAGE);
	return p;
}

static uint64_t mark(unsigned long page, unsigned long round)
{
	return (page * 0x9e3779b97f4a7c15UL) ^ round;
}

static uint64_t *word(char *p, unsigned long page)
{
	return (uint64_t *)(p + page * PAGE + page % 500 * 8);
}

static int whole(unsigned long mib, unsigned long rounds)
{
	unsigned long pages = mib * MIB / PAGE, wrong = 0, round, i;
	char *p = map(mib);

	for (round = 0; round <= rounds; round++)
		for (i = 0; i < pages; i++) {
			if (round && *word(p, i) != mark(i, round - 1))
				wrong++;
			*word(p, i) = mark(i, round);
		}
	printf("%lu pages wrong\n", wrong);
	return wrong != 0;
}

static long major_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_majflt;
}

static void use(char *p, unsigned long mib)
{
	unsigned long i;

	for (i = 0; i < mib * MIB / PAGE; i++)
		*(volatile char *)(p + i * PAGE);
}

/* After each MiB of the cold part the hot one is used, as a program would. */
static int hot(unsigned long hot_mib, unsigned long cold_mib)
{
	char *h = map(hot_mib), *c = map(cold_mib);
	unsigned long i, faults = 0;
	long before;

	memset(h, 1, hot_mib * MIB);
	for (i = 0; i < cold_mib; i++) {
		memset(c + i * MIB, 2, MIB);
		before = major_faults();
		use(h, hot_mib);
		faults += major_faults() - before;
	}
	before = major_faults();
	use(c, cold_mib);
	fprintf(stderr, "major faults: %lu in the hot part, %ld in the cold one\n",
		faults, major_faults() - before);
	return faults > hot_mib * MIB / PAGE;
}

static int sparse(unsigned long mib, int seconds)
{
	unsigned long i, wrong = 0;
	char *p = map(mib);

	for (i = 0; i < mib; i += 2)
		p[i * MIB] = i;
	puts("touched");
	fflush(stdout);
	for (; seconds; seconds--) {
		sleep(1);
		for (i = 0; i < mib; i += 2)
			wrong += p[i * MIB] != (char)i;
	}
	printf("%lu wrong\n", wrong);
	return wrong != 0;
}

int main(int argc, char **argv)
{
	unsigned long a, b;

	if (argc != 4)
		return 2;
	a = strtoul(argv[2], NULL, 0);
	b = strtoul(argv[3], NULL, 0);
	if (!strcmp(argv[1], "whole"))
		return whole(a, b);
	return strcmp(argv[1], "hot") ? sparse(a, b) : hot(a, b);
}
