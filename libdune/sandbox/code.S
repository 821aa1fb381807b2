/* SPDX-License-Identifier: MIT */
/*
 * code.S - a domain's ends of calls and callbacks, and its loader
 */
#include "numbers.h"

	.section .rodata
/*
 * Copied into each domain, where it runs at CPL 3; position-independent. A call
 * begins with dune_dom_return as its return address.
 */
	.globl	dune_dom_code, dune_dom_code_end
	.hidden	dune_dom_code, dune_dom_code_end
	.globl	dune_dom_return, dune_dom_doubles, dune_dom_callbacks
	.hidden	dune_dom_return, dune_dom_doubles, dune_dom_callbacks
	.balign	16
dune_dom_code:
dune_dom_return:
	mov	%rax, %rdi
	movq	%xmm0, %rsi
	mov	$NR_RETURN, %eax
	syscall
	ud2

	/* %r10: eight doubles; %r11: the function. */
dune_dom_doubles:
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
dune_dom_callbacks:
	index = 0
	.rept	MAX_CALLBACKS
	.balign	CALLBACK_SIZE
	mov	$(NR_CALLBACK + index), %eax
	mov	%rcx, %r10
	syscall
	ret
	index = index + 1
	.endr
dune_dom_code_end:

	.globl	dune_loader, dune_loader_end
	.hidden	dune_loader, dune_loader_end
	.balign	16
dune_loader:
	.incbin	"build/libdune/sandbox/loader/loader"
dune_loader_end:

	.text
/*
 * At CPL 0, %rdi: a call that a signal of the program's had interrupted; its
 * handler has run.
 */
	.globl	dune_dom_resume
	.hidden	dune_dom_resume
	.type	dune_dom_resume, @function
dune_dom_resume:
	cli
	call	dune_dom_resumed
	mov	%rax, %rsp
	jmp	dune_to_ring3
	.size	dune_dom_resume, . - dune_dom_resume

	.section .note.GNU-stack, "", @progbits
