/* SPDX-License-Identifier: MIT */
/*
 * flags.c - numbers that have names, and sums of them
 */
#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/stat.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <signal.h>
#include <unistd.h>

#include "trace.h"

struct name {
	uint64_t	value;
	const char	*name;
};

/* One list: values under a mask first, then bits. What is left is shown in hex. */
struct names {
	uint64_t		mask;	/* of what is one of a kind, not a sum */
	const struct name	*one, *bits;
	const char		*none;	/* for 0, if nothing else */
};

#define N(x)	{ x, #x }
#define END	{ 0, NULL }

static const struct name accesses[] = { N(O_RDONLY), N(O_WRONLY), N(O_RDWR), END };
static const struct name open_bits[] = {
	N(O_CREAT), N(O_EXCL), N(O_NOCTTY), N(O_TRUNC), N(O_APPEND), N(O_NONBLOCK), N(O_SYNC),
	N(O_DSYNC), N(O_ASYNC), { 0100000, "O_LARGEFILE" }, N(O_NOFOLLOW), N(O_CLOEXEC), N(O_DIRECT),
	N(O_NOATIME), N(O_PATH), N(O_TMPFILE), N(O_DIRECTORY), END };
static const struct name at_bits[] = {
	N(AT_SYMLINK_NOFOLLOW), N(AT_REMOVEDIR), N(AT_SYMLINK_FOLLOW), N(AT_NO_AUTOMOUNT),
	N(AT_EMPTY_PATH), END };
static const struct name access_bits[] = { N(R_OK), N(W_OK), N(X_OK), END };
static const struct name whences[] = {
	N(SEEK_SET), N(SEEK_CUR), N(SEEK_END), N(SEEK_DATA), N(SEEK_HOLE), END };
static const struct name prot_bits[] = { N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC), END };
static const struct name map_kinds[] = {
	N(MAP_SHARED), N(MAP_PRIVATE), N(MAP_SHARED_VALIDATE), END };
static const struct name map_bits[] = {
	N(MAP_FIXED), N(MAP_ANONYMOUS), N(MAP_GROWSDOWN), N(MAP_DENYWRITE), N(MAP_LOCKED),
	N(MAP_NORESERVE), N(MAP_POPULATE), N(MAP_NONBLOCK), N(MAP_STACK), N(MAP_HUGETLB),
	N(MAP_FIXED_NOREPLACE), END };
static const struct name advices[] = {
	N(MADV_NORMAL), N(MADV_RANDOM), N(MADV_SEQUENTIAL), N(MADV_WILLNEED), N(MADV_DONTNEED),
	N(MADV_FREE), N(MADV_HUGEPAGE), N(MADV_NOHUGEPAGE), N(MADV_DONTFORK), N(MADV_WIPEONFORK),
	N(MADV_POPULATE_READ), N(MADV_POPULATE_WRITE), END };
static const struct name fcntls[] = {
	N(F_DUPFD), N(F_GETFD), N(F_SETFD), N(F_GETFL), N(F_SETFL), N(F_GETLK), N(F_SETLK),
	N(F_SETLKW), N(F_DUPFD_CLOEXEC), N(F_ADD_SEALS), N(F_GET_SEALS), END };
static const struct name ioctls[] = {
	N(TCGETS), N(TCSETS), N(TIOCGWINSZ), N(TIOCGPGRP), N(TIOCSPGRP), N(FIONREAD), N(FIONBIO),
	END };
static const struct name clone_bits[] = {
	N(CLONE_VM), N(CLONE_FS), N(CLONE_FILES), N(CLONE_SIGHAND), N(CLONE_VFORK), N(CLONE_THREAD),
	N(CLONE_SYSVSEM), N(CLONE_SETTLS), N(CLONE_PARENT_SETTID), N(CLONE_CHILD_CLEARTID),
	N(CLONE_CHILD_SETTID), END };
static const struct name wait_bits[] = {
	N(WNOHANG), N(WUNTRACED), N(WEXITED), N(WCONTINUED), N(WNOWAIT), END };
static const struct name hows[] = { N(SIG_BLOCK), N(SIG_UNBLOCK), N(SIG_SETMASK), END };
static const struct name futexes[] = {
	N(FUTEX_WAIT), N(FUTEX_WAKE), N(FUTEX_REQUEUE), N(FUTEX_CMP_REQUEUE), N(FUTEX_WAKE_OP),
	N(FUTEX_LOCK_PI), N(FUTEX_UNLOCK_PI), N(FUTEX_WAIT_BITSET), N(FUTEX_WAKE_BITSET), END };
