/* SPDX-License-Identifier: MIT */
/*
 * passthrough.S - a system call of ring 3 on its way to Linux
 */
#include <asm/unistd.h>

#include "entry.h"

	.text

/*
 * void dune_passthrough_syscall(struct dune_tf *tf)
 *
 * Ring 3's call in @tf to Linux. If a signal for ring 3 must come first, the
 * frame makes the call again afterwards. An interrupt between the look for one
 * and the call begins again with the look, see trap.c; the host half finds @tf
 * in RBX. Calls that are about more of the frame than their arguments begin in C.
 */
	.globl	dune_passthrough_syscall
	.type	dune_passthrough_syscall, @function
	.balign	16
dune_passthrough_syscall:
	.cfi_startproc
	mov	TF_rax(%rdi), %eax	/* as in Linux, 32 bits: no hypercalls */
	mov	%rdi, %rsi
	cmp	$__NR_rt_sigreturn, %eax
	je	dune_passthrough_frame
	lea	-__NR_clone(%rax), %ecx
	cmp	$(__NR_vfork - __NR_clone), %ecx
	jbe	dune_passthrough_frame
	cmp	$__NR_clone3, %eax
	je	dune_passthrough_frame
	.globl	dune_user_call, dune_user_look, dune_user_vmcall_done
	.hidden	dune_user_call, dune_user_look, dune_user_vmcall_done
	/* (struct dune_tf *tf, struct dune_tf *call): what to call in place of @tf's */
dune_user_call:
	push	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	push	%rsi
	.cfi_adjust_cfa_offset 8
	mov	%rdi, %rbx
1:	mov	TF_rax(%rsi), %eax
	mov	TF_rdi(%rsi), %rdi
	mov	TF_rdx(%rsi), %rdx
	mov	TF_r10(%rsi), %r10
	mov	TF_r8(%rsi), %r8
	mov	TF_r9(%rsi), %r9
	mov	TF_rsi(%rsi), %rsi
dune_user_look:
	cmpl	$0, %gs:THREAD_sig_count
	jne	3f
2:	vmcall
dune_user_vmcall_done:
	cmp	$-ECALLAGAIN, %rax
	je	4f
	pop	%rsi
	.cfi_remember_state
	.cfi_adjust_cfa_offset -8
	mov	%rax, TF_rax(%rsi)
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	ret
	.cfi_restore_state

3:	cmpb	$0, dune_global+GLOBAL_ring3_signals(%rip)
	je	2b
4:	mov	(%rsp), %rsi
	cmpb	$0, dune_global+GLOBAL_ring3_signals(%rip)
	je	1b
	/* Its handler first, then the instruction once more. */
	mov	TF_rax(%rsi), %eax
	mov	%rax, TF_rax(%rsi)
	subq	$SYSCALL_LEN, TF_rip(%rbx)
	pop	%rsi
	.cfi_adjust_cfa_offset -8
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	ret
	.cfi_endproc
	.size	dune_passthrough_syscall, . - dune_passthrough_syscall

	.section .note.GNU-stack, "", @progbits
