/* SPDX-License-Identifier: MIT */
/*
 * gate.S - the way into Dune mode, the run loop, and the way out
 *
 * The run loop needs registers only: %rbx the run page, %r12 the thread, %r13d
 * the vcpu's descriptor. Linux keeps them over any system call, so stops and
 * restarts may happen at its SYSCALL like anywhere else. A signal may have come
 * whenever it looks; one that comes after the look is sent back to it, see
 * sigcatch.c.
 */
#include <asm/unistd.h>

#include "cfi.h"
#include "offsets.h"
#include "x86.h"

	.text

/*
 * Numbers that need C: those that make or end threads and processes, those about
 * signal handlers, and those about what libdune answers itself.
 */
.macro WORD first
	word = 0
	.irp nr, __NR_rt_sigaction, __NR_rt_sigreturn, __NR_clone, __NR_fork, __NR_vfork, \
		__NR_exit, __NR_sigaltstack, __NR_prctl, __NR_arch_prctl, __NR_seccomp, \
		__NR_rseq, __NR_clone3, __NR_exit_group
	.if \nr >= \first && \nr < \first + 64
	word = word | (1 << (\nr - \first))
	.endif
	.endr
	.quad	word
.endm

	.section .rodata
	.balign	8
special:
	WORD	0
	WORD	64
	WORD	128
	WORD	192
	WORD	256
	WORD	320
	WORD	384
	WORD	448
#define SPECIAL_END	512

	.text

/*
 * long dune_shown_call(long nr, long a, .., long e); in the host half: made for
 * the program, whose filters see it.
 */
	.globl	dune_shown_call
	.hidden	dune_shown_call
	.type	dune_shown_call, @function
	.balign	16
dune_shown_call:
	.cfi_startproc
	SYSCALL_ARGUMENTS
	syscall
	ret
	.cfi_endproc
	.size	dune_shown_call, . - dune_shown_call

/* Calls that Linux sees coming from here are libdune's own: see seccomp.c. */
	.globl	dune_gate_start, dune_gate_end
	.hidden	dune_gate_start, dune_gate_end
dune_gate_start:

/*
 * long dune_sys6(long nr, long a, .., long f); in either half. In the guest not by
 * SYSCALL, which lets interrupts in: callers may hold locks, or be on an IST stack.
 */
	.globl	dune_sys6
	.hidden	dune_sys6
	.type	dune_sys6, @function
	.balign	16
dune_sys6:
	.cfi_startproc
	SYSCALL_ARGUMENTS
	mov	8(%rsp), %r9
	mov	%cs, %ecx
	cmp	$SEL_KERNEL_CS, %ecx
	je	1f
	syscall
sys6_done:
	ret
1:	lea	sys6_done(%rip), %rcx	/* as SYSCALL would have left it */
	vmcall
	ret
	.cfi_endproc
	.size	dune_sys6, . - dune_sys6

/* Where dune_sigcatch() returns to. */
	.globl	dune_sigcatch_return
	.hidden	dune_sigcatch_return
	.type	dune_sigcatch_return, @function
	.balign	16
dune_sigcatch_return:
	mov	$__NR_rt_sigreturn, %eax
	syscall
	.size	dune_sigcatch_return, . - dune_sigcatch_return

/*
 * int dune_gate_enter(struct dune_thread *t)
 *
 * Returns 0 in Dune mode. Where the guest could not be entered at all, returns
 * the negative errno outside it.
 */
	.globl	dune_gate_enter
	.type	dune_gate_enter, @function
	.balign	16
dune_gate_enter:
	.cfi_startproc
	mov	THREAD_run(%rdi), %rax
	mov	%rbx, REGS_rbx(%rax)
	mov	%rbp, REGS_rbp(%rax)
	mov	%r12, REGS_r12(%rax)
	mov	%r13, REGS_r13(%rax)
	mov	%r14, REGS_r14(%rax)
	mov	%r15, REGS_r15(%rax)
	mov	(%rsp), %rcx
	mov	%rcx, REGS_rip(%rax)
	lea	8(%rsp), %rcx
	mov	%rcx, REGS_rsp(%rax)
	movq	$0, REGS_rax(%rax)
	movq	$(FLAG_IF | FLAG_FIXED), REGS_rflags(%rax)
	movl	$SET_REGS, RUN_set(%rax)
	mov	%rdi, %r12
	.cfi_endproc
	/* fall through */

