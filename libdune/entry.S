/* SPDX-License-Identifier: MIT */
/*
 * entry.S - the guest half's entries: exceptions, SYSCALL, and ring changes
 *
 * Two rules hold everywhere. The ring an entry came from is taken from hardware
 * (CS in the frame; for SYSCALL the IOPL in R11), never from memory. And nothing
 * is written to the interrupted stack at or above 128 bytes below its pointer:
 * compiled code keeps data there (the red zone).
 */
#include <asm/unistd.h>

#include "cfi.h"
#include "offsets.h"
#include "x86.h"

	.text

.macro PUSH_REGS
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%r11
	push	%r10
	push	%r9
	push	%r8
	push	%rdi
	push	%rsi
	push	%rbp
	push	%rbx
	push	%rdx
	push	%rcx
	push	%rax
.endm

.macro POP_REGS
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rbx
	pop	%rbp
	pop	%rsi
	pop	%rdi
	pop	%r8
	pop	%r9
	pop	%r10
	pop	%r11
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
.endm

/* SMAP: ring 0 gives up access to ring 3's memory. (SYSCALL clears AC by mask.) */
.macro CLEAR_AC
	cmpb	$0, dune_global+GLOBAL_smap(%rip)
	je	.Lno_smap\@
	clac
.Lno_smap\@:
.endm

/* 256 gates' targets, TRAP_STUB_SIZE bytes each. */
	.globl	dune_trap_stubs
	.hidden	dune_trap_stubs
	.balign	16
dune_trap_stubs:
	vector = 0
	.rept	256
	.balign	16
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	push	$0
	.endif
	push	$vector
	jmp	trap_entry
	vector = vector + 1
	.endr

/* The IST frame of the thread whose IST stack nobody is on, by GS. */
#define IST_FRAME(n)	%gs:-(IST_DOUBLE_SIZE + 48) + 8 * (n)

/*
 * #PF. That of ordinary code of ring 0, for a handler that uses general registers
 * only, gets there on the shortest way; the rest goes on in trap_entry.
 *
 * One byte of RFLAGS tells ordinary code: IF set; TF, DF, OF, IOPL and NT clear.
 * Ring 3 has IOPL 1; libdune's own code that copies, or is on a stack of its own,
 * has interrupts off.
 *
 * PGFLT_BEGIN: to the interrupted stack, with what the CPU has pushed. A trap from
 * "push" on, over the stack, finds all registers but RSP as they were: see
 * .Lin_push.
 */
.macro PGFLT_BEGIN push
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_def_cfa rsp, 8
	.cfi_offset rip, 0
	cmpb	$(FLAG_IF >> 8), 25(%rsp)
	jne	.Lpgflt_long
	subq	$IST_STEP, %gs:THREAD_ist_trap
	mov	32(%rsp), %rsp
	.globl	\push
	.hidden	\push
\push:
	add	$-128, %rsp
	and	$-16, %rsp
	push	IST_FRAME(5)
	push	IST_FRAME(4)
	push	IST_FRAME(3)
	push	IST_FRAME(2)
	push	IST_FRAME(1)
	push	IST_FRAME(0)
.endm

.macro PGFLT_PUSHED pushed
	.globl	\pushed
	.hidden	\pushed
\pushed:
	CFI_ALL(TF, CFI_BREG_RSP)
	addq	$IST_STEP, %gs:THREAD_ist_trap
.endm

/* The handler may not weaken the rings, nor leave flags that this way has not. */
.macro PGFLT_PUT_RIGHT otherwise
	cmpb	$(FLAG_IF >> 8), TF_rflags+1(%rsp)
	jne	\otherwise
	movq	$SEL_KERNEL_CS, TF_cs(%rsp)
	movq	$SEL_KERNEL_SS, TF_ss(%rsp)
.endm

	/* Both in the same 64 KiB: idt.c changes one for the other by one store. */
	.balign	1024
	.globl	dune_pgflt_entry
	.hidden	dune_pgflt_entry
	.type	dune_pgflt_entry, @function
