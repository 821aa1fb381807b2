/* SPDX-License-Identifier: MIT */
/*
 * shared.h - what all processes of a sandbox have in common
 *
 * Lies behind the policy in its memory file, mapped by each of them, and so
 * outlives execve(2). Only ring 0 writes it.
 */
#ifndef _APPS_SANDBOX_SHARED_H
#define _APPS_SANDBOX_SHARED_H

#include <stdint.h>

#include "policy.h"

#define MAX_TASKS	1024
#define NAMES_SIZE	32768
#define MAX_LEARNT	512
#define NO_FD		(-1)

struct shared_path {
	int32_t		fd;		/* of the rule's path, or NO_FD: there is none */
	uint16_t	name;		/* where it is, in shared.names; 0: /proc/self as written */
	uint8_t		is_dir, hides;	/* a hide rule lies below it */
};

struct shared {
	uint32_t	started;	/* the first process has set all this up */
	uint32_t	nr_names;
	int32_t		policy_fd, monitor_fd, report_fd, learn_fd;
	uint32_t	hidden_from, hidden_to;	/* where they and those of paths are */
	uint8_t		trace, report, learn;
	uint64_t	deadline;	/* CLOCK_MONOTONIC, in nanoseconds; 0: none */
	uint64_t	output;		/* bytes written */
	uint32_t	holds;		/* so many places have been held */
	uint64_t	task[MAX_TASKS];	/* see roster.c */
	struct shared_path path[MAX_PATHS];
	char		names[NAMES_SIZE];

	/* --learn */
	uint64_t	learnt_call[NR_CALLS / 64];
	uint32_t	nr_learnt;
	uint8_t		learnt_less;	/* than the run needed */
	struct {
		uint32_t rights;	/* 0: an address, as text */
		char	text[252];
	} learnt[MAX_LEARNT];
};

#define SHARED_OFFSET	((sizeof(struct policy) + 4095) & ~4095UL)
#define SHARED_SIZE	((sizeof(struct shared) + 4095) & ~4095UL)

#endif /* _APPS_SANDBOX_SHARED_H */
