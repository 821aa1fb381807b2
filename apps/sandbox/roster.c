/* SPDX-License-Identifier: MIT */
/*
 * roster.c - which tasks are of this sandbox
 *
 * Each has a place in the memory that all processes share, changed without locks:
 * whoever is killed must not keep the others waiting. Nobody tells when a task has
 * been killed, and Linux gives its number to another one day. So a place also says
 * when its task began, which no other with that number did.
 */
#include <linux/fcntl.h>
#include <linux/wait.h>

#include "box.h"

/* The number is of who holds the place, for a task that is still to be made. */
#define HELD		(1U << 31)

/*
 * It has begun to end. Until it has it counts, and with a signal on its way it may not
 * end at all; but who waited for its end finds room for another.
 */
#define LEAVING		(1U << 30)

#define PATIENCE	1000000000UL	/* nanoseconds, for those to be gone */

/* Counted, but nobody's to signal: when it began could not be read. */
#define UNKNOWN		(~0U)

/* The 22nd word of a task's "stat": the second, in brackets, may have any in it. */
static bool start_of(char *stat, uint32_t *ticks)
{
	char *s = stat + text_length(stat);
	unsigned int word;

	while (s > stat && *s != ')')
		s--;
	for (word = 2; *s && word < 22; s++)
		word += *s == ' ';
	if (*s < '0' || *s > '9')
		return false;
	for (*ticks = 0; *s >= '0' && *s <= '9'; s++)
		*ticks = *ticks * 10 + *s - '0';
	return true;
}

/* Out of the reach of other threads before it is read, and then what it claims to be. */
static bool read_stat(struct box *b, uint32_t tid, char text[512])
{
	char name[32], link[40], is[40] = "";
	struct object o = { .fd = -1 };
	long n = 0;

	dune_fmt(name, sizeof(name), "/proc/%u/stat", tid);
	o.fd = sys(__NR_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0);
	if (sys_failed(o.fd) || settle(b, &o))
		return false;
	fd_name(link, o.fd);
	if (sys(__NR_readlinkat, AT_FDCWD, link, is, sizeof(is) - 1) > 0 && text_equal(is, name))
		n = sys(__NR_pread64, o.fd, text, 511, 0);
	drop(&o);
	if (n <= 0)
		return false;
	text[n] = 0;
	return true;
}

static uint64_t entry_of(struct box *b, uint32_t tid)
{
	uint32_t start = UNKNOWN;
	char text[512];

	if (read_stat(b, tid, text) && !start_of(text, &start))
		start = UNKNOWN;
	return tid | (uint64_t)start << 32;
}

static bool change(uint64_t *place, uint64_t from, uint64_t to)
{
	return __atomic_compare_exchange_n(place, &from, to, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

static uint64_t get(const struct box *b, unsigned int i)
{
	return __atomic_load_n(&b->shared->task[i], __ATOMIC_RELAXED);
}

static uint32_t number(uint64_t its)
{
	return its & ~LEAVING;
}

/* The place of @tid, or MAX_TASKS; 0 is nobody's number, and finds one that is free. */
static unsigned int find(const struct box *b, uint32_t tid)
{
	unsigned int i;

	for (i = 0; i < MAX_TASKS && number(get(b, i)) != tid; i++)
		;
	return i;
}

static uint64_t count(const struct box *b)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < MAX_TASKS; i++)
		n += get(b, i) != 0;
	return n;
}

/* Of those that leave, also who is only left to be waited for. */
static bool is_gone(struct box *b, uint64_t its)
{
	uint32_t tid = number(its) & ~HELD, start;
	char text[512], *s = text;

	if (sys(__NR_kill, tid, 0) == -ESRCH)
		return true;
	if (!(its & LEAVING) || !read_stat(b, tid, text) || !start_of(text, &start))
		return false;
	if (start != its >> 32 && its >> 32 != UNKNOWN)
		return true;
	for (s += text_length(s); *s != ')'; s--)
		;
	return s[2] == 'Z' || s[2] == 'X';
}

