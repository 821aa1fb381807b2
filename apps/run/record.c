/* SPDX-License-Identifier: MIT */
/*
 * record.c - each call written down: its arguments, what they point to, its result
 *
 * For dune-trace, into memory shared with it (../trace/record.h): no system call is
 * made for that, unless the reader is behind. Under --trace, as a line at once.
 */
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/sched.h>

#include "../../libdune/sig.h"
#include "../trace/draft.h"
#include "run.h"

#define RING_BASE	(MONITOR_BASE + (192UL << 20))
#define SPINS		1000
#define PART		(128UL << 10)
#define NR_TIDS		256

static struct trace_ring *ring;
static char ring_path[64];

static uint64_t now(void)
{
	uint32_t a, d;

	asm volatile("rdtsc" : "=a" (a), "=d" (d));
	return a | (uint64_t)d << 32;
}

/* ---- which thread is this? ---- */

/*
 * By the page of its stack, so that it need not be asked: page, thread, process, in
 * one word. A child of fork() finds the table empty (MADV_WIPEONFORK).
 */
#define ID_BITS		22
#define ID_MASK		((1ULL << ID_BITS) - 1)

static uint64_t *tids;

static uint64_t *tid_entry(const struct dune_tf *tf, uint64_t *page)
{
	*page = ((uint64_t)tf - MONITOR_BASE) / PAGE_SIZE;
	return &tids[*page % NR_TIDS];
}

static void identify(struct trace_record *r, const struct dune_tf *tf)
{
	uint64_t page, *entry, id;

	if (!tids)
		return;			/* nobody is told */
	entry = tid_entry(tf, &page);
	id = __atomic_load_n(entry, __ATOMIC_RELAXED);
	if (!id || id >> 2 * ID_BITS != page) {
		id = page << 2 * ID_BITS | sys(__NR_gettid) << ID_BITS | sys(__NR_getpid);
		__atomic_store_n(entry, id, __ATOMIC_RELAXED);
	}
	r->tid = id >> ID_BITS & ID_MASK;
	r->pid = id & ID_MASK;
}

/* The thread ends, or its memory becomes another's. */
static void forget(const struct dune_tf *tf)
{
	uint64_t page;

	if (tids)
		__atomic_store_n(tid_entry(tf, &page), 0, __ATOMIC_RELAXED);
}

/* A vfork child may have been killed; its stack will be another's. */
static void forget_all(void)
{
	unsigned int i;

	for (i = 0; tids && i < NR_TIDS; i++)
		__atomic_store_n(&tids[i], 0, __ATOMIC_RELAXED);
}

/* ---- the ring ---- */

/* "/proc/TID/stat" */
static void stat_path(char *to, uint32_t tid)
{
	char digits[10];
	int n = 0;

	for (; tid; tid /= 10)
		digits[n++] = '0' + tid % 10;
	__builtin_memcpy(to, "/proc/", 6);
	for (to += 6; n; )
		*to++ = digits[--n];
	__builtin_memcpy(to, "/stat", 6);
}

/* Killed, even if its parent has not looked at it yet. Its state stands behind its name. */
static bool is_dead(uint32_t tid)
{
	char path[32], text[128];
	long fd, n, i;

	stat_path(path, tid);
	fd = sys(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (sys_failed(fd))
		return fd == -ENOENT && sys(__NR_kill, tid, 0) == -ESRCH;
	n = sys(__NR_read, fd, text, sizeof(text));
	sys(__NR_close, fd);
	if (n == -ESRCH)
		return true;
	for (i = n - 3; i > 0 && text[i] != ')'; i--)
		;
	return i > 0 && (text[i + 2] == 'Z' || text[i + 2] == 'X');
}

/* It may wait for the reader, who should have the CPU then. */
static void yield_to(uint32_t owner)
{
	const struct { long sec, nsec; } moment = { 0, 1000000 };
	uint32_t was = owner;

	if (owner && is_dead(owner))
		__atomic_compare_exchange_n(&ring->owner, &was, 0, false, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED);
	else
		sys(__NR_nanosleep, &moment, NULL);
}

static void ring_lock(uint32_t tid)
{
	uint32_t owner = 0;
	unsigned int spins = 0;

	while (!__atomic_compare_exchange_n(&ring->owner, &owner, tid, false, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED)) {
		if (++spins % SPINS == 0)
			yield_to(owner);
		owner = 0;
	}
}

static void ring_unlock(void)
{
	__atomic_store_n(&ring->owner, 0, __ATOMIC_RELEASE);
}

static bool is_closed(void)
{
	return __atomic_load_n(&ring->closed, __ATOMIC_RELAXED);
}

static uint64_t room(void)
{
	return RING_DATA - (ring->head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE));
}

