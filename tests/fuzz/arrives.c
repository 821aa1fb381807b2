/* SPDX-License-Identifier: MIT */
/*
 * arrives.c - what may reach Linux, said anew and by other means than the sandbox
 *
 * An address is one in ring 3's memory, with all the bytes that Linux would touch,
 * or else none of those that ring 3 gave: then it is a copy's. A file is one that
 * the policy gives for what is done to it.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "../../apps/run/run.h"
#include "calls.h"

static bool own(const void *p)
{
	return p && !in_user((uint64_t)p, 1);
}

static uint32_t rights_on(uint64_t fd)
{
	MUST((uint32_t)fd < NR_FDS && fds[(uint32_t)fd].open);
	return fds[(uint32_t)fd].name->rights;
}

static void must_have(uint32_t rights, uint32_t need)
{
	MUST((rights & need) == need);
}

/* By "/proc/thread-self/fd/N", with @rest behind it. */
static uint32_t rights_by_name(const char *path, const char **rest)
{
	char *end_of_number;
	uint64_t fd;

	MUST(own(path) && !strncmp(path, FD_NAME, strlen(FD_NAME)));
	fd = strtoul(path + strlen(FD_NAME), &end_of_number, 10);
	MUST(rest || !*end_of_number);
	if (rest)
		*rest = end_of_number;
	MUST(!fds[fd].hidden || fds[fd].temporary);
	return rights_on(fd);
}

static void entry(uint64_t dir, const char *last)
{
	must_have(rights_on(dir), RIGHT_CREATE);
	MUST(own(last) && *last && !strchr(last, '/') && strcmp(last, ".") && strcmp(last, ".."));
}

static uint32_t need_to_open(uint64_t flags)
{
	uint32_t need = RIGHT_SEE;

	if (flags & O_PATH)
		return need;
	if ((flags & O_ACCMODE) != O_WRONLY)
		need |= RIGHT_READ;
	if ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_TRUNC | O_APPEND)))
		need |= RIGHT_WRITE;
	if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE)
		need |= RIGHT_CREATE;
	return need;
}

static void opened_at(const uint64_t a[6])
{
	const struct open_how *how = (const struct open_how *)a[2];
	const char *path = (const char *)a[1];

	MUST(own(path) && own(how) && a[3] == sizeof(*how) && (how->resolve & RESOLVE_BENEATH));
	must_have(rights_on(a[0]), need_to_open(how->flags));
	if (fds[a[0]].hidden && !fds[a[0]].temporary)
		MUST((how->resolve & RESOLVE_NO_MAGICLINKS) && (how->resolve & RESOLVE_NO_XDEV) &&
		     strcmp(fds[a[0]].name->text, "/w"));
	else
		MUST((how->resolve & RESOLVE_NO_SYMLINKS) && !strchr(path, '/'));
}

static void by_descriptor(uint64_t fd, uint64_t path, uint64_t flags, uint32_t need)
{
	MUST(own((const void *)path) && !*(const char *)path && (flags & AT_EMPTY_PATH));
	must_have(rights_on(fd), need);
}

static void changed(uint64_t fd)
{
	const struct descriptor *d = (uint32_t)fd < NR_FDS ? &fds[(uint32_t)fd] : NULL;

	MUST(d && d->open && ((d->flags & O_ACCMODE) != O_RDONLY || (d->name->rights & RIGHT_WRITE)));
}

