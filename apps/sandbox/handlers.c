/* SPDX-License-Identifier: MIT */
/*
 * handlers.c - who does which calls
 */
#include "handlers.h"

/* Not to be had in a sandbox; libc does without. */
static long do_absent(struct request *r)
{
	return -ENOSYS;
}

const call_fn handlers[NR_HANDLERS] = {
	[DO_plain] = box_pass, [DO_absent] = do_absent,
	[DO_open] = do_open,
	[DO_stat] = do_stat, [DO_statx] = do_statx, [DO_access] = do_access,
	[DO_readlink] = do_readlink, [DO_at_file] = do_at_file, [DO_chown] = do_chown,
	[DO_utimensat] = do_utimensat, [DO_xattr] = do_xattr, [DO_fd_xattr] = do_fd_xattr,
	[DO_fd_change] = do_fd_change, [DO_watch] = do_watch,
	[DO_entry] = do_entry, [DO_link] = do_link, [DO_rename] = do_rename,
	[DO_dup] = do_dup, [DO_close_range] = do_close_range, [DO_fcntl] = do_fcntl,
	[DO_ioctl] = do_ioctl, [DO_epoll_ctl] = do_epoll_ctl, [DO_output] = do_output,
	[DO_vector] = do_vector, [DO_string0] = do_string0, [DO_pselect6] = do_pselect6,
	[DO_mmap] = do_mmap, [DO_range] = do_range, [DO_mprotect] = do_mprotect,
	[DO_mremap] = do_mremap, [DO_madvise] = do_madvise, [DO_mincore] = do_mincore,
	[DO_clone] = do_clone, [DO_kill] = do_kill, [DO_sched_self] = do_sched_self,
	[DO_setpgid] = do_setpgid,
	[DO_pidfd_open] = do_pidfd_open, [DO_prctl] = do_prctl, [DO_prlimit] = do_prlimit,
	[DO_futex] = do_futex, [DO_sigaction] = do_sigaction,
	[DO_sigaltstack] = do_sigaltstack, [DO_sigreturn] = do_sigreturn,
	[DO_socket] = do_socket, [DO_socketpair] = do_socketpair, [DO_address] = do_address,
	[DO_accept] = do_accept, [DO_listen] = do_listen, [DO_sendto] = do_sendto,
	[DO_sockopt] = do_sockopt,
	[DO_message] = do_message, [DO_messages] = do_messages,
};
