/* SPDX-License-Identifier: MIT */
/*
 * sthread_calls_test.c - sthreads' system calls, and that nothing is left for the next
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>

#include "sthread_fixture.h"

static uint64_t variable = 7;
static __thread uint64_t local = 11;

static char array[3 * PAGE];

static void grant_io(FIXTURE_DATA(sthread) *self)
{
	static const long calls[] = { SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_poll,
				      SYS_fstat, SYS_nanosleep, SYS_recvfrom };
	unsigned int i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		sthread_sc_sys_add(self->sc, calls[i]);
	sthread_sc_fd_add(self->sc, self->pipe[0], STHREAD_READ);
	sthread_sc_fd_add(self->sc, self->pipe[1], STHREAD_WRITE);
}

/* ---- system calls -------------------------------------------------------- */

static void *make_call(void *arg)
{
	struct box *b = arg;

	b->result = sthread_syscall(b->nr, b->words[0], b->words[1], b->words[2], b->words[3]);
	return (void *)b->result;
}

static void set_call(struct box *b, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
	b->nr = nr;
	b->result = -1;
	memcpy(b->words, (uint64_t[]) { a0, a1, a2, a3 }, 32);
}

TEST_F(sthread, calls_not_granted)
{
	static const long calls[] = {
		SYS_getpid, SYS_read, SYS_mmap, SYS_mprotect, SYS_munmap, SYS_mremap, SYS_brk,
		SYS_madvise, SYS_open, SYS_openat, SYS_fork, SYS_clone, SYS_clone3, SYS_execve,
		SYS_kill, SYS_rt_sigaction, SYS_rt_sigreturn, SYS_sigaltstack,
		SYS_rt_sigprocmask, SYS_ptrace, SYS_process_vm_writev, SYS_ioctl,
		SYS_arch_prctl, SYS_io_uring_setup, SYS_userfaultfd, SYS_pkey_mprotect,
		SYS_seccomp, SYS_prctl, SYS_futex, 500, 0x10002, 0x40000000 + SYS_getpid,
		0x100000000 + SYS_getpid, 0x44554e4500000000, 0x44554e4500000001, -1,
	};
	unsigned int i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		set_call(self->box, calls[i], 0, 0, 0, 0);
		EXPECT_EQ(-ECANCELED, run(self, make_call, self->box));
		EXPECT_EQ(STHREAD_CALL, self->report.end);
		EXPECT_EQ(calls[i], self->report.nr);
		EXPECT_EQ(-1, self->box->result);
	}
}

TEST_F(sthread, calls_that_cannot_be_granted)
{
	static const long calls[] = {
		SYS_mmap, SYS_mprotect, SYS_munmap, SYS_mremap, SYS_brk, SYS_open, SYS_openat,
		SYS_fork, SYS_clone, SYS_vfork, SYS_execve, SYS_kill, SYS_rt_sigaction,
		SYS_rt_sigreturn, SYS_ptrace, SYS_process_vm_writev, SYS_ioctl, SYS_prctl, -1,
		1000, 0x100000000,
	};
	unsigned int i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		EXPECT_EQ(-EPERM, sthread_sc_sys_add(self->sc, calls[i]));
}

TEST_F(sthread, calls_granted)
{
	ASSERT_EQ(0, sthread_sc_sys_add(self->sc, SYS_getpid));
	ASSERT_EQ(0, sthread_sc_sys_add(self->sc, SYS_clock_gettime));
	set_call(self->box, SYS_getpid, 0, 0, 0, 0);
	EXPECT_EQ(0, run(self, make_call, self->box));
	EXPECT_EQ(getpid(), (long)self->value);
	set_call(self->box, SYS_clock_gettime, CLOCK_MONOTONIC, (uint64_t)self->box->iov, 0, 0);
	EXPECT_EQ(0, run(self, make_call, self->box));
	EXPECT_EQ(0, self->box->result);
	EXPECT_NE(0, *(uint64_t *)self->box->iov);
}

static void *read_clock(void *arg)
{
	struct box *b = arg;

	b->result = sthread_syscall(b->nr, b->size, (long)b->words, 0, 0);
	return NULL;
}

#define CLOCK(call, id) ({ \
	self->box->nr = call; \
	self->box->size = id; \
	EXPECT_EQ(0, run(self, read_clock, self->box)); \
	self->box->result; \
})