dune_pgflt_entry:
	PGFLT_BEGIN dune_pgflt_push
	push	$TRAP_PF
	PUSH_REGS
	PGFLT_PUSHED dune_pgflt_pushed
	mov	%cr2, %r12
	mov	TF_error(%rsp), %rsi
	test	$1, %sil			/* DUNE_PF_PRESENT */
	jz	.Lpgflt_moved
	mov	%r12, %rdi
	mov	%rsp, %rdx
	sti
	call	*dune_short_pgflt(%rip)
	test	%eax, %eax
	jnz	.Lpgflt_passed
	PGFLT_PUT_RIGHT .Lput_right
	POP_REGS
	add	$16, %rsp
	iretq

.Lput_right:
	mov	%rsp, %rdi
	call	dune_put_right
	jmp	.Lreturn_ring0

	/* In the place of a handler that may be called like that. */
	.globl	dune_no_short_pgflt
	.hidden	dune_no_short_pgflt
dune_no_short_pgflt:
	cli
	add	$8, %rsp
.Lpgflt_moved:
	mov	%rsp, %rdi
	mov	%r12, %rsi
	call	dune_pgflt_early
	test	%al, %al
	jnz	.Lreturn_ring0
	sti
	jmp	.Lcall_trap

	/* Not the handler's: there may be another's. */
.Lpgflt_passed:
	mov	%rsp, %rdi
	mov	%r12, %rsi
	call	dune_pgflt_passed
	jmp	.Lreturn_ring0

.Lpgflt_long:
	push	$TRAP_PF
	.cfi_adjust_cfa_offset 8
	jmp	trap_entry
	.cfi_endproc
	.size	dune_pgflt_entry, . - dune_pgflt_entry

/*
 * The same for a handler that is DUNE_TRAP_ARGS_ONLY: what C keeps is not in the
 * frame, and CR2 has the place of the vector.
 */
	.globl	dune_pgflt_args_entry
	.hidden	dune_pgflt_args_entry
	.type	dune_pgflt_args_entry, @function
	.balign	16
dune_pgflt_args_entry:
	PGFLT_BEGIN dune_pgflt_args_push
	sub	$TF_error, %rsp
	mov	%rax, TF_rax(%rsp)
	mov	%rcx, TF_rcx(%rsp)
	mov	%rdx, TF_rdx(%rsp)
	mov	%rsi, TF_rsi(%rsp)
	mov	%rdi, TF_rdi(%rsp)
	mov	%r8, TF_r8(%rsp)
	mov	%r9, TF_r9(%rsp)
	mov	%r10, TF_r10(%rsp)
	mov	%r11, TF_r11(%rsp)
	PGFLT_PUSHED dune_pgflt_args_pushed
	.cfi_same_value rbx
	.cfi_same_value rbp
	.cfi_same_value r12
	.cfi_same_value r13
	.cfi_same_value r14
	.cfi_same_value r15
	mov	%cr2, %rdi
	mov	%rdi, TF_vector(%rsp)
	mov	TF_error(%rsp), %rsi
	test	$1, %sil			/* DUNE_PF_PRESENT */
	jz	.Lpgflt_args_moved
	mov	%rsp, %rdx
	sti
	call	*dune_args_pgflt(%rip)
	test	%eax, %eax
	jnz	.Lpgflt_args_passed
	PGFLT_PUT_RIGHT .Lput_args_right
	mov	TF_rax(%rsp), %rax
	mov	TF_rcx(%rsp), %rcx
	mov	TF_rdx(%rsp), %rdx
	mov	TF_rsi(%rsp), %rsi
	mov	TF_rdi(%rsp), %rdi
	mov	TF_r8(%rsp), %r8
	mov	TF_r9(%rsp), %r9
	mov	TF_r10(%rsp), %r10
	mov	TF_r11(%rsp), %r11
	add	$TF_rip, %rsp
	iretq

	.globl	dune_no_args_pgflt
	.hidden	dune_no_args_pgflt
dune_no_args_pgflt:
	cli
	add	$8, %rsp
.Lpgflt_args_moved:
	call	complete_pgflt_frame
	jmp	.Lpgflt_moved
