/* SPDX-License-Identifier: MIT */
/*
 * entry_syscall.S - where SYSCALL enters ring 0
 */
#include <asm/unistd.h>

#include "entry.h"
#include "sandbox/numbers.h"

	.text

/*
 * SYSCALL. From ring 0 (libc, most of all) it goes straight to Linux; R11 and
 * RCX are the instruction's own to lose. From ring 3 it becomes a frame.
 */
	.globl	dune_syscall_entry
	.hidden	dune_syscall_entry
	.type	dune_syscall_entry, @function
	.balign	16
dune_syscall_entry:
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_def_cfa rsp, 0
	.cfi_register rip, rcx
	test	$FLAG_RING3, %r11d
	jnz	.Lof_ring3
	test	$FLAG_IF, %r11d
	jz	dune_entry_vmcall
	/* A signal that came since SYSCALL is taken before the call: at the NOP's end. */
	sti
	nop
	.globl	dune_entry_vmcall, dune_entry_after
	.hidden	dune_entry_vmcall, dune_entry_after
dune_entry_vmcall:
	vmcall
dune_entry_after:
	jmp	*%rcx

.Lof_ring3:
	jmp	*dune_ring3_syscall(%rip)

	/* For a handler to which a call is its arguments: see DUNE_TRAP_ARGS_ONLY. */
	.globl	dune_args_syscall_entry
	.hidden	dune_args_syscall_entry
dune_args_syscall_entry:
	swapgs
	mov	%rsp, %gs:THREAD_user_rsp
	mov	%gs:THREAD_ring0_sp, %rsp
	push	$SEL_USER_SS
	push	%gs:THREAD_user_rsp
	push	%r11
	push	$SEL_ARGS_ONLY
	push	%rcx
	sub	$TF_rip, %rsp
	CFI_SAVED_SP CFI_BREG_RSP, TF_rsp
	CFI_SAVED 16, CFI_BREG_RSP, TF_rip
	mov	%rax, TF_rax(%rsp)
	mov	%rdi, TF_rdi(%rsp)
	mov	%rsi, TF_rsi(%rsp)
	mov	%rdx, TF_rdx(%rsp)
	mov	%r10, TF_r10(%rsp)
	mov	%r8, TF_r8(%rsp)
	mov	%r9, TF_r9(%rsp)
	mov	%rsp, %rdi
	sti
	call	*dune_short_syscall(%rip)
	cli
	cmpl	$0, %gs:THREAD_sig_count
	jne	.Lcomplete_frame
	mov	TF_rip(%rsp), %rcx
	cmp	dune_user_end(%rip), %rcx
	jae	.Lcomplete_frame
	mov	TF_rflags(%rsp), %r11
	test	$(FLAG_TF | FLAG_RF | FLAG_VM | (FLAG_IOPL & ~FLAG_RING3)), %r11d
	jnz	.Lcomplete_frame
	or	$(FLAG_RING3 | FLAG_IF), %r11d
	mov	TF_rax(%rsp), %rax
	mov	TF_rdi(%rsp), %rdi
	mov	TF_rsi(%rsp), %rsi
	mov	TF_rdx(%rsp), %rdx
	mov	TF_r10(%rsp), %r10
	mov	TF_r8(%rsp), %r8
	mov	TF_r9(%rsp), %r9
	mov	TF_rsp(%rsp), %rsp
	swapgs
	sysretq

	/*
	 * What SYSRET cannot do needs the rest, which is in the registers still. So
	 * does a handler that has marked the frame: see dune_whole_frame().
	 */
.Lcomplete_frame:
	btrq	$FRAME_WANTED_BIT, TF_rip(%rsp)
	setc	%cl
	call	complete_syscall_frame
	test	%cl, %cl
	jnz	.Lframe_complete
	jmp	dune_to_ring3

	/* In the place of a handler that has been taken away, or is not alone now. */
	.globl	dune_no_short_syscall
	.hidden	dune_no_short_syscall
dune_no_short_syscall:
	cli
	add	$8, %rsp
	call	complete_syscall_frame
	jmp	.Lframe_complete

	.globl	dune_long_syscall_entry, dune_long_syscall
	.hidden	dune_long_syscall_entry, dune_long_syscall
dune_long_syscall_entry:
	.cfi_def_cfa rsp, 0
	.cfi_register rip, rcx
	cmp	$NR_RETURN, %eax
	je	dune_dom_back
dune_long_syscall:
	swapgs
	mov	%rsp, %gs:THREAD_user_rsp
	mov	%gs:THREAD_ring0_sp, %rsp
	and	$~FLAG_IOPL, %r11
	push	$SEL_USER_SS
	push	%gs:THREAD_user_rsp
	push	%r11
	push	$SEL_USER_CS
	push	%rcx
	push	$0
	push	$VECTOR_SYSCALL
	PUSH_REGS
	CFI_ALL(TF, CFI_BREG_RSP)
.Lframe_complete:
	mov	%rsp, %rdi
	sti
	call	dune_syscall_trap
	cli
	cmpl	$0, %gs:THREAD_sig_count
	jne	dune_to_ring3

	/*
	 * SYSRET only to a canonical address of the lower half: to others it
	 * faults in ring 0. What it cannot restore (TF, RF, another RCX or R11
	 * than it takes for RIP and RFLAGS) takes the long way.
	 */
	mov	TF_rip(%rsp), %rax
	mov	%rax, %rdx
	shr	$47, %rdx
	jnz	dune_to_ring3
	cmp	%rax, 8(%rsp)			/* tf->rcx */
	jne	dune_to_ring3
	mov	TF_rflags(%rsp), %rax
	test	$(FLAG_TF | FLAG_RF | FLAG_VM), %eax
	jnz	dune_to_ring3
	POP_REGS
	mov	TF_rflags - TF_vector(%rsp), %r11
	and	$~(FLAG_IOPL | FLAG_VIF_VIP), %r11
	or	$(FLAG_RING3 | FLAG_IF | FLAG_FIXED), %r11
	mov	TF_rsp - TF_vector(%rsp), %rsp
	swapgs
	sysretq
	.cfi_endproc
	.size	dune_syscall_entry, . - dune_syscall_entry

/* The frame behind the return address, of arguments only: the rest of it. */
complete_syscall_frame:
	.cfi_startproc
	PUT_KEPT_REGS
	mov	8+TF_rip(%rsp), %rax
	mov	%rax, 8+TF_rcx(%rsp)
	andq	$~FLAG_IOPL, 8+TF_rflags(%rsp)
	mov	8+TF_rflags(%rsp), %rax
	mov	%rax, 8+TF_r11(%rsp)
	movq	$0, 8+TF_error(%rsp)
	movq	$VECTOR_SYSCALL, 8+TF_vector(%rsp)
	movq	$SEL_USER_CS, 8+TF_cs(%rsp)
	ret
	.cfi_endproc

/* Ring 3's addresses end here. */
	.section .rodata
	.globl	dune_user_end
	.hidden	dune_user_end
	.balign	8
dune_user_end:
	.quad	1 << 47

	.section .note.GNU-stack, "", @progbits