/* Those of the system; not those that name a process, a thread or a descriptor. */
TEST_F(sthread, clocks)
{
	static const long calls[] = { SYS_clock_gettime, SYS_clock_getres };
	uint64_t of_pid_1 = (uint32_t)(~1U << 3 | 2), id;
	struct timespec t;
	unsigned int i;

	ASSERT_EQ(0, clock_gettime((clockid_t)of_pid_1, &t));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, sthread_sc_sys_add(self->sc, calls[i]));
		for (id = 0; id < 8; id++)
			EXPECT_EQ(0, CLOCK(calls[i], id)) TH_LOG("clock %lu", id);
		EXPECT_EQ(0, CLOCK(calls[i], 11));
		EXPECT_EQ(0, CLOCK(calls[i], 1UL << 32 | 1));	/* Linux looks at 32 bits */
		EXPECT_EQ(-EINVAL, CLOCK(calls[i], of_pid_1));
		EXPECT_EQ(-EINVAL, CLOCK(calls[i], 1UL << 32 | of_pid_1));
		EXPECT_EQ(-EINVAL, CLOCK(calls[i], -1UL << 32 | of_pid_1));
		EXPECT_EQ(-EINVAL, CLOCK(calls[i], (uint32_t)(~0U << 3 | 2)));
		EXPECT_EQ(-EINVAL, CLOCK(calls[i], (uint32_t)(~0U << 3 | 6)));
		EXPECT_EQ(-EINVAL, CLOCK(calls[i], 12));
	}
}

TEST_F(sthread, descriptors)
{
	int null = open("/dev/null", O_RDWR);

	ASSERT_EQ(0, sthread_sc_sys_add(self->sc, SYS_read));
	ASSERT_EQ(0, sthread_sc_sys_add(self->sc, SYS_write));
	ASSERT_EQ(0, sthread_sc_fd_add(self->sc, null, STHREAD_READ));
	set_call(self->box, SYS_read, null, (uint64_t)self->box->text, 10, 0);
	EXPECT_EQ(0, run(self, make_call, self->box));
	EXPECT_EQ(0, self->box->result);

	set_call(self->box, SYS_write, null, (uint64_t)self->box->text, 10, 0);
	ENDS(make_call, self->box, STHREAD_FD);
	EXPECT_EQ(-ECANCELED, run(self, make_call, self->box));
	EXPECT_EQ(null, self->report.fd);
	EXPECT_EQ(SYS_write, self->report.nr);
	set_call(self->box, SYS_read, self->pipe[0], (uint64_t)self->box->text, 10, 0);
	ENDS(make_call, self->box, STHREAD_FD);
	set_call(self->box, SYS_read, -1, (uint64_t)self->box->text, 10, 0);
	ENDS(make_call, self->box, STHREAD_FD);
	set_call(self->box, SYS_read, 0x7fffffff, (uint64_t)self->box->text, 10, 0);
	ENDS(make_call, self->box, STHREAD_FD);

	ASSERT_EQ(0, sthread_sc_fd_add(self->sc, null, STHREAD_READ | STHREAD_WRITE));
	set_call(self->box, SYS_write, null, (uint64_t)self->box->text, 10, 0);
	EXPECT_EQ(0, run(self, make_call, self->box));
	EXPECT_EQ(10, self->box->result);
	ASSERT_EQ(0, sthread_sc_fd_del(self->sc, null));
	ENDS(make_call, self->box, STHREAD_FD);
}

TEST_F(sthread, descriptors_that_cannot_be_granted)
{
	EXPECT_EQ(-EBADF, sthread_sc_fd_add(self->sc, dune_vcpu_fd(), STHREAD_READ));
	EXPECT_EQ(-EBADF, sthread_sc_fd_add(self->sc, -1, STHREAD_READ));
	EXPECT_EQ(-EBADF, sthread_sc_fd_add(self->sc, 1024, STHREAD_READ));
	EXPECT_EQ(-EINVAL, sthread_sc_fd_add(self->sc, 0, 0));
	EXPECT_EQ(-EINVAL, sthread_sc_fd_add(self->sc, 0, 4));
}

/* A call with a pointer where it has no right; which address is reported. */
static void pointer_refused(struct __test_metadata *_metadata, FIXTURE_DATA(sthread) *self,
			    uint64_t address)
{
	EXPECT_EQ(-ECANCELED, run(self, make_call, self->box));
	EXPECT_EQ(STHREAD_POINTER, self->report.end) TH_LOG("call %ld", self->box->nr);
	EXPECT_EQ(address, self->report.address);
	EXPECT_EQ(-1, self->box->result);
}

#define POINTER_REFUSED(address) pointer_refused(_metadata, self, (uint64_t)(address))

