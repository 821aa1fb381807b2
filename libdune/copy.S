/* SPDX-License-Identifier: MIT */
/*
 * copy.S - copy memory that may not be there, and survive it
 *
 * uint64_t dune_uaccess(void *to, const void *from, uint64_t size, bool smap)
 *
 * At CPL 0 in Dune mode. Returns how many bytes are left. A page fault at
 * dune_uaccess_insn goes on at dune_uaccess_fixup, see trap.c: interrupts are off
 * so that no handler of the program's has it first, see entry_pgflt.S. One at
 * dune_uaccess_words goes on with single bytes, which find out how many there are.
 */
	.text
	.globl	dune_uaccess, dune_uaccess_words, dune_uaccess_rest
	.hidden	dune_uaccess, dune_uaccess_words, dune_uaccess_rest
	.globl	dune_uaccess_insn, dune_uaccess_fixup
	.hidden	dune_uaccess_insn, dune_uaccess_fixup
	.type	dune_uaccess, @function
dune_uaccess:
	.cfi_startproc
	mov	%ecx, %r8d
	mov	%rdx, %rcx
	shr	$3, %rcx
	and	$7, %edx
	pushfq
	.cfi_adjust_cfa_offset 8
	cli
	test	%r8b, %r8b
	jz	dune_uaccess_words
	stac
dune_uaccess_words:
	rep movsq
dune_uaccess_rest:
	lea	(%rdx, %rcx, 8), %rcx
dune_uaccess_insn:
	rep movsb
dune_uaccess_fixup:
	popfq				/* AC, too */
	.cfi_adjust_cfa_offset -8
	mov	%rcx, %rax
	ret
	.cfi_endproc
	.size	dune_uaccess, . - dune_uaccess

	.section .note.GNU-stack, "", @progbits
