/* SPDX-License-Identifier: MIT */
/*
 * vectors.S - vector registers, for C that may change them
 */
#include "entry.h"

	.text

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
	ldmxcsr	dune_initial_vectors+24(%rip)
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

	.section .rodata
/* An XSAVE area in which every component is in its initial state. */
	.balign	64
	.globl	dune_initial_vectors
	.hidden	dune_initial_vectors
dune_initial_vectors:
	.short	0x37f			/* x87 control word */
	.zero	22
	.long	0x1f80			/* MXCSR */
	.zero	576 - 28

	.section .note.GNU-stack, "", @progbits
