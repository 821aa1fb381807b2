/* SPDX-License-Identifier: MIT */
/*
 * lock.c - waiting for a lock, without anything that could want it too
 */
#include <linux/mman.h>

#include "lock.h"

#define SPINS	100

struct dune_locks dune_locks LARGE;

void dune_locks_begin(void)
{
	static bool begun;

	if (begun)
		return;
	sys(__NR_madvise, &dune_locks, sizeof(dune_locks), MADV_WIPEONFORK);
	begun = true;
}

static void quiet(struct dune_held *held)
{
	held->inside = dune_inside();
	if (held->inside)
		held->flags = dune_irq_off();
	else
		held->mask = dune_sigmask_set(~0ULL);
}

static void loud(const struct dune_held *held)
{
	if (held->inside)
		dune_irq_restore(held->flags);
	else
		dune_sigmask_set(held->mask);
}

/* The holder may wait for the CPU we have: let signals come, and others run. */
static __attribute__((noinline)) void wait_for(uint32_t *lock, struct dune_held *held)
{
	unsigned int i;

	for (;;) {
		quiet(held);
		for (i = 0; i < SPINS; i++) {
			if (dune_try_lock(lock))
				return;
			asm volatile("pause");
		}
		loud(held);
		sys(__NR_sched_yield);
	}
}

void dune_lock(uint32_t *lock, struct dune_held *held)
{
	if (dune_inside()) {
		held->inside = true;
		held->flags = dune_irq_off();
		if (dune_try_lock(lock))
			return;
		dune_irq_restore(held->flags);
	}
	wait_for(lock, held);
}

void dune_unlock(uint32_t *lock, const struct dune_held *held)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
	loud(held);
}

void dune_lock_wait(uint32_t *lock)
{
	while (!dune_try_lock(lock))
		sys(__NR_sched_yield);
}

void dune_lock_nested(uint32_t *lock)
{
	while (!dune_try_lock(lock))
		asm volatile("pause");
}
