/* SPDX-License-Identifier: MIT */
/*
 * filter.c - names by libseccomp, and a policy's filter for seccomp(2)
 *
 * The filter is the second line: it lets through what the policy lets through,
 * what the sandbox makes of it, and what Dune mode itself needs. Arguments are
 * the sandbox's to judge.
 */
#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dune_policy.h"

int call_number(const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name);

	return nr >= 0 ? nr : -1;
}

/* The monitor's, libdune's, and of starting the next program. */
static const char *const always[] = {
	"arch_prctl", "clock_gettime", "close", "dup3", "execve", "exit", "exit_group", "faccessat",
	"fcntl", "fstat", "fstatfs", "ftruncate", "getpid", "getrandom", "gettid", "ioctl",
	"kill", "lseek", "mmap", "mprotect", "munmap", "newfstatat", "openat", "openat2",
	"personality", "prctl", "pread64", "prlimit64", "read", "readlinkat",
	"restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	"rt_tgsigqueueinfo", "sched_yield", "sigaltstack", "statx", "tgkill", "timer_create",
	"timer_settime", "write",
};

/* What the sandbox makes of a call, so that a descriptor stands for the path. */
static const char *const instead[][2] = {
	{ "access", "faccessat2" }, { "faccessat", "faccessat2" }, { "chown", "fchownat" },
	{ "lchown", "fchownat" }, { "chdir", "fchdir" }, { "mkdir", "mkdirat" },
	{ "rmdir", "unlinkat" }, { "unlink", "unlinkat" }, { "mknod", "mknodat" },
	{ "symlink", "symlinkat" }, { "link", "linkat" }, { "rename", "renameat2" },
	{ "renameat", "renameat2" }, { "fork", "clone" }, { "vfork", "clone" },
	{ "clone3", "clone" }, { "lgetxattr", "getxattr" }, { "llistxattr", "listxattr" },
	{ "accept", "accept4" }, { "sendmmsg", "sendmsg" },
};

static int allow(scmp_filter_ctx ctx, const char *name)
{
	int nr = call_number(name), r;

	if (nr < 0)
		return -EINVAL;
	r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
	return r == -EEXIST ? 0 : r;
}

static int allow_call(scmp_filter_ctx ctx, const char *name)
{
	unsigned int i;
	int r = allow(ctx, name);

	for (i = 0; !r && i < sizeof(instead) / sizeof(instead[0]); i++)
		if (!strcmp(instead[i][0], name))
			r = allow(ctx, instead[i][1]);
	return r;
}

/* Whether some rule, or the default, passes the call on. */
static bool passes(const struct policy *p, unsigned int nr)
{
	unsigned int i;

	for (i = p->first[nr]; i; i = p->rule[i - 1].next)
		if (p->rule[i - 1].action.kind <= ACTION_LOG)
			return true;
	return p->default_action.kind <= ACTION_LOG;
}

static int add_rules(scmp_filter_ctx ctx, const struct policy *p)
{
	unsigned int i;
	int r = 0;

	for (i = 0; !r && i < sizeof(always) / sizeof(always[0]); i++)
		r = allow(ctx, always[i]);
	for (i = 0; !r && i < NR_CALLS; i++)
		if (calls[i].name && passes(p, i))
			r = allow_call(ctx, calls[i].name);
	return r;
}

/* By a memory file, since libseccomp wants to write to one. */
static int export(scmp_filter_ctx ctx, struct policy *p)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), r;
	ssize_t n;

	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(ctx, fd);
	n = r ? 0 : pread(fd, p->filter, sizeof(p->filter), 0);
	if (n == sizeof(p->filter))
		r = -E2BIG;
	p->nr_filter = n / sizeof(p->filter[0]);
	close(fd);
	return r;
}

int make_filter(struct policy *p)
{
	scmp_filter_ctx ctx;
	int r;

	if (p->second_line != SECOND_FULL)
		return 0;
	ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!ctx)
		return -ENOMEM;
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = add_rules(ctx, p) ?: export(ctx, p);
	seccomp_release(ctx);
	return r;
}
