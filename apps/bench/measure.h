/* SPDX-License-Identifier: MIT */
/*
 * measure.h - the clock and the median, for other programs too
 */
#ifndef _APPS_BENCH_MEASURE_H
#define _APPS_BENCH_MEASURE_H

#include <stdint.h>

uint64_t ticks_now(void);
uint64_t ticks_empty(void);	/* what the clock itself costs between two readings */
double median(double *values, long n);	/* sorts them */

#endif /* _APPS_BENCH_MEASURE_H */
