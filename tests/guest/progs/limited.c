/* SPDX-License-Identifier: MIT */
/*
 * limited.c - run a program that may have so many descriptors, and cannot change that
 *
 *	prog-limited FILES PROGRAM [ARGUMENT]...
 */
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rlimit limit = { 0, 0 };

	if (argc < 3)
		return 2;
	limit.rlim_cur = limit.rlim_max = atol(argv[1]);
	/* exec() gives root what is in the bounding set, and no more. */
	if (setrlimit(RLIMIT_NOFILE, &limit) || prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE, 0, 0, 0))
		perror("prog-limited");
	else
		execvp(argv[2], argv + 2);
	return 1;
}
