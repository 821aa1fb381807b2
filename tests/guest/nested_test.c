/* SPDX-License-Identifier: MIT */
/*
 * nested_test.c - calls of the guest's about the vcpu that makes them, and about others
 *
 * The module makes frequent calls itself, in the middle of the call that runs the vcpu.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "rawvm.h"

#define STATS	"/sys/kernel/debug/dune/stats"

/* What the guest calls, one after the other, until a number of -1, which leaves it. */
struct call {
	long nr, arg[3], result;
};

extern const char calls_start[], calls_end[];
asm(".pushsection .rodata\n"
    "calls_start:\n"
    "1:	mov (%rbx), %rax\n"
    "	mov 8(%rbx), %rdi\n"
    "	mov 16(%rbx), %rsi\n"
    "	mov 24(%rbx), %rdx\n"
    "	vmcall\n"
    "	mov %rax, 32(%rbx)\n"
    "	add $40, %rbx\n"
    "	jmp 1b\n"
    "calls_end:\n"
    "	.popsection");

#define CALLS	(RAW_BASE + 0x4000)
#define TEXT	(RAW_BASE + 0x20000)
#define CALL(nr, ...)	{ __NR_##nr, { __VA_ARGS__ }, -1000 }

static int make(struct rawvm *v)
{
	return raw_make(memset(v, 0, sizeof(*v)), calls_start, calls_end - calls_start);
}

static int run(struct rawvm *v, const struct call *calls, unsigned int n)
{
	memset((void *)CALLS, 0xff, (n + 1) * sizeof(*calls));
	memcpy((void *)CALLS, calls, n * sizeof(*calls));
	v->run->regs.rbx = CALLS;
	return raw_run(v);
}

static const struct call *result = (const struct call *)CALLS;

/* Whether the vcpus of this process were there when the guest read of them. */
static bool vcpu_was_there(void)
{
	char line[32];

	snprintf(line, sizeof(line), "vcpu pid=%d ", getpid());
	return strstr((char *)TEXT, line);
}

/* Whoever has restartable sequences leaves the guest whenever he has lost the CPU. */
static int stay_when_scheduled(void)
{
	return syscall(__NR_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, 32, 1,
		       0x53053053);
}

/*
 * @held: by a process that has the files, too, until it is told. 0: all is well.
 * Nothing else is closed: before 6.6 Linux ends a file when the thread leaves the
 * guest, and would make it leave.
 */
static int close_own(bool held)
{
	struct rawvm v;
	int told[2], done[2], stats = open(STATS, O_RDONLY);
	char c;

	if (make(&v) || pipe(told) || pipe(done) || stats < 0 || stay_when_scheduled())
		return 1;
	if (held && !fork())
		_exit(read(told[0], &c, 1) && 0);	/* done[1] closes with its other files */
	if (held)
		close(done[1]);
	const struct call calls[] = {
		CALL(munmap, (long)v.run, 4096),
		CALL(close, v.vcpu),
		CALL(write, told[1], CALLS, 1),
		CALL(read, held ? done[0] : -1, TEXT, 1),	/* the end of the holder's */
		CALL(nanosleep, CALLS + 0x4000, 0),
		CALL(read, stats, TEXT, 60000),
		CALL(getpid),
	};

	*(struct timespec *)(CALLS + 0x4000) = (struct timespec){ .tv_nsec = 30000000 };
	run(&v, calls, sizeof(calls) / sizeof(calls[0]));
	/* What the page would say is gone with it; the memory is not. */
	if (result[0].result || result[1].result || result[2].result != 1)
		return 2;
	if (result[6].result != getpid())
		return 3;
	if (result[5].result <= 0 || !vcpu_was_there())
		return 4;
	return fcntl(v.vcpu, F_GETFD) == -1 ? 0 : 5;
}

static int in_child(bool held)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(close_own(held));
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

TEST(a_vcpu_whose_file_is_closed_runs_on)
{
	EXPECT_EQ(0, in_child(false));
}

TEST(a_vcpu_whose_file_another_closes_last_runs_on)
{
	EXPECT_EQ(0, in_child(true));
}

TEST(no_stay_within_a_stay)
{
	struct dune_sregs s;
	struct rawvm v;
	uint64_t key;
	int other, r;

	ASSERT_EQ(0, make(&v));
	other = ioctl(v.vm, DUNE_CREATE_VCPU, 0);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, ioctl(other, DUNE_GET_KEY, &key));
	ASSERT_EQ(0, ioctl(v.vcpu, DUNE_GET_SREGS, &s));
	ASSERT_EQ(0, ioctl(other, DUNE_SET_SREGS, &s));
	const struct call calls[] = {
		CALL(getpid),
		CALL(lseek, other, key, SEEK_SET),
		CALL(lseek, v.vcpu, v.key, SEEK_SET),
		CALL(lseek, other, key ^ 1, SEEK_SET),
		CALL(getpid),
	};

	ASSERT_EQ(DUNE_EXIT_VMCALL, run(&v, calls, 5));
	EXPECT_EQ(-EBUSY, result[1].result);
	EXPECT_EQ(-EBUSY, result[2].result);
	EXPECT_EQ(-EINVAL, result[3].result);
	EXPECT_EQ(getpid(), result[4].result);

	/* By itself it would run: it does not know its registers yet, and so leaves at once. */
	do {
		r = lseek(other, key, SEEK_SET);
	} while (!r);
	EXPECT_LT(0, r);
	close(other);
	raw_close(&v);
}

TEST(other_vcpus_come_and_go_within_a_stay)
{
	struct rawvm v;
	int other;

	ASSERT_EQ(0, make(&v));
	other = ioctl(v.vm, DUNE_CREATE_VCPU, 0);
	ASSERT_LE(0, other);
	const struct call calls[] = {
		CALL(close, other), CALL(close, v.vm), CALL(close, v.vm), CALL(getpid),
	};

	ASSERT_EQ(DUNE_EXIT_VMCALL, run(&v, calls, 4));
	EXPECT_EQ(0, result[0].result);
	EXPECT_EQ(0, result[1].result);
	EXPECT_EQ(-EBADF, result[2].result);
	EXPECT_EQ(getpid(), result[3].result);
	raw_close(&v);
}

TEST_HARNESS_MAIN
