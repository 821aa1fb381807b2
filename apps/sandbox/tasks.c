/* SPDX-License-Identifier: MIT */
/*
 * tasks.c - calls that make processes and threads, or are about others
 */
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>

#include "handlers.h"

/* What a clone may ask for; its lowest byte is a signal. */
#define CLONE_KNOWN	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK | \
			 CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | \
			 CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_DETACHED | 0xff)

struct wish {
	uint64_t	flags, stack, parent_tid, child_tid, tls;
};

/* clone3()'s structure, as far as clone() can say the same; else -ENOSYS. */
static long read_clone3(struct request *r, struct wish *w)
{
	struct clone_args a = { 0 };
	uint64_t size = r->args[1];

	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (user_read(r, &a, r->args[0], size < sizeof(a) ? size : sizeof(a)))
		return -EFAULT;
	if (size > sizeof(a) || a.set_tid || a.set_tid_size || a.cgroup ||
	    a.exit_signal > 0xff || (a.flags & 0xff) || !a.stack != !a.stack_size)
		return -ENOSYS;
	*w = (struct wish){
		.flags = a.flags | a.exit_signal, .stack = a.stack + a.stack_size,
		.parent_tid = a.parent_tid, .child_tid = a.child_tid, .tls = a.tls,
	};
	return 0;
}

static long read_wish(struct request *r, struct wish *w)
{
	switch (r->nr) {
	case __NR_clone3:
		return read_clone3(r, w);
	case __NR_fork:
		*w = (struct wish){ .flags = 17 /* SIGCHLD */ };
		return 0;
	case __NR_vfork:
		*w = (struct wish){ .flags = CLONE_VM | CLONE_VFORK | 17 };
		return 0;
	}
	*w = (struct wish){ r->args[0], r->args[1], r->args[2], r->args[3], r->args[4] };
	return 0;
}

static bool pointers_ok(const struct request *r, const struct wish *w)
{
	if ((w->flags & CLONE_PARENT_SETTID) && !r->box->is_user(w->parent_tid, 4))
		return false;
	if ((w->flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) &&
	    !r->box->is_user(w->child_tid, 4))
		return false;
	return !(w->flags & CLONE_SETTLS) || r->box->is_user(w->tls, 1);
}

/*
 * Who has our descriptors must know which slots are in use: by our memory. And who
 * has our memory, but descriptors of its own, lacks what we have put in ours.
 */
static long share_fds(struct request *r, const struct wish *w)
{
	long e;

	if (!(w->flags & CLONE_VM))
		return refuse_argument(r, 0, "descriptors are shared by those who share memory", EPERM);
	if (r->box->slots.owner != sys(__NR_getpid))
		return refuse_argument(r, 0, "a process in its parent's memory has no threads", EPERM);
	e = slots_start(r->box);
	if (e)
		return e;
	r->box->shares_fds = true;
	return 0;
}

long do_clone(struct request *r)
{
	struct box *b = r->box;
	struct wish w;
	long e = read_wish(r, &w);
	uint64_t held;
	int place;

	if (e)
		return e;
	if (w.flags & ~(uint64_t)CLONE_KNOWN)
		return refuse_argument(r, 0, "no such flags are passed on",
				       r->nr == __NR_clone3 ? ENOSYS : EPERM);
	if (!pointers_ok(r, &w))
		return -EFAULT;
	/* Linux looks for a process's descriptors at its first thread's. */
	if ((w.flags & (CLONE_THREAD | CLONE_FILES)) == CLONE_THREAD)
		return refuse_argument(r, 0, "threads share their descriptors", EPERM);
	/*
	 * Sharing memory it could not set itself a timer, nor, with its parent killed
	 * while that waits, be counted: it gets its own.
	 */
	if ((b->shared->deadline || b->policy->limit[LIMIT_PROCESSES] != NO_LIMIT) &&
	    (w.flags & CLONE_VM) && !(w.flags & CLONE_THREAD))
		w.flags &= ~(uint64_t)(CLONE_VM | CLONE_SIGHAND);
	if (w.flags & CLONE_FILES) {
		e = share_fds(r, &w);
		if (e)
			return e;
	}
	place = roster_hold(b, &held);
	if (place < 0)
		return refuse_limit(r, "processes", EAGAIN);
	e = box_pass_as(r, __NR_clone, w.flags, w.stack, w.parent_tid, w.child_tid, w.tls, 0);
	if (!e) {
		roster_fill(b, place, held, sys(__NR_getpid), false);
		if (!(w.flags & CLONE_VM)) {
			slots_forget(b);
			if (b->after_fork)
				b->after_fork();
		}
		limits_process(b);
	} else if (e < 0) {
		roster_give_back(b, place, held);
	} else {
		roster_fill(b, place, held, e, w.flags & CLONE_THREAD);
		if ((w.flags & CLONE_VFORK) && b->after_vfork)
			b->after_vfork(e);
	}
	return e;
}

/* Signals go to processes of this sandbox only. */
long do_kill(struct request *r)
{
	int to = r->args[0];

	if (to > 0 && (to == sys(__NR_getpid) || roster_has(r->box, to)))
		return box_pass(r);
	/* Groups may have others in them. */
	return refuse_argument(r, 0, "not a process of this sandbox", to > 0 ? ESRCH : EPERM);
}

long do_sched_self(struct request *r)
{
	int to = r->args[0];

	if (!to || to == sys(__NR_getpid) || roster_has(r->box, to))
		return box_pass(r);
	return refuse_argument(r, 0, "not a process of this sandbox", EPERM);
}

