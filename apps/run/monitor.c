/* SPDX-License-Identifier: MIT */
/*
 * monitor.c - the program's system calls, seen at CPL 0
 */
#include <linux/prctl.h>
#include <linux/sched.h>
#include <asm/prctl.h>

#include "run.h"

#define MSR_FS_BASE		0xc0000100
#define MSR_KERNEL_GS_BASE	0xc0000102

/* Higher than any number Linux has; x32's begin at 2^30. */
#define MAX_NR			1024

static void write_msr(uint32_t msr, uint64_t v)
{
	asm volatile("wrmsr" : : "c" (msr), "a" ((uint32_t)v), "d" ((uint32_t)(v >> 32)));
}

static uint64_t read_msr(uint32_t msr)
{
	uint32_t a, d;

	asm volatile("rdmsr" : "=a" (a), "=d" (d) : "c" (msr));
	return a | (uint64_t)d << 32;
}

/*
 * The bases the program runs with are the guest's. While the monitor runs, the
 * program's GS base waits in KERNEL_GS_BASE.
 */
long do_arch_prctl(struct dune_tf *tf)
{
	uint64_t v;

	switch (tf->rdi) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (tf->rsi >> 47)
			return -EPERM;
		write_msr(tf->rdi == ARCH_SET_FS ? MSR_FS_BASE : MSR_KERNEL_GS_BASE, tf->rsi);
		return 0;
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		v = read_msr(tf->rdi == ARCH_GET_FS ? MSR_FS_BASE : MSR_KERNEL_GS_BASE);
		return dune_copy_to_user(tf->rsi, &v, sizeof(v));
	}
	dune_passthrough_syscall(tf);
	return tf->rax;
}

/*
 * Descriptors that Dune mode itself needs do not exist for the program. It has
 * no business with the module either: a vcpu of its own would run at CPL 0.
 */
static long refuse_fd(const struct dune_tf *tf)
{
	uint64_t fd = tf->rdi;

	switch (tf->rax) {
	case __NR_dup2:
	case __NR_dup3:
		if (dune_owns_fd(tf->rsi))
			return -EBADF;
		break;
	case __NR_ioctl:
		if (_IOC_TYPE(tf->rsi) == DUNE_IOC_MAGIC)
			return -EPERM;
		break;
	case __NR_mmap:
		fd = tf->r8;
		break;
	case __NR_close:
	case __NR_dup:
	case __NR_fcntl:
	case __NR_lseek:
		break;
	default:
		return 0;
	}
	return dune_owns_fd(fd) ? -EBADF : 0;
}

/* close_range() in up to three parts, around ours. */
static long do_close_range(const struct dune_tf *tf)
{
	uint64_t first = (uint32_t)tf->rdi, last = (uint32_t)tf->rsi, fd, from;
	long r = 0;

	if (first > last)
		return -EINVAL;
	for (fd = from = first; fd <= last && fd < DUNE_MAX_OWN_FD; fd++) {
		if (!dune_owns_fd(fd))
			continue;
		if (fd > from)
			r = sys(__NR_close_range, from, fd - 1, tf->rdx);
		from = fd + 1;
	}
	if (from <= last)
		r = sys(__NR_close_range, from, last, tf->rdx);
	return r;
}

/* readlink() and readlinkat(), which a program may ask for its own name. */
static void do_readlink(struct dune_tf *tf)
{
	bool at = tf->rax == __NR_readlinkat;
	long r = at ? read_self(tf->rsi, tf->rdx, tf->r10) : read_self(tf->rdi, tf->rsi, tf->rdx);

	if (r == -ENOSYS)
		dune_passthrough_syscall(tf);
	else
		tf->rax = r;
}

/*
 * After vfork() and its like the child is gone from this memory, others are not. A child
 * that shares this memory does not come back here; one of a fork does.
 */
static void do_clone(struct dune_tf *tf)
{
	uint64_t flags = tf->rax == __NR_clone ? tf->rdi : tf->rax == __NR_vfork ? CLONE_VFORK : 0;

	if (tf->rax == __NR_clone3 && dune_copy_from_user(&flags, tf->rdi, sizeof(flags)))
		flags = 0;
	dune_passthrough_syscall(tf);
	if ((flags & CLONE_VFORK) && (long)tf->rax > 0)
		exec_forget(tf->rax);
	if (!tf->rax) {
		brk_after_fork();
		exec_after_fork();
	}
}

void monitor_syscall(struct dune_tf *tf)
{
	long r;

	/* As Linux, by the lower half; what is no number of ours ends here. */
	tf->rax = (uint32_t)tf->rax;
	if (tf->rax != __NR_rt_sigreturn && dispatch_call(tf))
		return;
	r = tf->rax >= MAX_NR ? -ENOSYS : refuse(tf) ?: refuse_fd(tf);
	if (r) {
		tf->rax = r;
		return;
	}

	switch (tf->rax) {
	case __NR_brk:
		tf->rax = brk_set(tf->rdi);
		break;
	case __NR_arch_prctl:
		tf->rax = do_arch_prctl(tf);
		break;
	case __NR_execve:
	case __NR_execveat:
		do_execve(tf);
		break;
	case __NR_readlink:
	case __NR_readlinkat:
		do_readlink(tf);
		break;
	case __NR_close_range:
		tf->rax = do_close_range(tf);
		break;
	case __NR_rseq:		/* restartable sequences are off: libc does without */
		tf->rax = -ENOSYS;
		break;
	case __NR_fork:
	case __NR_vfork:
	case __NR_clone:
	case __NR_clone3:
		do_clone(tf);
		break;
	case __NR_prctl:
		if (tf->rdi == PR_SET_SYSCALL_USER_DISPATCH)
			tf->rax = dispatch_set(tf);
		else
			dune_passthrough_syscall(tf);
		break;
	case __NR_exit:
		dispatch_off();
		dune_passthrough_syscall(tf);
		break;
	default:
		dune_passthrough_syscall(tf);
	}
}
