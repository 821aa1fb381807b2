/* SPDX-License-Identifier: MIT */
/*
 * record.c - each call written down for dune-trace: its arguments, what they point
 * to, its result
 *
 * Into memory shared with the reader (../trace/record.h); no system call is made
 * for it, unless the reader is behind.
 */
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/mman.h>

#include "../trace/record.h"
#include "run.h"

#define RING_BASE	(MONITOR_BASE + (192UL << 20))
#define SPINS		1000
#define NR_TIDS		256

static struct trace_ring *ring;
static char ring_path[64];

static const uint8_t kinds[MAX_NR][6] = {
#define K(kind)		KIND_##kind
#define NONE		NONE
#define CALL(name, ...)	[__NR_##name] = { ARGS(__VA_ARGS__) },
#define ARGS(...)	ARGS_(__VA_ARGS__ __VA_OPT__(,) NONE, NONE, NONE, NONE, NONE, NONE)
#define ARGS_(a, b, c, d, e, f, ...) K(a), K(b), K(c), K(d), K(e), K(f)
#include "../trace/calls.def"
#undef CALL
#undef NONE
};

static const struct {
	uint8_t	how;
	uint8_t	bytes;
} copies[NR_KINDS] = {
#define KIND(name, how, bytes) [KIND_##name] = { COPY_##how, bytes },
#include "../trace/kinds.def"
#undef KIND
};

/* One record as it grows, on the thread's stack. */
struct draft {
	struct trace_record	head;
	uint8_t			data[MAX_RECORD - sizeof(struct trace_record)];
};

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
	uint64_t page, *entry = tid_entry(tf, &page), id = __atomic_load_n(entry, __ATOMIC_RELAXED);

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

	__atomic_store_n(tid_entry(tf, &page), 0, __ATOMIC_RELAXED);
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

/* Until the reader has made room; false if there is no reader any more. */
static bool ring_room(uint32_t size)
{
	const struct { long sec, nsec; } patience = { 0, 100000000 };

	while (RING_DATA - (ring->head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE)) < size) {
		if (sys(__NR_kill, ring->reader, 0) == -ESRCH)
			return false;
		__atomic_store_n(&ring->wanted, 1, __ATOMIC_SEQ_CST);
		if (RING_DATA - (ring->head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE)) < size)
			sys(__NR_futex, &ring->wanted, FUTEX_WAIT, 1, &patience);
	}
	return true;
}

static void ring_put(struct draft *d)
{
	uint8_t *data = (uint8_t *)ring + PAGE_SIZE;
	uint32_t size = d->head.size, at, first;

	ring_lock(d->head.tid);
	if (ring_room(size)) {
		at = ring->head % RING_DATA;
		first = RING_DATA - at < size ? RING_DATA - at : size;
		__builtin_memcpy(data + at, d, first);
		__builtin_memcpy(data, (uint8_t *)d + first, size - first);
		__atomic_store_n(&ring->head, ring->head + size, __ATOMIC_RELEASE);
	}
	ring_unlock();
}

/* ---- pieces: what arguments point to ---- */

/* There is room: six arguments of MAX_COPY bytes fit into a record. */
static struct trace_piece *piece_begin(struct draft *d, unsigned int arg)
{
	struct trace_piece *p = (struct trace_piece *)((uint8_t *)d + d->head.size);

	*p = (struct trace_piece){ .arg = arg };
	return p;
}

static void piece_end(struct draft *d, struct trace_piece *p)
{
	d->head.size += sizeof(*p) + ((p->size + 7) & ~7u);
	d->head.pieces++;
}

static void put_bytes(struct draft *d, unsigned int arg, uint64_t from, uint32_t size)
{
	struct trace_piece *p = piece_begin(d, arg);

	if (!from || dune_copy_from_user(p + 1, from, size))
		return;
	p->size = size;
	piece_end(d, p);
}

static void put_buffer(struct draft *d, unsigned int arg, uint64_t from, int64_t size)
{
	struct trace_piece *p = piece_begin(d, arg);
	uint64_t n = size > (int64_t)ring->copy ? ring->copy : size;

	if (!from || size < 0 || n > MAX_COPY || (n && dune_copy_from_user(p + 1, from, n)))
		return;
	p->more = (uint64_t)size > n;
	p->size = n;
	piece_end(d, p);
}

/* Up to its NUL, which is not copied; page by page, as only its pages need be there. */
static bool copy_string(char *to, uint64_t from, uint32_t max, uint32_t *size)
{
	uint32_t n, i;

	for (*size = 0; *size < max; from += n) {
		n = PAGE_SIZE - from % PAGE_SIZE;
		n = n < 64 ? n : 64;
		n = n < max - *size ? n : max - *size;
		if (dune_copy_from_user(to + *size, from, n))
			return false;
		for (i = 0; i < n; i++, ++*size)
			if (!to[*size])
				return true;
	}
	return true;
}

