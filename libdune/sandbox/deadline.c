/* SPDX-License-Identifier: MIT */
/*
 * deadline.c - a call that takes too long
 *
 * A timer of Linux's signals the thread; the signal interrupts the domain like
 * any other (see dune_dom_signal()), and on the way back somebody looks at the
 * clock. The timer repeats, as a signal may come where nobody looks.
 */
#include <linux/time.h>
#include <linux/time_types.h>
#include <asm/siginfo.h>
#include <asm/signal.h>

#include "domain.h"

#define NSEC		1000000000UL
#define REPEAT		10000000UL	/* nanoseconds */

uint64_t dune_now(void)
{
	struct __kernel_timespec t = { 0 };

	sys(__NR_clock_gettime, CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC + t.tv_nsec;
}

static int on_signal(struct dune_tf *tf)
{
	return DUNE_TRAP_DONE;
}

/* Take the signal, unless it is the program's. */
int dune_deadline_init(void)
{
	static uint32_t taken;
	struct dune_action old;

	if (__atomic_load_n(&taken, __ATOMIC_ACQUIRE))
		return 0;
	if (sys(__NR_rt_sigaction, DUNE_DOMAIN_SIGNAL, NULL, &old, 8) ||
	    old.handler != HANDLER_DFL)
		return -EBUSY;
	dune_signal_set_handler(DUNE_DOMAIN_SIGNAL, on_signal, DUNE_TRAP_GPRS_ONLY);
	__atomic_store_n(&taken, 1, __ATOMIC_RELEASE);
	return 0;
}

static void unblock_signal(void)
{
	const uint64_t bit = SIG_BIT(DUNE_DOMAIN_SIGNAL);

	sys(__NR_rt_sigprocmask, SIG_UNBLOCK, &bit, NULL, 8);
}

/* Of a thread of the program's: how it is to be interrupted. */
void dune_deadline_first_call(struct dune_thread *t)
{
	t->tid = sys(__NR_gettid);
	unblock_signal();
}

static long set_timer(long timer, uint64_t at)
{
	struct __kernel_itimerspec spec = {
		.it_interval = { 0, REPEAT },
		.it_value = { at / NSEC, at % NSEC },
	};

	return sys(__NR_timer_settime, timer, TIMER_ABSTIME, &spec, NULL);
}

/* Of a call of the same domain's that waits for this one; another's is not its time. */
static uint64_t outer_deadline(const struct dom_call *c)
{
	const struct dom_call *outer = c->outer;

	while (outer && outer->d != c->d)
		outer = outer->outer;
	return outer ? outer->deadline : 0;
}

/* For the calling thread. Returns the timer, or -1: none is needed; or -errno. */
long dune_deadline_arm(struct dom_call *c, uint64_t timeout)
{
	struct sigevent event = {
		.sigev_signo = DUNE_DOMAIN_SIGNAL,
		.sigev_notify = SIGEV_THREAD_ID,
	};
	uint64_t outer = outer_deadline(c), now;
	int id = 0;
	long r;

	c->deadline = outer;
	if (!timeout)
		return -1;
	now = dune_now();
	c->deadline = timeout > ~0UL - now ? ~0UL : now + timeout;
	if (outer && outer < c->deadline)
		c->deadline = outer;
	event._sigev_un._tid = sys(__NR_gettid);
	unblock_signal();
	r = sys(__NR_timer_create, CLOCK_MONOTONIC, &event, &id);
	if (sys_failed(r))
		return r == -1 ? -EAGAIN : r;
	set_timer(id, c->deadline);
	return id;
}

void dune_deadline_disarm(long timer)
{
	if (timer >= 0)
		sys(__NR_timer_delete, timer);
}

bool dune_deadline_over(const struct dom_call *c)
{
	return c->deadline && dune_now() >= c->deadline;
}

/* The domain has ended: whoever runs in it is to notice. */
void dune_deadline_kick(const struct dune_domain *d)
{
	long pid = sys(__NR_getpid), me = sys(__NR_gettid);
	unsigned int i;

	for (i = 0; i < d->nr_threads; i++) {
		uint32_t tid = __atomic_load_n(&d->threads[i].tid, __ATOMIC_RELAXED);

		if (tid && tid != TAKEN && tid != me)
			sys(__NR_tgkill, pid, tid, DUNE_DOMAIN_SIGNAL);
	}
}
