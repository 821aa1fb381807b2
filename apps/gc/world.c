/* SPDX-License-Identifier: MIT */
/*
 * world.c - the program's threads, what they hold, and putting them to rest
 */
#include <pthread.h>
#include <stdlib.h>

#include "heap.h"

#define MAX_THREADS	64
#define MAX_ROOTS	64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_rest = PTHREAD_COND_INITIALIZER, go_on = PTHREAD_COND_INITIALIZER;
static struct gc_thread threads[MAX_THREADS];
static uintptr_t *roots[MAX_ROOTS];
static int nr_roots, running;
static volatile bool stopping;
static __thread struct gc_thread *self;

struct gc_thread *world_self(void)
{
	return self;
}

void gc_add_root(void *variable)
{
	pthread_mutex_lock(&lock);
	if (nr_roots == MAX_ROOTS)
		abort();
	roots[nr_roots++] = variable;
	pthread_mutex_unlock(&lock);
}

static void *stack_top(void)
{
	pthread_attr_t attr;
	void *low;
	size_t size;

	if (pthread_getattr_np(pthread_self(), &attr) || pthread_attr_getstack(&attr, &low, &size))
		abort();
	pthread_attr_destroy(&attr);
	return (char *)low + size;
}

void gc_thread_begin(void)
{
	void *top = stack_top();
	int i;

	pthread_mutex_lock(&lock);
	while (stopping)
		pthread_cond_wait(&go_on, &lock);
	for (i = 0; i < MAX_THREADS && threads[i].used; i++)
		;
	if (i == MAX_THREADS)
		abort();
	self = &threads[i];
	*self = (struct gc_thread){ .used = true, .stack_top = top };
	running++;
	pthread_mutex_unlock(&lock);
}

/* Under the lock. */
static void rest(void)
{
	if (!--running)
		pthread_cond_signal(&all_rest);
}

static void wake(void)
{
	while (stopping)
		pthread_cond_wait(&go_on, &lock);
	running++;
}

void gc_thread_end(void)
{
	pthread_mutex_lock(&lock);
	self->used = false;
	rest();
	pthread_mutex_unlock(&lock);
}

/*
 * Call @fn with everything that the thread holds above its sp: registers that
 * calls preserve are in this function's frame.
 */
static __attribute__((noinline)) void with_registers_saved(void (*fn)(void *), void *data)
{
	void *sp;

	__builtin_unwind_init();
	asm volatile("mov %%rsp, %0" : "=r" (sp));
	self->sp = sp;
	fn(data);
	asm volatile("" : : : "memory");
}

static void rest_until_go(void *unused)
{
	pthread_mutex_lock(&lock);
	rest();
	wake();
	pthread_mutex_unlock(&lock);
}

void gc_safepoint(void)
{
	if (__builtin_expect(stopping, 0))
		with_registers_saved(rest_until_go, NULL);
}

struct wait {
	void	(*fn)(void *data);
	void	*data;
};

static void wait_at_rest(void *data)
{
	const struct wait *wait = data;

	pthread_mutex_lock(&lock);
	rest();
	pthread_mutex_unlock(&lock);
	wait->fn(wait->data);
	pthread_mutex_lock(&lock);
	wake();
	pthread_mutex_unlock(&lock);
}

void gc_wait(void (*fn)(void *data), void *data)
{
	struct wait wait = { fn, data };

	with_registers_saved(wait_at_rest, &wait);
}

void world_stop(void)
{
	pthread_mutex_lock(&lock);
	stopping = true;
	while (running)
		pthread_cond_wait(&all_rest, &lock);
	pthread_mutex_unlock(&lock);
}

void world_start(void)
{
	pthread_mutex_lock(&lock);
	stopping = false;
	pthread_cond_broadcast(&go_on);
	pthread_mutex_unlock(&lock);
}

void world_each_thread(void (*fn)(struct gc_thread *thread))
{
	int i;

	for (i = 0; i < MAX_THREADS; i++)
		if (threads[i].used)
			fn(&threads[i]);
}

void world_each_root(void (*fn)(const uintptr_t *from, const uintptr_t *to))
{
	int i;

	for (i = 0; i < nr_roots; i++)
		fn(roots[i], roots[i] + 1);
	for (i = 0; i < MAX_THREADS; i++)
		if (threads[i].used)
			fn((uintptr_t *)((uintptr_t)threads[i].sp & -8), threads[i].stack_top);
}
