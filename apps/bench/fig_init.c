/* SPDX-License-Identifier: MIT */
/*
 * fig_init.c - dune_init() and dune_enter(), in processes that did neither
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dune/dune.h>

#include "bench.h"

#define PROCESSES	21

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

/* Once, in a process made for it. */
static int init_and_enter(double *ticks, double *bytes)
{
	uint64_t empty = ticks_empty(), t;
	double before;
	int r;

	memory();		/* its own pages of libc are not the point */
	before = memory();
	t = ticks_now();
	r = enter();
	t = ticks_now() - t - empty;
	*ticks = t;
	*bytes = memory() - before;
	return r;
}

int init_enter_dune(struct sample *sample)
{
	double (*all)[PROCESSES] = mmap(NULL, 2 * sizeof(*all), PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int i, status = 0;
	pid_t pid;

	for (i = 0; all != MAP_FAILED && !status && i < PROCESSES; i++) {
		pid = fork();
		if (!pid)
			_exit(-init_and_enter(&all[0][i], &all[1][i]));
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return -errno;
	}
	if (all == MAP_FAILED || !WIFEXITED(status))
		return -ENOMEM;
	if (status)
		return -WEXITSTATUS(status);
	sample->bytes = median(all[1], PROCESSES);
	sample->ticks = median(all[0], PROCESSES);
	sample->n = PROCESSES;
	sample->exits = sample->vmreads = sample->vmwrites = NOT_MEASURED;
	munmap(all, 2 * sizeof(*all));
	return 0;
}
