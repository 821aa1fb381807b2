/* SPDX-License-Identifier: MIT */
/*
 * calls.c - a domain's system calls
 *
 * What is not here does not exist. Nothing of it is passed on as it is: numbers
 * are the domain's own (descriptors, threads), addresses are looked at, and what
 * Linux writes goes through memory of ours or into the domain's range.
 */
#include <linux/resource.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <asm/prctl.h>

#include "domain.h"
#include "switch.h"

#define PID	2		/* of the domain's only process; its first thread's too */
#define NOBODY	65534

static long put(struct dune_domain *d, uint64_t to, const void *from, uint64_t size)
{
	return to ? dune_mem_write(d, to, from, size) : 0;
}

static long tid_of(const struct dom_call *c)
{
	return PID + (c->thread - c->d->threads);
}

static long do_arch_prctl(const struct dune_tf *tf)
{
	if (tf->rdi != ARCH_SET_FS)
		return -EINVAL;
	if (tf->rsi >> 47)
		return -EPERM;
	write_fs(tf->rsi);
	return 0;
}

static long do_prlimit(struct dune_domain *d, const struct dune_tf *tf)
{
	struct rlimit64 limit = { ~0ULL, ~0ULL };

	if (tf->rdx)
		return -EPERM;
	if (tf->rsi == RLIMIT_STACK)
		limit.rlim_cur = d->options.stack;
	return put(d, tf->r10, &limit, sizeof(limit));
}

static long do_getrandom(struct dune_domain *d, const struct dune_tf *tf)
{
	uint8_t bytes[256];
	uint64_t size = tf->rsi < sizeof(bytes) ? tf->rsi : sizeof(bytes);
	long r = sys(__NR_getrandom, bytes, size, tf->rdx);

	if (r > 0 && dune_mem_write(d, tf->rdi, bytes, r))
		return -EFAULT;
	return r;
}

static long do_clock(struct dune_domain *d, const struct dune_tf *tf)
{
	struct __kernel_timespec t = { 0 };
	long r;

	if (tf->rdi > CLOCK_BOOTTIME)
		return -EINVAL;
	r = sys(tf->rax, tf->rdi, &t);
	return r ?: put(d, tf->rsi, &t, sizeof(t));
}

static long do_time(struct dune_domain *d, const struct dune_tf *tf)
{
	struct __kernel_timespec t = { 0 };
	long pair[2];

	sys(__NR_clock_gettime, CLOCK_REALTIME, &t);
	pair[0] = t.tv_sec;
	pair[1] = t.tv_nsec / 1000;
	if (tf->rax == __NR_gettimeofday)
		return put(d, tf->rdi, pair, sizeof(pair));
	return put(d, tf->rdi, pair, sizeof(pair[0])) ?: pair[0];
}

static long do_sigmask(struct dune_domain *d, const struct dune_tf *tf)
{
	const uint64_t none = 0;

	return put(d, tf->rdx, &none, sizeof(none));
}

static long do_getaffinity(struct dune_domain *d, const struct dune_tf *tf)
{
	const uint64_t one = 1;

	if (tf->rsi < sizeof(one))
		return -EINVAL;
	return dune_mem_write(d, tf->rdx, &one, sizeof(one)) ?: (long)sizeof(one);
}

/* A signal to the domain's process, its thread, or whoever: the end. */
static long do_kill(struct dom_call *c, const struct dune_tf *tf)
{
	uint64_t sig = tf->rax == __NR_tgkill ? tf->rdx : tf->rsi;

	if (sig > NR_SIGNALS)
		return -EINVAL;
	if (sig)
		dune_dom_end(c, tf, DUNE_DOMAIN_ABORTED, sig);
	return 0;
}

static long refuse(struct dune_domain *d, const struct dune_tf *tf)
{
	__atomic_add_fetch(&d->report.refused, 1, __ATOMIC_RELAXED);
	d->report.last_refused = tf->rax;
	return -ENOSYS;
}

