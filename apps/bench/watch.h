/* SPDX-License-Identifier: MIT */
/*
 * watch.h - a program whose system calls another process judges: what Linux has for that
 */
#ifndef _APPS_BENCH_WATCH_H
#define _APPS_BENCH_WATCH_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

/* Files below these may be opened. */
#define WORKLOAD_FILES	"/tmp/dune-bench"
#define POLICY_FILES	"/tmp/dune-bench.policy"

/* A call that waits for its judgement. */
struct call {
	pid_t		pid;
	long		nr;
	uint64_t	args[6];
	char		path[PATH_MAX];		/* copied once, if it has one */
};

/* 0 if it may be made, or the errno with which it is refused. */
int judge(struct call *call);
/* The argument of @nr that is a path, or -1. */
int path_argument(long nr);
/* A path that was allowed, opened as openat(2) was asked to: a descriptor, or -errno. */
int open_judged(const struct call *call);

/* Run the command, each of its calls or those that matter judged; its exit status. */
int watch_by_ptrace(char *const *argv);
int watch_by_notification(char *const *argv);

#endif /* _APPS_BENCH_WATCH_H */
