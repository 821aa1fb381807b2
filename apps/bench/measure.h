/* SPDX-License-Identifier: MIT */
/*
 * measure.h - the clock and the median, for other programs too
 */
#ifndef _APPS_BENCH_MEASURE_H
#define _APPS_BENCH_MEASURE_H

#include <stdint.h>

/* In line and in one piece, so that all of it costs ticks_empty() wherever it stands. */
static inline uint64_t ticks_now(void)
{
	uint64_t t;

	__asm__ volatile("lfence; rdtsc; shlq $32, %%rdx; orq %%rdx, %0"
			 : "=a" (t) : : "rdx", "memory", "cc");
	return t;
}

uint64_t ticks_empty(void);	/* what the clock itself costs between two readings */
double median(double *values, long n);	/* of single operations; sorts them */
double median_of_batches(double *values, long n, long batch);	/* of means of so many */

#endif /* _APPS_BENCH_MEASURE_H */