TEST_F(sthread, pointers_to_write_to)
{
	uint64_t end = (uint64_t)self->box + SIZE;

	grant_io(self);
	ASSERT_EQ(5, write(self->pipe[1], "12345", 5));
	set_call(self->box, SYS_read, self->pipe[0], (uint64_t)self->secret, 5, 0);
	POINTER_REFUSED(self->secret);
	EXPECT_STREQ("key", self->report.where);
	set_call(self->box, SYS_read, self->pipe[0], (uint64_t)self->fixed, 5, 0);
	POINTER_REFUSED(self->fixed);
	set_call(self->box, SYS_read, self->pipe[0], (uint64_t)add_one, 5, 0);
	POINTER_REFUSED(add_one);
	set_call(self->box, SYS_read, self->pipe[0], (uint64_t)dune_vm_mirror(), 5, 0);
	POINTER_REFUSED(dune_vm_mirror());
	set_call(self->box, SYS_read, self->pipe[0], end - 2, 5, 0);
	POINTER_REFUSED(end);
	set_call(self->box, SYS_read, self->pipe[0], (uint64_t)self->box, ~0UL, 0);
	POINTER_REFUSED(end);
	set_call(self->box, SYS_read, self->pipe[0], ~0UL - 2, 5, 0);
	POINTER_REFUSED(~0UL - 2);
	set_call(self->box, SYS_fstat, self->pipe[0], (uint64_t)self->secret, 0, 0);
	POINTER_REFUSED(self->secret);
	EXPECT_STREQ("the key", self->secret);
	EXPECT_EQ(PATTERN, *self->fixed);
	/* The bytes are all there still. */
	set_call(self->box, SYS_read, self->pipe[0], end - 5, 5, 0);
	EXPECT_EQ(0, run(self, make_call, self->box));
	EXPECT_EQ(5, self->box->result);
	EXPECT_EQ(0, memcmp((char *)end - 5, "12345", 5));
}

TEST_F(sthread, pointers_to_read_from)
{
	char byte;

	grant_io(self);
	fcntl(self->pipe[0], F_SETFL, O_NONBLOCK);
	set_call(self->box, SYS_write, self->pipe[1], (uint64_t)self->secret, 5, 0);
	POINTER_REFUSED(self->secret);
	set_call(self->box, SYS_write, self->pipe[1], (uint64_t)dune_info(), 5, 0);
	POINTER_REFUSED(dune_info());
	set_call(self->box, SYS_nanosleep, (uint64_t)self->secret, 0, 0, 0);
	POINTER_REFUSED(self->secret);
	EXPECT_EQ(-1, read(self->pipe[0], &byte, 1));
	set_call(self->box, SYS_write, self->pipe[1], (uint64_t)self->fixed, 8, 0);
	EXPECT_EQ(0, run(self, make_call, self->box));
	EXPECT_EQ(8, self->box->result);
}

TEST_F(sthread, pointers_in_structures)
{
	struct box *b = self->box;

	grant_io(self);
	fcntl(self->pipe[0], F_SETFL, O_NONBLOCK);
	b->iov[0] = (struct iovec) { b->text, 3 };
	b->iov[1] = (struct iovec) { self->secret, 3 };
	set_call(b, SYS_writev, self->pipe[1], (uint64_t)b->iov, 2, 0);
	POINTER_REFUSED(self->secret);
	set_call(b, SYS_readv, self->pipe[0], (uint64_t)b->iov, 2, 0);
	POINTER_REFUSED(self->secret);
	set_call(b, SYS_writev, self->pipe[1], (uint64_t)self->secret, 1, 0);
	POINTER_REFUSED(self->secret);
	b->iov[1].iov_base = b->text;
	set_call(b, SYS_writev, self->pipe[1], (uint64_t)b->iov, 2, 0);
	EXPECT_EQ(0, run(self, make_call, b));
	EXPECT_EQ(6, b->result);
	set_call(b, SYS_writev, self->pipe[1], (uint64_t)b->iov, 1UL << 60, 0);
	EXPECT_EQ(0, run(self, make_call, b));
	EXPECT_EQ(-EINVAL, b->result);
	/* Where it is to be a null pointer: an address is one that is refused. */
	set_call(b, SYS_poll, (uint64_t)self->secret, 1, 0, 0);
	POINTER_REFUSED(self->secret);
	b->fds[0] = (struct pollfd) { .fd = self->pipe[0], .events = POLLIN };
	b->fds[1] = (struct pollfd) { .fd = 2, .events = POLLOUT };
	set_call(b, SYS_poll, (uint64_t)b->fds, 1, 0, 0);
	EXPECT_EQ(0, run(self, make_call, b));
	EXPECT_EQ(1, b->result);
	EXPECT_EQ(POLLIN, b->fds[0].revents);
	set_call(b, SYS_poll, (uint64_t)b->fds, 2, 0, 0);
	ENDS(make_call, b, STHREAD_FD);
}

