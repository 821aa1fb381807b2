/* SPDX-License-Identifier: MIT */
/*
 * calls.c - every system call, with arguments that are good, bad and worse
 *
 * One line a call: its result, as far as it is the same in every process. The
 * same lines must come natively, over the native path and over the fast path.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LAST	450

/* Calls that would end this process, wait for ever, or change the machine. */
static const short left_out[] = {
	SYS_rt_sigreturn, SYS_pause, SYS_clone, SYS_fork, SYS_vfork, SYS_exit, SYS_exit_group,
	SYS_ptrace, SYS_syslog, SYS_vhangup, SYS_sync, SYS_reboot, SYS_kexec_load,
	SYS_restart_syscall, SYS_seccomp, SYS_alarm, SYS_msgget, SYS_close_range, SYS_syncfs,
	SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid,
	SYS_setgroups, SYS_setfsuid, SYS_setfsgid, SYS_kill, SYS_tkill, SYS_tgkill,
	SYS_select, SYS_ppoll, SYS_pselect6, SYS_close, SYS_sethostname, SYS_setdomainname,
	SYS_acct, SYS_munlockall, SYS_sched_setaffinity, SYS_setpriority, SYS_umask,
	SYS_perf_event_open,
	/* Known differences: docs/differences.md. */
	SYS_rseq, SYS_execveat,
};

static bool skipped(int nr)
{
	unsigned int i;

	for (i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (left_out[i] == nr)
			return true;
	return nr > 334 && nr < 424;
}

static char line[100];

static void report(int nr, const char *with, long r)
{
	if (r == -1)
		snprintf(line, sizeof(line), "%d %s: errno %d\n", nr, with, errno);
	else if (r >= 0 && r < 64)
		snprintf(line, sizeof(line), "%d %s: %ld\n", nr, with, r);
	else
		snprintf(line, sizeof(line), "%d %s: something\n", nr, with);
	/* Not through stdio: some call may have taken its descriptor away. */
	(void)!write(100, line, strlen(line));
}

static void sweep(const char *with, long v)
{
	int nr;

	for (nr = 0; nr <= LAST; nr++)
		if (!skipped(nr))
			report(nr, with, syscall(nr, v, v, v, v, v, v));
}

/* With a buffer, most calls that fill one in succeed. */
static void fill(void)
{
	static char buffer[1 << 16] __attribute__((aligned(4096)));
	static const struct { short nr, at; } calls[] = {
		{ SYS_stat, 1 }, { SYS_fstat, 1 }, { SYS_uname, 0 }, { SYS_getcwd, 0 },
		{ SYS_gettimeofday, 0 }, { SYS_getrlimit, 1 }, { SYS_getrusage, 1 },
		{ SYS_sysinfo, 0 }, { SYS_times, 0 }, { SYS_getgroups, 1 }, { SYS_statfs, 1 },
		{ SYS_fstatfs, 1 }, { SYS_clock_gettime, 1 }, { SYS_clock_getres, 1 },
		{ SYS_getcpu, 0 }, { SYS_getitimer, 1 }, { SYS_pipe, 0 }, { SYS_time, 0 },
		{ SYS_getresuid, 0 }, { SYS_sched_getparam, 1 }, { SYS_rt_sigpending, 0 },
		{ SYS_sched_rr_get_interval, 1 }, { SYS_nanosleep, 0 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		long args[6] = { 0 };

		memset(buffer, 0, 64);
		args[calls[i].at] = (long)buffer;
		report(calls[i].nr, "a buffer", syscall(calls[i].nr, args[0], args[1], args[2],
							args[3], args[4], args[5]));
		args[calls[i].at] = (long)buffer + sizeof(buffer) - 4;
		mprotect(buffer, 4096, PROT_NONE);
		args[calls[i].at] = (long)buffer;
		report(calls[i].nr, "no access", syscall(calls[i].nr, args[0], args[1], args[2],
							 args[3], args[4], args[5]));
		mprotect(buffer, 4096, PROT_READ | PROT_WRITE);
	}
	report(SYS_read, "a pipe", syscall(SYS_read, 50, buffer, 5));
	report(SYS_write, "a pipe", syscall(SYS_write, 51, buffer, 5));
	report(SYS_read, "a pipe", syscall(SYS_read, 50, buffer, 5));
}

int main(void)
{
	int pipes[2];

	dup2(1, 100);
	(void)!pipe(pipes);
	dup2(pipes[0], 50);
	dup2(pipes[1], 51);
	fcntl(50, F_SETFL, O_NONBLOCK);
	sweep("-1", -1);
	sweep("8", 8);
	sweep("0", 0);
	fill();
	return 0;
}
