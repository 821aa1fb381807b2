/* SPDX-License-Identifier: MIT */
/*
 * terminal.c - the terminal that whoever started the sandbox reads from
 *
 * It is standard input.
 */
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "escape.h"

/* That it is one shows before each attempt: ENOTTY is an answer as well. */
static int request(unsigned long what, void *argument)
{
	struct termios t;

	if (ioctl(0, TCGETS, &t))
		return UNTRIED;
	return FAILED(ioctl(0, what, argument));
}

/* As if it had been typed. */
static int inject_input(void)
{
	return request(TIOCSTI, "x");
}

/* By a number of 64 bits, whose lower half Linux looks at. */
static int inject_with_upper_bits(void)
{
	return request(1UL << 32 | TIOCSTI, "x");
}

static int steal_terminal(void)
{
	pid_t pid = fork();

	if (!pid) {
		setsid();
		_exit(request(TIOCSCTTY, (void *)1));
	}
	return answer_of(pid);
}

static int take_foreground(void)
{
	pid_t group = getpid();

	signal(SIGTTOU, SIG_IGN);
	if (setpgid(0, 0))
		return errno;
	return request(TIOCSPGRP, &group);
}

static int hang_up(void)
{
	pid_t pid = fork();

	/* Not the shell's for good: natively it goes with its session. */
	if (!pid)
		_exit(request(TIOCNOTTY, NULL));
	return answer_of(pid);
}

static int change_discipline(void)
{
	int discipline = 0;

	return request(TIOCSETD, &discipline);
}

const struct attempt terminal_attempts[] = {
	A(inject_input, ENOTTY), A(inject_with_upper_bits, ENOTTY),
	A(change_discipline, ENOTTY), A(take_foreground, ENOTTY), A(hang_up, ENOTTY), A(steal_terminal, ENOTTY),
	{ 0 },
};
