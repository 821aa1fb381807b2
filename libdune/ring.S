/* SPDX-License-Identifier: MIT */
/*
 * ring.S - into ring 3 and out of it
 */
#include <asm/unistd.h>

#include "entry.h"

	.text

/* dune_to_ring3 after a signal's handler, which has run in ring 0's root. */
	.globl	dune_back_to_ring3
	.hidden	dune_back_to_ring3
dune_back_to_ring3:
	.cfi_startproc simple
	.cfi_signal_frame
	CFI_ALL(TF, CFI_BREG_RSP)
	call	dune_ring3_depart
	jmp	dune_to_ring3

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
	cli
	cmpb	$0, dune_global+GLOBAL_ring3_signals(%rip)
	je	dune_to_ring3_now
	cmpl	$0, %gs:THREAD_sig_count
	je	dune_to_ring3_now
	mov	%rsp, %rdi
	call	dune_signal_to_ring3
	jmp	dune_to_ring3

	.globl	dune_to_ring3_now
	.hidden	dune_to_ring3_now
dune_to_ring3_now:
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
	xrstor64 dune_initial_vectors(%rip)
	jmp	2f
1:	fxrstor64 dune_initial_vectors(%rip)

2:	lea	-TF_SIZE(%r8), %rax
	mov	%rax, %rsp
	mov	%rdi, %rsi
	mov	%rax, %rdi
	mov	$(TF_SIZE / 8), %ecx
	rep movsq
	jmp	dune_to_ring3
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

	.section .note.GNU-stack, "", @progbits
