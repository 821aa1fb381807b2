/* SPDX-License-Identifier: MIT */
/*
 * fig_traced.c - what a tracer adds to whole programs, for each call that it shows
 *
 * strace beside the program run natively, dune-trace beside the same under dune-run,
 * both into a file. What the tracer itself takes to begin and to end is that of a
 * program that does nothing, taken off.
 */
#include <stdio.h>

#include "bench.h"
#include "programs.h"
#include "watch.h"

#define ROUNDS		3
#define SHORT_ROUNDS	9
#define LINES		WORKLOAD_FILES "/calls"

static const char *const by_strace[] = { "strace", "-o", LINES, NULL };
static const char *const by_dune_trace[] = { "dune-trace", "-o", LINES, NULL };

/* The calls of the last program traced; the last line is how it ended. */
static long calls_shown(void)
{
	FILE *f = fopen(LINES, "r");
	long lines = -1;
	int c;

	while (f && (c = getc(f)) != EOF)
		lines += c == '\n';
	if (f)
		fclose(f);
	return lines;
}

/* What tracing adds to @argv, and the calls that were shown. */
static double added(const char *const *argv, bool in_dune, int rounds, long *calls)
{
	double plain = program_ticks(argv, in_dune ? by_dune : natively, rounds);
	double traced = program_ticks(argv, in_dune ? by_dune_trace : by_strace, rounds);

	*calls = calls_shown();
	if (plain == NOT_MEASURED || traced == NOT_MEASURED || *calls < 1)
		return NOT_MEASURED;
	return traced - plain;
}

static double for_each_call(const char *const *argv, bool in_dune, long *n)
{
	long calls, none;
	double all = added(argv, in_dune, ROUNDS, &calls);
	double begin = added(program_true, in_dune, SHORT_ROUNDS, &none);

	if (all == NOT_MEASURED || begin == NOT_MEASURED || calls <= none)
		return NOT_MEASURED;
	*n = calls - none;
	return (all - begin) / *n;
}

double traced_find(bool in_dune, long *n) { return for_each_call(program_find, in_dune, n); }
double traced_sqlite3(bool in_dune, long *n) { return for_each_call(program_sqlite3, in_dune, n); }
double traced_python3(bool in_dune, long *n) { return for_each_call(program_python3, in_dune, n); }