.Lpgflt_args_passed:
	call	complete_pgflt_frame
	jmp	.Lpgflt_passed
.Lput_args_right:
	call	complete_pgflt_frame
	jmp	.Lput_right
	.cfi_endproc
	.size	dune_pgflt_args_entry, . - dune_pgflt_args_entry

/* The frame behind the return address, as dune_pgflt_entry has it; CR2 to R12. */
complete_pgflt_frame:
	.cfi_startproc
	mov	%rbx, 8+TF_rbx(%rsp)
	mov	%rbp, 8+TF_rbp(%rsp)
	mov	%r12, 8+TF_r12(%rsp)
	mov	%r13, 8+TF_r13(%rsp)
	mov	%r14, 8+TF_r14(%rsp)
	mov	%r15, 8+TF_r15(%rsp)
	mov	8+TF_vector(%rsp), %r12
	movq	$TRAP_PF, 8+TF_vector(%rsp)
	ret
	.cfi_endproc

/*
 * On the IST stack. First of all the next trap gets another part of it
 * (THREAD_ist_trap is in the TSS), until the frame has been moved to the stack it
 * belongs on.
 */
	.balign	16
trap_entry:
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_def_cfa rsp, 16
	.cfi_offset rip, 0
	cld
	PUSH_REGS
	CFI_ALL(TF, CFI_BREG_RSP)
	mov	%rsp, %rdi
	CLEAR_AC
	mov	%cr2, %r12
	testb	$3, TF_cs(%rdi)
	jz	.Lfrom_ring0

	/* SYSCALL in a handler must count as ring 0's: see FLAG_RING3. */
	pushfq
	andq	$~FLAG_IOPL, (%rsp)
	popfq
	swapgs
	subq	$IST_STEP, %gs:THREAD_ist_trap
	cmpq	$TRAP_PF, TF_vector(%rdi)
	jne	1f
	mov	%r12, %rsi
	call	dune_pgflt_early
	mov	%rsp, %rdi
	test	%al, %al
	jnz	.Lreturn_early
1:	mov	%gs:THREAD_ring0_sp, %rsi
	cmpq	$VECTOR_SIGNAL, TF_vector(%rdi)
	jne	.Lmove
	cmpb	$0, dune_global+GLOBAL_ring3_signals(%rip)
	je	.Lsignal_stack
	jmp	.Lmove

.Lfrom_ring0:
	cmpq	$TRAP_DB, TF_vector(%rdi)
	je	.Lstep
2:	subq	$IST_STEP, %gs:THREAD_ist_trap
	mov	%gs:THREAD_ist_trap, %rax
	cmp	%gs:THREAD_ist_floor, %rax
	jb	.Ltoo_deep
	cmpq	$TRAP_PF, TF_vector(%rdi)
	jne	3f
	mov	%r12, %rsi
	call	dune_pgflt_early
	mov	%rsp, %rdi
	test	%al, %al
	jnz	.Lresolved
3:	mov	TF_rip(%rdi), %rcx
	lea	dune_trap_move(%rip), %rax
	cmp	%rax, %rcx
	je	.Lin_move
	call	is_pgflt_push
	jb	.Lin_push
	cmpq	$VECTOR_SIGNAL, TF_vector(%rdi)
	je	.Lsignal
.Lown_stack:
	/* What was on an IST stack itself stays there. */
	mov	TF_rsp(%rdi), %rsi
	mov	%rsi, %rax
	sub	%gs:THREAD_ist_floor, %rax
	cmp	$IST_SIZE, %rax
	jbe	.Lstay
	sub	$128, %rsi
	jmp	.Lmove

	/* Libdune's own, and mended. CR2 must be right for what was on its way. */
.Lresolved:
	mov	TF_rip(%rdi), %rcx
	call	is_pgflt_push
	jae	.Lreturn_early
	/* dune_pgflt_entry had changed RSP only: the fault it was for, once more. */
	call	take_outer_frame
	jmp	.Lreturn_early

	/*
	 * The interrupted stack has no place for the frame: as this trap found out
	 * in trap_entry's place, or in dune_pgflt_entry's. There CR2 is lost: it is
	 * the stack's fault, then, that the interrupted code is said to have made.
	 */
