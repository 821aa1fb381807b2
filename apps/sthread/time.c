/* SPDX-License-Identifier: MIT */
/*
 * time.c - an end to what does not end by itself
 *
 * A timer of the thread's CPU time sends a signal, which libdune delivers as an
 * interrupt. If that is in ring 3, it goes on where no code can be, and is ended
 * by the exception; if in a system call, calls.c looks afterwards. The timer goes
 * on, so that a signal that comes before ring 3 is followed by one that does not.
 *
 * It is set for the innermost sthread of the thread. One that runs within another
 * ends no later than that may, so whoever's time is over, the innermost's is.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "priv.h"

#define AGAIN_NS	10000000
#define NSEC		1000000000UL

static __thread timer_t timer;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_error;

static uint64_t now(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * NSEC + t.tv_nsec;
}

static int on_time(struct dune_tf *tf)
{
	struct sthread *s = run_current();

	/* A signal may come late, when another is the innermost. */
	if (!s || now() < s->deadline)
		return DUNE_TRAP_DONE;
	s->expired = true;
	if ((tf->cs & 3) && tf->rip != NOWHERE) {
		s->stopped_at = tf->rip;
		tf->rip = NOWHERE;
	}
	return DUNE_TRAP_DONE;
}

static void delete_timer(void *nothing)
{
	timer_delete(timer);
}

static void prepare(void)
{
	once_error = -pthread_key_create(&key, delete_timer);
	if (!once_error)
		once_error = dune_signal_set_handler(STHREAD_SIGNAL, on_time, 0);
}

int sthread_sc_cpu_set(struct sthread_sc *sc, unsigned int ms)
{
	pthread_once(&once, prepare);
	if (once_error)
		return once_error;
	__atomic_store_n(&sc->cpu_ms, ms, __ATOMIC_RELEASE);
	return 0;
}

static int make_timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
				  .sigev_signo = STHREAD_SIGNAL };

	event._sigev_un._tid = gettid();
	if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer))
		return -errno;
	/* For its destructor, when the thread ends. */
	return -pthread_setspecific(key, &timer);
}

/* In a forked child the parent's timer is not there. */
static int set_timer(uint64_t deadline)
{
	struct itimerspec t = { .it_interval = { 0, AGAIN_NS },
				.it_value = { deadline / NSEC, deadline % NSEC } };

	if (deadline == NO_DEADLINE)
		t = (struct itimerspec) { 0 };
	if (pthread_getspecific(key) && !timer_settime(timer, TIMER_ABSTIME, &t, NULL))
		return 0;
	return make_timer() ?: timer_settime(timer, TIMER_ABSTIME, &t, NULL) ? -errno : 0;
}

/* Before @s runs, within s->outer if there is one. */
int time_start(struct sthread *s)
{
	unsigned int ms = __atomic_load_n(&s->sc->cpu_ms, __ATOMIC_ACQUIRE);
	uint64_t limit = s->outer ? s->outer->deadline : NO_DEADLINE, own;

	s->expired = false;
	s->deadline = limit;
	if (!ms)
		return 0;
	own = now() + ms * (NSEC / 1000);
	if (own >= limit)
		return 0;
	s->deadline = own;
	return set_timer(own);
}

/* It has ended: what it was within goes on, with its own deadline. */
void time_stop(struct sthread *s)
{
	uint64_t deadline = s->outer ? s->outer->deadline : NO_DEADLINE;

	if (s->deadline != deadline)
		set_timer(deadline);
}
