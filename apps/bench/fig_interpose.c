/* SPDX-License-Identifier: MIT */
/*
 * fig_interpose.c - what Linux offers to a program that handles another's calls
 *
 * One getpid of the watched side, from its beginning to its result. Each watcher but
 * sysemu's lets the call through, as dune-run's monitor does. A watcher that is a process
 * or thread of its own shares the CPU with the watched one.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS		1000
#define LIBC_SIZE	(2UL << 20)	/* no less than libc's code */

static long do_getpid(void)
{
	long nr = SYS_getpid;

	asm volatile("syscall" : "+a" (nr) : : "rcx", "r11", "memory");
	return nr;
}

/* Each call timed by the watched side; whether all had the right result. */
static bool time_getpids(double *values)
{
	uint64_t empty = ticks_empty(), t;
	long pid = getpid();
	int i;

	for (i = 0; i < ROUNDS; i++) {
		t = ticks_now();
		if (do_getpid() != pid)
			return false;
		values[i] = ticks_now() - t - empty;
	}
	return true;
}

/* The child's values, in memory of both. */
static double *shared_values(void)
{
	double *p = mmap(NULL, ROUNDS * sizeof(*p), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : memset(p, 0, ROUNDS * sizeof(*p));
}

/* A child that will make its calls as soon as it is let go on; -1: there is none. */
static pid_t traced_child(double *values)
{
	pid_t pid = values ? fork() : -1;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(!time_getpids(values));
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid;
}

static double values_at_end(double *values, int status)
{
	return WIFEXITED(status) && !WEXITSTATUS(status) ? median(values, ROUNDS) : NOT_MEASURED;
}

double interpose_ptrace(long *n)
{
	double *values = shared_values();
	pid_t pid = traced_child(values);
	int status = 0x7f;	/* stopped */

	*n = ROUNDS;
	if (pid < 0)
		return NOT_MEASURED;
	while (WIFSTOPPED(status)) {
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
		waitpid(pid, &status, 0);
	}
	return values_at_end(values, status);
}

/* In a stop of PTRACE_SYSEMU the call is not made; the answer is ours. */
static bool answer_stopped(pid_t pid, enum __ptrace_request *go_on)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
		return false;
	if (regs.orig_rax == SYS_getpid) {
		regs.rax = pid;
	} else {	/* at its end: once more, from the instruction on, and made */
		regs.rax = regs.orig_rax;
		regs.rip -= 2;
		*go_on = PTRACE_CONT;
	}
	return !ptrace(PTRACE_SETREGS, pid, 0, &regs);
}

/* Linux's own way to answer calls: user-mode Linux runs its programs so. */
double interpose_sysemu(long *n)
{
	enum __ptrace_request go_on = PTRACE_SYSEMU;
	double *values = shared_values();
	pid_t pid = traced_child(values);
	int status = 0;

	*n = ROUNDS;
	if (pid < 0)
		return NOT_MEASURED;
	ptrace(PTRACE_SYSEMU, pid, 0, 0);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) && answer_stopped(pid, &go_on))
		ptrace(go_on, pid, 0, 0);
	return values_at_end(values, status);
}

/* getpid() asks the watcher; everything else is as ever. */
static int notify_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		       &prog);
}

static int listener;

static void *answer_all(void *unused)
{
	struct seccomp_notif call;
	struct seccomp_notif_resp answer;

	for (;;) {
		memset(&call, 0, sizeof(call));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
			return NULL;
		memset(&answer, 0, sizeof(answer));
		answer.id = call.id;
		answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

double interpose_seccomp(long *n)
{
	static double values[ROUNDS];
	pthread_t thread;

	*n = ROUNDS;
	listener = notify_filter();
	if (listener < 0 || pthread_create(&thread, NULL, answer_all, NULL))
		return NOT_MEASURED;
	return time_getpids(values) ? median(values, ROUNDS) : NOT_MEASURED;
}

static volatile char selector;

/* The call again, with calls allowed meanwhile. */
static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	selector = SYSCALL_DISPATCH_FILTER_ALLOW;
	regs[REG_RAX] = do_getpid();
	selector = SYSCALL_DISPATCH_FILTER_BLOCK;
}

/* The handler's own end must get through: calls made in libc always do. */
double interpose_dispatch(long *n)
{
	static double values[ROUNDS];
	struct sigaction action = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
	uintptr_t libc = (uintptr_t)&sigaction;
	bool ok;

	*n = ROUNDS;
	if (sigaction(SIGSYS, &action, NULL) ||
	    prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, libc - LIBC_SIZE,
		  2 * LIBC_SIZE, &selector))
		return NOT_MEASURED;
	selector = SYSCALL_DISPATCH_FILTER_BLOCK;
	ok = time_getpids(values);
	selector = SYSCALL_DISPATCH_FILTER_ALLOW;
	return ok ? median(values, ROUNDS) : NOT_MEASURED;
}
