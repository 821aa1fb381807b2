/* SPDX-License-Identifier: MIT */
/*
 * limits.c - how much of everything
 *
 * What Linux can limit, it limits (setrlimit(2), a timer). What all processes
 * share is counted in their shared memory, without locks: whoever is killed must
 * not keep the others waiting.
 */
#include <linux/fcntl.h>
#include <linux/resource.h>
#include <linux/time.h>
#include <asm/siginfo.h>

#include "box.h"

/* The device, what is hidden, and slots; and a vcpu for each thread. */
#define FDS_OF_DUNE	(32 + NR_SLOTS)
#define FDS_OF_THREADS	192
#define SECOND		1000000000UL

static long set_limit(int what, uint64_t soft, uint64_t hard)
{
	const uint64_t limit[2] = { soft, hard };

	return sys(__NR_prlimit64, 0, what, limit, NULL);
}

/* Bytes of address space in use. */
static uint64_t size_now(void)
{
	long fd = sys(__NR_openat, AT_FDCWD, "/proc/self/statm", O_RDONLY | O_CLOEXEC, 0);
	char text[32] = "", *s;
	uint64_t pages = 0;

	if (sys_failed(fd))
		return 0;
	sys(__NR_read, fd, text, sizeof(text) - 1);
	sys(__NR_close, fd);
	for (s = text; *s >= '0' && *s <= '9'; s++)
		pages = pages * 10 + *s - '0';
	return pages * 4096;
}

/* The program's descriptors and those that Dune mode needs above them. */
static long limit_files(const uint64_t *limit)
{
	uint64_t all = limit[LIMIT_FILES] + FDS_OF_DUNE, threads = FDS_OF_THREADS;
	uint64_t now[2] = { 0 };

	if (threads > limit[LIMIT_PROCESSES])
		threads = limit[LIMIT_PROCESSES];
	/* What is above the process's own limit only root could have. */
	sys(__NR_prlimit64, 0, RLIMIT_NOFILE, NULL, now);
	if (now[1] > all && threads > now[1] - all)
		threads = now[1] - all;
	return set_limit(RLIMIT_NOFILE, all + threads, all + threads);
}

/* The first process, once; children inherit it. */
long limits_start(struct box *b)
{
	const uint64_t *limit = b->policy->limit;
	long r = 0;

	if (limit[LIMIT_MEMORY] != NO_LIMIT) {
		uint64_t bytes = size_now() + limit[LIMIT_MEMORY];

		r = set_limit(RLIMIT_AS, bytes, bytes);
	}
	if (!r && limit[LIMIT_CPU] != NO_LIMIT)
		r = set_limit(RLIMIT_CPU, limit[LIMIT_CPU], limit[LIMIT_CPU] + 1);
	if (!r && limit[LIMIT_FILES] != NO_LIMIT)
		r = limit_files(limit);
	if (!r && limit[LIMIT_OUTPUT] != NO_LIMIT)
		r = set_limit(RLIMIT_FSIZE, limit[LIMIT_OUTPUT], limit[LIMIT_OUTPUT]);
	if (limit[LIMIT_TIME] != NO_LIMIT)
		b->shared->deadline = time_now() + limit[LIMIT_TIME] * SECOND;
	return r;
}

/* Each process: its own timer, which neither fork() nor execve() hands on. */
void limits_process(struct box *b)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 9 };
	uint64_t end = b->shared->deadline;
	const uint64_t when[4] = { 0, 0, end / SECOND, end % SECOND };
	int timer;

	roster_add(b, sys(__NR_getpid));
	if (!end)
		return;
	if (sys(__NR_timer_create, CLOCK_MONOTONIC, &event, &timer) ||
	    sys(__NR_timer_settime, timer, 1 /* TIMER_ABSTIME */, when, NULL))
		for (;;)
			sys(__NR_exit_group, 125);
}

/* How much of @wanted bytes may be written; it counts as written. */
uint64_t output_room(struct box *b, uint64_t wanted)
{
	uint64_t limit = b->policy->limit[LIMIT_OUTPUT], old, take;

	if (limit == NO_LIMIT)
		return wanted;
	old = __atomic_load_n(&b->shared->output, __ATOMIC_RELAXED);
	do {
		take = old >= limit ? 0 : limit - old < wanted ? limit - old : wanted;
	} while (!__atomic_compare_exchange_n(&b->shared->output, &old, old + take, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return take;
}

/* @bytes of it were not written. */
void output_unused(struct box *b, uint64_t bytes)
{
	if (b->policy->limit[LIMIT_OUTPUT] != NO_LIMIT)
		__atomic_sub_fetch(&b->shared->output, bytes, __ATOMIC_RELAXED);
}