/* Its own stack, variables and thread-local variables. */
static void *read_into_own(void *arg)
{
	static __thread char local_array[16];
	char on_stack[16] = "";
	struct box *b = arg;
	long r = sthread_syscall(SYS_read, b->fd, (long)(array + PAGE - 2), 4, 0);

	r += sthread_syscall(SYS_read, b->fd, (long)on_stack, 4, 0);
	r += sthread_syscall(SYS_read, b->fd, (long)local_array, 4, 0);
	snprintf(b->text, sizeof(b->text), "%.4s %.4s %.4s", array + PAGE - 2, on_stack,
		 local_array);
	return (void *)r;
}

TEST_F(sthread, reads_into_its_own)
{
	int i;

	grant_io(self);
	self->box->fd = self->pipe[0];
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(12, write(self->pipe[1], "abcdefghijkl", 12));
		EXPECT_EQ(0, run(self, read_into_own, self->box));
		EXPECT_EQ(12, (long)self->value);
		EXPECT_STREQ("abcd efgh ijkl", self->box->text);
	}
	EXPECT_EQ(0, array[PAGE - 2]);
}

/* A vector that another thread changes between the check and the call, it hopes. */
static void *many_writes(void *arg)
{
	struct box *b = arg;
	int i;

	for (i = 0; i < 200; i++)
		b->result = sthread_syscall(SYS_writev, b->fd, (long)b->iov, 1, 0);
	return NULL;
}

struct flipper {
	struct box	*box;
	char		*secret;
	bool		stop;
};

static void *flip(void *arg)
{
	struct flipper *f = arg;

	while (!__atomic_load_n(&f->stop, __ATOMIC_ACQUIRE)) {
		__atomic_store_n(&f->box->iov[0].iov_base, f->secret, __ATOMIC_RELEASE);
		sched_yield();
		__atomic_store_n(&f->box->iov[0].iov_base, f->box->text, __ATOMIC_RELEASE);
		sched_yield();
	}
	return NULL;
}

TEST_F(sthread, pointers_that_change)
{
	struct flipper f = { self->box, self->secret, false };
	int i, ended = 0;
	char said[4096];
	pthread_t thread;
	ssize_t n;

	grant_io(self);
	fcntl(self->pipe[0], F_SETFL, O_NONBLOCK);
	memset(self->box->text, 'g', sizeof(self->box->text));
	self->box->fd = self->pipe[1];
	self->box->iov[0] = (struct iovec) { self->box->text, 7 };
	ASSERT_EQ(0, pthread_create(&thread, NULL, flip, &f));
	for (i = 0; i < 20; i++) {
		ended += !!run(self, many_writes, self->box);
		while ((n = read(self->pipe[0], said, sizeof(said))) > 0)
			EXPECT_EQ(NULL, memmem(said, n, "the key", 7));
		sched_yield();
	}
	f.stop = true;
	pthread_join(thread, NULL);
	TH_LOG("%d of 20 were ended", ended);
}

/* ---- nothing is left for the next ---------------------------------------- */

/* Everything that can hold something. Returns where its stack is. */
static void *leave_traces(void *arg)
{
	volatile uint64_t stack[5000];
	uint64_t where = (uint64_t)stack;
	struct box *b = arg;
	unsigned int i;

	asm("" : "+r" (where));
	for (i = 0; i < 5000; i++)
		stack[i] = PATTERN;
	/* Linux writes a page that the sthread itself never touches. */
	sthread_syscall(SYS_read, b->fd, (long)stack - 8000, 8, 0);
	sthread_syscall(SYS_read, b->fd, (long)&array[2 * PAGE], 8, 0);
	*(uint64_t *)array = PATTERN;
	variable = PATTERN;
	local = PATTERN;
	errno = (int)PATTERN;
	asm volatile("wrgsbase %0" : : "r" (PATTERN >> 20));
	for (i = 0; i < 8; i++)
		b->words[i] = PATTERN;
	asm volatile("movdqu (%0), %%xmm0\n\tmovdqu (%0), %%xmm15\n\tfldl (%0)"
		     : : "r" (b->words) : "memory");
	return (void *)where;
}

