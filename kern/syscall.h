/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * syscall.h - the fast path of system calls
 */
#ifndef _DUNE_KERN_SYSCALL_H
#define _DUNE_KERN_SYSCALL_H

#include <linux/entry-common.h>
#include <linux/jump_label.h>
#include <linux/static_call.h>
#include <linux/thread_info.h>
#include <asm/ptrace.h>
#include <asm/unistd.h>

#include "dune.h"

#define DUNE_FAST_NR	512

int dune_syscall_init(void);
bool dune_fast_syscalls(void);

DECLARE_STATIC_KEY_FALSE(dune_fastcall);
DECLARE_STATIC_CALL(dune_sys_call, x64_sys_call);
extern bool dune_fast_map[DUNE_FAST_NR];

/*
 * Whether the module may dispatch call @nr itself. Anything that wants to see
 * or stop a system call (seccomp, ptrace, audit, tracepoints, user dispatch)
 * sets a bit of syscall_work, from another thread too: looked at each time.
 */
static __always_inline bool dune_syscall_is_fast(u64 nr)
{
	/* The index is within the map whatever is speculated of nr. */
	if (!static_branch_likely(&dune_fastcall) ||
	    !dune_fast_map[nr & (DUNE_FAST_NR - 1)] || unlikely(nr >= DUNE_FAST_NR))
		return false;
	return likely(!(READ_ONCE(current_thread_info()->syscall_work) &
			(SYSCALL_WORK_ENTER | SYSCALL_WORK_EXIT)));
}

/* @regs: of the caller, in its own memory, which nobody else can change. */
static __always_inline long dune_syscall_dispatch(struct pt_regs *regs, u64 nr)
{
	regs->orig_ax = nr;
	return static_call(dune_sys_call)(regs, nr);
}

/* One of the kernel's own codes for "a signal came: restart or -EINTR". */
static __always_inline bool dune_syscall_wants_restart(long ret)
{
	return unlikely((unsigned long)ret >= (unsigned long)-516 &&
			(unsigned long)ret <= (unsigned long)-512);
}

long dune_syscall_leave_restart(struct dune_run *run, const struct pt_regs *regs,
				long ret);

#endif /* _DUNE_KERN_SYSCALL_H */