.Lin_move:
	lea	dune_trap_bad_stack(%rip), %rax
	mov	%rax, TF_rip(%rdi)
	jmp	.Lreturn_early
.Lin_push:
	call	take_outer_frame
	cmpq	$TRAP_PF, TF_vector(%rdi)
	je	.Lbad_stack
	mov	IST_FRAME(0), %rax
	mov	%rax, TF_error(%rdi)
	movq	$TRAP_PF, TF_vector(%rdi)
	jmp	.Lbad_stack

	/* Linux refused it; see host.c. All registers are the interrupted code's. */
	.globl	dune_pgflt_bad_stack
	.hidden	dune_pgflt_bad_stack
dune_pgflt_bad_stack:
	mov	%gs:THREAD_ist_trap, %rsp
	add	$(IST_STEP - 48), %rsp
	push	$TRAP_PF
	cld
	PUSH_REGS
	mov	%cr2, %r12

	/* No place for the frame where it belongs. */
	.globl	dune_trap_bad_stack
	.hidden	dune_trap_bad_stack
dune_trap_bad_stack:
.Lbad_stack:
	mov	%rsp, %rdi
	cmpb	$0, %gs:THREAD_sig_delivering
	je	.Lsignal_stack

	/* On the IST stack, interrupts off, and the next trap further down. */
.Lstay:
	mov	%r12, %rsi
	call	dune_trap
	jmp	.Lreturn_early

.Ltoo_deep:
	mov	%r12, %rsi
	call	dune_trap_too_deep
	ud2

	/*
	 * Some CPUs (Bochs) step into SYSCALL, though it clears TF: with ring 3's
	 * GS and stack still. There is nothing to do.
	 */
.Lstep:
	lea	dune_syscall_entry(%rip), %rax
	cmp	%rax, TF_rip(%rdi)
	jne	2b
.Lreturn_ring0:
	POP_REGS
	add	$16, %rsp
	iretq

	/* Signals for CPL 0: its stack gets the signal's frame, not this one. */
.Lsignal:
	cmpb	$0, dune_global+GLOBAL_ring3_signals(%rip)
	jne	.Lown_stack
	cmpb	$0, %gs:THREAD_sig_delivering
	jne	.Lown_stack
.Lsignal_stack:
	/* The one signal stack: no interrupts until it is left. */
	mov	%gs:THREAD_signal_sp, %rsi
	xor	%ebx, %ebx
	jmp	.Lmove_masked

.Lmove:
	mov	TF_rflags(%rdi), %ebx
.Lmove_masked:
	sub	$TF_SIZE, %rsi
	and	$~15, %rsi
	mov	%rsi, %rdx
	xchg	%rsi, %rdi
	mov	$(TF_SIZE / 8), %ecx
	.globl	dune_trap_move
	.hidden	dune_trap_move
dune_trap_move:				/* a fault here: .Lin_move; host.c */
	rep movsq
	mov	%rdx, %rsp
	addq	$IST_STEP, %gs:THREAD_ist_trap
	test	$FLAG_IF, %ebx
	jz	.Lcall_trap
	sti
.Lcall_trap:
	mov	%rsp, %rdi
	mov	%r12, %rsi
	call	dune_trap
	testb	$3, TF_cs(%rsp)
	jnz	return_to_ring3
	jmp	.Lreturn_ring0

.Lreturn_early:
	addq	$IST_STEP, %gs:THREAD_ist_trap
	testb	$3, TF_cs(%rsp)
	jz	.Lreturn_ring0
	jmp	.Lreturn_now

/* dune_to_ring3 after a signal's handler, which has run in ring 0's root. */
	.globl	dune_back_to_ring3
	.hidden	dune_back_to_ring3
dune_back_to_ring3:
	call	dune_ring3_depart
	jmp	return_to_ring3

/*
 * A frame for ring 3 whose RIP is none of ring 3's: IRETQ and SYSRETQ would
 * fault at CPL 0, with ring 3's GS already. Ring 3 gets the fault instead.
 */
