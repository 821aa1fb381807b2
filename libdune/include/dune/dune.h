/* SPDX-License-Identifier: MIT */
/**
 * @file dune.h - enter and leave Dune mode
 *
 * Dune mode is VMX non-root ring 0: the thread keeps its memory, its files and
 * every system call, and gains its own page tables, trap handlers and ring 3.
 *
 * Every function returns 0 (or what it names) on success and a negative errno
 * on failure; errno itself is left alone. libdune prints nothing unless a log
 * callback is set, and never exits. A handler of a signal that the process has
 * when a thread enters, or sets in Dune mode, is libdune's to call from then on
 * (in the program's place, see sigaction(2) there); all other dispositions stay,
 * but for that of a signal about to be raised for an exception nobody claimed.
 */
#ifndef _DUNE_DUNE_H
#define _DUNE_DUNE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <dune/uapi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Ring 0 may execute and access ring 3's memory as if it were its own. */
#define DUNE_INIT_NO_SMEP_SMAP	(1U << 0)

/**
 * dune_init - prepare this process for Dune mode
 * @flags: 0; or DUNE_INIT_NO_SMEP_SMAP, for a program whose two rings share code
 *	and data: the CPU then does not keep ring 0 from following a wrong pointer
 *	into ring 3's memory
 *
 * Opens /dev/dune, asks what the module and the CPU can do, and makes the
 * mirror root: the default guest page table, with one 1 GiB leaf (2 MiB leaves
 * where the CPU has no larger) for every block of memory in use, supervisor
 * only. Call it once, from any thread; more calls do nothing.
 *
 * Returns 0, or
 *   -ENOENT      no /dev/dune: the module is not loaded;
 *   -EACCES      no permission to open it;
 *   -EBUSY       another hypervisor (KVM) holds VMX;
 *   -EOPNOTSUPP  the module lacks something this library needs;
 *   -EMFILE, -ENFILE, -ENOMEM, -EINTR  as for open(2) and mmap(2);
 *   -EINVAL      an unknown flag.
 * dune_strerror() turns each into a sentence with the remedy.
 */
int dune_init(unsigned int flags);

/**
 * dune_enter - put the calling thread into Dune mode
 *
 * Returns 0 in Dune mode, at CPL 0, on the same stack and with the same
 * registers; or, outside Dune mode, -EINVAL without dune_init(), -EALREADY if
 * the thread is in Dune mode, -ENOMEM, -EMFILE, or what DUNE_RUN refuses with.
 * Context: ordinary thread, not a signal handler.
 */
int dune_enter(void);

/**
 * dune_leave - take the calling thread out of Dune mode
 *
 * Returns 0 as an ordinary thread of Linux; -EINVAL if it was not in Dune
 * mode. The thread may call dune_enter() again.
 * Context: CPL 0, not inside a trap handler.
 */
int dune_leave(void);

/** dune_active - whether the calling thread is in Dune mode. */
bool dune_active(void);

/**
 * dune_vcpu_fd - the calling thread's vcpu, for DUNE_GET_STATS
 *
 * Returns the descriptor, or -EINVAL outside Dune mode. Context: CPL 0.
 */
int dune_vcpu_fd(void);

/* Descriptors of libdune's own are below this number, as far up as they can be. */
#define DUNE_MAX_OWN_FD	65536

/**
 * dune_owns_fd - whether a descriptor is one Dune mode needs
 *
 * For a monitor, which must keep its program from closing it. Thread-safe.
 */
bool dune_owns_fd(uint64_t fd);

/**
 * dune_own_fds_from - keep libdune's own descriptors at high numbers only
 *
 * For a monitor of several threads, one of which could change what a number stands
 * for while libdune gives it to a vcpu: keep them off this number and all above. From
 * now on libdune's new descriptors are there, and where no number is left a thread
 * cannot enter Dune mode (-EMFILE); without this call they would stay at low ones.
 *
 * @wanted:	the number; 0 for libdune's choice, far up, which it is also where
 *		RLIMIT_NOFILE or DUNE_MAX_OWN_FD leaves no 64 numbers from @wanted on
 *
 * Returns the number, always that of the first call; a child of fork() begins anew.
 * Context: CPL 0 or outside Dune mode. The first call comes before the process has a
 * second thread that could change descriptors.
 */
uint64_t dune_own_fds_from(uint64_t wanted);

/**
 * dune_info - what the module and the CPU offer
 *
 * Returns NULL before dune_init().
 */
const struct dune_info *dune_info(void);

/**
 * dune_strerror - a sentence for an error of dune_init() or dune_enter()
 * @error: the negative errno returned
 *
 * Names the cause and the remedy. Returns static text, never NULL.
 */
const char *dune_strerror(int error);

/**
 * typedef dune_log_fn - receives libdune's reports
 * @data: as given to dune_set_log()
 * @text: one line without its newline, valid during the call only
 *
 * Called from the thread reported on: for a call of libdune's that failed, by
 * that call, before it returns (but not for dune_copy_from_user() and the like,
 * whose failure is an answer); for what happened in Dune mode, outside it and on a
 * small stack.
 */
typedef void (*dune_log_fn)(void *data, const char *text);

/** dune_set_log - where reports go; NULL (the default) for nowhere. */
void dune_set_log(dune_log_fn fn, void *data);

/** dune_log_stderr - a dune_log_fn that writes each line to descriptor 2. */
void dune_log_stderr(void *data, const char *text);

/**
 * dune_va_to_pa - the guest-physical address of a virtual one
 * @va: any address of the process
 *
 * One array look-up. Returns ~0 if the block around @va has no slot yet.
 */
uint64_t dune_va_to_pa(const void *va);

/**
 * dune_syscall - a system call of Linux, straight from Dune mode
 *
 * What the SYSCALL instruction does at CPL 0, without touching errno: one
 * VMCALL. Returns Linux's result, a negative errno for an error.
 * Context: Dune mode only, CPL 0.
 */
long dune_syscall(long nr, long a0, long a1, long a2, long a3, long a4, long a5);

#ifdef __cplusplus
}
#endif

#endif /* _DUNE_DUNE_H */
