/* SPDX-License-Identifier: MIT */
/*
 * entry_trap.S - where exceptions and the signals' interrupt enter ring 0
 */
#include "entry.h"

	.text

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
	jmp	dune_trap_entry
	vector = vector + 1
	.endr

/*
 * On the IST stack. First of all the next trap gets another part of it
 * (THREAD_ist_trap is in the TSS), until the frame has been moved to the stack it
 * belongs on.
 */
	.balign	16
	.globl	dune_trap_entry
	.hidden	dune_trap_entry
dune_trap_entry:
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
	call	dune_is_pgflt_push
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
	call	dune_is_pgflt_push
	jae	.Lreturn_early
	/* dune_pgflt_entry had changed RSP only: the fault it was for, once more. */
	call	dune_take_outer_frame
	jmp	.Lreturn_early

	/*
	 * The interrupted stack has no place for the frame: as this trap found out
	 * in dune_trap_entry's place, or in dune_pgflt_entry's. There CR2 is lost: it is
	 * the stack's fault, then, that the interrupted code is said to have made.
	 */
.Lin_move:
	lea	dune_trap_bad_stack(%rip), %rax
	mov	%rax, TF_rip(%rdi)
	jmp	.Lreturn_early
.Lin_push:
	call	dune_take_outer_frame
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
	.globl	dune_return_ring0
	.hidden	dune_return_ring0
dune_return_ring0:
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
	jz	dune_call_trap
	sti
	.globl	dune_call_trap
	.hidden	dune_call_trap
dune_call_trap:
	mov	%rsp, %rdi
	mov	%r12, %rsi
	call	dune_trap
	testb	$3, TF_cs(%rsp)
	jnz	dune_to_ring3
	jmp	dune_return_ring0

.Lreturn_early:
	addq	$IST_STEP, %gs:THREAD_ist_trap
	testb	$3, TF_cs(%rsp)
	jz	dune_return_ring0
	jmp	dune_to_ring3_now
	.cfi_endproc

	.section .note.GNU-stack, "", @progbits
