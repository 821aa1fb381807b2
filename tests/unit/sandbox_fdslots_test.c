/* SPDX-License-Identifier: MIT */
/*
 * sandbox_fdslots_test.c - the slots for judged descriptors, from many threads
 *
 * CFLAGS: -D_GNU_SOURCE -Ilibdune/include
 * SOURCES: apps/sandbox/fdslots.c
 */
#include "../../apps/sandbox/box.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tap.h"

#define NR_JUDGES	(NR_SLOTS + 8)
#define NR_CHANGERS	4
#define ROUNDS		500

static struct box box;
static struct shared shared;
static struct policy policy;
static uint64_t own_from, own_wanted;
static int files[8];
static bool changing;
static unsigned int wrong, judged;

long dune_sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	long r = syscall(nr, a, b, c, d, e, f);

	return r == -1 ? -errno : r;
}

uint64_t dune_own_fds_from(uint64_t wanted)
{
	own_wanted = wanted;
	return own_from;
}

static ino_t file_at(long fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

/* Which file comes into the slot is anybody's guess; it stays until it is left. */
static void *judge(void *unused)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		long low = dup(files[i % 8]), slot = slots_take(&box, low);
		ino_t file;

		close(low);
		if (slot < 0)
			continue;	/* it was closed before */
		file = file_at(slot);
		sched_yield();
		if (!file || file != file_at(slot) || !slots_have(&box, slot))
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
		slots_leave(&box, slot);
		__atomic_add_fetch(&judged, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* At numbers of ring 3's. */
static void *change(void *unused)
{
	unsigned int i;

	for (i = 0; __atomic_load_n(&changing, __ATOMIC_RELAXED); i++) {
		dup2(files[i % 8], files[7] + 1 + i % NR_JUDGES);
		close(files[7] + 1 + i / 7 % NR_JUDGES);
	}
	return NULL;
}

static void many_threads(void)
{
	pthread_t judges[NR_JUDGES], changers[NR_CHANGERS];
	unsigned int i, left = 0;

	changing = true;
	for (i = 0; i < NR_CHANGERS; i++)
		CHECK(!pthread_create(&changers[i], NULL, change, NULL));
	for (i = 0; i < NR_JUDGES; i++)
		CHECK(!pthread_create(&judges[i], NULL, judge, NULL));
	for (i = 0; i < NR_JUDGES; i++)
		pthread_join(judges[i], NULL);
	__atomic_store_n(&changing, false, __ATOMIC_RELAXED);
	for (i = 0; i < NR_CHANGERS; i++)
		pthread_join(changers[i], NULL);
	printf("# %u judged\n", judged);
	CHECK(!wrong && judged > NR_JUDGES * ROUNDS / 4 && !box.slots.busy);
	for (i = 0; i < NR_SLOTS; i++)
		left += file_at(box.slots.fd[i]) != file_at(shared.monitor_fd);
	CHECK(!left);
}

static void one_thread(void)
{
	struct rlimit limit, low;
	long slot[NR_SLOTS];
	unsigned int i, k;

	CHECK(slots_take(&box, -1) == -EBADF && slots_take(&box, 3000) == -EBADF && !box.slots.busy);
	for (i = 0; i < NR_SLOTS; i++) {
		slot[i] = slots_take(&box, files[i % 8]);
		wrong += slot[i] < box.slots.first || slot[i] >= box.slots.end ||
			 file_at(slot[i]) != file_at(files[i % 8]);
		for (k = 0; k < i; k++)
			wrong += slot[k] == slot[i];
	}
	CHECK(!wrong);
	CHECK(slots_take(&box, files[0]) == -EMFILE);
	slots_leave(&box, slot[9]);
	CHECK(slots_take(&box, files[1]) == slot[9] && file_at(slot[9]) == file_at(files[1]));
	slots_forget(&box);
	CHECK(slots_take(&box, files[2]) == slot[0] && file_at(slot[0]) == file_at(files[2]));
	for (i = 0; i < NR_SLOTS; i++)
		slots_leave(&box, slot[i]);
	CHECK(!box.slots.busy && !slots_have(&box, 0) && !slots_have(&box, box.slots.end));

	/* Above the limit Linux gives no number. */
	CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
	low = limit;
	low.rlim_cur = box.slots.first;
	CHECK(!setrlimit(RLIMIT_NOFILE, &low));
	CHECK(slots_take(&box, files[0]) == -EMFILE && slots_take(&box, -1) == -EBADF && !box.slots.busy);
	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
}

/* A process that may have few descriptors gets fewer slots, or no threads. */
static void few_numbers(void)
{
	static struct box other;
	struct rlimit limit, low;

	other = (struct box){ .shared = &shared, .policy = &policy };
	policy.limit[LIMIT_FILES] = NO_LIMIT;
	own_from = 16;
	CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
	low = limit;
	low.rlim_cur = 32;
	CHECK(!setrlimit(RLIMIT_NOFILE, &low));
	CHECK(!slots_start(&other) && other.slots.nr == 16 && other.slots.first == 16 &&
	      other.slots.end == 32 && other.slots.room == 16 && !own_wanted);
	low.rlim_cur = 16;
	CHECK(!setrlimit(RLIMIT_NOFILE, &low));
	while (dup(0) >= 0)
		;
	other = (struct box){ .shared = &shared, .policy = &policy };
	CHECK(slots_start(&other) == -EAGAIN && slots_start(&other) == -EAGAIN);
	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
	CHECK(!slots_start(&other) && other.slots.nr == NR_SLOTS);
}

int main(void)
{
	struct rlimit limit = { 1024, 1024 };
	unsigned int i;

	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
	box.shared = &shared;
	box.policy = &policy;
	policy.limit[LIMIT_FILES] = 700;
	own_from = 700;
	shared.monitor_fd = dup(0);
	CHECK(!slots_start(&box) && box.slots.nr == NR_SLOTS && box.slots.end == 700 + NR_SLOTS &&
	      box.slots.first == 700 && box.slots.room == 700 && own_wanted == 700);
	/* In a child of fork() libdune's start is not fixed any more. */
	own_wanted = 0;
	box.slots.room = 0;
	CHECK(!slots_start(&box) && box.slots.room == 700 && own_wanted == 700);
	for (i = 0; i < 8; i++)
		files[i] = memfd_create("file", 0);
	one_thread();
	few_numbers();
	many_threads();
	return tap_end();
}