/* Whether the call is about files, and then one that may be made. */
static bool file_call(uint32_t nr, const uint64_t a[6])
{
	switch (nr) {
	case __NR_openat:
		MUST(!(a[2] & (O_CREAT | O_EXCL)));
		must_have(rights_by_name((const char *)a[1], NULL), need_to_open(a[2]));
		break;
	case __NR_openat2:
		opened_at(a);
		break;
	case __NR_truncate:
	case __NR_chmod:
	case __NR_utime:
	case __NR_utimes:
	case __NR_setxattr:
	case __NR_removexattr:
		must_have(rights_by_name((const char *)a[0], NULL), RIGHT_WRITE);
		break;
	case __NR_utimensat:
		if (!a[1]) {
			changed(a[0]);
			break;
		}
		/* fall through */
	case __NR_fchmodat:
	case __NR_futimesat:
		MUST((int)a[0] == AT_FDCWD);
		must_have(rights_by_name((const char *)a[1], NULL), RIGHT_WRITE);
		break;
	case __NR_statfs:
	case __NR_getxattr:
	case __NR_listxattr:
	case __NR_chdir:
		must_have(rights_by_name((const char *)a[0], NULL), RIGHT_SEE);
		break;
	case __NR_inotify_add_watch:
		must_have(rights_by_name((const char *)a[1], NULL), RIGHT_READ);
		break;
	case __NR_newfstatat:
		by_descriptor(a[0], a[1], a[3], RIGHT_SEE);
		break;
	case __NR_statx:
		by_descriptor(a[0], a[1], a[2], RIGHT_SEE);
		break;
	case __NR_readlinkat:
		by_descriptor(a[0], a[1], AT_EMPTY_PATH, RIGHT_SEE);
		break;
	case __NR_faccessat2:
		by_descriptor(a[0], a[1], a[3], RIGHT_SEE | (a[2] & 4 ? RIGHT_READ : 0) |
			      (a[2] & 2 ? RIGHT_WRITE : 0));
		break;
	case __NR_fchownat:
		by_descriptor(a[0], a[1], a[4], RIGHT_WRITE);
		break;
	case __NR_fchmod:
	case __NR_fchown:
	case __NR_fsetxattr:
	case __NR_fremovexattr:
		changed(a[0]);
		break;
	case __NR_mkdirat:
	case __NR_unlinkat:
		entry(a[0], (const char *)a[1]);
		break;
	case __NR_mknodat:
		entry(a[0], (const char *)a[1]);
		MUST((a[2] & 0170000) != 0020000 && (a[2] & 0170000) != 0060000);
		break;
	case __NR_symlinkat:
		MUST(own((const char *)a[0]));
		entry(a[1], (const char *)a[2]);
		break;
	case __NR_linkat:
		must_have(rights_by_name((const char *)a[1], NULL), RIGHT_SEE | (rights_on(a[2]) & RIGHTS));
		entry(a[2], (const char *)a[3]);
		break;
	case __NR_renameat2:
		entry(a[0], (const char *)a[1]);
		entry(a[2], (const char *)a[3]);
		must_have(rights_on(a[0]), rights_on(a[2]) & RIGHTS);
		break;
	default:
		return false;
	}
	return true;
}

static void address(const void *at, uint64_t size, bool bind, bool dissolves)
{
	const struct sockaddr_in *in = at;
	const struct sockaddr_in6 *in6 = at;
	const struct sockaddr_un *un = at;
	const char *rest;
	uint16_t port;

	MUST(own(at) && size >= 2 && size <= 128);
	switch (in->sin_family) {
	case AF_UNSPEC:
		MUST(dissolves);
		return;
	case AF_UNIX:
		must_have(rights_by_name(un->sun_path, &rest), bind ? RIGHT_CREATE : RIGHT_WRITE);
		MUST(bind ? *rest == '/' && rest[1] && !strchr(rest + 1, '/') : !*rest);
		return;
	case AF_INET:
		MUST(size >= 16 && in->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
		port = ntohs(in->sin_port);
		break;
	default:
		MUST(in->sin_family == AF_INET6 && size >= 24);
		MUST(!memcmp(&in6->sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16));
		port = ntohs(in6->sin6_port);
	}
	MUST(port >= 1000 && port <= 1999);
}

static void vector(const struct iovec *v, uint64_t n)
{
	MUST(own(v) && n <= 1024);
	for (; n--; v++)
		MUST(in_user((uint64_t)v->iov_base, v->iov_len));
}

static void sent(const struct msghdr *m)
{
	const struct cmsghdr *c;
	unsigned int i;

	MUST(own(m));
	vector(m->msg_iov, m->msg_iovlen);
	if (m->msg_name)
		address(m->msg_name, m->msg_namelen, false, false);
	MUST(!m->msg_controllen || own(m->msg_control));
	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)m, (struct cmsghdr *)c)) {
		const uint32_t *fd = (const uint32_t *)CMSG_DATA(c);

		MUST(c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS);
		for (i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / 4; i++)
			MUST(fd[i] >= NR_FDS || !fds[fd[i]].hidden);
	}
}

static void received(const struct msghdr *m)
{
	MUST(own(m));
	vector(m->msg_iov, m->msg_iovlen);
	MUST(!m->msg_name || in_user((uint64_t)m->msg_name, 128));
	MUST(in_user((uint64_t)m->msg_control, m->msg_controllen) ||
	     (!m->msg_control && !m->msg_controllen));
}

