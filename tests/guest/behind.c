/* SPDX-License-Identifier: MIT */
/*
 * behind.c - a program behind the second line, with nothing before it
 *
 *	dune-policy --start POLICY behind PROGRAM [ARGUMENT]...
 *	behind --landlock VERSION	whether the kernel has that much of it
 *
 * Takes the place of dune-run, up to where that enters Dune mode: the second line is
 * built by the sandbox's own functions. Then PROGRAM is executed, natively: no call of
 * its is looked at by anybody but Linux.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../apps/sandbox/box.h"

static struct policy policy;
static struct shared shared;
static struct box box = { .policy = &policy, .shared = &shared };

static void end(const char *why)
{
	fprintf(stderr, "behind: %s\n", why);
	exit(125);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc == 3 && !strcmp(argv[1], "--landlock"))
		return syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* its version */) < atoi(argv[2]);
	if (argc < 4 || strcmp(argv[1], "--policy-fd"))
		end("it is for dune-policy --start to execute this");
	fd = atoi(argv[2]);
	if (pread(fd, &policy, sizeof(policy), 0) != sizeof(policy) ||
	    policy_check(&policy, sizeof(policy)))
		end("no policy");
	close(fd);
	shared.policy_fd = shared.monitor_fd = shared.report_fd = shared.learn_fd = NO_FD;
	shared.hidden_from = 100;
	shared.hidden_to = 100 + MAX_PATHS;
	/* The monitor's place is /dev/null's: one file that only the sandbox itself has. */
	if (rules_start(&box) || wall_build(&box, "/dev/null"))
		end("no second line");
	execvp(argv[3], argv + 3);
	end("the program cannot be executed");
	return 125;
}
