/* SPDX-License-Identifier: MIT */
/*
 * libdune_tap.h - results of a unit test, one line each (TAP)
 */
#ifndef _LIBDUNE_TAP_H
#define _LIBDUNE_TAP_H

#include <stdio.h>

static int tap_nr, tap_failed;

static void tap(int good, const char *what, const char *file, int line)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tap_nr, what);
	if (good)
		return;
	tap_failed = 1;
	printf("# %s:%d\n", file, line);
}

#define ok(condition, what)	tap(!!(condition), what, __FILE__, __LINE__)

static int tap_end(void)
{
	printf("1..%d\n", tap_nr);
	return tap_failed;
}

#endif /* _LIBDUNE_TAP_H */
