/* SPDX-License-Identifier: MIT */
/*
 * main.c - run one attempt to escape, or list them all
 *
 *	escape			GROUP NAME n|0|- ANSWER FREE, of each: where its guard is
 *				removed (-: nowhere), what comes in the sandbox, and what without
 *	escape NAME		"NAME done", "NAME ENOENT" (how it was refused),
 *				"NAME #GP:0" (by which exception and error code), ...
 *	escape GROUP		all of a group, each in a process of its own; if that
 *				ends by a signal, "NAME SIGSEGV"
 *	escape --tty COMMAND	COMMAND with a terminal of its own as standard input
 *
 * escape-inside, the same program with -DINSIDE, is in Dune mode at ring 0, and makes
 * those attempts whose guard is ring 3.
 */
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef INSIDE
#include <dune/dune.h>
#include <dune/vm.h>

#define ARENA	0x20000000000UL
#endif

#include "escape.h"

static const struct {
	const char		*name;
	const struct attempt	*attempts;
} groups[] = {
	{ "pointers", pointer_attempts }, { "memory", memory_attempts },
	{ "races", race_attempts }, { "files", file_attempts },
	{ "file-races", file_race_attempts },
	{ "processes", process_attempts }, { "terminal", terminal_attempts },
	{ "network", network_attempts }, { "vdso", vdso_attempts }, { "cpu", cpu_attempts },
	{ "state", state_attempts }, { "room", room_attempts }, { "frames", frame_attempts },
};

#define NR_GROUPS	(sizeof(groups) / sizeof(groups[0]))

bool target_is_ours;

int reads_secret(int fd)
{
	char text[7] = "";

	if (fd < 0)
		return errno;
	return read(fd, text, 6) == 6 && !strcmp(text, "secret") ? 0 : EIO;
}

int answer_of(int pid)
{
	int status;

	if (pid < 0)
		return errno;
	if (waitpid(pid, &status, 0) != pid)
		return UNTRIED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static const char *answer(int result)
{
	static const char *const vectors[32] = {
		"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9", "#TS", "#NP",
		"#SS", "#GP", "#PF", "15", "#MF", "#AC", "#MC", "#XM",
	};
	static char text[32];

	if (!result)
		return "done";
	if (result == UNTRIED)
		return "untried";
	if (result == ELSEWHERE)
		return "elsewhere";
	if (!(result & 1 << 24))
		return strerrorname_np(result) ?: "an error without a name";
	snprintf(text, sizeof(text), "%s:%x", vectors[result >> 16 & 31] ?: "?", result & 0xffff);
	if (strchr("\1\6\16", result >> 16 & 31))	/* they have none, or an obvious one */
		*strchr(text, ':') = 0;
	return text;
}

static void run(const struct attempt *a)
{
	int result;

	if (target_is_ours && a->where == NOWHERE)
		return;
#ifdef INSIDE
	if (a->where != RING0)
		return;
	/* Of its own: what an attempt unmaps is not to be taken for libdune's memory. */
	dune_set_arena(ARENA, 1 << 30);
	if (dune_init(0) || dune_enter()) {
		printf("%s: no Dune mode\n", a->name);
		return;
	}
#endif
	result = a->fn();
	printf("%s %s\n", a->name, answer(result));
	fflush(stdout);
}

/* Known of a kernel with every check there is. */
static bool kernel_is_slow(void)
{
	return getenv("SLOW_KERNEL") != NULL;
}

int rounds(int n)
{
	return kernel_is_slow() ? n / 10 : n;
}

static volatile pid_t apart;

static void takes_too_long(int sig)
{
	kill(apart, SIGKILL);
}

/* Some end the process, and some may hang. */
static void run_apart(const struct attempt *a)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		signal(SIGALRM, SIG_DFL);
		run(a);
		_exit(0);
	}
	if (pid > 0) {
		apart = pid;
		signal(SIGALRM, takes_too_long);
		alarm(kernel_is_slow() ? 600 : 60);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		printf("%s could not be made\n", a->name);
	else if (WIFSIGNALED(status))
		printf("%s SIG%s\n", a->name, sigabbrev_np(WTERMSIG(status)));
	else if (status)
		printf("%s exit:%d\n", a->name, WEXITSTATUS(status));
	alarm(0);
	fflush(stdout);
}

static bool map(uintptr_t at, size_t size)
{
	return mmap((void *)at, size, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)at;
}

static int with_terminal(char **command)
{
	int master, slave, status;
	pid_t pid;

	if (openpty(&master, &slave, NULL, NULL, NULL))
		return 125;
	pid = fork();
	if (!pid) {
		close(master);
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		dup2(slave, 0);
		close(slave);
		execvp(command[0], command);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

int main(int argc, char **argv)
{
	const struct attempt *a;
	unsigned int i;

	if (argc > 2 && !strcmp(argv[1], "--tty"))
		return with_terminal(argv + 2);
	/* Natively: something to reach. In the sandbox only the page before it is had. */
	map(BEFORE, 0x1000);
	target_is_ours = map(BEFORE + 0x1000, 0x1000 + TARGET_SIZE) && map(TARGET_DATA, 0x4000);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < NR_GROUPS; i++) {
		for (a = groups[i].attempts; a->name; a++) {
			if (argc == 1)
				printf("%s %s %c %s %s\n", groups[i].name, a->name,
				       "n0-"[a->where], a->answer, a->free);
			else if (!strcmp(argv[1], groups[i].name))
				run_apart(a);
			else if (!strcmp(argv[1], a->name))
				run(a);
		}
	}
	return 0;
}