.Lbad_rip:
	mov	%rsp, %rdi
	call	dune_bad_rip

/*
 * %rsp: a frame for ring 3, at CPL 0 with ring 0's GS. From the last look for
 * signals on, interrupts are off: VECTOR_SIGNAL then comes in ring 3.
 */
	.globl	dune_to_ring3
	.hidden	dune_to_ring3
dune_to_ring3:
return_to_ring3:
	cli
	cmpb	$0, dune_global+GLOBAL_ring3_signals(%rip)
	je	.Lreturn_now
	cmpl	$0, %gs:THREAD_sig_count
	je	.Lreturn_now
	mov	%rsp, %rdi
	call	dune_signal_to_ring3
	jmp	return_to_ring3

.Lreturn_now:
	mov	TF_rip(%rsp), %rax
	shr	$47, %rax
	jnz	.Lbad_rip
	andq	$~(FLAG_IOPL | FLAG_VM | FLAG_VIF_VIP), TF_rflags(%rsp)
	orq	$(FLAG_RING3 | FLAG_IF | FLAG_FIXED), TF_rflags(%rsp)
	movq	$SEL_USER_CS, TF_cs(%rsp)
	movq	$SEL_USER_SS, TF_ss(%rsp)
	POP_REGS
	add	$16, %rsp
	swapgs
	iretq
	.cfi_endproc

/* CF: %rcx is in one of the places where a page fault's frame is pushed. */
is_pgflt_push:
	.cfi_startproc
	lea	dune_pgflt_push(%rip), %rax
	mov	%rcx, %rdx
	sub	%rax, %rdx
	cmp	$(dune_pgflt_pushed - dune_pgflt_push), %rdx
	jb	1f
	lea	dune_pgflt_args_push(%rip), %rax
	mov	%rcx, %rdx
	sub	%rax, %rdx
	cmp	$(dune_pgflt_args_pushed - dune_pgflt_args_push), %rdx
1:	ret
	.cfi_endproc

/*
 * %rdi: the frame of a trap within dune_pgflt_entry. Let it be one of the code
 * that entry was for, and give up the entry's part of the IST stack.
 */
take_outer_frame:
	.cfi_startproc
	.irp	field, 1, 2, 3, 4, 5
	mov	IST_FRAME(\field), %rax
	mov	%rax, TF_rip + 8 * (\field - 1)(%rdi)
	.endr
	addq	$IST_STEP, %gs:THREAD_ist_trap
	ret
	.cfi_endproc

/*
 * SYSCALL. From ring 0 (libc, most of all) it goes straight to Linux; R11 and
 * RCX are the instruction's own to lose. From ring 3 it becomes a frame.
 */
	.globl	dune_syscall_entry
	.hidden	dune_syscall_entry
	.type	dune_syscall_entry, @function
	.balign	16
dune_syscall_entry:
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_def_cfa rsp, 0
	.cfi_register rip, rcx
	test	$FLAG_RING3, %r11d
	jnz	1f
	test	$FLAG_IF, %r11d
	jz	dune_entry_vmcall
	/* A signal that came since SYSCALL is taken before the call: at the NOP's end. */
	sti
	nop
	.globl	dune_entry_vmcall, dune_entry_after
	.hidden	dune_entry_vmcall, dune_entry_after
dune_entry_vmcall:
	vmcall
dune_entry_after:
	jmp	*%rcx

.Lno_short_syscall:
	jmp	.Lwhole_frame

