/* SPDX-License-Identifier: MIT */
/*
 * entry.S - the guest half's entries: exceptions, SYSCALL, and ring changes
 *
 * Two rules hold everywhere. The ring an entry came from is taken from hardware
 * (CS in the frame; for SYSCALL the IOPL in R11), never from memory. And nothing
 * is written to the interrupted stack at or above 128 bytes below its pointer:
 * compiled code keeps data there (the red zone).
 */
#include <asm/unistd.h>

#include "cfi.h"
#include "offsets.h"
#include "x86.h"

	.text

.macro PUSH_REGS
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%r11
	push	%r10
	push	%r9
	push	%r8
	push	%rdi
	push	%rsi
	push	%rbp
	push	%rbx
	push	%rdx
	push	%rcx
	push	%rax
.endm

.macro POP_REGS
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rbx
	pop	%rbp
	pop	%rsi
	pop	%rdi
	pop	%r8
	pop	%r9
	pop	%r10
	pop	%r11
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
.endm

/* SMAP: ring 0 gives up access to ring 3's memory. (SYSCALL clears AC by mask.) */
.macro CLEAR_AC
	cmpb	$0, dune_global+GLOBAL_smap(%rip)
	je	.Lno_smap\@
	clac
.Lno_smap\@:
.endm

/* 256 gates' targets, TRAP_STUB_SIZE bytes each. */
	.globl	dune_trap_stubs
	.hidden	dune_trap_stubs
	.balign	16
dune_trap_stubs:
	vector = 0
	.rept	256
	.balign	16
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	push	$0
	.endif
	push	$vector
	jmp	trap_entry
	vector = vector + 1
	.endr

/*
 * On the IST stack, which the next trap will use from its top again: move the
 * frame to the stack it belongs on before anything else can trap. What must
 * come before is a stack in a block that the guest's table does not map yet.
 */
	.balign	16
trap_entry:
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_def_cfa rsp, 16
	.cfi_offset rip, 0
	cld
	PUSH_REGS
	CFI_ALL(TF, CFI_BREG_RSP)
	mov	%rsp, %rdi
	CLEAR_AC
	testb	$3, TF_cs(%rdi)
	jz	.Lfrom_ring0

	/* SYSCALL in a handler must count as ring 0's: see FLAG_RING3. */
	pushfq
	andq	$~FLAG_IOPL, (%rsp)
	popfq
	swapgs
	cmpq	$TRAP_PF, TF_vector(%rdi)
	jne	1f
	mov	%cr2, %rsi
	call	dune_pgflt_early
	mov	%rsp, %rdi
	test	%al, %al
	jnz	.Lreturn_early
1:	mov	%gs:THREAD_ring0_sp, %rsi
	cmpq	$VECTOR_SIGNAL, TF_vector(%rdi)
	jne	.Lmove
	cmpb	$0, dune_global+GLOBAL_ring3_signals(%rip)
	je	.Lsignal_stack
	jmp	.Lmove

.Lfrom_ring0:
	cmpq	$TRAP_PF, TF_vector(%rdi)
	jne	2f
	mov	%cr2, %rsi
	call	dune_pgflt_early
	mov	%rsp, %rdi
	test	%al, %al
	jnz	.Lreturn_early
2:	cmpq	$VECTOR_SIGNAL, TF_vector(%rdi)
	je	.Lsignal
	cmpq	$TRAP_DB, TF_vector(%rdi)
	je	.Lstep
.Lown_stack:
	mov	TF_rsp(%rdi), %rsi
	sub	$128, %rsi
	/* Is the stack's block mapped (not 0, not pending)? Else it is, or stays, here. */
	mov	%rsi, %rax
	shr	$30, %rax
	cmp	$0x20000, %rax
	jae	.Lbad_stack
	lea	dune_slot_table(%rip), %rcx
	cmpl	$0, (%rcx,%rax,4)
	jg	.Lmove
	mov	%rsi, %rdi
	call	dune_root_add
	mov	%rsp, %rdi
	mov	TF_rsp(%rdi), %rsi
	sub	$128, %rsi
	test	%eax, %eax
	jz	.Lmove

	/* No place for the frame where it belongs. */
	.globl	dune_trap_bad_stack
	.hidden	dune_trap_bad_stack
dune_trap_bad_stack:
.Lbad_stack:
	mov	%rsp, %rdi
	cmpb	$0, %gs:THREAD_sig_delivering
	je	.Lsignal_stack
	mov	%rdi, %rsi
	xor	%ebx, %ebx
	jmp	.Lmove_masked

	/*
	 * Some CPUs (Bochs) step into SYSCALL, though it clears TF: with ring 3's
	 * GS and stack still. There is nothing to do.
	 */
