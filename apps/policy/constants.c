/* SPDX-License-Identifier: MIT */
/*
 * constants.c - the numbers that have names in a policy
 */
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "parse.h"

struct constant {
	const char	*name;
	uint64_t	value;
};

#define C(name)	{ #name, name }

static const struct constant constants[] = {
	C(O_RDONLY), C(O_WRONLY), C(O_RDWR), C(O_ACCMODE), C(O_CREAT), C(O_EXCL), C(O_TRUNC),
	C(O_APPEND), C(O_NONBLOCK), C(O_CLOEXEC), C(O_DIRECTORY), C(O_NOFOLLOW), C(O_PATH),
	C(O_TMPFILE), C(O_SYNC), C(O_DIRECT),
	C(AT_EMPTY_PATH), C(AT_SYMLINK_NOFOLLOW), C(AT_REMOVEDIR),
	C(PROT_NONE), C(PROT_READ), C(PROT_WRITE), C(PROT_EXEC),
	C(MAP_SHARED), C(MAP_PRIVATE), C(MAP_FIXED), C(MAP_ANONYMOUS), C(MAP_POPULATE),
	C(MAP_HUGETLB), C(MAP_GROWSDOWN),
	C(MADV_DONTNEED), C(MADV_FREE), C(MADV_HUGEPAGE), C(MADV_WILLNEED),
	C(AF_UNIX), C(AF_INET), C(AF_INET6), C(AF_NETLINK),
	C(SOCK_STREAM), C(SOCK_DGRAM), C(SOCK_SEQPACKET), C(SOCK_CLOEXEC), C(SOCK_NONBLOCK),
	C(MSG_PEEK), C(MSG_DONTWAIT), C(MSG_NOSIGNAL),
	C(F_DUPFD), C(F_GETFD), C(F_SETFD), C(F_GETFL), C(F_SETFL), C(F_GETLK), C(F_SETLK),
	C(F_SETLKW), C(F_DUPFD_CLOEXEC), C(F_ADD_SEALS), C(F_SETPIPE_SZ), C(F_GETPIPE_SZ),
	C(TCGETS), C(TIOCGWINSZ), C(FIONREAD), C(FIONBIO),
	C(CLONE_VM), C(CLONE_FS), C(CLONE_FILES), C(CLONE_SIGHAND), C(CLONE_THREAD),
	C(CLONE_VFORK),
	C(SIGHUP), C(SIGINT), C(SIGQUIT), C(SIGABRT), C(SIGKILL), C(SIGSEGV), C(SIGPIPE),
	C(SIGALRM), C(SIGTERM), C(SIGCHLD), C(SIGCONT), C(SIGSTOP), C(SIGUSR1), C(SIGUSR2),
	C(FUTEX_WAIT), C(FUTEX_WAKE), C(FUTEX_PRIVATE_FLAG),
	C(PR_SET_NAME), C(PR_GET_NAME), C(PR_SET_PDEATHSIG), C(PR_SET_DUMPABLE),
	C(PR_GET_DUMPABLE), C(PR_SET_VMA),
	C(ARCH_SET_FS), C(ARCH_GET_FS), C(ARCH_SET_GS), C(ARCH_GET_GS),
	C(R_OK), C(W_OK), C(X_OK), C(F_OK), C(SEEK_SET), C(SEEK_CUR), C(SEEK_END),
	C(S_IFREG), C(S_IFIFO), C(S_IFMT),
};

static const struct constant errors[] = {
	C(EPERM), C(ENOENT), C(ESRCH), C(EINTR), C(EIO), C(ENXIO), C(E2BIG), C(ENOEXEC),
	C(EBADF), C(ECHILD), C(EAGAIN), C(ENOMEM), C(EACCES), C(EFAULT), C(EBUSY), C(EEXIST),
	C(EXDEV), C(ENODEV), C(ENOTDIR), C(EISDIR), C(EINVAL), C(ENFILE), C(EMFILE), C(ENOTTY),
	C(EFBIG), C(ENOSPC), C(ESPIPE), C(EROFS), C(EMLINK), C(EPIPE), C(EDOM), C(ERANGE),
	C(EDEADLK), C(ENAMETOOLONG), C(ENOSYS), C(ENOTEMPTY), C(ELOOP), C(EPROTO), C(EOVERFLOW),
	C(ENOTSOCK), C(EMSGSIZE), C(EPROTONOSUPPORT), C(EOPNOTSUPP), C(EAFNOSUPPORT),
	C(EADDRINUSE), C(EADDRNOTAVAIL), C(ENETDOWN), C(ENETUNREACH), C(ECONNABORTED),
	C(ECONNRESET), C(ENOBUFS), C(EISCONN), C(ENOTCONN), C(ETIMEDOUT), C(ECONNREFUSED),
	C(EHOSTUNREACH), C(EALREADY), C(EINPROGRESS), C(EDQUOT), C(ECANCELED),
};

static bool find(const struct constant *c, size_t n, const char *name, uint64_t *value)
{
	for (; n; n--, c++) {
		if (strcmp(c->name, name))
			continue;
		*value = c->value;
		return true;
	}
	return false;
}

bool constant_value(const char *name, uint64_t *value)
{
	return find(constants, sizeof(constants) / sizeof(constants[0]), name, value);
}

bool errno_value(const char *name, int *value)
{
	uint64_t v = 0;
	bool found = find(errors, sizeof(errors) / sizeof(errors[0]), name, &v);

	*value = v;
	return found;
}
