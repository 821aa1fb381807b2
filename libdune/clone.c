/* SPDX-License-Identifier: MIT */
/*
 * clone.c - system calls that make or end a thread of execution
 *
 * A child of a thread in Dune mode goes on in Dune mode. With memory of its own
 * (fork) it runs on a copy of the outside stack and makes itself a new VM and
 * vcpu. In shared memory (a thread, vfork, posix_spawn) it gets a thread block
 * made before it exists, and starts on that block's stack.
 */
#include <linux/sched.h>

#include "priv.h"

/* What the guest asked for, whichever call it used. */
struct clone_request {
	uint64_t	flags;
	uint64_t	stack;		/* top; 0: the caller's */
	uint64_t	parent_tid, child_tid, tls;
	struct clone_args args;		/* clone3 */
	uint64_t	args_size;
	uint64_t	mask;		/* the caller's; signals are blocked meanwhile */
};

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND	0x100000000ULL
#endif

/*
 * In the child of a fork: everything of the parent's that hangs on the mm is
 * useless here, descriptors too, but only closed where they are copies. Failing,
 * it dies as a process that cannot be built would.
 */
static void rebuild_after_fork(struct dune_thread *t, struct dune_sregs *s,
			       const struct clone_request *req)
{
	struct dune_root *root = t->root;
	long r;

	dune_handlers_after_fork();
	dune_spare_forget();
	dune_fd_forget_all(!(req->flags & CLONE_FILES));
	r = dune_open() ?: dune_root_rebuild() ?: dune_thread_reopen(t);
	if (!r) {
		t->run->regs = t->forked;
		t->run->regs.rax = 0;
		t->run->set = DUNE_SET_REGS;
		r = dune_set_sregs(t, s);
		t->root = NULL;
		dune_thread_root(t, root);
	}
	if (r) {
		dune_log("dune: the child of a fork cannot enter Dune mode: error %ld", -r);
		dune_raise_fatal(9, 0, 0);
	}
}

/*
 * What other threads might be about to change when memory is copied. The child has
 * nobody who would finish it, and lets go itself.
 */
static void freeze(struct dune_thread *t)
{
	dune_sighand_lock(t->sig.hand);
	dune_root_freeze();
}

static void thaw(struct dune_thread *t)
{
	dune_root_thaw();
	dune_sighand_unlock(t->sig.hand);
}

/* The descriptor of the vcpu has a new number in the child: see gate.S. */
static long fork_thread(struct dune_thread *t, const struct clone_request *req, long nr)
{
	struct dune_tf *user = dune_ring3_call(t);
	bool waits = req->flags & CLONE_VFORK;	/* and other threads need the locks meanwhile */
	struct dune_sregs s;
	long r = dune_get_sregs(t, &s);

	if (r)
		return r;
	t->forked = t->run->regs;
	if (!waits)
		freeze(t);
	if (nr == __NR_clone3) {
		struct clone_args args = req->args;

		/* Linux need not know of the guest's stack. */
		args.stack = 0;
		args.stack_size = 0;
		r = sys(nr, &args, req->args_size);
	} else {
		r = sys(__NR_clone, req->flags, 0, req->parent_tid, req->child_tid, req->tls);
	}
	if (!waits || !r)	/* on both sides: in the child, whoever held them is not there */
		thaw(t);
	if (r)
		return r;
	if (req->stack && user)
		user->rsp = req->stack;
	else if (req->stack)
		t->forked.rsp = req->stack;
	if (req->flags & CLONE_SETTLS)
		s.fs_base = req->tls;
	if (req->flags & CLONE_CLEAR_SIGHAND)
		dune_sighand_reset(t->sig.hand);
	rebuild_after_fork(t, &s, req);
	return 0;
}

/* The child's first registers: the parent's, and 0 as the call's result. */
static void first_regs(struct dune_thread *t, struct dune_thread *child, uint64_t stack)
{
	struct dune_regs *regs = &child->run->regs;
	struct dune_tf *user = dune_ring3_call(t), *tf;

	*regs = t->run->regs;
	regs->rax = 0;
	if (user) {
		/* Called from ring 3: back there, over a copy of its frame. */
		tf = (struct dune_tf *)(child->ring0_sp - sizeof(*tf));
		*tf = *user;
		tf->rax = 0;
		if (stack)
			tf->rsp = stack;
		regs->rsp = (uintptr_t)tf;
		regs->rip = (uintptr_t)dune_to_ring3;
	} else if (stack) {
		regs->rsp = stack;
	}
	child->run->set = DUNE_SET_REGS;
}

/* Handlers, stack and mask for signals: as clone(2) says for each. */
static long first_signals(struct dune_thread *t, struct dune_thread *child,
			  const struct clone_request *req)
{
	struct dune_sighand *hand = t->sig.hand;

	if (req->flags & CLONE_SIGHAND) {
		if (hand->users)
			__atomic_add_fetch(&hand->users, 1, __ATOMIC_RELAXED);
	} else {
		hand = dune_sighand_copy(hand);
		if (!hand)
			return -ENOMEM;
		if (req->flags & CLONE_CLEAR_SIGHAND)
			dune_sighand_reset(hand);
	}
	child->sig.hand = hand;
	if (req->flags & CLONE_VFORK)
		child->sig.altstack = t->sig.altstack;
	else
		child->sig.altstack.flags = ALTSTACK_DISABLE;
	child->sig.start_mask = req->mask;
	return 0;
}

