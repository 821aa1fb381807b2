/* SPDX-License-Identifier: MIT */
/*
 * handlers.h - the calls that are not plain, and what their files share
 */
#ifndef _APPS_SANDBOX_HANDLERS_H
#define _APPS_SANDBOX_HANDLERS_H

#include "box.h"

/* open.c */
long do_open(struct request *r);

/* files.c: calls about a file that is there */
uint32_t object_type(const struct object *o);
long do_stat(struct request *r);
long do_statx(struct request *r);
long do_access(struct request *r);
long do_readlink(struct request *r);
long do_at_file(struct request *r);
long do_chown(struct request *r);
long do_utimensat(struct request *r);
long do_xattr(struct request *r);
long do_fd_change(struct request *r);
long do_fd_xattr(struct request *r);
long do_watch(struct request *r);

/* entries.c: calls that make, remove and move names */
long do_entry(struct request *r);
long do_link(struct request *r);
long do_rename(struct request *r);

/* descriptors.c */
long do_dup(struct request *r);
long do_close_range(struct request *r);
long do_fcntl(struct request *r);
long do_ioctl(struct request *r);
long do_epoll_ctl(struct request *r);
long do_output(struct request *r);
long do_vector(struct request *r);
long do_string0(struct request *r);
long do_pselect6(struct request *r);
long read_vector(struct request *r, uint64_t from, uint64_t count, void *copy,
		 uint64_t *total);

/* memory.c */
long do_mmap(struct request *r);
long do_range(struct request *r);
long do_mprotect(struct request *r);
long do_mremap(struct request *r);
long do_madvise(struct request *r);
long do_mincore(struct request *r);

/* tasks.c */
long do_clone(struct request *r);
long do_kill(struct request *r);
long do_sched_self(struct request *r);
long do_setpgid(struct request *r);
long do_pidfd_open(struct request *r);
long do_prctl(struct request *r);
long do_prlimit(struct request *r);
long do_futex(struct request *r);
long do_sigaction(struct request *r);
long do_sigaltstack(struct request *r);
long do_sigreturn(struct request *r);

/* net.c */
long do_socket(struct request *r);
long do_socketpair(struct request *r);
long do_address(struct request *r);
long do_accept(struct request *r);
long do_sendto(struct request *r);
long do_listen(struct request *r);
long do_sockopt(struct request *r);

/* Bytes of an address at most: struct sockaddr_storage. */
#define ADDRESS_SIZE	128

union address {
	uint16_t	family;
	uint8_t		bytes[ADDRESS_SIZE];
};

long judge_address(struct request *r, enum peer_kind kind, union address *address,
		   uint32_t *size, struct object *o);

/* message.c */
long do_message(struct request *r);
long do_messages(struct request *r);

#endif /* _APPS_SANDBOX_HANDLERS_H */
