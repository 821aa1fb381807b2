/* SPDX-License-Identifier: MIT */
/*
 * resume.S - go on with a frame, and leave the stack behind
 */
#include "../entry.h"

	.text

/*
 * void compat_resume(struct dune_tf *tf); @tf has the selectors of its ring.
 *
 * Ring 3's frame goes to where the next entry from there begins its stack. It is
 * written before the stack is left: a signal's frame may come below that.
 */
	.globl	compat_resume
	.hidden	compat_resume
	.type	compat_resume, @function
	.balign	16
compat_resume:
	cld
	testb	$3, TF_cs(%rdi)
	jz	.Lring0
	mov	%gs:THREAD_ring0_sp, %rax
	sub	$TF_SIZE, %rax
	mov	%rdi, %rsi
	mov	%rax, %rdi
	mov	$(TF_SIZE / 8), %ecx
	rep movsq
	mov	%rax, %rsp
	jmp	dune_to_ring3

.Lring0:
	cli
	mov	%rdi, %rsp
	POP_REGS
	add	$16, %rsp
	iretq
	.size	compat_resume, . - compat_resume

	.section .note.GNU-stack, "", @progbits
