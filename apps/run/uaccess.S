/* SPDX-License-Identifier: MIT */
/*
 * uaccess.S - copy to or from the program's memory, and survive it
 *
 * uint64_t copy_user(void *to, const void *from, uint64_t size, bool smap)
 *
 * A fault at uaccess_insn goes on at uaccess_fixup (monitor.c sees to that),
 * where RCX says how much is left.
 */
	.text
	.globl	copy_user, uaccess_insn, uaccess_fixup
	.type	copy_user, @function
copy_user:
	mov	%ecx, %r8d
	mov	%rdx, %rcx
	test	%r8b, %r8b
	jz	uaccess_insn
	stac
uaccess_insn:
	rep movsb
uaccess_fixup:
	test	%r8b, %r8b
	jz	1f
	clac
1:	mov	%rcx, %rax
	ret
	.size	copy_user, . - copy_user

	.section .note.GNU-stack, "", @progbits
