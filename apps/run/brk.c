/* SPDX-License-Identifier: MIT */
/*
 * brk.c - the program's heap
 *
 * The process's own break lies behind the monitor, in its block. So the
 * program's is made of mappings, at the place and with the rules of brk(2).
 */
#include <linux/mman.h>

#include "run.h"

static uint64_t heap_start, heap_end;
static uint32_t lock;		/* whose it is, or 0 */

void brk_init(uint64_t start)
{
	heap_start = heap_end = start;
}

/* In the child of a fork: a thread that it does not have may have held the lock. */
void brk_after_fork(void)
{
	lock = 0;
}

/* From a process with this memory that was killed it is taken away. */
static void take_lock(void)
{
	uint32_t me = sys(__NR_gettid), owner = 0;

	while (!__atomic_compare_exchange_n(&lock, &owner, me, false, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED)) {
		if (owner && sys(__NR_kill, owner, 0) == -ESRCH)
			continue;
		sys(__NR_sched_yield);
		owner = 0;
	}
}

static bool grow(uint64_t from, uint64_t to)
{
	long r;

	if (from == to)
		return true;
	r = sys(__NR_mmap, from, to - from, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	return r == (long)from;
}

/* brk(2): the new break, or the old one where it cannot be had. */
uint64_t brk_set(uint64_t to)
{
	uint64_t end;

	take_lock();
	if (to >= heap_start && to < TASK_SIZE && !in_monitor(heap_start, to - heap_start)) {
		uint64_t old = PAGE_UP(heap_end), new = PAGE_UP(to);

		if (new < old)
			sys(__NR_munmap, new, old - new);
		if (new <= old || grow(old, new))
			heap_end = to;
	}
	end = heap_end;
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
	return end;
}
