/* SPDX-License-Identifier: MIT */
/*
 * calls.h - what each argument of a system call is
 */
#ifndef _APPS_SANDBOX_CALLS_H
#define _APPS_SANDBOX_CALLS_H

#include <stdint.h>

#define NR_CALLS	512

enum arg_kind {
	ARG_NONE,
	ARG_INT, ARG_HEX, ARG_OCT,		/* values of 32 bits, as they are shown */
	ARG_OPEN, ARG_PROT, ARG_MAP, ARG_AF,	/* the same, with names */
	ARG_FD,
	ARG_AT,		/* a directory's descriptor, or AT_FDCWD */
	ARG_LONG, ARG_LHEX,			/* values of 64 bits */
	ARG_PATH, ARG_STR,	/* strings: copied, by the call's handler */
	ARG_ADDR,	/* an address that the call's handler sees to */
	ARG_IN, ARG_OUT,	/* memory, its size in argument @param */
	ARG_INS, ARG_OUTS,	/* memory of @param bytes */
	ARG_ARRAY,	/* elements of @param / 8 bytes, as many as argument @param % 8 says */
	ARG_BITS,	/* a set of descriptors, as many as argument @param says */
};

struct call_arg {
	uint8_t		kind;
	uint16_t	param;
};

enum call_group {
	GROUP_basic = 1, GROUP_io, GROUP_files, GROUP_memory, GROUP_process, GROUP_signal,
	GROUP_time, GROUP_net, NR_GROUPS,
};

/* One for each different name in the third column of calls.def. */
enum call_handler {
	DO_none, DO_plain, DO_absent, DO_access, DO_accept, DO_address, DO_arch_prctl,
	DO_at_file, DO_brk, DO_chown, DO_clone, DO_close_range, DO_dup, DO_entry,
	DO_epoll_ctl, DO_exec, DO_exit, DO_exit_group, DO_fcntl, DO_fd_change, DO_fd_xattr, DO_futex,
	DO_ioctl, DO_kill, DO_link, DO_listen, DO_madvise, DO_message, DO_messages, DO_mincore,
	DO_mmap, DO_mprotect, DO_mremap, DO_open, DO_output, DO_pidfd_open,
	DO_prctl, DO_prlimit, DO_pselect6, DO_range, DO_readlink, DO_rename,
	DO_sched_self, DO_sendto, DO_setpgid, DO_sigaction, DO_sigaltstack, DO_sigreturn, DO_socket,
	DO_socketpair, DO_sockopt, DO_stat, DO_statx, DO_string0, DO_utimensat,
	DO_vector, DO_watch, DO_xattr, NR_HANDLERS,
};

struct call {
	const char	*name;		/* NULL: not known */
	uint8_t		group;
	uint8_t		handler;
	struct call_arg	arg[6];
};

extern const struct call calls[NR_CALLS];
extern const char *const call_groups[NR_GROUPS];

#endif /* _APPS_SANDBOX_CALLS_H */
