/* SPDX-License-Identifier: MIT */
/*
 * measure.h - the clock and the median, for other programs too
 */
#ifndef _APPS_BENCH_MEASURE_H
#define _APPS_BENCH_MEASURE_H

#include <stdint.h>

/* In line, so that all of it costs ticks_empty() wherever it stands. */
static inline uint64_t ticks_now(void)
{
	uint32_t a, d;

	__asm__ volatile("lfence; rdtsc" : "=a" (a), "=d" (d) : : "memory");
	return a | (uint64_t)d << 32;
}

uint64_t ticks_empty(void);	/* what the clock itself costs between two readings */
double median(double *values, long n);	/* sorts them */

#endif /* _APPS_BENCH_MEASURE_H */
