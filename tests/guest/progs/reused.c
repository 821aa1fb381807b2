/* SPDX-License-Identifier: MIT */
/*
 * reused.c - a signal to a child that was killed, whose number is another's by then
 *
 * Prints the number and waits for a line.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	pid_t child;

	signal(SIGCHLD, SIG_IGN);
	child = fork();
	if (!child)
		kill(getpid(), SIGKILL);
	while (wait(NULL) > 0)
		;
	printf("%d\n", child);
	fflush(stdout);
	getchar();
	if (!kill(child, SIGTERM))
		return 0;
	return errno == ESRCH ? 3 : 4;
}