1:	swapgs
	mov	%rsp, %gs:THREAD_user_rsp
	mov	%gs:THREAD_ring0_sp, %rsp
	push	$SEL_USER_SS
	push	%gs:THREAD_user_rsp
	push	%r11
	push	$SEL_ARGS_ONLY
	push	%rcx
	mov	dune_short_syscall(%rip), %rcx
	jrcxz	.Lno_short_syscall

	/* For a handler to which a call is its arguments: see DUNE_TRAP_ARGS_ONLY. */
	sub	$TF_rip, %rsp
	CFI_SAVED_SP CFI_BREG_RSP, TF_rsp
	CFI_SAVED 16, CFI_BREG_RSP, TF_rip
	mov	%rax, TF_rax(%rsp)
	mov	%rdi, TF_rdi(%rsp)
	mov	%rsi, TF_rsi(%rsp)
	mov	%rdx, TF_rdx(%rsp)
	mov	%r10, TF_r10(%rsp)
	mov	%r8, TF_r8(%rsp)
	mov	%r9, TF_r9(%rsp)
	mov	%rsp, %rdi
	sti
	call	*%rcx
	cli
	cmpl	$0, %gs:THREAD_sig_count
	jne	.Lcomplete_frame
	mov	TF_rip(%rsp), %rcx
	cmp	user_end(%rip), %rcx
	jae	.Lcomplete_frame
	mov	TF_rflags(%rsp), %r11
	test	$(FLAG_TF | FLAG_RF | FLAG_VM | (FLAG_IOPL & ~FLAG_RING3)), %r11d
	jnz	.Lcomplete_frame
	or	$(FLAG_RING3 | FLAG_IF), %r11d
	mov	TF_rax(%rsp), %rax
	mov	TF_rdi(%rsp), %rdi
	mov	TF_rsi(%rsp), %rsi
	mov	TF_rdx(%rsp), %rdx
	mov	TF_r10(%rsp), %r10
	mov	TF_r8(%rsp), %r8
	mov	TF_r9(%rsp), %r9
	mov	TF_rsp(%rsp), %rsp
	swapgs
	sysretq

	/* What SYSRET cannot do needs the rest, which is in the registers still. */
.Lcomplete_frame:
	mov	%rbx, TF_rbx(%rsp)
	mov	%rbp, TF_rbp(%rsp)
	mov	%r12, TF_r12(%rsp)
	mov	%r13, TF_r13(%rsp)
	mov	%r14, TF_r14(%rsp)
	mov	%r15, TF_r15(%rsp)
	mov	TF_rip(%rsp), %rax
	mov	%rax, TF_rcx(%rsp)
	andq	$~FLAG_IOPL, TF_rflags(%rsp)
	mov	TF_rflags(%rsp), %rax
	mov	%rax, TF_r11(%rsp)
	movq	$0, TF_error(%rsp)
	movq	$VECTOR_SYSCALL, TF_vector(%rsp)
	movq	$SEL_USER_CS, TF_cs(%rsp)
	jmp	return_to_ring3

.Lwhole_frame:
	.cfi_def_cfa rsp, 0
	.cfi_register rip, rcx
	mov	(%rsp), %rcx
	movq	$SEL_USER_CS, 8(%rsp)
	and	$~FLAG_IOPL, %r11
	push	$0
	push	$VECTOR_SYSCALL
	PUSH_REGS
	CFI_ALL(TF, CFI_BREG_RSP)
	mov	%rsp, %rdi
	sti
	call	dune_syscall_trap
	cli
	cmpl	$0, %gs:THREAD_sig_count
	jne	return_to_ring3

	/*
	 * SYSRET only to a canonical address of the lower half: to others it
	 * faults in ring 0. What it cannot restore (TF, RF, another RCX or R11
	 * than it takes for RIP and RFLAGS) takes the long way.
	 */
	mov	TF_rip(%rsp), %rax
	mov	%rax, %rdx
	shr	$47, %rdx
	jnz	return_to_ring3
	cmp	%rax, 8(%rsp)			/* tf->rcx */
	jne	return_to_ring3
	mov	TF_rflags(%rsp), %rax
	test	$(FLAG_TF | FLAG_RF | FLAG_VM), %eax
	jnz	return_to_ring3
	POP_REGS
	mov	TF_rflags - TF_vector(%rsp), %r11
	and	$~(FLAG_IOPL | FLAG_VIF_VIP), %r11
	or	$(FLAG_RING3 | FLAG_IF | FLAG_FIXED), %r11
	mov	TF_rsp - TF_vector(%rsp), %rsp
	swapgs
	sysretq
	.cfi_endproc
	.size	dune_syscall_entry, . - dune_syscall_entry

