/* SPDX-License-Identifier: MIT */
/*
 * fig_policy.c - system calls under a policy of dune-run's, and under seccomp(2)
 *
 * This program runs itself, by dune-run or as it is, to time calls there.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "watch.h"

#define CALLS	1000
#define FOLDER	POLICY_FILES
#define FILE_IN	FOLDER "/file"
#define POLICY	FOLDER ".rules"

/*
 * getppid() is refused; files below the folder may be opened. Without a filter, for
 * what is timed is the sandbox, not Linux's slow path behind it.
 */
static const char rules[] =
	"second-line landlock\n"
	"errno EPERM getppid\n"
	"use workdir " FOLDER "\n";

static inline long raw(long nr, long a, const char *b, long c)
{
	asm volatile("syscall" : "+a" (nr) : "D" (a), "S" (b), "d" (c) : "rcx", "r11", "memory");
	return nr;
}

static long do_getpid(void)
{
	return raw(SYS_getpid, 0, NULL, 0);
}

static long do_getppid(void)
{
	return raw(SYS_getppid, 0, NULL, 0);
}

static long do_openat(void)
{
	return raw(SYS_openat, AT_FDCWD, FILE_IN, O_RDONLY);
}

static const struct {
	const char	*name;
	long		(*call)(void);
	bool		refused;
} calls[] = {
	{ "policy-getpid", do_getpid, false },
	{ "policy-deny", do_getppid, true },
	{ "policy-openat", do_openat, false },
};

/* What seccomp(2) has for the rules, but for files. */
static bool filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}

/* The same for files by Landlock: whatever opens or changes them is judged. */
static bool restrict_files(void)
{
	struct landlock_ruleset_attr all = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	struct landlock_path_beneath_attr rule = {
		.allowed_access = all.handled_access_fs,
		.parent_fd = open(FOLDER, O_PATH | O_CLOEXEC),
	};
	int ruleset = syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);

	return ruleset >= 0 &&
	       !syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) &&
	       !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !syscall(SYS_landlock_restrict_self, ruleset, 0);
}

/* In the process that is watched: the median of single calls. */
static double time_calls(long (*call)(void), bool refused)
{
	static double values[CALLS];
	uint64_t empty = ticks_empty(), t;
	long r;
	int i;

	for (i = 0; i < CALLS; i++) {
		t = ticks_now();
		r = call();
		values[i] = ticks_now() - t - empty;
		if ((r < 0) != refused)
			return NOT_MEASURED;
		if (call == do_openat)
			close(r);
	}
	return median(values, CALLS);
}

/* @name: of a figure; with a '+' before it, by seccomp(2), with '-', by Landlock. */
double policy_time(const char *name)
{
	unsigned int i;

	if ((*name == '+' && !filter()) || (*name == '-' && !restrict_files()))
		return NOT_MEASURED;
	name += *name == '+' || *name == '-';
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(name, calls[i].name))
			return time_calls(calls[i].call, calls[i].refused);
	return NOT_MEASURED;
}

static bool write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	return f && fputs(text, f) >= 0 && !fclose(f);
}

/* What this program says of @name when run by @with. */
static double run(const char *with, const char *name, long *n)
{
	char command[256];
	double ticks;
	FILE *f;

	*n = CALLS;
	mkdir(FOLDER, 0755);
	if (!write_file(FILE_IN, "x\n") || !write_file(POLICY, rules))
		return NOT_MEASURED;
	snprintf(command, sizeof(command), "%s --time-policy=%s", with, name);
	f = popen(command, "r");
	if (!f)
		return NOT_MEASURED;
	ticks = hear_values(f);
	return pclose(f) ? NOT_MEASURED : ticks;
}

static double measure_call(bool in_dune, const char *name, const char *natively, long *n)
{
	if (in_dune)
		return run("dune-run --policy=" POLICY " dune-bench", name, n);
	return run("dune-bench", natively, n);
}

double policy_getpid(bool in_dune, long *n)
{
	return measure_call(in_dune, "policy-getpid", "+policy-getpid", n);
}

double policy_deny(bool in_dune, long *n)
{
	return measure_call(in_dune, "policy-deny", "+policy-deny", n);
}

/* Natively nobody looks: what a rule about files adds. */
double policy_openat(bool in_dune, long *n)
{
	return measure_call(in_dune, "policy-openat", "policy-openat", n);
}

double policy_openat_landlock(bool in_dune, long *n)
{
	return run("dune-bench", "-policy-openat", n);
}

/* What Linux has for a process that judges another's calls. */
#define BY_PTRACE	"dune-bench --watch=ptrace -- dune-bench"
#define BY_NOTIFICATION	"dune-bench --watch=notify -- dune-bench"

#define WATCHED(figure, name, how, with)						\
	double policy_##figure##_##how(bool in_dune, long *n)			\
	{									\
		return run(with, name, n);					\
	}

WATCHED(getpid, "policy-getpid", ptrace, BY_PTRACE)
WATCHED(getpid, "policy-getpid", notify, BY_NOTIFICATION)
WATCHED(deny, "policy-deny", ptrace, BY_PTRACE)
WATCHED(deny, "policy-deny", notify, BY_NOTIFICATION)
WATCHED(openat, "policy-openat", ptrace, BY_PTRACE)
WATCHED(openat, "policy-openat", notify, BY_NOTIFICATION)
