/* SPDX-License-Identifier: MIT */
/*
 * fig_getpid.c - the shortest system call, in a loop
 */
#include <sys/syscall.h>

#include "bench.h"

#define BATCHES	51
#define CALLS	100

static double values[BATCHES];

static void native_calls(void)
{
	int i;

	for (i = 0; i < CALLS; i++) {
		long nr = SYS_getpid;

		asm volatile("syscall" : "+a" (nr) : : "rcx", "r11", "memory");
	}
}

static void dune_calls(void)
{
	int i;

	for (i = 0; i < CALLS; i++) {
		long nr = SYS_getpid;

		asm volatile("vmcall" : "+a" (nr) : : "memory");
	}
}

/* Per call, the loop included: the median of many short loops. */
static double time_calls(void (*calls)(void))
{
	uint64_t empty = ticks_empty(), t;
	int i;

	calls();
	for (i = 0; i < BATCHES; i++) {
		t = ticks_now();
		calls();
		values[i] = (double)(ticks_now() - t - empty) / CALLS;
	}
	return median(values, BATCHES);
}

double getpid_native(void)
{
	return time_calls(native_calls);
}

int getpid_dune(struct sample *sample)
{
	int r = enter(), i;

	if (r)
		return r;
	sample->ticks = time_calls(dune_calls);
	sample->n = BATCHES * CALLS;
	count_from();
	for (i = 0; i < BATCHES; i++)
		dune_calls();
	count_to();
	return counted(sample);
}
