/* SPDX-License-Identifier: MIT */
/*
 * slow.h - before every test: a kernel with every check there is has ten times as long
 */
#ifndef _TESTS_GUEST_SLOW_H
#define _TESTS_GUEST_SLOW_H

#include <stdlib.h>
#include <unistd.h>

static inline unsigned int alarm_in(unsigned int seconds)
{
	return alarm(getenv("SLOW_KERNEL") ? 10 * seconds : seconds);
}

/* The harness ends a test by it. */
#define alarm(seconds) alarm_in(seconds)

#endif /* _TESTS_GUEST_SLOW_H */
