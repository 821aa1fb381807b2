/* SPDX-License-Identifier: MIT */
/*
 * fig_thread.c - a thread made, and waited for
 */
#include <pthread.h>
#include <stddef.h>

#include "bench.h"

#define THREADS	200

static double values[THREADS];

static void *nothing(void *arg)
{
	return arg;
}

double thread_create(long *n)
{
	uint64_t empty = ticks_empty(), t;
	pthread_t thread;
	int i;

	*n = THREADS;
	count_from();
	for (i = 0; i < THREADS; i++) {
		t = ticks_now();
		if (pthread_create(&thread, NULL, nothing, NULL))
			return NOT_MEASURED;
		pthread_join(thread, NULL);
		values[i] = (double)(ticks_now() - t) - empty;
	}
	count_to();
	return median(values, THREADS);
}