/* %r12: a thread that has never run. */
first_run:
	.cfi_startproc simple
	.cfi_undefined rip
	mov	THREAD_run(%r12), %rbx
	mov	THREAD_vcpu_fd(%r12), %r13d
	mov	THREAD_host_sp(%r12), %rsp
	xor	%ebp, %ebp

	/* From here on the caller, to a debugger, is the guest. */
	.cfi_signal_frame
	CFI_ALL(REGS, CFI_BREG_RBX)
dune_run_loop:
	cmpl	$0, THREAD_sig_kick(%r12)
	jne	interrupt_guest
enter_guest:
	movl	$0, RUN_in_syscall(%rbx)
	mov	$__NR_lseek, %eax	/* the short form of DUNE_RUN */
	mov	%r13d, %edi
	mov	THREAD_run_key(%r12), %rsi
	xor	%edx, %edx		/* SEEK_SET */
	/*
	 * The module may leave a call that a signal interrupted to Linux right
	 * here, and then says so in in_syscall.
	 */
dune_run_insn:
	syscall
	cmpl	$0, RUN_in_syscall(%rbx)
	jne	dune_forward_done
	test	%eax, %eax
	jz	again
	cmp	$EXIT_VMCALL, %eax
	jne	to_c
	movb	$1, THREAD_entered(%r12)
	mov	REGS_rax(%rbx), %rcx
	cmp	$SPECIAL_END, %rcx
	jae	large_number
	bt	%rcx, special(%rip)
	jc	to_c
dune_forward:
	movl	$1, RUN_in_syscall(%rbx)
	cmpl	$0, THREAD_sig_count(%r12)
	jne	signals_wait
forward:
	mov	REGS_rax(%rbx), %rax
	mov	REGS_rdi(%rbx), %rdi
	mov	REGS_rsi(%rbx), %rsi
	mov	REGS_rdx(%rbx), %rdx
	mov	REGS_r10(%rbx), %r10
	mov	REGS_r8(%rbx), %r8
	mov	REGS_r9(%rbx), %r9
	/* Libdune's own calls, and a monitor's, are not for the program's filters. */
	cmpb	$0, dune_global+GLOBAL_ring3_signals(%rip)
	jne	1f
	lea	sys6_done(%rip), %rcx
	cmp	%rcx, REGS_rcx(%rbx)	/* where SYSCALL at CPL 0 left it */
	je	own_call
	jmp	2f
1:	lea	dune_user_vmcall_done(%rip), %rcx
	cmp	%rcx, REGS_rip(%rbx)
	jne	own_call
2:	syscall
dune_forward_done:
	cmp	$-ECALLAGAIN, %rax
	je	restart
	mov	%rax, REGS_rax(%rbx)
	jmp	dune_run_loop

again:
	movb	$1, THREAD_entered(%r12)	/* DUNE_EXIT_NONE: it may have run */
	jmp	dune_run_loop

interrupt_guest:
	movl	$VECTOR_SIGNAL, RUN_interrupt(%rbx)
	orl	$SET_INTERRUPT, RUN_set(%rbx)
	movl	$0, THREAD_sig_kick(%r12)
	jmp	enter_guest

own_call:
	syscall
	jmp	dune_forward_done

signals_wait:
	mov	%r12, %rdi
	call	dune_host_may_call
	test	%al, %al
	jnz	forward
restart:
	mov	%r12, %rdi
	call	dune_host_restart
	jmp	dune_run_loop

large_number:
	mov	%rcx, %rdx
	shr	$32, %rdx
	jnz	to_c
	cmp	$X32_BIT, %ecx		/* x32's fork is no less a fork */
	jb	dune_forward
to_c:
	movslq	%eax, %rsi
	mov	%r12, %rdi
	call	dune_host_exit
	mov	THREAD_vcpu_fd(%r12), %r13d	/* another, in a forked child */
	cmp	$HOST_LEAVE, %eax
	jb	dune_run_loop
	ja	dune_forward

	/* HOST_LEAVE: go on as an ordinary thread where the guest stands. */
	mov	%rbx, %rcx
	mov	REGS_rax(%rcx), %rax
	mov	REGS_rbx(%rcx), %rbx
	mov	REGS_rbp(%rcx), %rbp
	mov	REGS_r12(%rcx), %r12
	mov	REGS_r13(%rcx), %r13
	mov	REGS_r14(%rcx), %r14
	mov	REGS_r15(%rcx), %r15
	mov	REGS_rsp(%rcx), %rsp
	jmp	*REGS_rip(%rcx)
	.cfi_endproc
	.size	dune_gate_enter, . - dune_gate_enter

	.globl	dune_run_loop, dune_run_insn, dune_forward, dune_forward_done
	.hidden	dune_run_loop, dune_run_insn, dune_forward, dune_forward_done

