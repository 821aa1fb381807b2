/* SPDX-License-Identifier: MIT */
/*
 * special.c - system calls that the run loop does not pass on by itself
 *
 * They make or end threads, or are about what libdune keeps in Linux's place:
 * signal handlers and their stacks, FS and GS bases. (rt_sigreturn(2) of a ring 3
 * that has the signals is in sigdeliver.c, at its frame.)
 */
#include "priv.h"

/* The last use of its stack and its vcpu: then both are a spare thread's, or gone. */
static void exit_thread(struct dune_thread *t)
{
	long status = t->run->regs.rdi;
	uintptr_t *place, nowhere;

	/* No handler may begin on a stack that is going. */
	dune_sigmask_set(~0ULL);
	/* Of a vfork child, the parent frees all; a length of 0 unmaps nothing. */
	if (t->vfork)
		dune_gate_exit(t->block, 0, status, &nowhere, __NR_munmap);
	dune_thread_clear(t);
	place = dune_spare_place();
	if (place)
		dune_gate_exit(t, 0, status, place, __NR_munmap);
	dune_unmap(t->run, dune_global.info.run_size);
	dune_fd_close(t->vcpu_fd);
	dune_gate_exit(t->block, BLOCK_SIZE, status, dune_arena_freed(BLOCK_SIZE),
		       dune_unmap_call());
}

/*
 * The process ends. Where its memory goes while the VM is there, Linux waits until
 * nobody can be looking at the module's notifier, for 12 ms if that has just been
 * waited for; a VM that has been closed is not waited for. So the last thread closes
 * it. Whoever has filters of his own is to see only his own call.
 */
static void end_process(struct dune_thread *t)
{
	long status = t->run->regs.rdi;

	if (t->vfork || !dune_is_alone() || dune_has_filters)
		return;
	dune_sigmask_set(~0ULL);
	dune_thread_close(t);
	dune_spare_close();
	sys(__NR_close, dune_global.fd);
	dune_shown_call(__NR_exit_group, status, 0, 0, 0, 0);
	for (;;)	/* a filter that was there before us */
		sys(__NR_exit_group, status);
}

static long do_sigaction(struct dune_thread *t)
{
	const struct dune_regs *regs = &t->run->regs;
	struct dune_action new, old;
	long r;

	if (regs->r10 != 8)
		return -EINVAL;
	if (regs->rsi && dune_read_guest(t, &new, regs->rsi, sizeof(new)))
		return -EFAULT;
	r = dune_sigaction(t->sig.hand, regs->rdi, regs->rsi ? &new : NULL, &old);
	if (!r && regs->rdx)
		r = dune_write_guest(t, regs->rdx, &old, sizeof(old));
	return r;
}

static long do_sigaltstack(struct dune_thread *t)
{
	const struct dune_regs *regs = &t->run->regs;
	const struct dune_tf *user = dune_ring3_call(t);
	struct dune_altstack new, old;
	long r;

	if (regs->rdi && dune_read_guest(t, &new, regs->rdi, sizeof(new)))
		return -EFAULT;
	r = dune_sigaltstack(t, user ? user->rsp : regs->rsp, regs->rdi ? &new : NULL, &old);
	if (!r && regs->rsi)
		r = dune_write_guest(t, regs->rsi, &old, sizeof(old));
	return r;
}

static void to_regs(struct dune_regs *regs, const struct dune_tf *tf)
{
	*regs = (struct dune_regs) {
		.rax = tf->rax, .rcx = tf->rcx, .rdx = tf->rdx, .rbx = tf->rbx,
		.rsp = tf->rsp, .rbp = tf->rbp, .rsi = tf->rsi, .rdi = tf->rdi,
		.r8 = tf->r8, .r9 = tf->r9, .r10 = tf->r10, .r11 = tf->r11,
		.r12 = tf->r12, .r13 = tf->r13, .r14 = tf->r14, .r15 = tf->r15,
		.rip = tf->rip, .rflags = tf->rflags,
	};
}

/* The handler may have interrupted CPL 0, or ring 3. */
static void ring0_sigreturn(struct dune_thread *t)
{
	struct dune_tf *frame = (struct dune_tf *)t->ring0_sp - 1;
	struct dune_tf tf = { .rsp = t->run->regs.rsp };
	uint64_t mask;

	if (dune_sigframe_pop(t, &tf, false, &mask)) {
		dune_raise_fatal(11, 128 /* SI_KERNEL */, 0);
		return;
	}
	to_regs(&t->run->regs, &tf);
	if (tf.cs & 3) {
		*frame = tf;
		t->run->regs.rsp = (uintptr_t)frame;
		t->run->regs.rip = (uintptr_t)(dune_ring3_is_apart(t) ? dune_back_to_ring3 :
								      dune_to_ring3);
		t->run->regs.rflags = FLAG_FIXED;
	}
	t->run->set |= DUNE_SET_REGS;
	dune_sigmask_set(mask);
}

/* A number that gate.S left to us for its upper half, which Linux ignores. */
static long plain_syscall(const struct dune_regs *regs, uint32_t nr)
{
	return sys(nr, regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9);
}

/* The numbers that gate.S does not pass on by itself. */
int dune_host_syscall(struct dune_thread *t)
{
	struct dune_regs *regs = &t->run->regs;
	uint32_t nr = regs->rax;
	long r;

	if (t->sig.count && !dune_host_may_call(t)) {
		dune_host_restart(t);
		return HOST_RESUME;
	}
	switch (nr) {
	case __NR_clone:
	case __NR_clone3:
	case __NR_fork:
	case __NR_vfork:
		r = dune_clone(t, nr);
		break;
	case __NR_exit:
		exit_thread(t);
		__builtin_unreachable();
	case __NR_exit_group:
		end_process(t);
		return HOST_FORWARD;
	case __NR_arch_prctl:
		r = dune_arch_prctl(t, regs->rdi, regs->rsi);
		break;
	case __NR_rt_sigaction:
		r = do_sigaction(t);
		break;
	case __NR_sigaltstack:
		r = do_sigaltstack(t);
		break;
	case __NR_rt_sigreturn:
		ring0_sigreturn(t);
		return HOST_RESUME;
	case __NR_seccomp:
	case __NR_prctl:
		if (!dune_seccomp(t, &r))
			return HOST_FORWARD;
		break;
	case __NR_rseq:		/* see rseq.c */
		r = -ENOSYS;
		break;
	default:
		r = nr < X32_BIT ? plain_syscall(regs, nr) : -ENOSYS;
	}
	if (r == -ECALLAGAIN) {
		dune_host_restart(t);
		return HOST_RESUME;
	}
	/* In a forked child, t->run is already the child's. */
	if (r || !t->run->set)
		regs->rax = r;
	return HOST_RESUME;
}
