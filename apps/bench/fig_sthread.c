/* SPDX-License-Identifier: MIT */
/*
 * fig_sthread.c - an sthread, made and joined, beside a thread and a process
 *
 * All run the same function of libc's. It must be there: the object that libdune
 * is in, here this program, is not for sthreads.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dune/dune.h>
#include <dune/vm.h>

#include "../sthread/sthread.h"
#include "bench.h"

#define BATCHES	51
#define FIRST	10		/* that are not counted */

typedef void *(*thread_fn)(void *arg);

static const thread_fn function = (thread_fn)(void *)labs;
static double values[BATCHES];
static struct sthread_sc *sc;

/* The median of single operations, each made of @parts; or that one failed. */
static double time_each(int (*operation)(void), int parts)
{
	uint64_t empty = ticks_empty(), t;
	int i;

	for (i = 0; i < FIRST; i++)
		if (operation())
			return NOT_MEASURED;
	for (i = 0; i < BATCHES; i++) {
		t = ticks_now();
		if (operation())
			return NOT_MEASURED;
		values[i] = (double)(ticks_now() - t - empty) / parts;
	}
	return median_of_batches(values, BATCHES, parts);
}

static int with_pthread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, function, NULL) ||
	       pthread_join(thread, NULL);
}

static int with_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(labs(0));
	return waitpid(pid, NULL, 0) != pid;
}

static int with_sthread(void)
{
	struct sthread *s;

	return sthread_create(&s, sc, function, NULL) || sthread_join(s, NULL, NULL);
}

/* In a context of its own, which has none to use again. */
static int with_fresh_sthread(void)
{
	int r = sthread_sc_new(&sc) || with_sthread();

	return r || sthread_sc_free(sc);
}

double pthread_native(void)
{
	return time_each(with_pthread, 1);
}

double fork_native(void)
{
	return time_each(with_fork, 1);
}

static int in_sthreads(struct sample *sample, int (*operation)(void))
{
	int r = enter();

	r = r ? r : sthread_init();
	r = r ? r : sthread_sc_new(&sc);
	if (r)
		return r;
	count_from();
	sample->ticks = time_each(operation, 1);
	count_to();
	sample->n = FIRST + BATCHES;
	return sample->ticks == NOT_MEASURED ? -EIO : counted(sample);
}

int sthread_create_dune(struct sample *sample)
{
	return in_sthreads(sample, with_sthread);
}

int sthread_fresh_dune(struct sample *sample)
{
	return in_sthreads(sample, with_fresh_sthread);
}

/* ---- from one root to another, and back ---------------------------------- */

static struct dune_root *other;

static int there_and_back(void)
{
	return dune_vm_switch(other) || dune_vm_switch(dune_vm_mirror());
}

static void load_cr3(uint64_t cr3)
{
	asm volatile("mov %0, %%cr3" : : "r" (cr3) : "memory");
}

/* As a CPU without PCIDs must: the TLB forgets. */
static int there_and_back_flushed(void)
{
	uint64_t cr3;

	asm volatile("mov %%cr3, %0" : "=r" (cr3));
	load_cr3(dune_va_to_pa(other) | (cr3 & 4095));
	load_cr3(cr3);
	return 0;
}

static int switching(struct sample *sample, int (*operation)(void))
{
	int r = enter();

	r = r ? r : dune_vm_clone(dune_vm_mirror(), 0, &other);
	if (r)
		return r;
	count_from();
	sample->ticks = time_each(operation, 2);
	count_to();
	sample->n = 2 * (FIRST + BATCHES);
	return counted(sample);
}

int root_switch_dune(struct sample *sample)
{
	return switching(sample, there_and_back);
}

int root_switch_flushed_dune(struct sample *sample)
{
	return switching(sample, there_and_back_flushed);
}

static int yield(void)
{
	return sched_yield();
}

/* Two processes that only yield to each other: each time one call and a switch. */
double process_switch_native(void)
{
	pid_t pid = fork();
	double ticks;

	if (!pid)
		for (;;)
			sched_yield();
	ticks = time_each(yield, 2);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return ticks;
}