.Lstep:
	lea	dune_syscall_entry(%rip), %rax
	cmp	%rax, TF_rip(%rdi)
	jne	.Lown_stack
	POP_REGS
	add	$16, %rsp
	iretq

	/* Signals for CPL 0: its stack gets the signal's frame, not this one. */
.Lsignal:
	cmpb	$0, dune_global+GLOBAL_ring3_signals(%rip)
	jne	.Lown_stack
	cmpb	$0, %gs:THREAD_sig_delivering
	jne	.Lown_stack
.Lsignal_stack:
	/* The one signal stack: no interrupts until it is left. */
	mov	%gs:THREAD_signal_sp, %rsi
	xor	%ebx, %ebx
	jmp	.Lmove_masked

.Lmove:
	mov	TF_rflags(%rdi), %ebx
.Lmove_masked:
	sub	$TF_SIZE, %rsi
	and	$~15, %rsi
	mov	%rsi, %rdx
	xchg	%rsi, %rdi
	mov	$(TF_SIZE / 8), %ecx
	.globl	dune_trap_move
	.hidden	dune_trap_move
dune_trap_move:				/* a fault here: host.c */
	rep movsq
	mov	%rdx, %rsp
	mov	%rsp, %rdi
	test	$FLAG_IF, %ebx
	jz	3f
	sti
3:	call	dune_trap
	testb	$3, TF_cs(%rsp)
	jnz	return_to_ring3
	POP_REGS
	add	$16, %rsp
	iretq

.Lreturn_early:
	testb	$3, TF_cs(%rsp)
	jnz	.Lreturn_now
	POP_REGS
	add	$16, %rsp
	iretq

/*
 * A frame for ring 3 whose RIP is none of ring 3's: IRETQ and SYSRETQ would
 * fault at CPL 0, with ring 3's GS already. Ring 3 gets the fault instead.
 */
.Lbad_rip:
	mov	%rsp, %rdi
	call	dune_bad_rip

/*
 * %rsp: a frame for ring 3, at CPL 0 with ring 0's GS. From the last look for
 * signals on, interrupts are off: VECTOR_SIGNAL then comes in ring 3.
 */
	.globl	dune_to_ring3
	.hidden	dune_to_ring3
dune_to_ring3:
return_to_ring3:
	cli
	cmpb	$0, dune_global+GLOBAL_ring3_signals(%rip)
	je	.Lreturn_now
	cmpl	$0, %gs:THREAD_sig_count
	je	.Lreturn_now
	mov	%rsp, %rdi
	call	dune_signal_to_ring3
	jmp	return_to_ring3

.Lreturn_now:
	mov	TF_rip(%rsp), %rax
	shr	$47, %rax
	jnz	.Lbad_rip
	andq	$~(FLAG_IOPL | FLAG_VM | FLAG_VIF_VIP), TF_rflags(%rsp)
	orq	$(FLAG_RING3 | FLAG_IF | FLAG_FIXED), TF_rflags(%rsp)
	movq	$SEL_USER_CS, TF_cs(%rsp)
	movq	$SEL_USER_SS, TF_ss(%rsp)
	POP_REGS
	add	$16, %rsp
	swapgs
	iretq
	.cfi_endproc

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
	jnz	1f
	/* A signal that came since SYSCALL is taken before the call: at the NOP's end. */
	sti
	nop
	.globl	dune_entry_vmcall, dune_entry_after
	.hidden	dune_entry_vmcall, dune_entry_after
dune_entry_vmcall:
	vmcall
dune_entry_after:
	jmp	*%rcx

1:	swapgs
	mov	%rsp, %gs:THREAD_user_rsp
	mov	%gs:THREAD_ring0_sp, %rsp
	push	$SEL_USER_SS
	push	%gs:THREAD_user_rsp
	push	%r11
	push	$SEL_USER_CS
	push	%rcx
	and	$~FLAG_IOPL, %r11
	push	$0
	push	$VECTOR_SYSCALL
	PUSH_REGS
	CFI_ALL(TF, CFI_BREG_RSP)
	mov	%rsp, %rdi
	sti
	call	dune_syscall_trap
	cli
	cmpl	$0, %gs:THREAD_sig_count
	jne	return_to_ring3

	/*
	 * SYSRET only to a canonical address of the lower half: to others it
	 * faults in ring 0. What it cannot restore (TF, RF, another RCX or R11
	 * than it takes for RIP and RFLAGS) takes the long way.
	 */
	mov	TF_rip(%rsp), %rax
	mov	%rax, %rdx
	shr	$47, %rdx
	jnz	return_to_ring3
	cmp	%rax, 8(%rsp)			/* tf->rcx */
	jne	return_to_ring3
	mov	TF_rflags(%rsp), %rax
	test	$(FLAG_TF | FLAG_RF | FLAG_VM), %eax
	jnz	return_to_ring3
	POP_REGS
	mov	TF_rflags - TF_vector(%rsp), %r11
	and	$~(FLAG_IOPL | FLAG_VIF_VIP), %r11
	or	$(FLAG_RING3 | FLAG_IF | FLAG_FIXED), %r11
	mov	TF_rsp - TF_vector(%rsp), %rsp
	swapgs
	sysretq
	.cfi_endproc
	.size	dune_syscall_entry, . - dune_syscall_entry

