/* SPDX-License-Identifier: MIT */
/*
 * trap.c - who handles a trap: libdune, the program, or Linux
 */
#include "priv.h"

static struct dune_handler handlers[256];
static struct dune_handler pgflt_handler;
static struct dune_handler syscall_handler;

/* @flags first: a reader that sees the function sees its flags. */
int dune_handler_set(struct dune_handler *h, void *fn, unsigned int flags)
{
	if (flags & ~DUNE_TRAP_GPRS_ONLY)
		return -EINVAL;
	__atomic_store_n(&h->fn, NULL, __ATOMIC_RELEASE);
	h->flags = flags;
	__atomic_store_n(&h->fn, fn, __ATOMIC_RELEASE);
	return 0;
}

DUNE_API int dune_trap_set_handler(unsigned int vector, dune_trap_fn fn, unsigned int flags)
{
	if (vector >= VECTOR_SIGNAL || vector == TRAP_NMI || vector == TRAP_DF ||
	    vector == TRAP_MC)
		return -EINVAL;
	return dune_handler_set(&handlers[vector], fn, flags);
}

DUNE_API int dune_trap_set_pgflt_handler(dune_pgflt_fn fn, unsigned int flags)
{
	return dune_handler_set(&pgflt_handler, fn, flags);
}

DUNE_API int dune_trap_set_syscall_handler(dune_syscall_fn fn, unsigned int flags)
{
	return dune_handler_set(&syscall_handler, fn, flags);
}

bool dune_pgflt_claimed(void)
{
	return pgflt_handler.fn || handlers[TRAP_PF].fn;
}

/* Whether there is a handler and it took the trap. */
bool dune_handler_claims(struct dune_handler *h, uint64_t a, uint64_t b, uint64_t c)
{
	int (*fn)(uint64_t a, uint64_t b, uint64_t c) =
		__atomic_load_n(&h->fn, __ATOMIC_ACQUIRE);

	if (!fn)
		return false;
	if (h->flags & DUNE_TRAP_GPRS_ONLY)
		return fn(a, b, c) == DUNE_TRAP_DONE;
	return (int)dune_call_saving_vectors(fn, a, b, c) == DUNE_TRAP_DONE;
}

/* A copy of libdune's own, whose caller hears of it. */
static bool in_uaccess(struct dune_tf *tf)
{
	if ((tf->cs & 3) || tf->rip != (uintptr_t)dune_uaccess_insn)
		return false;
	tf->rip = (uintptr_t)dune_uaccess_fixup;
	return true;
}

static bool handle_pgflt(struct dune_tf *tf, uintptr_t cr2)
{
	struct dune_thread *t = dune_this_thread();

	if (t->linux_fault) {
		t->linux_fault = 0;
		tf->error |= DUNE_PF_LINUX;
	}
	if (in_uaccess(tf))
		return true;
	return dune_handler_claims(&pgflt_handler, cr2, tf->error, (uintptr_t)tf);
}

/* A handler may change the frame, but not weaken the rings with it. */
static void put_right(struct dune_tf *tf, uint64_t cs, uint64_t ss)
{
	tf->cs = cs;
	tf->ss = ss;
	tf->rflags &= ~(uint64_t)(FLAG_IOPL | FLAG_VM | FLAG_VIF_VIP);
	if (!(cs & 3))		/* IRET would switch tasks */
		tf->rflags &= ~(uint64_t)FLAG_NT;
	tf->rflags |= FLAG_IF | FLAG_FIXED;
}

void dune_trap(struct dune_tf *tf)
{
	struct dune_thread *t = dune_this_thread();
	struct dom_call *call = t->call;
	uint64_t cs = tf->cs, ss = tf->ss;
	uintptr_t cr2 = 0;
	bool done;

	tf->rflags &= ~(uint64_t)FLAG_IOPL;
	if (tf->vector == VECTOR_SIGNAL) {
		/* For ring 3's handlers: on the way there, see entry.S. */
		if (call && (cs & 3))
			dune_dom_signal(t, call, tf);
		else if (call)
			dune_dom_put_off_signal(t, tf);
		else if (!dune_global.ring3_signals)
			dune_signal_deliver(t, tf);
		else if (!(tf->cs & 3) && tf->rip > (uintptr_t)dune_user_look &&
			 tf->rip < (uintptr_t)dune_user_vmcall_done)
			tf->rip = (uintptr_t)dune_user_look;
		return;
	}
	if (tf->vector == TRAP_PF)
		asm volatile("mov %%cr2, %0" : "=r" (cr2));
	if (call && (cs & 3))
		dune_dom_trap(call, tf, cr2);

	done = tf->vector == TRAP_PF && handle_pgflt(tf, cr2);
	done = done || dune_handler_claims(&handlers[tf->vector & 255], (uintptr_t)tf, 0, 0);
	if (!done) {
		/* The signal is to interrupt what trapped, not us. */
		asm volatile("cli");
		dune_hypercall(HC_RAISE, (uintptr_t)tf, cr2);
	}
	put_right(tf, cs, ss);
}

/* See entry.S; what a CPU does to a jump to such an address. */
void dune_bad_rip(struct dune_tf *tf)
{
	tf->vector = TRAP_GP;
	tf->error = 0;
	tf->cs = SEL_USER_CS;
	tf->ss = SEL_USER_SS;
	dune_trap(tf);
}

void dune_syscall_trap(struct dune_tf *tf)
{
	void (*fn)(struct dune_tf *tf) = __atomic_load_n(&syscall_handler.fn, __ATOMIC_ACQUIRE);
	struct dom_call *call = dune_this_thread()->call;

	tf->rflags &= ~(uint64_t)FLAG_IOPL;
	if (call)
		dune_dom_syscall(call, tf);
	else if (!fn)
		tf->rax = -ENOSYS;
	else if (syscall_handler.flags & DUNE_TRAP_GPRS_ONLY)
		fn(tf);
	else
		dune_call_saving_vectors(fn, (uintptr_t)tf, 0, 0);
}

DUNE_API void dune_passthrough_syscall(struct dune_tf *tf)
{
	/* As in Linux, a number has 32 bits: ring 3 makes no hypercalls. */
	uint32_t nr = tf->rax;
	long r;

	if (nr == __NR_rt_sigreturn && dune_global.ring3_signals) {
		dune_signal_return(tf);
		return;
	}
	do {
		r = dune_user_syscall(nr, tf->rdi, tf->rsi, tf->rdx, tf->r10, tf->r8, tf->r9, tf);
	} while (r == -ECALLAGAIN && !dune_global.ring3_signals);
	if (r == -ECALLAGAIN) {
		/* Its handler first, then the instruction once more. */
		tf->rax = nr;
		tf->rip -= SYSCALL_LEN;
		return;
	}
	tf->rax = r;
}

DUNE_API int dune_ring3_enter(const struct dune_tf *tf)
{
	struct dune_tf copy = *tf;

	/* SYSRET and IRET alike refuse what is not a user address. */
	if (copy.rip >> 47)
		return -EINVAL;
	return dune_ring3_run(&copy, dune_this_thread());
}