static void wake_reader(void)
{
	if (__atomic_load_n(&ring->idle, __ATOMIC_RELAXED) &&
	    __atomic_exchange_n(&ring->idle, 0, __ATOMIC_SEQ_CST))
		sys(__NR_futex, &ring->idle, FUTEX_WAKE, 1);
}

/*
 * It is half full: until the reader, who may have slept, has made room; false if there
 * is no reader any more.
 */
static bool __attribute__((noinline)) wait_for_room(uint32_t size)
{
	const struct { long sec, nsec; } patience = { 0, 100000000 };

	wake_reader();
	while (room() < size) {
		if (is_closed() || sys(__NR_kill, ring->reader, 0) == -ESRCH)
			return false;
		__atomic_store_n(&ring->wanted, 1, __ATOMIC_SEQ_CST);
		wake_reader();
		if (room() < size)
			sys(__NR_futex, &ring->wanted, FUTEX_WAIT, 1, &patience);
	}
	return true;
}

static uint64_t populated;	/* bytes, or all there may ever be */

/* This process comes there for the first time: all at once, not a fault for each page. */
static void __attribute__((noinline)) populate(void)
{
	sys(__NR_madvise, (uint64_t)ring + PAGE_SIZE + populated,
	    RING_DATA - populated < PART ? RING_DATA - populated : PART, MADV_POPULATE_WRITE);
	populated += PART;
	if (populated >= RING_DATA)
		populated = ~0UL;
}

static void ring_put(struct draft *d)
{
	uint8_t *data = (uint8_t *)ring + PAGE_SIZE;
	uint32_t size = d->head.size, at, first;

	if (is_closed())
		return;
	ring_lock(d->head.tid);
	if (room() >= RING_DATA / 2 || wait_for_room(size)) {
		at = ring->head % RING_DATA;
		if (at + size > populated)
			populate();
		first = RING_DATA - at < size ? RING_DATA - at : size;
		__builtin_memcpy(data + at, d, first);
		__builtin_memcpy(data, (uint8_t *)d + first, size - first);
		__atomic_store_n(&ring->head, ring->head + size, __ATOMIC_RELEASE);
	}
	ring_unlock();
}

/* ---- lines: without a reader ---- */

static const struct style style = { .string = 32, .frequency = 1 };

static void say_line(struct draft *d)
{
	char line[2048];
	struct text t = { line, sizeof(line) - 1, 0 };
	struct call call;

	if (!call_of(&d->head, &call))
		return;
	put_line(&t, &style, &call);
	if (line[t.used - 1] != '\n')		/* cut off */
		line[t.used++] = '\n';
	box_say(line, t.used);
}

static void put(struct draft *d)
{
	if (ring)
		ring_put(d);
	else
		say_line(d);
}

/* ---- calls ---- */

/* Who makes the calls that are written down. */
static void make_call(struct dune_tf *tf)
{
	if (box_on())
		box_handler(tf);
	else
		monitor_syscall(tf);
}

