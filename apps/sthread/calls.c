/* SPDX-License-Identifier: MIT */
/*
 * calls.c - an sthread's system calls, checked against its grants
 *
 * Only calls that are in the table can be granted: what each argument is, is
 * known for them. Linux reads and writes buffers itself, where it has them; their
 * bounds were checked, and no other thread can change those.
 * What holds pointers or descriptors of its own (iovec, pollfd) is copied once,
 * judged, and passed on from the copy.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "priv.h"

#define MAX_COPIED	64	/* elements */

/* What an argument is. Buffers: of the size in the argument after it. */
enum kind {
	VALUE = 0,
	FD,		/* any right to it will do */
	FD_R,
	FD_W,
	IN,		/* read by Linux */
	OUT,		/* written by Linux */
	IN_SIZE,	/* of a fixed size, see struct call; may be NULL */
	OUT_SIZE,
	NOTHING,	/* must be 0 */
	IOV_IN,		/* an array with its length after it */
	IOV_OUT,
	POLLFDS,
	CLOCK,		/* of the system; others name processes, threads, descriptors */
};

struct call {
	uint16_t	nr;
	uint16_t	size;	/* of arguments IN_SIZE and OUT_SIZE */
	uint8_t		kind[6];
	const char	*name;
};

#define CALL(name, size, ...)	{ __NR_##name, size, { __VA_ARGS__ }, #name }

static const struct call table[] = {
	CALL(read, 0, FD_R, OUT),
	CALL(write, 0, FD_W, IN),
	CALL(pread64, 0, FD_R, OUT),
	CALL(pwrite64, 0, FD_W, IN),
	CALL(readv, 0, FD_R, IOV_OUT),
	CALL(writev, 0, FD_W, IOV_IN),
	CALL(recvfrom, 0, FD_R, OUT, VALUE, VALUE, NOTHING, NOTHING),
	CALL(sendto, 0, FD_W, IN, VALUE, VALUE, NOTHING, NOTHING),
	CALL(shutdown, 0, FD_W),
	CALL(lseek, 0, FD),
	CALL(fstat, 144, FD, OUT_SIZE),
	CALL(fsync, 0, FD_W),
	CALL(fdatasync, 0, FD_W),
	CALL(ftruncate, 0, FD_W),
	CALL(poll, 0, POLLFDS),
	CALL(getpid, 0, VALUE),
	CALL(gettid, 0, VALUE),
	CALL(getuid, 0, VALUE),
	CALL(geteuid, 0, VALUE),
	CALL(sched_yield, 0, VALUE),
	CALL(getrandom, 0, OUT),
	CALL(time, 8, OUT_SIZE),
	CALL(clock_gettime, 16, CLOCK, OUT_SIZE),
	CALL(clock_getres, 16, CLOCK, OUT_SIZE),
	CALL(nanosleep, 16, IN_SIZE, OUT_SIZE),
};

#define NR_CALLS	(sizeof(table) / sizeof(table[0]))
_Static_assert(NR_CALLS <= 64, "a context has a bit for each");

static const struct call *find(uint64_t nr)
{
	unsigned int i;

	for (i = 0; i < NR_CALLS; i++)
		if (table[i].nr == nr)
			return &table[i];
	return NULL;
}

/* A call's bit in a context, or -1: it cannot be granted. */
int calls_place(long nr)
{
	const struct call *c = find(nr);

	return c ? c - table : -1;
}

const char *calls_name(long nr)
{
	const struct call *c = find(nr);

	return c ? c->name : NULL;
}

/* A call on its way. */
struct pass {
	struct sthread	*s;
	struct dune_tf	*tf;
	const struct call *call;
	uint64_t	arg[6];
	void		*array;		/* what copy was made of */
	union {
		struct iovec	iov[MAX_COPIED];
		struct pollfd	fds[MAX_COPIED];
	} copy;
};

static void refuse_pointer(struct pass *p, int n, uintptr_t address)
{
	struct sthread_report *r = &p->s->report;

	r->nr = p->call->nr;
	r->argument = n;
	r->address = address;
	tag_name_at(address, r->where);
	run_end(p->s, STHREAD_POINTER, p->tf);
}

/* Where Linux has the buffer. */
static void *check_buffer(struct pass *p, int n, uintptr_t start, size_t size, bool write)
{
	uintptr_t bad;
	void *at = memory_at(p->s, start, size, write, &bad);

	if (!at)
		refuse_pointer(p, n, bad);
	return at;
}

static void check_fd(struct pass *p, int n, uint64_t fd, unsigned int rights)
{
	struct sthread_report *r = &p->s->report;
	uint8_t has = 0;

	fd = (uint32_t)fd;
	if (fd < NR_FDS)
		has = __atomic_load_n(&p->s->sc->fd[fd], __ATOMIC_ACQUIRE);
	if (has & rights)
		return;
	r->nr = p->call->nr;
	r->argument = n;
	r->fd = fd;
	run_end(p->s, STHREAD_FD, p->tf);
}

