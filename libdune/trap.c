/* SPDX-License-Identifier: MIT */
/*
 * trap.c - who handles a trap: libdune, the program, or Linux
 */
#include "priv.h"

/* A copy of libdune's own, whose caller hears of it. */
static bool in_uaccess(struct dune_tf *tf)
{
	if (tf->cs & 3)
		return false;
	if (tf->rip == (uintptr_t)dune_uaccess_words)
		tf->rip = (uintptr_t)dune_uaccess_rest;
	else if (tf->rip == (uintptr_t)dune_uaccess_insn)
		tf->rip = (uintptr_t)dune_uaccess_fixup;
	else
		return false;
	return true;
}

/* What the program is told of an error code of the host half's. */
static void translate_error(struct dune_tf *tf)
{
	if (tf->vector == TRAP_PF &&
	    (tf->error & (DUNE_PF_PRESENT | DUNE_PF_RSVD)) == PF_FROM_LINUX)
		tf->error ^= PF_FROM_LINUX | DUNE_PF_PRESENT | DUNE_PF_LINUX;
}

static bool handle_pgflt(struct dune_tf *tf, uintptr_t cr2)
{
	if (in_uaccess(tf))
		return true;
	return dune_handlers_claim(HANDLER_PGFLT, cr2, tf->error, (uintptr_t)tf);
}

/* A handler may change the frame, but not weaken the rings with it. */
static void put_right(struct dune_tf *tf, uint64_t cs, uint64_t ss, uint64_t rflags)
{
	tf->cs = cs;
	tf->ss = ss;
	tf->rflags &= ~(uint64_t)(FLAG_IOPL | FLAG_VM | FLAG_VIF_VIP | FLAG_IF);
	if (!(cs & 3))		/* IRET would switch tasks */
		tf->rflags &= ~(uint64_t)FLAG_NT;
	/* Ring 3 has interrupts on; libdune itself may have been interrupted without. */
	tf->rflags |= FLAG_FIXED | (cs & 3 ? FLAG_IF : rflags & FLAG_IF);
}

/* After entry_pgflt.S's short way: of code at CPL 0 with interrupts on. */
void dune_put_right(struct dune_tf *tf)
{
	put_right(tf, SEL_KERNEL_CS, SEL_KERNEL_SS, FLAG_IF);
}

/* To the handler of the vector; else to Linux. */
static void pass_on(struct dune_tf *tf, uintptr_t cr2)
{
	if (dune_handlers_claim(tf->vector & 255, (uintptr_t)tf, 0, 0))
		return;
	/* The signal is to interrupt what trapped, not us. */
	asm volatile("cli");
	dune_hypercall(HC_RAISE, (uintptr_t)tf, cr2);
}

void dune_pgflt_passed(struct dune_tf *tf, uintptr_t cr2)
{
	pass_on(tf, cr2);
	dune_put_right(tf);
}

static void signal_trap(struct dune_thread *t, struct dune_tf *tf)
{
	bool ring3 = tf->cs & 3;

	/* For ring 3's handlers: on the way there, see ring.S. */
	if (t->call && ring3)
		dune_dom_signal(t, t->call, tf);
	else if (t->call)
		dune_dom_put_off_signal(t, tf);
	else if (!dune_global.ring3_signals)
		dune_signal_deliver(t, tf);
	else if (!ring3 && tf->rip > (uintptr_t)dune_user_look &&
		 tf->rip < (uintptr_t)dune_user_vmcall_done)
		tf->rip = (uintptr_t)dune_user_look;
}

static void exception(struct dune_thread *t, struct dune_tf *tf, uintptr_t cr2)
{
	uint64_t cs = tf->cs, ss = tf->ss, rflags = tf->rflags;

	translate_error(tf);
	if (t->call && (cs & 3))
		dune_dom_trap(t->call, tf, cr2);
	if (tf->vector != TRAP_PF || !handle_pgflt(tf, cr2))
		pass_on(tf, cr2);
	put_right(tf, cs, ss, rflags);
}

void dune_trap(struct dune_tf *tf, uintptr_t cr2)
{
	struct dune_thread *t = dune_this_thread();

	if (t->ring3.there)
		dune_ring3_arrive(t);
	tf->rflags &= ~(uint64_t)FLAG_IOPL;
	if (tf->vector == VECTOR_SIGNAL)
		signal_trap(t, tf);
	else
		exception(t, tf, cr2);
	/* Where a signal's handler comes first, it is CPL 0 that goes on. */
	if ((tf->cs & 3) && dune_ring3_is_apart(t))
		dune_ring3_depart();
}

/* Faults within faults within entry_trap.S: no stack is left that could take them. */
void dune_trap_too_deep(struct dune_tf *tf, uintptr_t cr2)
{
	dune_hypercall(HC_DIE, (uintptr_t)tf, cr2);
}

/* See ring.S; what a CPU does to a jump to such an address. */
void dune_bad_rip(struct dune_tf *tf)
{
	tf->vector = TRAP_GP;
	tf->error = 0;
	tf->cs = SEL_USER_CS;
	tf->ss = SEL_USER_SS;
	dune_trap(tf, 0);
}

void dune_syscall_trap(struct dune_tf *tf)
{
	uint64_t handler = dune_syscall_handler();
	void (*fn)(struct dune_tf *tf) = dune_handler_fn(handler);
	struct dune_thread *t = dune_this_thread();

	if (t->ring3.there)
		dune_ring3_arrive(t);
	tf->rflags &= ~(uint64_t)FLAG_IOPL;
	if (t->call)
		dune_dom_syscall(t->call, tf);
	else if (!handler)
		tf->rax = -ENOSYS;
	else if (dune_handler_is(handler, DUNE_TRAP_GPRS_ONLY))
		fn(tf);
	else
		dune_call_saving_vectors(fn, (uintptr_t)tf, 0, 0);
	if (dune_ring3_is_apart(t))
		dune_ring3_depart();
}

DUNE_API bool dune_whole_frame(struct dune_tf *tf)
{
	if (tf->cs != SEL_ARGS_ONLY)
		return true;
	tf->rip |= 1UL << FRAME_WANTED_BIT;
	return false;
}

/* The child of a clone begins with the frame, and a signal's end replaces it. */
void dune_passthrough_frame(struct dune_tf *tf)
{
	if (tf->cs == SEL_ARGS_ONLY)
		tf->rax = -ENOSYS;
	else if ((uint32_t)tf->rax == __NR_rt_sigreturn && dune_global.ring3_signals)
		dune_signal_return(tf);
	else
		dune_user_call(tf, tf);
}

/* The child of these begins with the registers of the caller's frame. */
static bool needs_frame(uint32_t nr)
{
	return (nr >= __NR_clone && nr <= __NR_vfork) || nr == __NR_clone3;
}

DUNE_API bool dune_forward_syscall(struct dune_tf *tf, uint32_t nr, const uint64_t args[6],
				   long *result)
{
	struct dune_tf call;		/* of which no more is used than this: */
	uint64_t rip = tf->rip;

	if (tf->cs == SEL_ARGS_ONLY && needs_frame(nr)) {
		*result = -ENOSYS;
		return true;
	}
	call.rax = nr;
	call.rdi = args[0];
	call.rsi = args[1];
	call.rdx = args[2];
	call.r10 = args[3];
	call.r8 = args[4];
	call.r9 = args[5];
	dune_user_call(tf, &call);
	if (tf->rip != rip)	/* back at the instruction that made the call */
		return false;
	*result = call.rax;
	return true;
}