static const struct name futex_bits[] = {
	{ FUTEX_PRIVATE_FLAG, "FUTEX_PRIVATE" }, N(FUTEX_CLOCK_REALTIME), END };
static const struct name arch_codes[] = {
	N(ARCH_SET_GS), N(ARCH_SET_FS), N(ARCH_GET_FS), N(ARCH_GET_GS), END };
static const struct name prctls[] = {
	N(PR_SET_PDEATHSIG), N(PR_GET_DUMPABLE), N(PR_SET_DUMPABLE), N(PR_SET_NAME), N(PR_GET_NAME),
	N(PR_GET_SECCOMP), N(PR_SET_SECCOMP), N(PR_CAPBSET_READ), N(PR_SET_NO_NEW_PRIVS),
	N(PR_GET_NO_NEW_PRIVS), N(PR_SET_VMA), END };
static const struct name resources[] = {
	N(RLIMIT_CPU), N(RLIMIT_FSIZE), N(RLIMIT_DATA), N(RLIMIT_STACK), N(RLIMIT_CORE), N(RLIMIT_RSS),
	N(RLIMIT_NPROC), N(RLIMIT_NOFILE), N(RLIMIT_MEMLOCK), N(RLIMIT_AS), END };
static const struct name random_bits[] = { N(GRND_NONBLOCK), N(GRND_RANDOM), END };
static const struct name clocks[] = {
	N(CLOCK_REALTIME), N(CLOCK_MONOTONIC), N(CLOCK_PROCESS_CPUTIME_ID),
	N(CLOCK_THREAD_CPUTIME_ID), N(CLOCK_MONOTONIC_RAW), N(CLOCK_REALTIME_COARSE),
	N(CLOCK_MONOTONIC_COARSE), N(CLOCK_BOOTTIME), END };
static const struct name families[] = {
	N(AF_UNSPEC), N(AF_UNIX), N(AF_INET), N(AF_INET6), N(AF_NETLINK), N(AF_PACKET), END };
static const struct name socket_kinds[] = {
	N(SOCK_STREAM), N(SOCK_DGRAM), N(SOCK_RAW), N(SOCK_SEQPACKET), END };
static const struct name socket_bits[] = { N(SOCK_NONBLOCK), N(SOCK_CLOEXEC), END };

static const struct name epoll_flags[] = { N(EPOLL_CLOEXEC), END };
static const struct name eventfd_flags[] = {
	N(EFD_SEMAPHORE), N(EFD_CLOEXEC), N(EFD_NONBLOCK), END };
static const struct name inotify_flags[] = { N(IN_CLOEXEC), N(IN_NONBLOCK), END };
static const struct name statx_bits[] = {
	N(STATX_BASIC_STATS), N(STATX_TYPE), N(STATX_MODE), N(STATX_NLINK), N(STATX_UID), N(STATX_GID),
	N(STATX_ATIME), N(STATX_MTIME), N(STATX_CTIME), N(STATX_INO), N(STATX_SIZE), N(STATX_BLOCKS),
	N(STATX_BTIME), N(STATX_MNT_ID), END };
static const struct name message_bits[] = {
	N(MSG_OOB), N(MSG_PEEK), N(MSG_DONTROUTE), N(MSG_CTRUNC), N(MSG_TRUNC), N(MSG_DONTWAIT),
	N(MSG_EOR), N(MSG_WAITALL), N(MSG_ERRQUEUE), N(MSG_NOSIGNAL), N(MSG_MORE),
	N(MSG_CMSG_CLOEXEC), END };
static const struct name shut_hows[] = { N(SHUT_RD), N(SHUT_WR), N(SHUT_RDWR), END };
static const struct name epoll_ops[] = {
	N(EPOLL_CTL_ADD), N(EPOLL_CTL_DEL), N(EPOLL_CTL_MOD), END };
static const struct name poll_bits[] = {
	N(POLLIN), N(POLLPRI), N(POLLOUT), N(POLLERR), N(POLLHUP), N(POLLNVAL), N(POLLRDNORM),
	N(POLLRDBAND), N(POLLWRNORM), N(POLLWRBAND), N(POLLRDHUP), END };
