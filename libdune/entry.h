/* SPDX-License-Identifier: MIT */
/*
 * entry.h - what the guest half's entries share, in assembly
 *
 * Two rules hold in all of them. The ring an entry came from is taken from hardware
 * (CS in the frame; for SYSCALL the IOPL in R11), never from memory. And nothing
 * is written to the interrupted stack at or above 128 bytes below its pointer:
 * compiled code keeps data there (the red zone).
 */
#ifndef _LIBDUNE_ENTRY_H
#define _LIBDUNE_ENTRY_H

#include "cfi.h"
#include "offsets.h"
#include "x86.h"

/* The general registers of a struct dune_tf. */
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

/* Of the frame behind the return address: what a function of C's has kept. */
.macro PUT_KEPT_REGS
	mov	%rbx, 8+TF_rbx(%rsp)
	mov	%rbp, 8+TF_rbp(%rsp)
	mov	%r12, 8+TF_r12(%rsp)
	mov	%r13, 8+TF_r13(%rsp)
	mov	%r14, 8+TF_r14(%rsp)
	mov	%r15, 8+TF_r15(%rsp)
.endm

/* The IST frame of the thread whose IST stack nobody is on, by GS. */
#define IST_FRAME(n)	%gs:-(IST_DOUBLE_SIZE + 48) + 8 * (n)

#endif /* _LIBDUNE_ENTRY_H */