static bool any(const uint64_t *from, const uint64_t *to)
{
	for (; from < to; from++)
		if (*from == PATTERN)
			return true;
	return false;
}

/* What it finds, as bits; @arg is a box. */
static void *look_for_traces(void *arg)
{
	uint64_t xmm[4], gs, here = (uint64_t)&gs, found = 0, base, *stack;
	struct box *b = arg;

	asm volatile("movdqu %%xmm0, (%0)\n\tmovdqu %%xmm15, 16(%0)" : : "r" (xmm) : "memory");
	asm volatile("rdgsbase %0" : "=r" (gs));
	/* Of the stack, all but the page that is being worked on. */
	base = b->address;
	for (stack = (uint64_t *)base; (uint64_t)stack < (here & ~(PAGE - 1)); stack++)
		found |= *stack == PATTERN;
	found |= any(xmm, xmm + 4) << 1 | (gs != 0) << 2;
	found |= (uint64_t)(variable != 7) << 3 | (uint64_t)(local != 11) << 4;
	found |= (uint64_t)any((uint64_t *)array, (uint64_t *)(array + sizeof(array))) << 5;
	found |= (uint64_t)(errno != 0) << 6;
	return (void *)found;
}

TEST_F(sthread, nothing_is_left)
{
	const uint64_t pattern[2] = { PATTERN, PATTERN };
	uint64_t stack = 0, again;
	int i;

	grant_io(self);
	self->box->fd = self->pipe[0];
	/* More than twice: the dirty bits must come again after they were cleared. */
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(16, write(self->pipe[1], pattern, 16));
		ASSERT_EQ(0, run(self, leave_traces, self->box));
		again = (uint64_t)self->value;
		/* It is the same one, or there would be nothing to find. */
		if (i)
			EXPECT_EQ(stack, again);
		stack = again;
		self->box->address = (stack + 40000 - STHREAD_STACK + PAGE) & ~(PAGE - 1);
		ASSERT_EQ(0, run(self, look_for_traces, self->box));
		EXPECT_EQ(0, (long)self->value) TH_LOG("round %d", i);
	}
}

/* One that was ended in the middle leaves no more than one that returned. */
static void *leave_and_crash(void *arg)
{
	leave_traces(arg);
	__builtin_trap();
}

TEST_F(sthread, nothing_is_left_of_a_crash)
{
	const uint64_t pattern[2] = { PATTERN, PATTERN };
	uint64_t stack;
	int i;

	grant_io(self);
	self->box->fd = self->pipe[0];
	ASSERT_EQ(16, write(self->pipe[1], pattern, 16));
	ASSERT_EQ(0, run(self, leave_traces, self->box));
	stack = (uint64_t)self->value;
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(16, write(self->pipe[1], pattern, 16));
		EXPECT_EQ(-ECANCELED, run(self, leave_and_crash, self->box));
		EXPECT_EQ(6, self->report.vector);
		self->box->address = (stack + 40000 - STHREAD_STACK + PAGE) & ~(PAGE - 1);
		ASSERT_EQ(0, run(self, look_for_traces, self->box));
		EXPECT_EQ(0, (long)self->value) TH_LOG("round %d", i);
	}
}

TEST_F(sthread, a_thousand_take_no_more_memory)
{
	struct dune_vm_stats before, after;
	int i;

	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, run(self, add_one, NULL));
	dune_vm_stats(&before);
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(0, run(self, add_one, NULL));
	dune_vm_stats(&after);
	EXPECT_EQ(before.tables, after.tables);
	EXPECT_EQ(before.pool_pages, after.pool_pages);
}

TEST_F(sthread, contexts_give_back_what_they_took)
{
	struct dune_vm_stats before, after;
	struct sthread_sc *sc;
	struct sthread *s;
	int i;

	for (i = 0; i < 20; i++) {
		if (i == 4)
			dune_vm_stats(&before);
		ASSERT_EQ(0, sthread_sc_new(&sc));
		ASSERT_EQ(0, sthread_sc_mem_add(sc, self->tag, STHREAD_READ));
		ASSERT_EQ(0, sthread_create(&s, sc, add_one, NULL));
		EXPECT_EQ(-EBUSY, sthread_sc_free(sc));
		ASSERT_EQ(0, sthread_join(s, NULL, NULL));
		EXPECT_EQ(0, sthread_sc_free(sc));
	}
	dune_vm_stats(&after);
	EXPECT_EQ(before.tables, after.tables);
	EXPECT_EQ(before.pool_pages, after.pool_pages);
}

TEST_HARNESS_MAIN