/* %r12: a thread that another has cloned; it has a stack of its own already. */
start_thread:
	.cfi_startproc
	.cfi_undefined rip
	xor	%ebp, %ebp
	mov	%r12, %rdi
	call	dune_thread_begin
	jmp	first_run
	.cfi_endproc

/*
 * long dune_gate_clone(long nr, long a0, .., long a4, struct dune_thread *child)
 *
 * The child, on a stack of its own, begins its run loop.
 */
	.globl	dune_gate_clone
	.type	dune_gate_clone, @function
	.balign	16
dune_gate_clone:
	.cfi_startproc
	push	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r12, 0
	mov	16(%rsp), %r12
	SYSCALL_ARGUMENTS
	syscall
	.globl	dune_clone_done
	.hidden	dune_clone_done
dune_clone_done:
	test	%rax, %rax
	jz	start_thread
	pop	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore r12
	ret
	.cfi_endproc
	.size	dune_gate_clone, . - dune_gate_clone

/*
 * void dune_gate_exit(void *block, size_t size, long status, uintptr_t *freed, int unmap)
 *
 * End the thread and give its block back, the stack it runs on with it, by the call
 * @unmap: munmap(2), or mmap(2) of nothing; then say so in @freed.
 */
	.globl	dune_gate_exit
	.type	dune_gate_exit, @function
	.balign	16
dune_gate_exit:
	.cfi_startproc
	.cfi_undefined rip
	mov	%rdx, %rbx
	mov	%rcx, %r12
	mov	%r8d, %eax
	xor	%edx, %edx		/* PROT_NONE */
	mov	$MAP_TAKEN, %r10d
	mov	$-1, %r8
	xor	%r9d, %r9d
	syscall
	mov	%rdi, (%r12)
	mov	%rbx, %rdi
	mov	$__NR_exit, %eax
	syscall
	.globl	dune_exit_done
	.hidden	dune_exit_done
dune_exit_done:
	ud2
	.cfi_endproc
	.size	dune_gate_exit, . - dune_gate_exit

/*
 * void dune_gate_touch(uintptr_t va, bool write)
 *
 * Access a byte without changing it, outside Dune mode: Linux answers as it
 * would have answered the program.
 */
	.globl	dune_gate_touch
	.type	dune_gate_touch, @function
	.balign	16
dune_gate_touch:
	.cfi_startproc
	test	%sil, %sil
	jnz	1f
dune_touch_insn:
	testb	$0, (%rdi)
	ret
1:	lock orb $0, (%rdi)
dune_touch_done:
	ret
	.globl	dune_touch_insn, dune_touch_done
	.hidden	dune_touch_insn, dune_touch_done
	.cfi_endproc
	.size	dune_gate_touch, . - dune_gate_touch

/*
 * void dune_gate_break(void)
 *
 * The guest's breakpoint, once more, for Linux and whoever traces us. A debugger
 * sets the program counter back by one when it hears of a breakpoint: there must
 * be one.
 */
	.globl	dune_gate_break
	.type	dune_gate_break, @function
	.balign	16
dune_gate_break:
	.cfi_startproc
	int3
	ret
	.cfi_endproc
	.size	dune_gate_break, . - dune_gate_break

/* long dune_hypercall(uint64_t nr, uint64_t a, uint64_t b); CPL 0 in Dune mode. */
	.globl	dune_hypercall
	.type	dune_hypercall, @function
	.balign	16
dune_hypercall:
	.cfi_startproc
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	vmcall
	ret
	.cfi_endproc
	.size	dune_hypercall, . - dune_hypercall

/* long dune_syscall(long nr, long a0, .., long a5); CPL 0 in Dune mode. */
	.globl	dune_syscall
	.type	dune_syscall, @function
	.balign	16
dune_syscall:
	.cfi_startproc
	SYSCALL_ARGUMENTS
	mov	8(%rsp), %r9
	vmcall
	ret
	.cfi_endproc
	.size	dune_syscall, . - dune_syscall

dune_gate_end:

	.section .note.GNU-stack, "", @progbits
