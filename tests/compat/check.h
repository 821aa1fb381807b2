/* SPDX-License-Identifier: MIT */
/*
 * check.h - say what holds, one TAP line each, in programs in the manner of 2013
 */
#include <stdio.h>
#include <stdlib.h>

static int checks, failures;

static inline void check(const char *what, int holds, const char *expr, int line)
{
	failures += !holds;
	printf("%sok %d %s\n", holds ? "" : "not ", ++checks, what);
	if (!holds)
		printf("# line %d: %s\n", line, expr);
	fflush(stdout);
}

#define CHECK(what, expr)	check(what, !!(expr), #expr, __LINE__)

static inline int done(void)
{
	printf("1..%d\n", checks);
	fflush(stdout);
	return failures != 0;
}
