/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmenter.S - into VMX non-root operation and back
 *
 * A VM exit is treated like an entry from user mode, a VM entry like a return
 * to it: buffers are cleared before, the return stack buffer filled and the
 * branch history cleared after, as the kernel's own mitigations ask.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/msr-index.h>
#include <asm/nospec-branch.h>
#include <asm/percpu.h>
#include <asm/unwind_hints.h>

#include "offsets.h"

.section .noinstr.text, "ax"

/*
 * int dune_vmenter(struct dune_vcpu *vcpu)
 *
 * Interrupts are off, the vcpu's VMCS is current. The guest's general registers
 * come from and go to the run page; RSP, RIP and RFLAGS are in the VMCS.
 *
 * Returns 0 after a VM exit, 1 after VM-Fail.
 */
SYM_FUNC_START(dune_vmenter)
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
	push	%rdi

	/* One caller, one stack depth: HOST_RSP seldom changes. */
	cmp	%rsp, VCPU_host_rsp(%rdi)
	je	.Lhost_rsp_done
	mov	%rsp, VCPU_host_rsp(%rdi)
	mov	$VMCS_HOST_RSP, %eax
.Lwrite_rsp:
	vmwrite	%rsp, %rax
.Lhost_rsp_done:
	mov	VCPU_run(%rdi), %rax
	/* The answer stays in CF: nothing below touches it. */
	btl	$0, VCPU_launched(%rdi)

	mov	REGS_rcx(%rax), %rcx
	mov	REGS_rdx(%rax), %rdx
	mov	REGS_rbx(%rax), %rbx
	mov	REGS_rbp(%rax), %rbp
	mov	REGS_rsi(%rax), %rsi
	mov	REGS_rdi(%rax), %rdi
	mov	REGS_r8(%rax), %r8
	mov	REGS_r9(%rax), %r9
	mov	REGS_r10(%rax), %r10
	mov	REGS_r11(%rax), %r11
	mov	REGS_r12(%rax), %r12
	mov	REGS_r13(%rax), %r13
	mov	REGS_r14(%rax), %r14
	mov	REGS_r15(%rax), %r15
	mov	REGS_rax(%rax), %rax

	CLEAR_CPU_BUFFERS		/* clobbers ZF */
	jnc	.Llaunch

	/* objtool: what follows the entry is reached by the exit below. */
	UNWIND_HINT_SAVE
.Lresume:
	vmresume
	jmp	.Lfail
.Llaunch:
	vmlaunch
	jmp	.Lfail

	_ASM_EXTABLE(.Lwrite_rsp, .Lhost_rsp_done)
	_ASM_EXTABLE(.Lresume, .Lfail)
	_ASM_EXTABLE(.Llaunch, .Lfail)

SYM_INNER_LABEL(dune_vmexit, SYM_L_GLOBAL)
	UNWIND_HINT_RESTORE
	ENDBR

	push	%rax
	mov	8(%rsp), %rax
	mov	VCPU_run(%rax), %rax
	pop	REGS_rax(%rax)
	mov	%rcx, REGS_rcx(%rax)
	mov	%rdx, REGS_rdx(%rax)
	mov	%rbx, REGS_rbx(%rax)
	mov	%rbp, REGS_rbp(%rax)
	mov	%rsi, REGS_rsi(%rax)
	mov	%rdi, REGS_rdi(%rax)
	mov	%r8, REGS_r8(%rax)
	mov	%r9, REGS_r9(%rax)
	mov	%r10, REGS_r10(%rax)
	mov	%r11, REGS_r11(%rax)
	mov	%r12, REGS_r12(%rax)
	mov	%r13, REGS_r13(%rax)
	mov	%r14, REGS_r14(%rax)
	mov	%r15, REGS_r15(%rax)
	xor	%ebx, %ebx

.Lscrub:
	/* Leave no value of the guest for speculation to use. */
	xor	%eax, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%ebp, %ebp
	xor	%esi, %esi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	pop	%rdi

	/* No RET and no indirect branch before the mitigations are done. */
	FILL_RETURN_BUFFER %rcx, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, X86_FEATURE_RSB_VMEXIT_LITE

	/* The guest cannot write SPEC_CTRL; legacy IBRS wants it written anew. */
	ALTERNATIVE "jmp .Librs_done", "", X86_FEATURE_KERNEL_IBRS
	mov	$MSR_IA32_SPEC_CTRL, %ecx
	mov	PER_CPU_VAR(x86_spec_ctrl_current), %rax
	mov	%rax, %rdx
	shr	$32, %rdx
	wrmsr
.Librs_done:
	CLEAR_BRANCH_HISTORY_VMEXIT

	mov	%ebx, %eax
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
	RET

.Lfail:
	mov	$1, %ebx
	jmp	.Lscrub
SYM_FUNC_END(dune_vmenter)