/*
 * void dune_passthrough_syscall(struct dune_tf *tf)
 *
 * Ring 3's call in @tf to Linux. If a signal for ring 3 must come first, the
 * frame makes the call again afterwards. An interrupt between the look for one
 * and the call begins again with the look, see trap.c; the host half finds @tf
 * in RBX. Calls that are about more of the frame than their arguments begin in C.
 */
	.globl	dune_passthrough_syscall
	.type	dune_passthrough_syscall, @function
	.balign	16
dune_passthrough_syscall:
	.cfi_startproc
	mov	TF_rax(%rdi), %eax	/* as in Linux, 32 bits: no hypercalls */
	mov	%rdi, %rsi
	cmp	$__NR_rt_sigreturn, %eax
	je	dune_passthrough_frame
	lea	-__NR_clone(%rax), %ecx
	cmp	$(__NR_vfork - __NR_clone), %ecx
	jbe	dune_passthrough_frame
	cmp	$__NR_clone3, %eax
	je	dune_passthrough_frame
	.globl	dune_user_call, dune_user_look, dune_user_vmcall_done
	.hidden	dune_user_call, dune_user_look, dune_user_vmcall_done
	/* (struct dune_tf *tf, struct dune_tf *call): what to call in place of @tf's */
dune_user_call:
	push	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	push	%rsi
	.cfi_adjust_cfa_offset 8
	mov	%rdi, %rbx
1:	mov	TF_rax(%rsi), %eax
	mov	TF_rdi(%rsi), %rdi
	mov	TF_rdx(%rsi), %rdx
	mov	TF_r10(%rsi), %r10
	mov	TF_r8(%rsi), %r8
	mov	TF_r9(%rsi), %r9
	mov	TF_rsi(%rsi), %rsi
dune_user_look:
	cmpl	$0, %gs:THREAD_sig_count
	jne	3f
2:	vmcall
dune_user_vmcall_done:
	cmp	$-ECALLAGAIN, %rax
	je	4f
	pop	%rsi
	.cfi_remember_state
	.cfi_adjust_cfa_offset -8
	mov	%rax, TF_rax(%rsi)
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	ret
	.cfi_restore_state

3:	cmpb	$0, dune_global+GLOBAL_ring3_signals(%rip)
	je	2b
4:	mov	(%rsp), %rsi
	cmpb	$0, dune_global+GLOBAL_ring3_signals(%rip)
	je	1b
	/* Its handler first, then the instruction once more. */
	mov	TF_rax(%rsi), %eax
	mov	%rax, TF_rax(%rsi)
	subq	$SYSCALL_LEN, TF_rip(%rbx)
	pop	%rsi
	.cfi_adjust_cfa_offset -8
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	ret
	.cfi_endproc
	.size	dune_passthrough_syscall, . - dune_passthrough_syscall

/*
 * int dune_ring3_run(const struct dune_tf *tf, struct dune_thread *t)
 *
 * Leave what dune_ring3_exit() needs on the stack, and go.
 */
	.globl	dune_ring3_run
	.hidden	dune_ring3_run
	.type	dune_ring3_run, @function
	.balign	16
dune_ring3_run:
	.cfi_startproc
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	sub	$8, %rsp
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	pushq	THREAD_ring0_sp(%rsi)
	pushq	THREAD_ring3_frame(%rsi)
	mov	%rsp, THREAD_ring3_frame(%rsi)
	mov	%rsp, %rax
	and	$~15, %rax
	mov	%rax, THREAD_ring0_sp(%rsi)

	/* Nothing of ring 0's in the vector registers; PKRU stays as it is. */
	mov	%rax, %r8
	cmpl	$0, dune_global+GLOBAL_xsave_size(%rip)
	je	1f
	mov	$~0x200, %eax
	mov	$-1, %edx
	xrstor64 initial_vectors(%rip)
	jmp	2f
1:	fxrstor64 initial_vectors(%rip)