/*
 * long dune_user_syscall(long nr, long a0, .., long a5, struct dune_tf *tf)
 *
 * Ring 3's call in @tf to Linux; -ECALLAGAIN if a signal for ring 3 must come
 * first. An interrupt between the look for one and the call begins again with
 * the look, see trap.c; the host half finds @tf in RBX.
 */
	.globl	dune_user_syscall, dune_user_look, dune_user_vmcall_done
	.hidden	dune_user_syscall, dune_user_look, dune_user_vmcall_done
	.type	dune_user_syscall, @function
	.balign	16
dune_user_syscall:
	.cfi_startproc
	push	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	mov	24(%rsp), %rbx
	SYSCALL_ARGUMENTS
	mov	16(%rsp), %r9
dune_user_look:
	cmpl	$0, %gs:THREAD_sig_count
	jne	2f
1:	vmcall
dune_user_vmcall_done:
	pop	%rbx
	.cfi_remember_state
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	ret
	.cfi_restore_state
2:	cmpb	$0, dune_global+GLOBAL_ring3_signals(%rip)
	je	1b
	mov	$-ECALLAGAIN, %rax
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	ret
	.cfi_endproc
	.size	dune_user_syscall, . - dune_user_syscall

/*
 * int dune_ring3_run(const struct dune_tf *tf, struct dune_thread *t)
 *
 * Leave what dune_ring3_exit() needs on the stack, and go.
 */
	.globl	dune_ring3_run
	.hidden	dune_ring3_run
	.type	dune_ring3_run, @function
	.balign	16
dune_ring3_run:
	.cfi_startproc
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	sub	$8, %rsp
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	pushq	THREAD_ring0_sp(%rsi)
	pushq	THREAD_ring3_frame(%rsi)
	mov	%rsp, THREAD_ring3_frame(%rsi)
	mov	%rsp, %rax
	and	$~15, %rax
	mov	%rax, THREAD_ring0_sp(%rsi)

	/* Nothing of ring 0's in the vector registers; PKRU stays as it is. */
	mov	%rax, %r8
	cmpl	$0, dune_global+GLOBAL_xsave_size(%rip)
	je	1f
	mov	$~0x200, %eax
	mov	$-1, %edx
	xrstor64 initial_vectors(%rip)
	jmp	2f
1:	fxrstor64 initial_vectors(%rip)

2:	lea	-TF_SIZE(%r8), %rax
	mov	%rax, %rsp
	mov	%rdi, %rsi
	mov	%rax, %rdi
	mov	$(TF_SIZE / 8), %ecx
	rep movsq
	jmp	return_to_ring3
	.cfi_endproc
	.size	dune_ring3_run, . - dune_ring3_run

/* void dune_ring3_exit(int value) */
	.globl	dune_ring3_exit
	.type	dune_ring3_exit, @function
	.balign	16
dune_ring3_exit:
	mov	%edi, %eax
	mov	%gs:THREAD_self, %rsi
	mov	THREAD_ring3_frame(%rsi), %rcx
	jrcxz	.Lno_frame
	mov	%rcx, %rsp
	popq	THREAD_ring3_frame(%rsi)
	popq	THREAD_ring0_sp(%rsi)
	fninit
	fldcw	4(%rsp)
	ldmxcsr	(%rsp)
	add	$8, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret

	/* A thread that ring 3 cloned has nobody to return to. */
.Lno_frame:
	movslq	%edi, %rdi
	mov	$__NR_exit, %eax
	vmcall
	ud2
	.size	dune_ring3_exit, . - dune_ring3_exit

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
	push	%r12
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
	ldmxcsr	initial_vectors+24(%rip)
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

/* An XSAVE area in which every component is in its initial state. */
	.section .rodata
	.balign	64
initial_vectors:
	.short	0x37f			/* x87 control word */
	.zero	22
	.long	0x1f80			/* MXCSR */
	.zero	576 - 28

	.section .note.GNU-stack, "", @progbits