/* Into a group of others it would share their terminal, and what is sent to them all. */
long do_setpgid(struct request *r)
{
	int who = r->args[0], group = r->args[1], self = sys(__NR_getpid);

	if (who && who != self && !roster_has(r->box, who))
		return refuse_argument(r, 0, "not a process of this sandbox", ESRCH);
	if (group && group != self && group != who && !roster_has(r->box, group))
		return refuse_argument(r, 1, "not a group of this sandbox", EPERM);
	return box_pass(r);
}

long do_pidfd_open(struct request *r)
{
	int pid = r->args[0];

	if (pid == sys(__NR_getpid) || roster_has(r->box, pid))
		return box_pass(r);
	return refuse_argument(r, 0, "not a process of this sandbox", EPERM);
}

static long set_name(struct request *r)
{
	char name[16] = "";
	long e = user_string(r, name, r->args[1], sizeof(name) - 1);

	if (e == -EFAULT)
		return e;
	return box_pass_as(r, r->nr, PR_SET_NAME, (uint64_t)name, 0, 0, 0, 0);
}

static long name_memory(struct request *r)
{
	char name[80];

	if (r->args[1] != 0 || !r->box->is_user(r->args[2], r->args[3]))
		return -EINVAL;
	if (r->args[4] && user_string(r, name, r->args[4], sizeof(name)))
		return -EINVAL;
	return box_pass_as(r, r->nr, r->args[0], r->args[1], r->args[2], r->args[3],
			   r->args[4] ? (uint64_t)name : 0, 0);
}

long do_prctl(struct request *r)
{
	switch (r->args[0]) {
	case PR_SET_NAME:
		return set_name(r);
	case PR_SET_VMA:
		return name_memory(r);
	case PR_GET_NAME:
		return r->box->is_user(r->args[1], 16) ? box_pass(r) : -EFAULT;
	case PR_GET_PDEATHSIG:
		return r->box->is_user(r->args[1], 4) ? box_pass(r) : -EFAULT;
	case PR_SET_PDEATHSIG:
	case PR_GET_DUMPABLE:
	case PR_GET_NO_NEW_PRIVS:
	case PR_SET_NO_NEW_PRIVS:
	case PR_CAPBSET_READ:
	case PR_GET_SECCOMP:
	case PR_GET_TIMERSLACK:
	case PR_SET_TIMERSLACK:
	case PR_GET_KEEPCAPS:
	case PR_GET_THP_DISABLE:
		return box_pass(r);
	}
	return refuse_argument(r, 0, "no such option is passed on", EPERM);
}

struct limits {
	uint64_t	soft, hard;
};

/* Addresses for the program, and those that are reserved for the monitor; @most in all. */
static uint64_t with_reserved(const struct box *b, uint64_t size, uint64_t most)
{
	return size < most && most - size > b->reserved ? size + b->reserved : most;
}

/* Its own limits, and downwards only: root may raise them. */
long do_prlimit(struct request *r)
{
	bool old_form = r->nr == __NR_setrlimit;
	uint32_t resource = r->args[old_form ? 0 : 1];
	uint64_t from = r->args[old_form ? 1 : 2];
	struct limits now, new;

	if (!old_form && r->args[0] && r->args[0] != (uint64_t)sys(__NR_getpid))
		return refuse_argument(r, 0, "not this process", EPERM);
	if (!from)
		return box_pass(r);
	if (user_read(r, &new, from, sizeof(new)))
		return -EFAULT;
	if (sys(__NR_prlimit64, 0, resource, NULL, &now))
		return -EINVAL;
	if (new.hard > now.hard)
		return refuse_argument(r, old_form ? 1 : 2, "it would raise a limit", EPERM);
	if (resource == RLIMIT_AS && new.soft <= new.hard) {
		new.soft = with_reserved(r->box, new.soft, now.hard);
		new.hard = with_reserved(r->box, new.hard, now.hard);
	}
	return box_pass_as(r, __NR_prlimit64, 0, resource, (uint64_t)&new,
			   old_form ? 0 : r->args[3], 0, 0);
}

/* The fourth argument is a time, or a number. */
long do_futex(struct request *r)
{
	switch (r->args[1] & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
	case FUTEX_WAIT_REQUEUE_PI:
		if (r->args[3] && !r->box->is_user(r->args[3], 16))
			return -EFAULT;
		return box_pass(r);
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
	case FUTEX_WAKE_OP:
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_CMP_REQUEUE_PI:
	case FUTEX_UNLOCK_PI:
	case FUTEX_TRYLOCK_PI:
		return box_pass(r);
	}
	return -ENOSYS;
}

/*
 * libdune's own to do; it reads the structures itself, once. Here only: would
 * it find memory of ring 3's there?
 */
static bool readable(struct request *r, uint64_t at, uint64_t size)
{
	uint8_t copy[32];

	return !at || !user_read(r, copy, at, size);
}

long do_sigaction(struct request *r)
{
	return readable(r, r->args[1], 32) && readable(r, r->args[2], 32) ? box_pass(r) : -EFAULT;
}

long do_sigaltstack(struct request *r)
{
	return readable(r, r->args[0], 24) && readable(r, r->args[1], 24) ? box_pass(r) : -EFAULT;
}

long do_sigreturn(struct request *r)
{
	dune_passthrough_syscall(r->tf);
	r->again = true;	/* the frame is another now */
	return 0;
}
