/* SPDX-License-Identifier: MIT */
/*
 * fig_getpid.c - the shortest system call, one at a time
 */
#include <sys/syscall.h>

#include "bench.h"

#define CALLS	5000

static double values[CALLS];

static inline void native_call(void)
{
	long nr = SYS_getpid;

	asm volatile("syscall" : "+a" (nr) : : "rcx", "r11", "memory");
}

static inline void dune_call(void)
{
	long nr = SYS_getpid;

	asm volatile("vmcall" : "+a" (nr) : : "memory");
}

static inline __attribute__((always_inline)) double time_calls(void (*call)(void))
{
	uint64_t empty = ticks_empty(), t;
	int i;

	call();
	for (i = 0; i < CALLS; i++) {
		t = ticks_now();
		call();
		values[i] = ticks_now() - t - empty;
	}
	return median(values, CALLS);
}

double getpid_native(void)
{
	return time_calls(native_call);
}

int getpid_dune(struct sample *sample)
{
	int r = enter(), i;

	if (r)
		return r;
	sample->ticks = time_calls(dune_call);
	sample->n = CALLS;
	count_from();
	for (i = 0; i < CALLS; i++)
		dune_call();
	count_to();
	return counted(sample);
}
