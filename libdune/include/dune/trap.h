/* SPDX-License-Identifier: MIT */
/**
 * @file trap.h - exceptions, and the less privileged ring
 *
 * Exceptions of code in Dune mode arrive here without any VM exit. A handler
 * runs at CPL 0 on the interrupted stack, below its red zone, so that traps
 * nest; one that interrupted ring 3 runs on the thread's own ring-0 stack.
 */
#ifndef _DUNE_TRAP_H
#define _DUNE_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct dune_tf - the registers of interrupted code
 *
 * A handler may change any of them; the code goes on with what it leaves. cs
 * and ss say from which ring the trap came and cannot be changed; of rflags,
 * what would weaken the rings (IOPL, NT, VM) is put right.
 */
struct dune_tf {
	uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t vector;
	uint64_t error;		/* error code, or 0 */
	uint64_t rip, cs, rflags, rsp, ss;
};

/* What a handler says of the trap. */
#define DUNE_TRAP_DONE		0	/* resume with the frame */
#define DUNE_TRAP_PASS		1	/* not mine: what Linux would have done */

typedef int (*dune_trap_fn)(struct dune_tf *tf);
typedef int (*dune_pgflt_fn)(uintptr_t addr, uint64_t error, struct dune_tf *tf);
typedef void (*dune_syscall_fn)(struct dune_tf *tf);

/* Bits of a page fault's error code (SDM, "Page-Fault Exceptions"). */
#define DUNE_PF_PRESENT		(1UL << 0)
#define DUNE_PF_WRITE		(1UL << 1)
#define DUNE_PF_USER		(1UL << 2)
#define DUNE_PF_RSVD		(1UL << 3)
#define DUNE_PF_FETCH		(1UL << 4)
/* Set by libdune: the guest's table allows it, Linux refuses it. */
#define DUNE_PF_LINUX		(1UL << 32)

/* The handler uses general registers only (compile it with
 * -mgeneral-regs-only): vector registers need not be saved around it. */
#define DUNE_TRAP_GPRS_ONLY	(1U << 0)

/**
 * dune_trap_set_handler - handle an exception or interrupt of this process
 * @vector: 0 to 255, but not 2 (NMI), 8 (double fault) or 18 (machine check)
 * @fn: the handler, NULL to give the vector back
 * @flags: DUNE_TRAP_GPRS_ONLY or 0
 *
 * An exception without a handler, or whose handler returns DUNE_TRAP_PASS,
 * becomes the signal that Linux sends for it, with the same si_code and
 * si_addr. Returns 0 or -EINVAL. Thread-safe.
 */
int dune_trap_set_handler(unsigned int vector, dune_trap_fn fn, unsigned int flags);

/**
 * dune_trap_set_pgflt_handler - handle page faults of this process
 *
 * @fn gets every fault of the guest's page tables that libdune does not
 * resolve itself, and every access that Linux refuses (DUNE_PF_LINUX set in
 * its error code). As dune_trap_set_handler() for the rest.
 */
int dune_trap_set_pgflt_handler(dune_pgflt_fn fn, unsigned int flags);

/**
 * dune_trap_set_syscall_handler - handle SYSCALL from ring 3
 *
 * tf->rax holds the number, rdi, rsi, rdx, r10, r8, r9 the arguments; the
 * result goes to tf->rax. Without a handler it is -ENOSYS. Returns 0 or
 * -EINVAL.
 */
int dune_trap_set_syscall_handler(dune_syscall_fn fn, unsigned int flags);

/**
 * dune_passthrough_syscall - hand the system call in @tf to Linux
 *
 * Puts the result into tf->rax. For a syscall handler. The arguments go as
 * they are; whether ring 3 may pass such pointers is the caller's to judge.
 */
void dune_passthrough_syscall(struct dune_tf *tf);

/**
 * dune_ring3_enter - run code at CPL 3
 * @tf: its registers; cs, ss, vector and error are ignored
 *
 * Returns what a handler gives dune_ring3_exit(). Nests.
 */
int dune_ring3_enter(const struct dune_tf *tf);

/** dune_ring3_exit - end the innermost dune_ring3_enter(); from a handler. */
void dune_ring3_exit(int value) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

#endif /* _DUNE_TRAP_H */
