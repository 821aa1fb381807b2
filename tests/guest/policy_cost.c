/* SPDX-License-Identifier: MIT */
/*
 * policy_cost.c - what a system call costs under a policy, and by other means
 *
 *	policy-cost		as it is run: natively, or by dune-run --policy
 *	policy-cost seccomp	under a filter of seccomp(2) that refuses getppid()
 *	policy-cost notify	with a supervisor (seccomp_unotify(2)) that answers
 *	policy-cost ptrace	traced, each call stopping twice
 *	policy-cost run COMMAND...	what a whole command takes
 *
 * Prints ticks of the time-stamp counter for each call: of getpid(), which the
 * policy allows, getppid(), which it refuses, and openat() of a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCHES	9
#define CALLS	200

static unsigned long ticks(void)
{
	unsigned int a, d;

	asm volatile("lfence\n\trdtsc" : "=a" (a), "=d" (d));
	return a | (unsigned long)d << 32;
}

static void do_nothing(void)
{
	asm volatile("");
}

static void do_getpid(void)
{
	syscall(SYS_getpid);
}

static void do_getppid(void)
{
	syscall(SYS_getppid);
}

static void do_open(void)
{
	syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, "/tmp/work/f", O_RDONLY));
}

static void do_close(void)
{
	syscall(SYS_close, -1);
}

static int compare(const void *a, const void *b)
{
	return *(const unsigned long *)a > *(const unsigned long *)b ? 1 : -1;
}

static unsigned long median(void (*fn)(void), int calls)
{
	unsigned long t[BATCHES], begin;
	int i, k;

	fn();
	for (i = 0; i < BATCHES; i++) {
		begin = ticks();
		for (k = 0; k < calls; k++)
			fn();
		t[i] = (ticks() - begin) / calls;
	}
	qsort(t, BATCHES, sizeof(t[0]), compare);
	return t[BATCHES / 2];
}

static void measure(int calls)
{
	unsigned long empty = median(do_nothing, calls);

	printf("getpid %lu\n", median(do_getpid, calls) - empty);
	printf("getppid %lu (%s)\n", median(do_getppid, calls) - empty,
	       syscall(SYS_getppid) < 0 ? "refused" : "made");
	printf("openat-close %lu, close of nothing %lu\n", median(do_open, calls) - empty,
	       median(do_close, calls) - empty);
}

/* @action for getppid() and openat(). */
static int filter(unsigned int action, unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			 flags ? SYS_openat : 1000000, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, action),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

/* Answers getppid() with an error and lets openat() go on. */
static void supervise(int fd)
{
	struct seccomp_notif ask;
	struct seccomp_notif_resp answer;

	for (;;) {
		memset(&ask, 0, sizeof(ask));
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &ask))
			exit(0);
		memset(&answer, 0, sizeof(answer));
		answer.id = ask.id;
		if (ask.data.nr == SYS_openat)
			answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		else
			answer.error = -EPERM;
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer))
			exit(0);
	}
}

static void notify(void)
{
	int fd = filter(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	pid_t pid;

	if (fd < 0) {
		perror("seccomp");
		exit(1);
	}
	pid = fork();		/* the filter is the child's as well, but it asks nothing */
	if (!pid)
		supervise(fd);
	measure(20);
	kill(pid, 9);
}

static void traced(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		measure(20);
		exit(0);
	}
	while (waitpid(pid, &status, 0) == pid && !WIFEXITED(status))
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
}

static int run(char **argv)
{
	unsigned long begin = ticks();
	pid_t pid = vfork();
	int status;

	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	fprintf(stderr, "%lu ticks, status %d\n", ticks() - begin, status);
	return status != 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOFBF, 4096);
	if (argc > 2 && !strcmp(argv[1], "run")) {
		return run(argv + 2);
	} else if (argc == 1) {
		measure(CALLS);
	} else if (!strcmp(argv[1], "seccomp")) {
		filter(SECCOMP_RET_ERRNO | EPERM, 0);
		measure(CALLS);
	} else if (!strcmp(argv[1], "notify")) {
		notify();
	} else if (!strcmp(argv[1], "ptrace")) {
		traced();
	}
	return 0;
}
