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
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dune_policy.h"

int call_number(const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name);

	return nr >= 0 ? nr : -1;
}

/* The monitor's, libdune's, and of starting the next program. */
static const unsigned int always[] = {
	__NR_arch_prctl, __NR_clock_gettime, __NR_close, __NR_dup3, __NR_execve, __NR_exit,
	__NR_exit_group, __NR_faccessat, __NR_fcntl, __NR_fstat, __NR_fstatfs, __NR_ftruncate,
	__NR_getpid, __NR_getrandom, __NR_gettid, __NR_ioctl, __NR_kill, __NR_lseek, __NR_mmap,
	__NR_mprotect, __NR_munmap, __NR_newfstatat, __NR_openat, __NR_openat2, __NR_personality,
	__NR_prctl, __NR_pread64, __NR_prlimit64, __NR_read, __NR_readlinkat,
	__NR_restart_syscall, __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn,
	__NR_rt_tgsigqueueinfo, __NR_sched_yield, __NR_sigaltstack, __NR_statx, __NR_tgkill,
	__NR_timer_create, __NR_timer_settime, __NR_write,
};

/* What the sandbox makes of a call, so that a descriptor stands for the path. */
static const unsigned int instead[][2] = {
	{ __NR_access, __NR_faccessat2 }, { __NR_faccessat, __NR_faccessat2 },
	{ __NR_chown, __NR_fchownat }, { __NR_lchown, __NR_fchownat },
	{ __NR_chdir, __NR_fchdir }, { __NR_mkdir, __NR_mkdirat },
	{ __NR_rmdir, __NR_unlinkat }, { __NR_unlink, __NR_unlinkat },
	{ __NR_mknod, __NR_mknodat }, { __NR_symlink, __NR_symlinkat },
	{ __NR_link, __NR_linkat }, { __NR_rename, __NR_renameat2 },
	{ __NR_renameat, __NR_renameat2 }, { __NR_fork, __NR_clone }, { __NR_vfork, __NR_clone },
	{ __NR_clone3, __NR_clone }, { __NR_clone, __NR_waitid }, { __NR_fork, __NR_waitid },
	{ __NR_vfork, __NR_waitid }, { __NR_clone3, __NR_waitid }, { __NR_lgetxattr, __NR_getxattr },
	{ __NR_llistxattr, __NR_listxattr }, { __NR_accept, __NR_accept4 },
	{ __NR_sendmmsg, __NR_sendmsg }, { __NR_listen, __NR_getsockname },
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* Whether some rule, or the default, passes the call on. */
static bool passes(const struct policy *p, unsigned int nr)
{
	unsigned int i;

	for (i = p->first[nr]; i; i = p->rule[i - 1].next)
		if (p->rule[i - 1].action.kind <= ACTION_LOG)
			return true;
	return p->default_action.kind <= ACTION_LOG;
}

static void choose(const struct policy *p, bool *wanted)
{
	unsigned int i;

	for (i = 0; i < NR_CALLS; i++)
		wanted[i] = calls[i].name && passes(p, i);
	for (i = 0; i < COUNT(instead); i++)
		if (wanted[instead[i][0]])
			wanted[instead[i][1]] = true;
	for (i = 0; i < COUNT(always); i++)
		wanted[always[i]] = true;
}

/* libseccomp keeps a list by number, and looks for a new one's place from its start. */
static int add_rules(scmp_filter_ctx ctx, const bool *wanted)
{
	unsigned int nr = NR_CALLS;
	int r = 0;

	while (!r && nr-- > 0)
		if (wanted[nr])
			r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
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
	bool wanted[NR_CALLS] = { false };
	scmp_filter_ctx ctx;
	int r;

	if (p->second_line != SECOND_FULL)
		return 0;
	ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!ctx)
		return -ENOMEM;
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	choose(p, wanted);
	r = add_rules(ctx, wanted) ?: export(ctx, p);
	seccomp_release(ctx);
	return r;
}
