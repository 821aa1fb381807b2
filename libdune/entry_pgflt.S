/* SPDX-License-Identifier: MIT */
/*
 * entry_pgflt.S - where page faults enter ring 0
 */
#include "entry.h"

	.text

/*
 * #PF. That of ordinary code of ring 0, for a handler that uses general registers
 * only, gets there on the shortest way; the rest goes on in dune_trap_entry.
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
	jmp	dune_return_ring0

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
	jnz	dune_return_ring0
	sti
	jmp	dune_call_trap

	/* Not the handler's: there may be another's. */
.Lpgflt_passed:
	mov	%rsp, %rdi
	mov	%r12, %rsi
	call	dune_pgflt_passed
	jmp	dune_return_ring0

.Lpgflt_long:
	push	$TRAP_PF
	.cfi_adjust_cfa_offset 8
	jmp	dune_trap_entry
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
	PUT_KEPT_REGS
	mov	8+TF_vector(%rsp), %r12
	movq	$TRAP_PF, 8+TF_vector(%rsp)
	ret
	.cfi_endproc

/* CF: %rcx is in one of the places where a page fault's frame is pushed. */
	.globl	dune_is_pgflt_push
	.hidden	dune_is_pgflt_push
dune_is_pgflt_push:
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
	.globl	dune_take_outer_frame
	.hidden	dune_take_outer_frame
dune_take_outer_frame:
	.cfi_startproc
	.irp	field, 1, 2, 3, 4, 5
	mov	IST_FRAME(\field), %rax
	mov	%rax, TF_rip + 8 * (\field - 1)(%rdi)
	.endr
	addq	$IST_STEP, %gs:THREAD_ist_trap
	ret
	.cfi_endproc

	.section .note.GNU-stack, "", @progbits
