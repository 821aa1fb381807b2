/* SPDX-License-Identifier: MIT */
/*
 * resume.S - go on with a frame, and leave the stack behind
 */
#include "offsets.h"
#include "../x86.h"

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
	add	$16, %rsp
	iretq
	.size	compat_resume, . - compat_resume

	.section .note.GNU-stack, "", @progbits
