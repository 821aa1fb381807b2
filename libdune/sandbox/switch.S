/* SPDX-License-Identifier: MIT */
/*
 * switch.S - a call into a domain and back, by the short way
 *
 * For the call that nothing is special about: no timeout, no doubles, no other
 * call that waits for it, the domain's first thread free. It begins with a frame
 * for IRET that is there already and ends with registers; call.c does all others.
 */
#include <asm/errno.h>

#include "offsets.h"
#include "../cfi.h"
#include "../x86.h"
#include "numbers.h"

	.text
/* What LEAVE_STACK takes away; %rbx is the call from then on. */
.macro ENTER_STACK
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	push	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	push	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r12, 0
	push	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r13, 0
	push	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r14, 0
	push	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r15, 0
	lea	DOMAIN_short_call(%rdi), %rbx
	pushq	%gs:THREAD_ring0_sp
	.cfi_adjust_cfa_offset 8
	mov	%rsp, %gs:THREAD_ring0_sp
	stmxcsr	CALL_vectors+24(%rbx)
	fnstcw	CALL_vectors(%rbx)
.endm

/* %rcx: the call. Its x87 and vector registers are those of a function's end. */
.macro LEAVE_STACK
	popq	%gs:THREAD_ring0_sp
	fxrstor64 CALL_vectors(%rcx)
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
.endm

/*
 * int dune_domain_call(struct dune_domain *d, uint64_t address,
 *			struct dune_domain_call *call)
 *
 * Interrupts are off while the thread is lent, but in ring 3: who is interrupted
 * there waits for nobody (call.c), and one that comes before is taken there.
 */
.Lspecial:
	sti
	jmp	dune_dom_call

	.globl	dune_domain_call
	.type	dune_domain_call, @function
	.balign	16
dune_domain_call:
	.cfi_startproc
	mov	%cs, %eax
	and	$3, %eax			/* not in Dune mode */
	or	ARGS_flags(%rdx), %eax
	or	ARGS_timeout(%rdx), %rax
	jnz	dune_dom_call
	cmp	dune_user_end(%rip), %rsi
	jae	dune_dom_call
	cli
	mov	%gs:THREAD_call_tid, %ecx
	jrcxz	.Lspecial
	lock cmpxchg %ecx, DOMAIN_tid(%rdi)	/* for 0, which is in RAX */
	jne	.Lspecial
	/* Ordered by the exchange against the look: see dune_deadline_kick(). */
	cmpl	$0, DOMAIN_dead(%rdi)
	jne	.Ldead
	ENTER_STACK
	testl	$CR4_TO_KEEP, dune_global+GLOBAL_cr4(%rip)
	jnz	.Lto_domain
1:	mov	%rdx, CALL_args(%rbx)
	mov	%rsi, CALL_go(%rbx)

	/* Nothing of ring 0's in the vector registers; PKRU stays as it is. */
	mov	$~0x200, %eax			/* EDX: there is no such component */
	xrstor64 dune_initial_vectors(%rip)

	/* What RAX, R10 and R11 have from here on the domain knows. */
	mov	SHORT_back(%rbx), %rax
	mov	CALL_go_rsp(%rbx), %r10
	mov	%rax, (%r10)
	mov	ARGS_arg(%rdx), %rdi
	mov	ARGS_arg+8(%rdx), %rsi
	mov	ARGS_arg+24(%rdx), %rcx
	mov	ARGS_arg+32(%rdx), %r8
	mov	ARGS_arg+40(%rdx), %r9
	mov	ARGS_arg+16(%rdx), %rdx

	mov	%cr3, %r12
	mov	%r12, CALL_host_cr3(%rbx)
	rdfsbase %r13
	mov	%r13, CALL_host_fs(%rbx)
	mov	SHORT_fs(%rbx), %r11
	wrfsbase %r11
	mov	%rbx, %gs:THREAD_call
	mov	CALL_cr3(%rbx), %r12
	mov	%r12, %cr3
	lea	CALL_go(%rbx), %rsp
	xor	%ebp, %ebp
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r15d, %r15d
	swapgs
	rdgsbase %r14
	mov	%r14, CALL_host_gs(%rbx)
	wrgsbase %rbp
	xor	%r14d, %r14d
	xor	%ebx, %ebx
	iretq

	/* With PCIDs, or protection keys. */
.Lto_domain:
	push	%rdx
	push	%rsi
	mov	%rbx, %rdi
	call	dune_dom_to_domain
	pop	%rsi
	pop	%rdx
	jmp	1b
	.cfi_endproc
	.size	dune_domain_call, . - dune_domain_call

/*
 * From the SYSCALL entry, before anything else: ring 3 says NR_RETURN, with
 * results in RDI and RSI. If it is in no such call, it is an ordinary one.
 */
.Lordinary:
	mov	%gs:THREAD_user_rsp, %rcx
	swapgs
	jmp	dune_long_syscall

	.globl	dune_dom_back
	.hidden	dune_dom_back
	.type	dune_dom_back, @function
	.balign	16
dune_dom_back:
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_def_cfa rsp, 0
	.cfi_undefined rip
	swapgs
	mov	%rcx, %gs:THREAD_user_rsp
	mov	%gs:THREAD_call, %rcx
	jrcxz	.Lordinary
	cmpq	$0, CALL_args(%rcx)
	je	.Lordinary
	mov	%gs:THREAD_ring0_sp, %rsp
	testl	$CR4_TO_KEEP, dune_global+GLOBAL_cr4(%rip)
	jnz	.Lto_host
	mov	CALL_host_cr3(%rcx), %rax
	mov	%rax, %cr3
1:	mov	CALL_host_gs(%rcx), %rax
	swapgs
	wrgsbase %rax
	swapgs
	mov	CALL_host_fs(%rcx), %rax
	wrfsbase %rax
	movq	$0, %gs:THREAD_call
	mov	CALL_args(%rcx), %rdx
	LEAVE_STACK
	mov	%rdi, ARGS_result(%rdx)
	mov	%rsi, ARGS_fresult(%rdx)
	xor	%eax, %eax
.Lput_thread:
	lock andl $0, SHORT_tid(%rcx)
	cmpl	$0, SHORT_waiters(%rcx)
	jne	.Lwake
	sti
	ret

.Lto_host:
	push	%rdi
	push	%rsi
	push	%rcx
	push	%rcx
	mov	%rcx, %rdi
	call	dune_dom_to_host
	pop	%rcx
	pop	%rcx
	pop	%rsi
	pop	%rdi
	jmp	1b

	/* In dune_domain_call(), its thread lent, nothing else done. */
.Ldead:
	lea	DOMAIN_short_call(%rdi), %rcx
	mov	$-EOWNERDEAD, %eax
	jmp	.Lput_thread

.Lwake:
	sti
	push	%rax
	lea	-DOMAIN_short_call(%rcx), %rdi
	call	dune_dom_wake
	pop	%rax
	ret
	.cfi_endproc
	.size	dune_dom_back, . - dune_dom_back

/*
 * void dune_dom_abandon(struct dom_call *c)
 *
 * The domain has ended, and ring 0 has all of its registers back but the stack:
 * the call returns.
 */
	.globl	dune_dom_abandon
	.hidden	dune_dom_abandon
	.type	dune_dom_abandon, @function
dune_dom_abandon:
	mov	%rdi, %rcx
	mov	%gs:THREAD_ring0_sp, %rsp
	LEAVE_STACK
	mov	$-EOWNERDEAD, %eax
	jmp	.Lput_thread
	.size	dune_dom_abandon, . - dune_dom_abandon

	.section .note.GNU-stack, "", @progbits