static void begin(struct draft *d, const struct dune_tf *tf)
{
	const uint64_t args[6] = { tf->rdi, tf->rsi, tf->rdx, tf->r10, tf->r8, tf->r9 };
	uint64_t start = now();

	d->copy = ring ? ring->copy : style.string;
	draft_begin(d, tf->rax, args);
	d->head.start = start;
	identify(&d->head, tf);
}

static void end(struct draft *d, int64_t result)
{
	d->head.end = now();
	draft_end(d, result);
	put(d);
}

static bool makes_a_child(uint64_t nr)
{
	return nr == __NR_fork || nr == __NR_vfork || nr == __NR_clone || nr == __NR_clone3;
}

/* The parent's side; of clone3() the flags are no argument. */
static bool is_vfork(const struct dune_tf *tf, uint64_t nr)
{
	return nr == __NR_vfork || nr == __NR_clone3 ||
	       (nr == __NR_clone && (tf->rdi & CLONE_VFORK));
}

/*
 * What does not come back is written down before. A call that a signal's handler
 * put off will be made again; a child's side of fork() is no call of its own.
 */
void record_syscall(struct dune_tf *tf)
{
	uint64_t rip = tf->rip, nr = (uint32_t)tf->rax;
	struct draft d;

	if (nr >= MAX_NR) {
		make_call(tf);
		return;
	}
	begin(&d, tf);
	if (nr == __NR_exit || nr == __NR_exit_group)
		end(&d, 0);
	if (nr == __NR_exit || nr == __NR_exit_group || nr == __NR_execve || nr == __NR_execveat)
		forget(tf);
	make_call(tf);
	if (is_vfork(tf, nr))
		forget_all();
	if ((tf->rip != rip && nr != __NR_rt_sigreturn) || (makes_a_child(nr) && !tf->rax))
		return;
	end(&d, tf->rax);
}

/* On the way to a handler in ring 3. */
static void record_signal(uint32_t sig, const void *info)
{
	struct draft d;

	d.head = (struct trace_record){
		.size = sizeof(d.head), .nr = sig, .type = RECORD_SIGNAL, .start = now(),
		.tid = sys(__NR_gettid), .pid = sys(__NR_getpid),
	};
	__builtin_memcpy(d.head.args, info, sizeof(d.head.args));
	d.head.end = d.head.start;
	put(&d);
}

/* A program begins: the execve() that came to this. Not in Dune mode yet. */
void record_start(const char *path, char **argv, char **envp)
{
	struct draft d;

	if (!record_on())
		return;
	dune_signal_seen = record_signal;
	d.head = (struct trace_record){
		.size = sizeof(d.head), .nr = __NR_execve, .type = RECORD_EXEC, .start = now(),
		.args = { (uint64_t)path, (uint64_t)argv, (uint64_t)envp },
		.tid = sys(__NR_gettid), .pid = sys(__NR_getpid),
	};
	draft_start(&d, path, argv);
	while (*envp++)
		d.head.args[3]++;
	d.head.end = now();
	put(&d);
}

/* The reader's memory, by a name in /proc; without it nothing is written down. */
bool record_init(const char *path)
{
	long fd = sys(__NR_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0), p, table;

	if (sys_failed(fd) || length(path) >= sizeof(ring_path))
		return false;
	p = sys(__NR_mmap, RING_BASE, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		fd, 0);
	sys(__NR_close, fd);
	table = sys(__NR_mmap, RING_BASE + RING_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (sys_failed(p) || sys_failed(table) || ((struct trace_ring *)p)->magic != RING_MAGIC ||
	    sys_failed(sys(__NR_madvise, table, PAGE_SIZE, MADV_WIPEONFORK)))
		return false;
	tids = (uint64_t *)table;
	ring = (struct trace_ring *)p;
	populated = ring->head % RING_DATA & -PAGE_SIZE;
	__builtin_memcpy(ring_path, path, length(path) + 1);
	return true;
}

bool record_on(void)
{
	return ring || box_traces();
}

/* For a dune-run that this one executes; NULL: nothing is recorded. */
const char *record_path(void)
{
	return ring ? ring_path : NULL;
}
