/* SPDX-License-Identifier: MIT */
/*
 * x86.h - names of the architecture, for C and assembly
 */
#ifndef _LIBDUNE_X86_H
#define _LIBDUNE_X86_H

/* Selectors: ring 3's are Linux's own, so that programs see no difference. */
#define SEL_KERNEL_CS	0x10
#define SEL_KERNEL_SS	0x18
#define SEL_USER_SS	0x2b
#define SEL_USER_CS	0x33
#define SEL_TSS		0x40
/* In the frame of a call whose other registers are not there: the same as CS. */
#define SEL_ARGS_ONLY	0x10033
/* In its RIP, which is ring 3's and so has it clear: the handler wants the rest. */
#define FRAME_WANTED_BIT 63

#define FLAG_FIXED	0x2
#define FLAG_TF		0x100
#define FLAG_IF		0x200
#define FLAG_DF		0x400
#define FLAG_IOPL	0x3000
#define FLAG_NT		0x4000
#define FLAG_RF		0x10000
#define FLAG_VM		0x20000
#define FLAG_AC		0x40000
#define FLAG_VIF_VIP	0x180000

/*
 * Ring 3 runs with IOPL 1, ring 0 with IOPL 0. SYSCALL does not say where it
 * came from, but saves RFLAGS in R11, and at CPL 3 no instruction changes IOPL:
 * this bit is what the entry can believe. (IOPL 1 allows ring 3 nothing.)
 */
#define FLAG_RING3	0x1000
#define FLAG_RING3_BIT	12

#define CR4_PKE		(1UL << 22)
#define CR4_SMAP	(1UL << 21)
#define CR4_SMEP	(1UL << 20)
#define CR4_PKE		(1UL << 22)
#define CR4_PCIDE	(1UL << 17)
#define CR3_NO_FLUSH	(1UL << 63)
#define CR4_OSXSAVE	(1UL << 18)
#define CR4_FSGSBASE	(1UL << 16)

#define TRAP_DE		0
#define TRAP_DB		1
#define TRAP_NMI	2
#define TRAP_BP		3
#define TRAP_OF		4
#define TRAP_BR		5
#define TRAP_UD		6
#define TRAP_NM		7
#define TRAP_DF		8
#define TRAP_TS		10
#define TRAP_NP		11
#define TRAP_SS		12
#define TRAP_GP		13
#define TRAP_PF		14
#define TRAP_MF		16
#define TRAP_AC		17
#define TRAP_MC		18
#define TRAP_XM		19

/* SYSCALL, and INT 0x80 and SYSENTER as well. */
#define SYSCALL_LEN	2

/* In a system call's number: a call of the x32 ABI, which libdune does not know. */
#define X32_BIT		0x40000000

/* The interrupt by which the run loop says: there are signals. */
#define VECTOR_SIGNAL	255

/* dune_tf.vector of a system call. */
#define VECTOR_SYSCALL	0x100

/*
 * The host half's: the call was not made, make it again. Not one of Linux's own
 * codes: a supervisor (seccomp_unotify(2)) may answer a call with any of them.
 */
#define ECALLAGAIN	0x5eed5eed

/*
 * Of an mmap(2) of nothing, in the place of what is there: MAP_PRIVATE, MAP_FIXED,
 * MAP_ANONYMOUS, MAP_NORESERVE.
 */
#define MAP_TAKEN	0x4032

#ifdef __ASSEMBLER__
/* A function's number and first five arguments, to where SYSCALL has them. */
.macro SYSCALL_ARGUMENTS
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	mov	%r9, %r8
.endm
#endif

#endif /* _LIBDUNE_X86_H */
