/* SPDX-License-Identifier: MIT */
/*
 * watch_ptrace.c - a program in a sandbox made with ptrace(2)
 *
 * Each system call stops once, at its beginning, by a filter of seccomp(2) that asks the
 * tracer: half of the stops that PTRACE_SYSCALL would have.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch.h"

#define OPTIONS	(PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | \
		 PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL)

static bool ask_tracer(void)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE) };
	struct sock_fprog prog = { 1, code };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}

static void judge_stopped(pid_t pid)
{
	struct user_regs_struct regs;
	static struct call call;
	int error;

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
		return;
	call.pid = pid;
	call.nr = regs.orig_rax;
	call.args[0] = regs.rdi;
	call.args[1] = regs.rsi;
	call.args[2] = regs.rdx;
	call.args[3] = regs.r10;
	error = judge(&call);
	if (!error)
		return;
	regs.orig_rax = -1;
	regs.rax = -error;
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
}

/* The signal with which it is to go on. */
static int stopped(pid_t pid, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);

	if (event == PTRACE_EVENT_SECCOMP)
		judge_stopped(pid);
	return event || sig == SIGSTOP ? 0 : sig;
}

static int trace(pid_t first)
{
	int status, result = 125;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status))
			ptrace(PTRACE_CONT, pid, 0, stopped(pid, status));
		else if (pid == first)
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return result;
}

int watch_by_ptrace(char *const *argv)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		if (ask_tracer())
			execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, 0, OPTIONS) || ptrace(PTRACE_CONT, pid, 0, 0))
		return 125;
	return trace(pid);
}