/* A clone's first steps, outside Dune mode; signals are blocked until here. */
void dune_thread_begin(struct dune_thread *t)
{
	struct dune_altstack own = t->sig.altstack;

	dune_sigcatch_begin(t);
	t->sig.altstack = own;
	dune_sigmask_set(t->sig.start_mask);
}

static long prepare_child(struct dune_thread *t, const struct clone_request *req,
			  struct dune_thread **child)
{
	struct dune_sregs s;
	long r = dune_get_sregs(t, &s) ?: dune_thread_new(child);

	if (r)
		return r;
	dune_thread_own_sregs(*child, &s);
	if (req->flags & CLONE_SETTLS)
		s.fs_base = req->tls;
	r = dune_set_sregs(*child, &s) ?: first_signals(t, *child, req);
	if (r) {
		dune_thread_free(*child);
		return r;
	}
	first_regs(t, *child, req->stack);
	dune_thread_root(*child, t->root);
	(*child)->vfork = !!(req->flags & CLONE_VFORK);
	return r;
}

static long share_memory(struct dune_thread *t, const struct clone_request *req, long nr)
{
	struct clone_args args = req->args;
	struct dune_thread *child;
	long r = prepare_child(t, req, &child);

	if (r)
		return r;
	if (nr == __NR_clone3) {
		args.stack = (uintptr_t)child->block + PAGE_SIZE;
		args.stack_size = child->host_sp - args.stack;
		r = dune_gate_clone(nr, (long)&args, req->args_size, 0, 0, 0, child);
	} else {
		r = dune_gate_clone(__NR_clone, req->flags, child->host_sp, req->parent_tid,
				    req->child_tid, req->tls, child);
	}
	/*
	 * Under CLONE_VFORK the child has given the memory up by now: it has
	 * ended, or it is another program, which could not tidy up.
	 */
	if (sys_failed(r) || (req->flags & CLONE_VFORK))
		dune_thread_free(child);
	return r;
}

static long do_clone(struct dune_thread *t, struct clone_request *req, long nr)
{
	long r;

	req->mask = dune_sigmask_set(~0ULL);
	if (t->sig.count) {	/* one has come since the call was judged */
		dune_sigmask_set(req->mask);
		return -ECALLAGAIN;
	}
	if (req->flags & CLONE_VM)
		r = share_memory(t, req, nr);
	else
		r = fork_thread(t, req, nr);
	dune_sigmask_set(req->mask);
	return r;
}

/* Read clone3's arguments as the kernel would; it checks what they mean. */
static long read_args(struct dune_thread *t, struct clone_request *req, uint64_t from,
		      uint64_t size)
{
	uint64_t known = size < sizeof(req->args) ? size : sizeof(req->args), at;
	uint8_t byte;

	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (dune_read_guest(t, &req->args, from, known))
		return -EFAULT;
	/* Of a later version of the structure: as long as it says nothing new. */
	for (at = from + known; at < from + size; at++) {
		if (dune_read_guest(t, &byte, at, 1))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	req->args_size = known;
	req->flags = req->args.flags;
	req->stack = req->args.stack ? req->args.stack + req->args.stack_size : 0;
	req->parent_tid = req->args.parent_tid;
	req->child_tid = req->args.child_tid;
	req->tls = req->args.tls;
	return 0;
}

/*
 * In a root of its own, ring 3 gets no second thread, which would need an FS base
 * for its handlers; nor the choice of this one's.
 */
static bool is_refused(struct dune_thread *t, const struct clone_request *req)
{
	return dune_ring3_call(t) && dune_ring3_is_apart(t) &&
	       (req->flags & (CLONE_VM | CLONE_SETTLS));
}

/*
 * clone(2), clone3(2), fork(2) or vfork(2), as the guest's registers have it.
 * -ECALLAGAIN: not made, a signal comes first.
 */
long dune_clone(struct dune_thread *t, long nr)
{
	const struct dune_regs *regs = &t->run->regs;
	struct clone_request req = { 0 };
	long r;

	switch (nr) {
	case __NR_clone3:
		r = read_args(t, &req, regs->rdi, regs->rsi);
		if (r)
			return r;
		break;
	case __NR_clone:
		req.flags = regs->rdi;
		req.stack = regs->rsi;
		req.parent_tid = regs->rdx;
		req.child_tid = regs->r10;
		req.tls = regs->r8;
		break;
	case __NR_fork:
		req.flags = 17;		/* SIGCHLD */
		break;
	case __NR_vfork:
		req.flags = CLONE_VM | CLONE_VFORK | 17;
		break;
	}
	if (is_refused(t, &req))
		return -EPERM;
	return do_clone(t, &req, nr == __NR_clone3 ? nr : __NR_clone);
}