/* Those that are there no more leave their places; whether others are about to. */
static bool sweep(struct box *b)
{
	bool leaving = false;
	unsigned int i;

	for (i = 0; i < MAX_TASKS; i++) {
		uint64_t its = get(b, i);

		if (its && is_gone(b, its))
			change(&b->shared->task[i], its, 0);
		else if (its & LEAVING)
			leaving = true;
	}
	return leaving;
}

static int hold(struct box *b, uint64_t mine)
{
	uint64_t limit = b->policy->limit[LIMIT_PROCESSES];
	unsigned int i;

	do {
		i = find(b, 0);
		if (i == MAX_TASKS)
			return -1;
	} while (!change(&b->shared->task[i], 0, mine));
	if (count(b) <= limit)
		return i;
	__atomic_store_n(&b->shared->task[i], 0, __ATOMIC_RELAXED);
	return -1;
}

/*
 * A place for one more, before it is made: of several that come at once, none is
 * above the limit. -1: there is no room. To be filled or given back.
 */
int roster_hold(struct box *b, uint64_t *held)
{
	uint64_t end = 0;
	bool more = true;
	int place;

	/* No two are the same: the place may have been another's in between. */
	*held = HELD | sys(__NR_gettid) |
		(uint64_t)__atomic_add_fetch(&b->shared->holds, 1, __ATOMIC_RELAXED) << 32;
	for (place = hold(b, *held); place < 0 && more; place = hold(b, *held)) {
		end = end ?: time_now() + PATIENCE;
		more = sweep(b) && time_now() < end;
		if (more)
			sys(__NR_sched_yield);
	}
	return place;
}

/* Who had this number before, and has been killed. */
static void forget_others(struct box *b, unsigned int place, uint32_t tid)
{
	unsigned int i;

	for (i = 0; i < MAX_TASKS; i++) {
		uint64_t its = get(b, i);

		if (i != place && number(its) == tid)
			change(&b->shared->task[i], its, 0);
	}
}

/* Still a thread, or a child that nobody has waited for: so its number is nobody else's. */
static bool is_ours(uint32_t tid, bool thread)
{
	long pid = sys(__NR_getpid);

	if (tid == pid)
		return true;
	if (thread)
		return !sys(__NR_tgkill, pid, tid, 0);
	return !sys(__NR_waitid, P_PID, tid, NULL, WEXITED | WNOHANG | WNOWAIT | __WALL, NULL);
}

/*
 * By both, the new task and who has made it: the second finds it done. Who has made it
 * may have slept since; what is ours after its beginning was read, was ours then.
 */
void roster_fill(struct box *b, int place, uint64_t held, uint32_t tid, bool thread)
{
	uint64_t its;

	if (get(b, place) != held)
		return;
	its = entry_of(b, tid);
	if (!is_ours(tid, thread))
		roster_give_back(b, place, held);
	else if (change(&b->shared->task[place], held, its))
		forget_others(b, place, tid);
}

void roster_give_back(struct box *b, int place, uint64_t held)
{
	change(&b->shared->task[place], held, 0);
}

/* A task that is there already, without asking for a limit. */
void roster_add(struct box *b, uint32_t tid)
{
	unsigned int i;
	uint64_t its;

	do {
		i = find(b, tid);
		if (i == MAX_TASKS)
			i = find(b, 0);
		if (i == MAX_TASKS)
			return;
		its = get(b, i);
	} while ((its && number(its) != tid) ||
		 !change(&b->shared->task[i], its, entry_of(b, tid)));
}

/* Before a task ends, and when it does not after all. */
void roster_leave(struct box *b, uint32_t tid, bool leaves)
{
	unsigned int i = find(b, tid);
	uint64_t its = i < MAX_TASKS ? get(b, i) : 0;

	if (number(its) == tid)
		change(&b->shared->task[i], its, leaves ? its | LEAVING : its & ~(uint64_t)LEAVING);
}

/* Whether @tid is of this sandbox, and not the number of one that was. */
bool roster_has(struct box *b, uint32_t tid)
{
	unsigned int i = tid && !(tid & (HELD | LEAVING)) ? find(b, tid) : MAX_TASKS;
	uint32_t start, entered;
	char text[512];

	if (i == MAX_TASKS)
		return false;
	entered = get(b, i) >> 32;
	return read_stat(b, tid, text) && start_of(text, &start) && start == entered &&
	       start != UNKNOWN;
}
