/* SPDX-License-Identifier: MIT */
/*
 * fig_trace.c - a traced getpid: under strace, and under dune-trace
 */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define SINGLE	2000	/* each timed by itself */
#define WHOLE	20000	/* so many that what starts them hardly counts */

/* In the traced process: the median of single calls. */
double traced_getpids(long n)
{
	static double values[WHOLE];
	uint64_t empty = ticks_empty(), t;
	long i;

	n = n < 1 || n > WHOLE ? WHOLE : n;
	for (i = 0; i < n; i++) {
		t = ticks_now();
		syscall(SYS_getpid);
		values[i] = ticks_now() - t - empty;
	}
	return median(values, n);
}

/* What dune-bench --time-getpids says under a tracer; NOT_MEASURED if it does not run. */
static double run_traced(bool in_dune, long n)
{
	char command[128];
	double ticks;
	FILE *f;

	snprintf(command, sizeof(command), "%s -o /dev/null dune-bench --time-getpids=%ld",
		 in_dune ? "dune-trace" : "strace", n);
	f = popen(command, "r");
	if (!f)
		return NOT_MEASURED;
	ticks = hear_values(f);
	return pclose(f) ? NOT_MEASURED : ticks;
}

double trace_getpid(bool in_dune, long *n)
{
	*n = SINGLE;
	return run_traced(in_dune, SINGLE);
}

/* Everything, from the tracer's start to its end, by the calls: its own work too. */
double trace_whole(bool in_dune, long *n)
{
	uint64_t empty = ticks_empty(), t = ticks_now();
	double ticks = run_traced(in_dune, WHOLE);

	*n = WHOLE;
	return ticks == NOT_MEASURED ? ticks : (double)(ticks_now() - t - empty) / WHOLE;
}
