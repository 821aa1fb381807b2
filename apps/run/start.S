/* SPDX-License-Identifier: MIT */
/*
 * start.S - dune-run's first instructions: off the stack that is the program's
 */
	.text
	.globl	_start
	.type	_start, @function
_start:
	mov	%rsp, %rdi
	lea	monitor_stack_top(%rip), %rsp
	xor	%ebp, %ebp
	call	run_main
	ud2
	.size	_start, . - _start

	.bss
	.balign	4096
	.skip	256 * 1024
monitor_stack_top:

	.section .note.GNU-stack, "", @progbits