static void put_string(struct draft *d, unsigned int arg, uint64_t from)
{
	struct trace_piece *p = piece_begin(d, arg);
	uint32_t size;

	if (!from || !copy_string((char *)(p + 1), from, MAX_COPY - 8, &size))
		return;
	p->more = size == MAX_COPY - 8;
	p->size = size;
	piece_end(d, p);
}

/* Strings one after the other, each with its NUL. */
static void put_vector(struct draft *d, unsigned int arg, uint64_t from)
{
	struct trace_piece *p = piece_begin(d, arg);
	uint64_t string;
	uint32_t size;

	if (!from)
		return;
	for (;; from += 8) {
		if (dune_copy_from_user(&string, from, 8))
			return;
		if (!string)
			break;
		p->more = p->size > MAX_COPY;
		if (p->more || !copy_string((char *)(p + 1) + p->size, string, 256, &size))
			break;
		p->size += size;
		((char *)(p + 1))[p->size++] = '\0';
	}
	piece_end(d, p);
}

static void put_before(struct draft *d, unsigned int i)
{
	unsigned int kind = kinds[d->head.nr][i];
	const uint64_t *args = d->head.args;

	switch (copies[kind].how) {
	case COPY_IN:
		put_bytes(d, i, args[i], copies[kind].bytes);
		break;
	case COPY_BUFFER_IN:
		put_buffer(d, i, args[i], args[i + 1]);
		break;
	case COPY_STRING:
		put_string(d, i, args[i]);
		break;
	case COPY_VECTOR:
		put_vector(d, i, args[i]);
		break;
	}
}

static void put_after(struct draft *d, unsigned int i)
{
	unsigned int kind = kinds[d->head.nr][i];

	if (sys_failed(d->head.result))
		return;
	if (copies[kind].how == COPY_OUT)
		put_bytes(d, i, d->head.args[i], copies[kind].bytes);
	else if (copies[kind].how == COPY_BUFFER_OUT)
		put_buffer(d, i, d->head.args[i], d->head.result);
}

/* ---- calls ---- */

static void begin(struct draft *d, const struct dune_tf *tf)
{
	unsigned int i;

	d->head = (struct trace_record){
		.size = sizeof(d->head), .nr = tf->rax, .type = RECORD_CALL, .start = now(),
		.args = { tf->rdi, tf->rsi, tf->rdx, tf->r10, tf->r8, tf->r9 },
	};
	identify(&d->head, tf);
	for (i = 0; i < 6 && kinds[d->head.nr][i]; i++)
		put_before(d, i);
}

static void end(struct draft *d, int64_t result)
{
	unsigned int i;

	d->head.result = result;
	d->head.end = now();
	for (i = 0; i < 6 && kinds[d->head.nr][i]; i++)
		put_after(d, i);
	ring_put(d);
}

static bool makes_a_child(uint64_t nr)
{
	return nr == __NR_fork || nr == __NR_vfork || nr == __NR_clone || nr == __NR_clone3;
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
		monitor_syscall(tf);
		return;
	}
	begin(&d, tf);
	if (nr == __NR_exit || nr == __NR_exit_group)
		end(&d, 0);
	if (nr == __NR_exit || nr == __NR_execve || nr == __NR_execveat)
		forget(tf);
	monitor_syscall(tf);
	if ((tf->rip != rip && nr != __NR_rt_sigreturn) || (makes_a_child(nr) && !tf->rax))
		return;
	end(&d, tf->rax);
}

/* As put_string() and put_vector(), of strings that are the monitor's for now. */
static void put_start(struct draft *d, const char *path, char **argv)
{
	struct trace_piece *p = piece_begin(d, 0);
	uint32_t n;
	char *to = (char *)(p + 1);

	n = length(path);
	p->size = n < MAX_COPY - 8 ? n : MAX_COPY - 8;
	__builtin_memcpy(to, path, p->size);
	piece_end(d, p);

	p = piece_begin(d, 1);
	to = (char *)(p + 1);
	for (; *argv; argv++) {
		n = length(*argv) + 1;
		p->more = p->size + n > MAX_COPY;
		if (p->more)
			break;
		__builtin_memcpy(to + p->size, *argv, n);
		p->size += n;
	}
	piece_end(d, p);
}

/* A program begins: the execve() that came to this. Not in Dune mode yet. */
void record_start(const char *path, char **argv, char **envp)
{
	struct draft d;

	if (!ring)
		return;
	d.head = (struct trace_record){
		.size = sizeof(d.head), .nr = __NR_execve, .type = RECORD_EXEC, .start = now(),
		.args = { (uint64_t)path, (uint64_t)argv, (uint64_t)envp },
		.tid = sys(__NR_gettid), .pid = sys(__NR_getpid),
	};
	put_start(&d, path, argv);
	while (*envp++)
		d.head.args[3]++;
	d.head.end = now();
	ring_put(&d);
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
	__builtin_memcpy(ring_path, path, length(path) + 1);
	return true;
}

/* For a dune-run that this one executes; NULL: nothing is recorded. */
const char *record_path(void)
{
	return ring ? ring_path : NULL;
}