/* The array at argument @n into p->copy; false: more than we have room for. */
static bool copy_array(struct pass *p, int n, size_t element, bool answered)
{
	uint64_t count = p->arg[n + 1];

	if (count > MAX_COPIED)
		return false;
	p->array = check_buffer(p, n, p->arg[n], count * element, answered);
	memcpy(&p->copy, p->array, count * element);
	p->arg[n] = (uint64_t)&p->copy;
	return true;
}

static bool check_iov(struct pass *p, int n, bool write)
{
	struct iovec *iov = p->copy.iov;
	uint64_t i;

	if (!copy_array(p, n, sizeof(*iov), false))
		return false;
	for (i = 0; i < p->arg[n + 1]; i++)
		iov[i].iov_base = check_buffer(p, n, (uintptr_t)iov[i].iov_base, iov[i].iov_len,
					       write);
	return true;
}

static bool check_pollfds(struct pass *p, int n)
{
	uint64_t i;

	if (!copy_array(p, n, sizeof(p->copy.fds[0]), true))
		return false;
	for (i = 0; i < p->arg[n + 1]; i++)
		if (p->copy.fds[i].fd >= 0)	/* poll(2) skips the others */
			check_fd(p, n, p->copy.fds[i].fd, STHREAD_READ | STHREAD_WRITE);
	return true;
}

/* Whether the call can be made: its arguments are right, or it has not returned. */
static bool check_argument(struct pass *p, int n)
{
	uint64_t arg = p->arg[n];

	switch (p->call->kind[n]) {
	case FD:
		check_fd(p, n, arg, STHREAD_READ | STHREAD_WRITE);
		return true;
	case FD_R:
		check_fd(p, n, arg, STHREAD_READ);
		return true;
	case FD_W:
		check_fd(p, n, arg, STHREAD_WRITE);
		return true;
	case IN:
	case OUT:
		p->arg[n] = (uint64_t)check_buffer(p, n, arg, p->arg[n + 1],
						   p->call->kind[n] == OUT);
		return true;
	case IN_SIZE:
	case OUT_SIZE:
		if (arg)
			p->arg[n] = (uint64_t)check_buffer(p, n, arg, p->call->size,
							   p->call->kind[n] == OUT_SIZE);
		return true;
	case NOTHING:
		if (arg)
			refuse_pointer(p, n, arg);
		return true;
	case IOV_IN:
	case IOV_OUT:
		return check_iov(p, n, p->call->kind[n] == IOV_OUT);
	case POLLFDS:
		return check_pollfds(p, n);
	case CLOCK:
		return (uint32_t)arg <= CLOCK_TAI;
	}
	return true;
}

static long make(struct pass *p)
{
	const struct dune_tf *tf = p->tf;
	long r;
	int n;

	memcpy(p->arg, (uint64_t[]) { tf->rdi, tf->rsi, tf->rdx, tf->r10, tf->r8, tf->r9 },
	       sizeof(p->arg));
	for (n = 0; n < 6; n++)
		if (!check_argument(p, n))
			return -EINVAL;
	r = dune_syscall(p->call->nr, p->arg[0], p->arg[1], p->arg[2], p->arg[3], p->arg[4],
			 p->arg[5]);
	if (p->call->kind[0] == POLLFDS)
		memcpy(p->array, &p->copy, p->arg[1] * sizeof(p->copy.fds[0]));
	return r;
}

static struct sthread_tag *granted_tag(const struct sthread *s, uint64_t tag)
{
	unsigned int i;

	for (i = 0; i < s->nr_grants; i++)
		if ((uint64_t)s->sc->grant[i].tag == tag &&
		    (s->sc->grant[i].rights & STHREAD_WRITE))
			return s->sc->grant[i].tag;
	return NULL;
}

/* Calls of sthreads' own; false: none of them. */
static bool own_call(struct sthread *s, struct dune_tf *tf)
{
	struct sthread_tag *tag;

	switch (tf->rax) {
	case __NR_exit:
	case __NR_exit_group:
		s->value = (void *)tf->rdi;
		run_end(s, STHREAD_RETURNED, tf);
	case STHREAD_CALL_SMALLOC:
		tag = granted_tag(s, tf->rdi);
		tf->rax = tag ? (uint64_t)sthread_smalloc(tag, tf->rsi) : 0;
		return true;
	case STHREAD_CALL_SFREE:
		tag = granted_tag(s, tf->rdi);
		tf->rax = tag ? sthread_sfree(tag, (void *)tf->rsi) : -EPERM;
		return true;
	}
	return false;
}

/* The call in @tf; its result there. Does not return if it is refused. */
void calls_make(struct sthread *s, struct dune_tf *tf)
{
	struct pass p = { .s = s, .tf = tf, .call = find(tf->rax) };
	uint64_t granted = __atomic_load_n(&s->sc->calls, __ATOMIC_ACQUIRE);

	if (own_call(s, tf))
		return;
	if (p.call && (granted >> (p.call - table) & 1)) {
		tf->rax = make(&p);
		if (s->expired)
			run_end(s, STHREAD_TIME, tf);
		return;
	}
	s->report.nr = tf->rax;
	run_end(s, STHREAD_CALL, tf);
}
