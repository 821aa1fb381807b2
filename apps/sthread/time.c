/* SPDX-License-Identifier: MIT */
/*
 * time.c - an end to what does not end by itself
 *
 * A timer of the thread's CPU time sends a signal, which libdune delivers as an
 * interrupt. If that is in ring 3, it goes on where no code can be, and is ended
 * by the exception; if in a system call, calls.c looks afterwards. The timer goes
 * on, so that a signal that comes before ring 3 is followed by one that does not.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "priv.h"

#define AGAIN_NS	10000000

static __thread struct sthread *timed;
static __thread timer_t timer;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_error;

static int on_time(struct dune_tf *tf)
{
	if (!timed)
		return DUNE_TRAP_DONE;
	timed->expired = true;
	if ((tf->cs & 3) && run_current() == timed && tf->rip != NOWHERE) {
		timed->stopped_at = tf->rip;
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
static int set_timer(const struct itimerspec *t)
{
	if (pthread_getspecific(key) && !timer_settime(timer, 0, t, NULL))
		return 0;
	return make_timer() ?: timer_settime(timer, 0, t, NULL) ? -errno : 0;
}

/* Before @s runs. One that runs within another counts as part of it. */
int time_start(struct sthread *s)
{
	unsigned int ms = __atomic_load_n(&s->sc->cpu_ms, __ATOMIC_ACQUIRE);
	struct itimerspec t = { .it_interval = { 0, AGAIN_NS },
				.it_value = { ms / 1000, ms % 1000 * 1000000L } };
	int r;

	s->expired = false;
	if (!ms || timed)
		return 0;
	timed = s;
	r = set_timer(&t);
	if (r)
		timed = NULL;
	return r;
}

void time_stop(struct sthread *s)
{
	const struct itimerspec none = { 0 };

	if (timed != s)
		return;
	timed = NULL;
	timer_settime(timer, 0, &none, NULL);
}
