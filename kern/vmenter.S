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

/* Leave no value of the guest for speculation to use; RDI is the host's. */
.macro SCRUB_REGS
	xor	%eax, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%ebx, %ebx
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
.endm

/*
 * dune_vmenter(): RDI is the vcpu, and stays it; of the other registers RBP is
 * kept. Interrupts are off, the vcpu's VMCS is current. The guest's general
 * registers come from and go to the vcpu; RSP, RIP and RFLAGS are in the VMCS.
 *
 * CF is clear after a VM exit, set after VM-Fail.
 */
SYM_FUNC_START(dune_vmenter)
	push	%rbp
	push	%rdi

	/* One caller, one stack depth: HOST_RSP seldom changes. */
	cmp	%rsp, VCPU_host_rsp(%rdi)
	je	.Lhost_rsp_done
	mov	%rsp, VCPU_host_rsp(%rdi)
	mov	$VMCS_HOST_RSP, %eax
.Lwrite_rsp:
	vmwrite	%rsp, %rax
.Lhost_rsp_done:
	/* The answer stays in CF: nothing below touches it. */
	btl	$0, VCPU_launched(%rdi)

	mov	VCPU_rax(%rdi), %rax
	mov	VCPU_rcx(%rdi), %rcx
	mov	VCPU_rdx(%rdi), %rdx
	mov	VCPU_rbx(%rdi), %rbx
	mov	VCPU_rbp(%rdi), %rbp
	mov	VCPU_rsi(%rdi), %rsi
	mov	VCPU_r8(%rdi), %r8
	mov	VCPU_r9(%rdi), %r9
	mov	VCPU_r10(%rdi), %r10
	mov	VCPU_r11(%rdi), %r11
	mov	VCPU_r12(%rdi), %r12
	mov	VCPU_r13(%rdi), %r13
	mov	VCPU_r14(%rdi), %r14
	mov	VCPU_r15(%rdi), %r15
	mov	VCPU_rdi(%rdi), %rdi

	CLEAR_CPU_BUFFERS		/* clobbers ZF */
	jnc	.Llaunch

	/* objtool: what follows the entry is reached by the exit below. */
	UNWIND_HINT_SAVE
.Lresume:
	vmresume
	jmp	.Lfail
.Llaunch:
	push	%rdi
	mov	8(%rsp), %rdi
	movb	$1, VCPU_launched(%rdi)
	pop	%rdi
	CLEAR_CPU_BUFFERS
.Lvmlaunch:
	vmlaunch
	jmp	.Lfail

	_ASM_EXTABLE(.Lwrite_rsp, .Lhost_rsp_done)
	_ASM_EXTABLE(.Lresume, .Lfail)
	_ASM_EXTABLE(.Lvmlaunch, .Lfail)

SYM_INNER_LABEL(dune_vmexit, SYM_L_GLOBAL)
	UNWIND_HINT_RESTORE
	ENDBR

	push	%rdi
	mov	8(%rsp), %rdi
	mov	%rax, VCPU_rax(%rdi)
	mov	%rcx, VCPU_rcx(%rdi)
	mov	%rdx, VCPU_rdx(%rdi)
	mov	%rbx, VCPU_rbx(%rdi)
	mov	%rbp, VCPU_rbp(%rdi)
	mov	%rsi, VCPU_rsi(%rdi)
	mov	%r8, VCPU_r8(%rdi)
	mov	%r9, VCPU_r9(%rdi)
	mov	%r10, VCPU_r10(%rdi)
	mov	%r11, VCPU_r11(%rdi)
	mov	%r12, VCPU_r12(%rdi)
	mov	%r13, VCPU_r13(%rdi)
	mov	%r14, VCPU_r14(%rdi)
	mov	%r15, VCPU_r15(%rdi)
	pop	VCPU_rdi(%rdi)
	SCRUB_REGS

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

	add	$8, %rsp		/* clears CF */
	pop	%rbp
	RET

	/* The guest has not run. */
.Lfail:
	SCRUB_REGS
	pop	%rdi
	movb	$0, VCPU_launched(%rdi)
	pop	%rbp
	stc
	RET
SYM_FUNC_END(dune_vmenter)
