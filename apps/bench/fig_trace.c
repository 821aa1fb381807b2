/* SPDX-License-Identifier: MIT */
/*
 * fig_trace.c - a traced getpid: under strace, and under dune-trace
 */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define CALLS	20000	/* so many that what starts them hardly counts */

/* In the traced process: the median of single calls. */
double traced_getpids(void)
{
	static double values[CALLS];
	uint64_t empty = ticks_empty(), t;
	int i;

	for (i = 0; i < CALLS; i++) {
		t = ticks_now();
		syscall(SYS_getpid);
		values[i] = ticks_now() - t - empty;
	}
	return median(values, CALLS);
}

/* What dune-bench --time-getpids says under a tracer; NOT_MEASURED if it does not run. */
static double run_traced(bool in_dune)
{
	FILE *f = popen(in_dune ? "dune-trace -o /dev/null dune-bench --time-getpids" :
				  "strace -o /dev/null dune-bench --time-getpids", "r");
	double ticks;

	if (!f)
		return NOT_MEASURED;
	ticks = hear_values(f);
	return pclose(f) ? NOT_MEASURED : ticks;
}

double trace_getpid(bool in_dune, long *n)
{
	*n = CALLS;
	return run_traced(in_dune);
}

/* Everything, from the tracer's start to its end, by the calls: its own work too. */
double trace_whole(bool in_dune, long *n)
{
	uint64_t empty = ticks_empty(), t = ticks_now();
	double ticks = run_traced(in_dune);

	*n = CALLS;
	return ticks == NOT_MEASURED ? ticks : (double)(ticks_now() - t - empty) / CALLS;
}