static const struct name epoll_bits[] = {
	N(EPOLLIN), N(EPOLLPRI), N(EPOLLOUT), N(EPOLLERR), N(EPOLLHUP), N(EPOLLRDNORM),
	N(EPOLLRDBAND), N(EPOLLWRNORM), N(EPOLLWRBAND), N(EPOLLRDHUP), N(EPOLLEXCLUSIVE),
	N(EPOLLWAKEUP), N(EPOLLONESHOT), { 1U << 31, "EPOLLET" }, END };

static const struct names lists[NR_KINDS] = {
	[KIND_OPEN] = { O_ACCMODE, accesses, open_bits, NULL },
	[KIND_ATFLAGS] = { 0, NULL, at_bits, "0" },
	[KIND_ACCESS] = { 0, NULL, access_bits, "F_OK" },
	[KIND_WHENCE] = { ~0ULL, whences, NULL, NULL },
	[KIND_PROT] = { 0, NULL, prot_bits, "PROT_NONE" },
	[KIND_MAP] = { MAP_TYPE, map_kinds, map_bits, NULL },
	[KIND_MADVICE] = { ~0ULL, advices, NULL, NULL },
	[KIND_FCNTL] = { ~0ULL, fcntls, NULL, NULL },
	[KIND_IOCTL] = { ~0ULL, ioctls, NULL, NULL },
	[KIND_CLONE] = { 0, NULL, clone_bits, NULL },
	[KIND_WAIT] = { 0, NULL, wait_bits, "0" },
	[KIND_SIGHOW] = { ~0ULL, hows, NULL, NULL },
	[KIND_FUTEX] = { 127, futexes, futex_bits, NULL },
	[KIND_ARCHPRCTL] = { ~0ULL, arch_codes, NULL, NULL },
	[KIND_PRCTL] = { ~0ULL, prctls, NULL, NULL },
	[KIND_RESOURCE] = { ~0ULL, resources, NULL, NULL },
	[KIND_RANDOM] = { 0, NULL, random_bits, "0" },
	[KIND_CLOCK] = { ~0ULL, clocks, NULL, NULL },
	[KIND_FAMILY] = { ~0ULL, families, NULL, NULL },
	[KIND_FDFLAGS] = { 0, NULL, open_bits, "0" },
	[KIND_EPOLLFLAGS] = { 0, NULL, epoll_flags, "0" },
	[KIND_EVENTFDFLAGS] = { 0, NULL, eventfd_flags, "0" },
	[KIND_INOTIFYFLAGS] = { 0, NULL, inotify_flags, "0" },
	[KIND_STATXMASK] = { 0, NULL, statx_bits, "0" },
	[KIND_MSGFLAGS] = { 0, NULL, message_bits, "0" },
	[KIND_SHUTHOW] = { ~0ULL, shut_hows, NULL, NULL },
	[KIND_EPOLLOP] = { ~0ULL, epoll_ops, NULL, NULL },
	[KIND_POLLBITS] = { 0, NULL, poll_bits, "0" },
	[KIND_EPOLLBITS] = { 0, NULL, epoll_bits, "0" },
	[KIND_SOCKTYPE] = { 15, socket_kinds, socket_bits, NULL },
};

static bool put_one(struct text *t, const struct name *list, uint64_t v)
{
	for (; list && list->name; list++) {
		if (list->value != v)
			continue;
		put_string(t, list->name);
		return true;
	}
	return false;
}

/* The low byte of clone()'s flags is a signal. */
static void put_signal_part(struct text *t, uint64_t v)
{
	if (v)
		put_signal(t, v, "|SIG");
}

void put_flags(struct text *t, enum arg_kind kind, uint64_t v)
{
	const struct names *l = &lists[kind];
	const struct name *bit;
	const char *between = "";
	uint64_t signal = kind == KIND_CLONE ? v & 0xff : 0;

	v -= signal;
	if (!v && l->none) {
		put_string(t, l->none);
		return;
	}
	if (l->one && put_one(t, l->one, v & l->mask)) {
		v &= ~l->mask;
		between = "|";
	}
	for (bit = l->bits; bit && bit->name; bit++) {
		if (!bit->value || (v & bit->value) != bit->value)
			continue;
		put_string(t, between);
		put_string(t, bit->name);
		between = "|";
		v &= ~bit->value;
	}
	if (v || !*between) {
		put_string(t, between);
		put_hex(t, v);
	}
	put_signal_part(t, signal);
}
