/* SPDX-License-Identifier: MIT */
/*
 * ends.S - a domain's ends of calls and callbacks, at CPL 3
 */
#include "../numbers.h"

	.text
	.globl	call_return, call_with_doubles, callbacks
	.hidden	call_return, call_with_doubles, callbacks
	/* Where a call returns to. */
call_return:
	mov	%rax, %rdi
	movq	%xmm0, %rsi
	mov	$NR_RETURN, %eax
	syscall
	ud2

	/* %r10: eight doubles; %r11: the function. */
call_with_doubles:
	movsd	(%r10), %xmm0
	movsd	8(%r10), %xmm1
	movsd	16(%r10), %xmm2
	movsd	24(%r10), %xmm3
	movsd	32(%r10), %xmm4
	movsd	40(%r10), %xmm5
	movsd	48(%r10), %xmm6
	movsd	56(%r10), %xmm7
	mov	$8, %eax
	jmp	*%r11

	.balign	CALLBACK_SIZE
callbacks:
	index = 0
	.rept	MAX_CALLBACKS
	.balign	CALLBACK_SIZE
	mov	$(NR_CALLBACK + index), %eax
	mov	%rcx, %r10
	syscall
	ret
	index = index + 1
	.endr

	.section .note.GNU-stack, "", @progbits
