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
 * -mgeneral-regs-only): vector registers need not be saved around it. One of
 * page faults is then called on the shortest way there is. */
#define DUNE_TRAP_GPRS_ONLY	(1U << 0)

/* For a handler of page faults or system calls: as DUNE_TRAP_GPRS_ONLY, and of the
 * frame it uses only error, rip, rflags and rsp; of a system call also rax and the
 * arguments (rdi, rsi, rdx, r10, r8, r9). The rest may not be filled in, and the
 * interrupted code keeps what it has there. Called on a still shorter way. */
#define DUNE_TRAP_ARGS_ONLY	(1U << 1)

/**
 * dune_trap_set_handler - handle an exception or interrupt of this process
 * @vector: 0 to 254, but not 2 (NMI), 8 (double fault) or 18 (machine check)
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
 * its error code). @flags may also be DUNE_TRAP_ARGS_ONLY. As
 * dune_trap_set_handler() for the rest.
 */
int dune_trap_set_pgflt_handler(dune_pgflt_fn fn, unsigned int flags);

/**
 * dune_trap_set_syscall_handler - handle SYSCALL from ring 3
 * @flags: DUNE_TRAP_GPRS_ONLY, DUNE_TRAP_ARGS_ONLY or 0
 *
 * tf->rax holds the number, rdi, rsi, rdx, r10, r8, r9 the arguments; the
 * result goes to tf->rax. Without a handler it is -ENOSYS. Returns 0 or
 * -EINVAL.
 */
int dune_trap_set_syscall_handler(dune_syscall_fn fn, unsigned int flags);

/**
 * dune_thread_set_trap_handler - handle a vector of the calling thread
 * dune_thread_set_pgflt_handler - handle its page faults
 * dune_thread_set_syscall_handler - handle SYSCALL from its ring 3
 *
 * As the functions above, for one thread: its handler comes before the process's,
 * which gets what it passes on (all but system calls). NULL gives it back. A new
 * thread has none. While any thread has its own for page faults or system calls,
 * those of the process are not called on the shortest way (nor are those of page
 * faults once a root was cloned with DUNE_CLONE_COW, and those of system calls
 * once there was a domain). Return 0; -EINVAL, also
 * outside Dune mode; -ENOMEM. Context: CPL 0 in Dune mode.
 */
int dune_thread_set_trap_handler(unsigned int vector, dune_trap_fn fn, unsigned int flags);
int dune_thread_set_pgflt_handler(dune_pgflt_fn fn, unsigned int flags);
int dune_thread_set_syscall_handler(dune_syscall_fn fn, unsigned int flags);

/**
 * dune_trap_allow_ring3 - say whether INT n of ring 3 gets to a vector
 * @vector: 32 to 254, or 3 (breakpoint) or 4 (overflow), which are allowed anyway
 *
 * The handler of that vector is called, with rip behind the instruction. Of a
 * vector that is not allowed ring 3 gets a general protection fault, as from
 * Linux; of SYSENTER always, with error code 0 and rip at the instruction: the
 * handler of vector 13 may take it for the system call it is. Returns 0 or
 * -EINVAL. Thread-safe.
 */
int dune_trap_allow_ring3(unsigned int vector, bool allow);

/**
 * dune_passthrough_syscall - hand the system call in @tf to Linux
 *
 * Puts the result into tf->rax. For a syscall handler. The arguments go as
 * they are; whether ring 3 may pass such pointers is the caller's to judge.
 * After dune_signals_to_ring3(), the call may not have been made because a
 * signal's handler must run first: then the frame makes it again afterwards.
 * From a DUNE_TRAP_ARGS_ONLY handler, calls that need the whole frame (clone,
 * clone3, fork, vfork, rt_sigreturn) give -ENOSYS.
 */
void dune_passthrough_syscall(struct dune_tf *tf);

/**
 * dune_whole_frame - have all registers of the call in @tf
 * @tf: of a DUNE_TRAP_ARGS_ONLY syscall handler, which has changed at most rax in it
 *
 * Returns true if the frame has them. If not, the handler is to return at once,
 * and is called again with a frame that has. Context: CPL 0 in Dune mode.
 */
bool dune_whole_frame(struct dune_tf *tf);

