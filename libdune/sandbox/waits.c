/* SPDX-License-Identifier: MIT */
/*
 * waits.c - a domain that waits: for a lock of its own, or for time to pass
 *
 * The handlers run without interrupts, so a wait is cut into short ones; between
 * two of them the domain makes its call again, and is interrupted there by what
 * has come: a deadline, or a signal of the program's.
 */
#include <linux/futex.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "domain.h"

#define NSEC		1000000000UL
#define SLICE		10000000UL	/* nanoseconds */
#define FOREVER		(~0UL)

static struct __kernel_timespec to_timespec(uint64_t ns)
{
	return (struct __kernel_timespec) { ns / NSEC, ns % NSEC };
}

/* A timespec of the domain's in nanoseconds; -EINVAL, -EFAULT. */
static long read_time(const struct dune_domain *d, uint64_t at, uint64_t *ns)
{
	struct __kernel_timespec t;

	if (dune_mem_read(d, &t, at, sizeof(t)))
		return -EFAULT;
	if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= (long)NSEC)
		return -EINVAL;
	*ns = t.tv_sec > 1000000000 ? FOREVER - 1 : t.tv_sec * NSEC + t.tv_nsec;
	return 0;
}

/* The first time: until when, by CLOCK_MONOTONIC. */
static long begin(struct dom_call *c, uint64_t at, uint64_t now, int clock, bool absolute)
{
	struct __kernel_timespec t = { 0 };
	uint64_t ns, base = now;
	long r;

	if (c->thread->until)
		return 0;
	c->thread->until = FOREVER;
	if (!at)
		return 0;
	r = read_time(c->d, at, &ns);
	if (!r && absolute) {
		sys(__NR_clock_gettime, clock, &t);
		base = t.tv_sec * NSEC + t.tv_nsec;
		ns = ns > base ? ns - base : 0;
	}
	c->thread->until = r ? 0 : ns > FOREVER - now ? FOREVER : now + ns;
	return r;
}

static void again(struct dune_tf *tf)
{
	tf->rip -= SYSCALL_LEN;
}

static void done(struct dom_call *c, struct dune_tf *tf, long r)
{
	c->thread->until = 0;
	tf->rax = r;
}

static uint64_t slice_end(const struct dom_call *c, uint64_t now)
{
	return c->thread->until - now < SLICE ? c->thread->until : now + SLICE;
}

static void futex_wait(struct dom_call *c, struct dune_tf *tf, bool bitset)
{
	int clock = tf->rsi & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	struct __kernel_timespec t;
	uint64_t now = dune_now();
	long r = begin(c, tf->r10, now, clock, bitset);

	if (r || now >= c->thread->until) {
		done(c, tf, r ?: -ETIMEDOUT);
		return;
	}
	t = to_timespec(slice_end(c, now));
	r = sys(__NR_futex, tf->rdi, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, tf->rdx, &t, 0,
		bitset ? tf->r9 : FUTEX_BITSET_MATCH_ANY);
	if (r == -ETIMEDOUT || r == -EINTR)
		again(tf);
	else
		done(c, tf, r);
}

/* None that writes: dune_domain_reset() would not know of it. */
void dune_call_futex(struct dom_call *c, struct dune_tf *tf)
{
	uint64_t op = tf->rsi & FUTEX_CMD_MASK;
	bool two = op == FUTEX_REQUEUE || op == FUTEX_CMP_REQUEUE;

	if (!dune_mem_inside(c->d, tf->rdi, 4) || (two && !dune_mem_inside(c->d, tf->r8, 4))) {
		tf->rax = -EFAULT;
		return;
	}
	switch (op) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		futex_wait(c, tf, op == FUTEX_WAIT_BITSET);
		return;
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		tf->rax = sys(__NR_futex, tf->rdi, op | FUTEX_PRIVATE_FLAG, tf->rdx, tf->r10,
			      two ? tf->r8 : 0, tf->r9);
		return;
	}
	tf->rax = -ENOSYS;
}

/* nanosleep() and clock_nanosleep(). */
void dune_call_sleep(struct dom_call *c, struct dune_tf *tf)
{
	bool plain = tf->rax == __NR_nanosleep;
	int clock = plain ? CLOCK_MONOTONIC : tf->rdi;
	struct __kernel_timespec t;
	uint64_t now = dune_now();
	long r = -EINVAL;

	if (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC)
		r = begin(c, plain ? tf->rdi : tf->rdx, now, clock,
			  !plain && (tf->rsi & TIMER_ABSTIME));
	if (r || now >= c->thread->until) {
		done(c, tf, r);
		return;
	}
	t = to_timespec(slice_end(c, now));
	sys(__NR_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	again(tf);
}