static void cloned(const uint64_t a[6])
{
	MUST(!(a[0] & (CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
		       CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_PTRACE | CLONE_PARENT | CLONE_PIDFD |
		       CLONE_UNTRACED | CLONE_IO)));
	MUST(!(a[0] & CLONE_PARENT_SETTID) || in_user(a[2], 4));
	MUST(!(a[0] & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) || in_user(a[3], 4));
}

static bool other_call(uint32_t nr, const uint64_t a[6])
{
	switch (nr) {
	case __NR_readv:
	case __NR_writev:
	case __NR_preadv:
	case __NR_pwritev:
	case __NR_preadv2:
	case __NR_pwritev2:
		vector((const struct iovec *)a[1], a[2]);
		break;
	case __NR_sendmsg:
		sent((const struct msghdr *)a[1]);
		break;
	case __NR_recvmsg:
		received((const struct msghdr *)a[1]);
		break;
	case __NR_connect:
	case __NR_bind:
		address((const void *)a[1], a[2], nr == __NR_bind, nr == __NR_connect);
		break;
	case __NR_listen:	/* no rule allows any address and port */
		MUST((uint32_t)a[0] >= NR_FDS || !fds[(uint32_t)a[0]].unbound);
		break;
	case __NR_sendto:
		MUST(in_user(a[1], a[2]) || !a[1]);
		if (a[4] && a[5])
			address((const void *)a[4], a[5], false, false);
		break;
	case __NR_clone:
		cloned(a);
		break;
	case __NR_mmap:
		MUST(!(a[3] & MAP_FIXED) || in_user(a[0], a[1]));
		break;
	case __NR_mremap:
		MUST(in_user(a[0], a[1]) && (!(a[3] & MREMAP_FIXED) || in_user(a[4], a[2])));
		break;
	case __NR_munmap:
	case __NR_mprotect:
	case __NR_madvise:
	case __NR_msync:
		MUST(in_user(a[0], a[1]));
		break;
	case __NR_mincore:
		MUST(in_user(a[0], a[1]) && in_user(a[2], (a[1] + 4095) / 4096));
		break;
	default:
		return false;
	}
	return true;
}

/* The bytes that Linux would touch at argument @i; false: not known here. */
static bool touched(uint32_t nr, unsigned int i, const uint64_t a[6], uint64_t *size)
{
	const struct call_arg *arg = &calls[nr].arg[i];

	switch (arg->kind) {
	case ARG_IN:
	case ARG_OUT:
		*size = a[arg->param];
		return true;
	case ARG_INS:
	case ARG_OUTS:
		*size = arg->param;
		return true;
	case ARG_ARRAY:
		*size = a[arg->param % 8] * (arg->param / 8);
		return true;
	}
	return false;
}

/* Numbers or addresses, by another argument. */
static bool may_be_number(uint32_t nr, unsigned int i, const uint64_t a[6])
{
	return (nr == __NR_fcntl && i == 2 && (a[1] < F_GETLK || a[1] > F_SETLKW)) ||
	       (nr == __NR_ioctl && i == 2) || (nr == __NR_futex && i == 3) ||
	       (nr == __NR_prctl && a[0] != PR_GET_NAME && a[0] != PR_GET_PDEATHSIG);
}

void arrives(const struct dune_tf *tf, uint32_t nr, const uint64_t a[6])
{
	const uint64_t raw[6] = { tf->rdi, tf->rsi, tf->rdx, tf->r10, tf->r8, tf->r9 };
	bool known = file_call(nr, a) || other_call(nr, a);
	uint64_t size;
	unsigned int i, k;

	MUST(nr < NR_CALLS && (calls[nr].name || nr == __NR_openat2));
	for (i = 0; i < 6; i++) {
		if (calls[nr].arg[i].kind == ARG_FD && (nr != __NR_mmap || !(a[3] & MAP_ANONYMOUS)))
			MUST((uint32_t)a[i] >= NR_FDS || !fds[(uint32_t)a[i]].hidden ||
			     fds[(uint32_t)a[i]].temporary);
		if (!a[i] || known || !(pointer_args(nr) & 1 << i) || may_be_number(nr, i, a))
			continue;
		if (in_user(a[i], 1)) {
			if (touched(nr, i, a, &size))
				MUST(in_user(a[i], size));
			continue;
		}
		if (touched(nr, i, a, &size) && !size)
			continue;
		for (k = 0; k < 6; k++)
			MUST(a[i] != raw[k]);
	}
}
