// SPDX-License-Identifier: GPL-2.0-only
/*
 * syscall.c - which system calls the module dispatches itself, and how
 *
 * The native path (DUNE_EXIT_VMCALL, a SYSCALL in user space, DUNE_RUN again)
 * is always there and defines what is right. The fast path is the kernel's own
 * x64_sys_call(), found by a kprobe and bound to a static call: a direct call,
 * which needs no ENDBR at its target.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched/task_stack.h>

#include "syscall.h"

/* Calls that neither look at current_pt_regs(), nor end the thread or its mm,
 * nor change the state that run.c keeps over a stay in the kernel. */
static const u16 fast_calls[] __initconst = {
	__NR_read, __NR_write, __NR_open, __NR_close, __NR_stat, __NR_fstat,
	__NR_lstat, __NR_poll, __NR_lseek, __NR_mmap, __NR_mprotect, __NR_munmap,
	__NR_brk, __NR_pread64, __NR_pwrite64, __NR_readv, __NR_writev,
	__NR_access, __NR_pipe, __NR_select, __NR_sched_yield, __NR_mremap,
	__NR_msync, __NR_mincore, __NR_madvise, __NR_dup, __NR_dup2,
	__NR_nanosleep, __NR_getitimer, __NR_setitimer, __NR_getpid,
	__NR_sendfile, __NR_socket, __NR_connect, __NR_accept, __NR_sendto,
	__NR_recvfrom, __NR_sendmsg, __NR_recvmsg, __NR_shutdown, __NR_bind,
	__NR_listen, __NR_getsockname, __NR_getpeername, __NR_socketpair,
	__NR_setsockopt, __NR_getsockopt, __NR_uname, __NR_fcntl, __NR_flock,
	__NR_fsync, __NR_fdatasync, __NR_truncate, __NR_ftruncate,
	__NR_getdents, __NR_getcwd, __NR_chdir, __NR_fchdir, __NR_rename,
	__NR_mkdir, __NR_rmdir, __NR_creat, __NR_link, __NR_unlink,
	__NR_symlink, __NR_readlink, __NR_chmod, __NR_fchmod, __NR_umask,
	__NR_gettimeofday, __NR_getrlimit, __NR_getrusage, __NR_sysinfo,
	__NR_times, __NR_getuid, __NR_getgid, __NR_geteuid, __NR_getegid,
	__NR_getppid, __NR_getpgrp, __NR_getgroups, __NR_getpgid, __NR_getsid,
	__NR_statfs, __NR_fstatfs, __NR_sched_getparam, __NR_sched_getscheduler,
	__NR_mlock, __NR_munlock, __NR_gettid, __NR_readahead, __NR_getxattr,
	__NR_time, __NR_futex, __NR_sched_getaffinity, __NR_getdents64,
	__NR_fadvise64, __NR_clock_gettime, __NR_clock_getres,
	__NR_clock_nanosleep, __NR_epoll_wait, __NR_epoll_ctl, __NR_openat,
	__NR_mkdirat, __NR_newfstatat, __NR_unlinkat, __NR_renameat,
	__NR_readlinkat, __NR_faccessat, __NR_epoll_create, __NR_utimensat,
	__NR_timerfd_create, __NR_eventfd, __NR_fallocate, __NR_timerfd_settime,
	__NR_timerfd_gettime, __NR_accept4, __NR_eventfd2, __NR_epoll_create1,
	__NR_dup3, __NR_pipe2, __NR_preadv, __NR_pwritev, __NR_recvmmsg,
	__NR_prlimit64, __NR_sendmmsg, __NR_getcpu, __NR_getrandom,
	__NR_memfd_create, __NR_copy_file_range, __NR_preadv2, __NR_pwritev2,
	__NR_statx, __NR_rt_sigprocmask, __NR_rt_sigpending, __NR_openat2,
	__NR_faccessat2,
};

bool dune_fast_map[DUNE_FAST_NR] __ro_after_init;

static long no_sys_call(const struct pt_regs *regs, unsigned int nr)
{
	return -ENOSYS;
}

DEFINE_STATIC_CALL(dune_sys_call, no_sys_call);
DEFINE_STATIC_KEY_FALSE(dune_fastcall);

static bool found;	/* x64_sys_call is bound */

static int set_fastcall(const char *text, const struct kernel_param *kp)
{
	bool on;
	int r = kstrtobool(text, &on);

	if (r)
		return r;
	*(bool *)kp->arg = on;
	if (on && found)
		static_branch_enable(&dune_fastcall);
	else
		static_branch_disable(&dune_fastcall);
	return 0;
}

static const struct kernel_param_ops fastcall_ops = {
	.set = set_fastcall,
	.get = param_get_bool,
};

static bool fastcall = true;
module_param_cb(fastcall, &fastcall_ops, &fastcall, 0644);
MODULE_PARM_DESC(fastcall, "Dispatch frequent system calls in the module, without a return to user space [default: Y]");

bool dune_fast_syscalls(void)
{
	return static_key_enabled(&dune_fastcall);
}

/* The address of a kernel function that is not exported, or NULL. */
static void *find_function(const char *name)
{
	struct kprobe kp = { .symbol_name = name };

	if (register_kprobe(&kp))
		return NULL;
	unregister_kprobe(&kp);
	return kp.addr;
}

int __init dune_syscall_init(void)
{
	void *sys_call = find_function("x64_sys_call");
	int i;

	for (i = 0; i < ARRAY_SIZE(fast_calls); i++)
		dune_fast_map[fast_calls[i]] = true;
	if (!sys_call) {
		pr_info("system calls take the native path: this kernel has no x64_sys_call to dispatch them with\n");
		return 0;
	}
	/* Direct after patching; symbol+4, where a kprobe skips ENDBR, is fine. */
	static_call_update(dune_sys_call, (void *)sys_call);
	found = true;
	if (fastcall)
		static_branch_enable(&dune_fastcall);
	return 0;
}

/*
 * A signal interrupted the call in @regs. Leave it to the kernel's exit path as if user
 * space had made it right where the run loop's SYSCALL instruction stands: it
 * then restarts the call there, or makes it fail with EINTR, by its own rules.
 */
long dune_syscall_leave_restart(struct dune_run *run, const struct pt_regs *regs,
				long ret)
{
	struct pt_regs *me = current_pt_regs();

	me->di = regs->di;
	me->si = regs->si;
	me->dx = regs->dx;
	me->r10 = regs->r10;
	me->r8 = regs->r8;
	me->r9 = regs->r9;
	me->orig_ax = regs->orig_ax;
	WRITE_ONCE(run->in_syscall, 1);
	return ret;
}