/**
 * dune_forward_syscall - make another call in place of the one in @tf
 * @tf: of the syscall handler
 * @nr: number of the call; not rt_sigreturn(2)
 * @args: its arguments, which may be addresses of ring 0's memory, but for
 *	rt_sigaction(2), sigaltstack(2), clone3(2), seccomp(2) and prctl(2)
 * @result: where Linux's result goes
 *
 * Changes no register of ring 3's, and so a thread that the call makes begins
 * with those of @tf. Returns true, or, after dune_signals_to_ring3(), false: the
 * call was not made because a signal's handler must run first, and the frame
 * makes it again afterwards; then the handler must return and leave tf->rax alone.
 * From a DUNE_TRAP_ARGS_ONLY handler clone, clone3, fork and vfork give -ENOSYS.
 */
bool dune_forward_syscall(struct dune_tf *tf, uint32_t nr, const uint64_t args[6],
			  long *result);

/* tf->vector of a signal that arrives as an interrupt. */
#define DUNE_VECTOR_SIGNAL(sig)	(200 + (sig))

/**
 * dune_signal_set_handler - take a signal as an interrupt in Dune mode
 * @sig: 1 to 64, but not SIGKILL or SIGSTOP
 * @fn: the handler, NULL to have the signal's default action again; one that came
 *	before still calls the handler
 * @flags: DUNE_TRAP_GPRS_ONLY or 0
 *
 * @fn gets the interrupted registers, of CPL 0 or ring 3, with the vector
 * DUNE_VECTOR_SIGNAL(sig), and may change them. It runs on a small stack of
 * libdune's with all signals blocked that can be; interrupted system calls are
 * made again. In a thread outside Dune mode it is called there. What it returns
 * does not matter.
 *
 * Without it, signals go to the handlers of sigaction(2), in Dune mode too, with
 * the guest's registers in their ucontext. Returns 0 or -EINVAL. Thread-safe.
 */
int dune_signal_set_handler(int sig, dune_trap_fn fn, unsigned int flags);

/**
 * dune_signals_to_ring3 - signal handlers are ring 3's from now on
 *
 * For a monitor whose program in ring 3 is the process: rt_sigaction(2),
 * sigaltstack(2) and rt_sigreturn(2), as they come to dune_passthrough_syscall(),
 * are then the program's, and its handlers run in ring 3, never while CPL 0
 * works. The syscall handler must be DUNE_TRAP_GPRS_ONLY. Before dune_init().
 */
void dune_signals_to_ring3(bool on);

/**
 * dune_copy_from_user - read memory of ring 3's
 * dune_copy_to_user - write it
 *
 * Return 0, or -EFAULT where it is not ring 3's (by dune_vm_slot_protect(), and by the
 * U bits of the root that ring 3 runs on) or Linux allows no such access. Bytes before
 * the one that faults may have been copied, others are as they were. Context: CPL 0 in
 * Dune mode.
 */
int dune_copy_from_user(void *to, uint64_t from, uint64_t size);
int dune_copy_to_user(uint64_t to, const void *from, uint64_t size);

/**
 * dune_ring3_enter - run code at CPL 3
 * @tf: its registers; cs, ss, vector and error are ignored
 *
 * Returns what a handler gives dune_ring3_exit(). Nests.
 */
int dune_ring3_enter(const struct dune_tf *tf);

struct dune_root;

/**
 * dune_ring3_enter_root - run code at CPL 3 in a root of its own
 * @tf: as for dune_ring3_enter()
 * @root: what ring 3 sees; libdune's code and data must be ring 0's there, as in
 *	a clone of the mirror root (so link with the shared libdune, where a page
 *	of @root gives ring 3 code of the program)
 * @fs_base: ring 3's FS base; its GS base is 0
 *
 * Handlers of its traps, system calls and signals run in the root and with the FS
 * base of the caller, which has both again afterwards, and its GS base and PKRU.
 * A signal's handler must not jump out. Nests. Returns what a handler gives
 * dune_ring3_exit(), or -EINVAL: rip or @fs_base is no user address, @root is the
 * caller's, or signals are ring 3's; -EFAULT: in @root ring 0 cannot write to the
 * caller's stack (64 KiB from here) or memory of libdune's, or ring 3 can; or as
 * dune_vm_map_phys(). Where @root loses them later, the process ends by SIGSEGV.
 */
int dune_ring3_enter_root(const struct dune_tf *tf, struct dune_root *root, uint64_t fs_base);

/** dune_ring3_exit - end the innermost dune_ring3_enter(); from a handler. */
void dune_ring3_exit(int value) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

#endif /* _DUNE_TRAP_H */
