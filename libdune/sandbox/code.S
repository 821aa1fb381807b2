/* SPDX-License-Identifier: MIT */
/*
 * code.S - the loader as data, and where a domain goes on after a signal
 */
	.section .rodata
	.globl	dune_loader
	.hidden	dune_loader
	.balign	16
dune_loader:
	.incbin	"build/libdune/sandbox/loader/loader"

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
