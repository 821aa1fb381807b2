/* SPDX-License-Identifier: MIT */
/*
 * fdslots.c - numbers of descriptors that no thread of ring 3 can get at
 *
 * Where threads share their descriptors, one of them can put another file at a
 * number that ring 0 judges and then uses, by dup2(2) for example. So what is judged
 * is moved first, to a number of these. They are never free and always hidden: none
 * of ring 3's calls can name them, and Linux gives them to nobody.
 */
#include <linux/fcntl.h>
#include <linux/time.h>

#include "box.h"

enum { NOT_STARTED, STARTING, STARTED };

#define PATIENCE	1000000000UL	/* nanoseconds; then others wait in their opens */

/* Nanoseconds since whenever. */
uint64_t time_now(void)
{
	uint64_t t[2] = { 0 };

	sys(__NR_clock_gettime, CLOCK_MONOTONIC, t);
	return t[0] * 1000000000UL + t[1];
}

/*
 * Slots share the room of libdune's, above all that the policy allows. A child of
 * fork() has the slots, but libdune's start is to be fixed again.
 */
static void choose_room(struct box *b)
{
	uint64_t files = b->policy->limit[LIMIT_FILES];

	b->slots.room = dune_own_fds_from(files == NO_LIMIT ? 0 : files);
}

/* 0, or -EAGAIN: there is not one number free. */
static long occupy(struct box *b)
{
	struct fd_slots *s = &b->slots;
	long from = s->room, fd = 0;
	uint32_t n;

	for (n = 0; n < NR_SLOTS; n++) {
		fd = sys(__NR_fcntl, b->shared->monitor_fd, F_DUPFD_CLOEXEC, from);
		if (sys_failed(fd))
			break;
		s->fd[n] = fd;
		from = fd + 1;
	}
	if (!n)
		return -EAGAIN;
	s->nr = n;
	s->first = s->fd[0];
	s->end = s->fd[n - 1] + 1;
	return 0;
}

/*
 * Before the first clone that has our descriptors. Several can come here: clones
 * with our memory and descriptors of their own.
 */
long slots_start(struct box *b)
{
	uint32_t *state = &b->slots.state, now = NOT_STARTED;
	long r;

	while (!__atomic_compare_exchange_n(state, &now, STARTING, false, __ATOMIC_ACQUIRE,
					    __ATOMIC_ACQUIRE)) {
		if (now == STARTED) {
			choose_room(b);
			return 0;
		}
		now = NOT_STARTED;
		sys(__NR_sched_yield);
	}
	choose_room(b);
	r = occupy(b);
	__atomic_store_n(state, r ? NOT_STARTED : STARTED, __ATOMIC_RELEASE);
	return r;
}

bool slots_have(const struct box *b, uint32_t fd)
{
	unsigned int i;

	for (i = 0; i < b->slots.nr; i++)
		if (b->slots.fd[i] == fd)
			return true;
	return false;
}

/* The index of a slot that is ours now, or -1: none is free. */
static int claim(struct fd_slots *s)
{
	uint32_t all = s->nr < 32 ? (1U << s->nr) - 1 : ~0U;
	uint32_t busy = __atomic_load_n(&s->busy, __ATOMIC_RELAXED);

	while (~busy & all) {
		uint32_t bit = ~busy & all & -(~busy & all);

		if (__atomic_compare_exchange_n(&s->busy, &busy, busy | bit, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return __builtin_ctz(bit);
	}
	return -1;
}

/* The same, a while later if need be. */
static int claim_or_wait(struct fd_slots *s)
{
	int i = claim(s);
	uint64_t end;

	if (i >= 0)
		return i;
	for (end = time_now() + PATIENCE; i < 0 && time_now() < end; i = claim(s))
		sys(__NR_sched_yield);
	return i;
}

static void give_back(struct fd_slots *s, unsigned int i)
{
	__atomic_and_fetch(&s->busy, ~(1U << i), __ATOMIC_RELEASE);
}

/*
 * A slot with what is at @fd, or -EBADF: nothing is; -EMFILE: the slots are all in
 * use, by opens that wait, or above a limit that the process has set itself since.
 */
long slots_take(struct box *b, long fd)
{
	struct fd_slots *s = &b->slots;
	int i = claim_or_wait(s);
	long slot;

	if (i < 0)
		return -EMFILE;
	slot = sys(__NR_dup3, fd, s->fd[i], O_CLOEXEC);
	if (!sys_failed(slot))
		return slot;
	give_back(s, i);
	return sys_failed(sys(__NR_fcntl, fd, F_GETFD)) ? -EBADF : -EMFILE;
}

void slots_leave(struct box *b, long slot)
{
	struct fd_slots *s = &b->slots;
	unsigned int i;

	for (i = 0; i < s->nr; i++) {
		if (s->fd[i] != slot)
			continue;
		sys(__NR_dup3, b->shared->monitor_fd, slot, O_CLOEXEC);
		give_back(s, i);
	}
}

/* In a process with memory of its own: the threads that had slots, or began, are not there. */
void slots_forget(struct box *b)
{
	if (b->slots.state == STARTING)
		b->slots.state = NOT_STARTED;
	b->slots.busy = 0;
	b->slots.owner = sys(__NR_getpid);
}
