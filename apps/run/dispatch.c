/* SPDX-License-Identifier: MIT */
/*
 * dispatch.c - syscall user dispatch, which Linux cannot do for us
 *
 * prctl(PR_SET_SYSCALL_USER_DISPATCH) has Linux look at where each call was made.
 * To Linux all are made in the run loop; so it is done here, for each thread.
 */
#include <linux/prctl.h>
#include <asm/siginfo.h>
#include <asm/signal.h>

#include "run.h"

#define MAX_THREADS	64

/* A thread that has asked for it; few ever do. */
struct dispatch {
	uint32_t	tid;		/* 0: free */
	uint64_t	start, len, selector;
};

static struct dispatch table[MAX_THREADS];
static uint32_t nr_used;		/* nobody at all: the common case */

static struct dispatch *find(uint32_t tid)
{
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++)
		if (__atomic_load_n(&table[i].tid, __ATOMIC_RELAXED) == tid)
			return &table[i];
	return NULL;
}

static struct dispatch *take(uint32_t tid)
{
	struct dispatch *d = find(tid);
	uint32_t none;
	unsigned int i;

	for (i = 0; !d && i < MAX_THREADS; i++) {
		none = 0;
		if (__atomic_compare_exchange_n(&table[i].tid, &none, tid, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
			d = &table[i];
			__atomic_add_fetch(&nr_used, 1, __ATOMIC_RELAXED);
		}
	}
	return d;
}

/* A thread's end; exec and fork begin without it as well. */
void dispatch_off(void)
{
	struct dispatch *d = nr_used ? find(sys(__NR_gettid)) : NULL;

	if (!d)
		return;
	__atomic_store_n(&d->tid, 0, __ATOMIC_RELEASE);
	__atomic_sub_fetch(&nr_used, 1, __ATOMIC_RELAXED);
}

/* The prctl(2) in @tf, by the rules of Linux. */
long dispatch_set(const struct dune_tf *tf)
{
	struct dispatch *d;
	uint8_t byte;

	switch (tf->rsi) {
	case PR_SYS_DISPATCH_OFF:
		if (tf->rdx || tf->r10 || tf->r8)
			return -EINVAL;
		dispatch_off();
		return 0;
	case PR_SYS_DISPATCH_ON:
		if (tf->rdx && tf->rdx + tf->r10 <= tf->rdx)
			return -EINVAL;
		if (tf->r8 && dune_copy_from_user(&byte, tf->r8, 1))
			return -EFAULT;
		d = take(sys(__NR_gettid));
		if (!d)
			return -ENOMEM;
		d->start = tf->rdx;
		d->len = tf->r10;
		d->selector = tf->r8;
		return 0;
	}
	return -EINVAL;
}

/* As the kernel ends it: whatever handler and mask it has for the signal. */
static void end_by(int sig, long pid, long tid)
{
	const uint64_t dfl[4] = { 0 }, bit = 1ULL << (sig - 1);

	sys(__NR_rt_sigaction, sig, dfl, NULL, 8);
	sys(__NR_rt_sigprocmask, SIG_UNBLOCK, &bit, NULL, 8);
	sys(__NR_tgkill, pid, tid, sig);
}

/* Whether the call in @tf is the program's own to handle, by SIGSYS. */
bool dispatch_call(const struct dune_tf *tf)
{
	struct dispatch *d = nr_used ? find(sys(__NR_gettid)) : NULL;
	uint8_t byte = 1;
	bool unreadable;
	siginfo_t info = {
		.si_signo = SIGSYS, .si_code = SYS_USER_DISPATCH,
		.si_call_addr = (void *)tf->rip, .si_syscall = tf->rax,
		.si_arch = 0xc000003e,		/* AUDIT_ARCH_X86_64 */
	};
	long pid, tid;

	if (!d || tf->rip - d->start < d->len)
		return false;
	unreadable = d->selector && dune_copy_from_user(&byte, d->selector, 1);
	if (!unreadable && byte == 0 /* SYSCALL_DISPATCH_FILTER_ALLOW */)
		return false;
	pid = sys(__NR_getpid);
	tid = sys(__NR_gettid);
	if (!unreadable && byte == 1)
		sys(__NR_rt_tgsigqueueinfo, pid, tid, SIGSYS, &info);
	else
		end_by(unreadable ? SIGSEGV : SIGSYS, pid, tid);
	return true;
}