2:	lea	-TF_SIZE(%r8), %rax
	mov	%rax, %rsp
	mov	%rdi, %rsi
	mov	%rax, %rdi
	mov	$(TF_SIZE / 8), %ecx
	rep movsq
	jmp	return_to_ring3
	.cfi_endproc
	.size	dune_ring3_run, . - dune_ring3_run

/* void dune_ring3_exit(int value) */
	.globl	dune_ring3_exit
	.type	dune_ring3_exit, @function
	.balign	16
dune_ring3_exit:
	mov	%edi, %eax
	mov	%gs:THREAD_self, %rsi
	mov	THREAD_ring3_frame(%rsi), %rcx
	jrcxz	.Lno_frame
	mov	%rcx, %rsp
	popq	THREAD_ring3_frame(%rsi)
	popq	THREAD_ring0_sp(%rsi)
	fninit
	fldcw	4(%rsp)
	ldmxcsr	(%rsp)
	add	$8, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret

	/* A thread that ring 3 cloned has nobody to return to. */
.Lno_frame:
	movslq	%edi, %rdi
	mov	$__NR_exit, %eax
	vmcall
	ud2
	.size	dune_ring3_exit, . - dune_ring3_exit

/*
 * long dune_call_saving_vectors(void *fn, uint64_t a, uint64_t b, uint64_t c)
 *
 * Call fn(a, b, c), a function that may use vector registers, for code that was
 * interrupted with its own in them.
 */
	.globl	dune_call_saving_vectors
	.hidden	dune_call_saving_vectors
	.type	dune_call_saving_vectors, @function
	.balign	16
dune_call_saving_vectors:
	.cfi_startproc
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	mov	%rsp, %rbp
	.cfi_def_cfa_register rbp
	push	%rbx
	.cfi_offset rbx, -24
	push	%r12
	.cfi_offset r12, -32
	mov	%rdi, %rbx
	mov	%rdx, %r8
	mov	%rcx, %r9
	mov	dune_global+GLOBAL_xsave_size(%rip), %r12d
	mov	$512, %eax
	test	%r12d, %r12d
	cmovnz	%r12d, %eax
	sub	%rax, %rsp
	and	$~63, %rsp
	test	%r12d, %r12d
	jz	.Lfxsave

	/* The header must be clean before XSAVE merges into it. */
	xor	%eax, %eax
	mov	%rax, 512(%rsp)
	mov	%rax, 520(%rsp)
	mov	%rax, 528(%rsp)
	mov	%rax, 536(%rsp)
	mov	%rax, 544(%rsp)
	mov	%rax, 552(%rsp)
	mov	%rax, 560(%rsp)
	mov	%rax, 568(%rsp)
	mov	$-1, %eax
	mov	$-1, %edx
	xsave64	(%rsp)
	jmp	.Lcall
.Lfxsave:
	fxsave64 (%rsp)
.Lcall:
	/* Ring 3 must not choose which exceptions the handler's arithmetic raises. */
	fninit
	ldmxcsr	initial_vectors+24(%rip)
	mov	%rsi, %rdi
	mov	%r8, %rsi
	mov	%r9, %rdx
	call	*%rbx
	mov	%rax, %rbx
	test	%r12d, %r12d
	jz	.Lfxrstor
	mov	$-1, %eax
	mov	$-1, %edx
	xrstor64 (%rsp)
	jmp	.Ldone
.Lfxrstor:
	fxrstor64 (%rsp)
.Ldone:
	mov	%rbx, %rax
	lea	-16(%rbp), %rsp
	pop	%r12
	pop	%rbx
	pop	%rbp
	.cfi_def_cfa rsp, 8
	ret
	.cfi_endproc
	.size	dune_call_saving_vectors, . - dune_call_saving_vectors

/* Ring 3's addresses end here. */
	.section .rodata
	.balign	8
user_end:
	.quad	1 << 47

/* An XSAVE area in which every component is in its initial state. */
	.balign	64
initial_vectors:
	.short	0x37f			/* x87 control word */
	.zero	22
	.long	0x1f80			/* MXCSR */
	.zero	576 - 28

	.section .note.GNU-stack, "", @progbits
