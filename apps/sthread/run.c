/* SPDX-License-Identifier: MIT */
/*
 * run.c - sthreads begin, run, and end
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "priv.h"

/* The innermost that this thread runs. */
static __thread struct sthread *current;

struct sthread *run_current(void)
{
	return current;
}

/* From a handler: back to sthread_join(). What else is to be reported, is set. */
void run_end(struct sthread *s, enum sthread_end end, const struct dune_tf *tf)
{
	s->report.end = end;
	s->report.rip = tf->rip;
	dune_ring3_exit(0);
}

static bool from_sthread(const struct dune_tf *tf)
{
	return (tf->cs & 3) && current;
}

static int on_trap(struct dune_tf *tf)
{
	if (!from_sthread(tf))
		return DUNE_TRAP_PASS;
	if (tf->rip == NOWHERE && current->expired) {
		tf->rip = current->stopped_at;
		run_end(current, STHREAD_TIME, tf);
	}
	current->report.vector = tf->vector;
	run_end(current, STHREAD_TRAP, tf);
}

static int on_pgflt(uintptr_t address, uint64_t error, struct dune_tf *tf)
{
	struct sthread_report *r;

	if (!from_sthread(tf))
		return DUNE_TRAP_PASS;
	r = &current->report;
	r->address = address;
	r->access = error & DUNE_PF_FETCH ? 'x' : error & DUNE_PF_WRITE ? 'w' : 'r';
	tag_name_at(address, r->where);
	run_end(current, STHREAD_ACCESS, tf);
}

static void on_syscall(struct dune_tf *tf)
{
	if (current)
		calls_make(current, tf);
	else
		tf->rax = -ENOSYS;
}

static int set_handlers(void)
{
	unsigned int vector;
	int r = dune_trap_set_pgflt_handler(on_pgflt, 0) ?:
		dune_trap_set_syscall_handler(on_syscall, 0);

	for (vector = 0; !r && vector < 32; vector++) {
		/* NMI, double fault, page fault, machine check */
		if (vector == 2 || vector == 8 || vector == 14 || vector == 18)
			continue;
		r = dune_trap_set_handler(vector, on_trap, 0);
	}
	return r;
}

int sthread_init(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	int r = 0;

	if (!dune_active())
		return -EINVAL;
	pthread_mutex_lock(&lock);
	if (!objects.ready)
		r = objects_init() ?: set_handlers();
	objects.ready = objects.ready || !r;
	pthread_mutex_unlock(&lock);
	return r;
}

static bool is_code(uintptr_t address)
{
	unsigned int i;

	for (i = 0; i < objects.nr; i++)
		if (objects.range[i].exec && address - objects.range[i].start <
		    objects.range[i].end - objects.range[i].start)
			return true;
	return false;
}

static int make_new(struct sthread **s, struct sthread_sc *sc)
{
	struct sthread *new = calloc(1, sizeof(*new));
	int r;

	if (!new)
		return -ENOMEM;
	new->sc = sc;
	r = memory_new(new);
	if (r)
		free(new);
	else
		*s = new;
	return r;
}

/* One that has ended, or a new one; with all that the context grants. */
static int take(struct sthread **s, struct sthread_sc *sc)
{
	int r;

	pthread_mutex_lock(&sc->lock);
	*s = sc->idle;
	if (!*s) {
		r = make_new(s, sc);
	} else {
		r = memory_grant(*s);
		if (!r)
			sc->idle = (*s)->next;
	}
	if (!r)
		sc->nr_running++;
	pthread_mutex_unlock(&sc->lock);
	return r;
}

static void put(struct sthread *s)
{
	struct sthread_sc *sc = s->sc;

	pthread_mutex_lock(&sc->lock);
	s->next = sc->idle;
	sc->idle = s;
	sc->nr_running--;
	pthread_mutex_unlock(&sc->lock);
}

int sthread_create(struct sthread **s, struct sthread_sc *sc, sthread_fn fn, void *arg)
{
	struct sthread *new;
	int r;

	if (!is_code((uintptr_t)fn))
		return -EINVAL;
	r = take(&new, sc);
	if (r)
		return r;
	new->tf = (struct dune_tf) {
		.rip = (uintptr_t)fn,
		.rdi = (uintptr_t)arg,
		.rflags = 0x202,
	};
	memory_push(new, objects.gate);		/* as if called from there */
	memset(&new->report, 0, sizeof(new->report));
	new->value = NULL;
	*s = new;
	return 0;
}

int sthread_join(struct sthread *s, void **value, struct sthread_report *report)
{
	enum sthread_end end;
	int r;

	if (!dune_active())
		return -EINVAL;
	s->outer = current;
	r = time_start(s);
	if (r)
		return r;
	current = s;
	r = dune_ring3_enter_root(&s->tf, s->root, s->thread_pointer);
	current = s->outer;
	time_stop(s);
	if (r)
		return r;

	end = s->report.end;
	if (value)
		*value = s->value;
	if (report)
		*report = s->report;
	memory_reset(s);
	put(s);
	return end == STHREAD_RETURNED ? 0 : -ECANCELED;
}