/* Those that change what is mapped or open: one at a time. */
static long locked_call(struct dune_domain *d, const struct dune_tf *tf)
{
	/* Only mmap() after mmap() can take an image for what it was. */
	if (tf->rax != __NR_mmap)
		d->image.end = 0;
	switch (tf->rax) {
	case __NR_mmap:
		return dune_call_mmap(d, tf);
	case __NR_munmap:
		return dune_call_munmap(d, tf);
	case __NR_mprotect:
		return dune_call_mprotect(d, tf);
	case __NR_mremap:
		return dune_call_mremap(d, tf);
	case __NR_madvise:
		return dune_call_madvise(d, tf);
	case __NR_brk:
		return dune_call_brk(d, tf);
	case __NR_openat:
		return dune_call_openat(d, tf);
	case __NR_close:
		return dune_call_close(d, tf);
	case __NR_read:
	case __NR_pread64:
	case __NR_lseek:
		return dune_call_read(d, tf);
	}
	return dune_call_stat(d, tf);
}

static long plain_call(struct dom_call *c, const struct dune_tf *tf)
{
	struct dune_domain *d = c->d;

	switch (tf->rax) {
	case __NR_arch_prctl:
		return do_arch_prctl(tf);
	case __NR_prlimit64:
		return do_prlimit(d, tf);
	case __NR_getrandom:
		return do_getrandom(d, tf);
	case __NR_clock_gettime:
	case __NR_clock_getres:
		return do_clock(d, tf);
	case __NR_gettimeofday:
	case __NR_time:
		return do_time(d, tf);
	case __NR_rt_sigprocmask:
		return do_sigmask(d, tf);
	case __NR_sched_getaffinity:
		return do_getaffinity(d, tf);
	case __NR_sched_yield:
		return sys(__NR_sched_yield);
	case __NR_getpid:
		return PID;
	case __NR_gettid:
	case __NR_set_tid_address:
		return tid_of(c);
	case __NR_getuid:
	case __NR_geteuid:
	case __NR_getgid:
	case __NR_getegid:
		return NOBODY;
	case __NR_set_robust_list:
		return 0;
	case __NR_access:
	case __NR_readlink:
	case __NR_readlinkat:
		return -ENOENT;
	case __NR_ioctl:
		return -ENOTTY;
	case __NR_kill:
	case __NR_tkill:
	case __NR_tgkill:
		return do_kill(c, tf);
	case __NR_clone:
		return dune_dom_clone(c, tf);
	}
	return refuse(d, tf);
}

static void call(struct dom_call *c, struct dune_tf *tf)
{
	switch (tf->rax) {
	case __NR_mmap:
	case __NR_munmap:
	case __NR_mprotect:
	case __NR_mremap:
	case __NR_madvise:
	case __NR_brk:
	case __NR_openat:
	case __NR_close:
	case __NR_read:
	case __NR_pread64:
	case __NR_lseek:
	case __NR_fstat:
	case __NR_newfstatat:
		dom_lock(c->d);
		tf->rax = locked_call(c->d, tf);
		dom_unlock(c->d);
		break;
	case __NR_write:
	case __NR_writev:
		dune_call_write(c->d, tf);
		break;
	case __NR_futex:
		dune_call_futex(c, tf);
		break;
	case __NR_nanosleep:
	case __NR_clock_nanosleep:
		dune_call_sleep(c, tf);
		break;
	case __NR_exit:
	case __NR_exit_group:
		dune_dom_end(c, tf, DUNE_DOMAIN_EXITED, 0);
	case NR_PARK:
		dune_dom_parked(c, tf);
		break;
	case NR_CALLBACK ... NR_CALLBACK + MAX_CALLBACKS - 1:
		dune_dom_callback(c, tf);
		break;
	default:
		tf->rax = plain_call(c, tf);
	}
}

/* From trap.c; interrupts are on. */
void dune_dom_syscall(struct dom_call *c, struct dune_tf *tf)
{
	asm volatile("cli" : : : "memory");
	tf->rax = (uint32_t)tf->rax;
	if (tf->rax == NR_RETURN) {
		c->result = tf->rdi;
		c->fresult = tf->rsi;
		dune_ring3_exit(0);
	}
	dune_space_to_mirror(dune_this_thread());
	call(c, tf);
	if (__atomic_load_n(&c->d->dead, __ATOMIC_ACQUIRE))
		dune_dom_leave(c);
	write_cr3(dune_space_cr3(c->d));
}
