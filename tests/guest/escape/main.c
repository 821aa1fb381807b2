/* SPDX-License-Identifier: MIT */
/*
 * main.c - run one attempt to escape, or list them all
 *
 *	escape			their names
 *	escape NAME		"NAME done", or "NAME refused ERROR"
 *	escape GROUP		all of a group, each in a process of its own
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "escape.h"

static const struct {
	const char		*name;
	const struct attempt	*attempts;
} groups[] = {
	{ "pointers", pointer_attempts }, { "memory", memory_attempts },
	{ "files", file_attempts }, { "processes", process_attempts },
	{ "network", network_attempts }, { "cpu", cpu_attempts },
};

#define NR_GROUPS	(sizeof(groups) / sizeof(groups[0]))

int reads_secret(int fd)
{
	char text[7] = "";

	if (fd < 0)
		return errno;
	return read(fd, text, 6) == 6 && !strcmp(text, "secret") ? 0 : EIO;
}

static void run(const struct attempt *a)
{
	int error = a->fn();

	if (error)
		printf("%s refused %s\n", a->name, strerror(error));
	else
		printf("%s done\n", a->name);
	fflush(stdout);
}

/* Some end the process, which is as good as a refusal. */
static void run_apart(const struct attempt *a)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		alarm(60);
		run(a);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		printf("%s could not be tried\n", a->name);
	else if (status)
		printf("%s ended by %d\n", a->name, WIFSIGNALED(status) ? WTERMSIG(status) : status);
	fflush(stdout);
}

static void map(uintptr_t at)
{
	mmap((void *)at, 0x4000, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
}

int main(int argc, char **argv)
{
	const struct attempt *a;
	unsigned int i;

	/* Natively: something to reach. In the sandbox this fails. */
	map(TARGET_PAGE);
	map(TARGET_DATA);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < NR_GROUPS; i++) {
		for (a = groups[i].attempts; a->name; a++) {
			if (argc == 1)
				printf("%s %s\n", groups[i].name, a->name);
			else if (!strcmp(argv[1], groups[i].name))
				run_apart(a);
			else if (!strcmp(argv[1], a->name))
				run(a);
		}
	}
	return 0;
}
