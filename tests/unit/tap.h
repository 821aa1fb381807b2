/* SPDX-License-Identifier: MIT */
/* tap.h - one line a check */
#ifndef _TESTS_UNIT_TAP_H
#define _TESTS_UNIT_TAP_H

#include <stdio.h>

static int tap_number, tap_failed;

#define CHECK(condition) do {						\
	int tap_ok = !!(condition);					\
	printf("%sok %d line %d: %s\n", tap_ok ? "" : "not ", ++tap_number, \
	       __LINE__, #condition);					\
	tap_failed += !tap_ok;						\
} while (0)

static inline int tap_end(void)
{
	printf("1..%d\n", tap_number);
	return tap_failed != 0;
}

#endif /* _TESTS_UNIT_TAP_H */
