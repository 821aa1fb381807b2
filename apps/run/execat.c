/* SPDX-License-Identifier: MIT */
/*
 * execat.c - the file of an execveat()
 *
 * The descriptor it is found from may be closed by the call itself. So the new
 * program is found by another, which dune-run inherits and closes.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "run.h"

/* Of a thread: it may have descriptors of its own. */
#define FD_DIR	"/proc/thread-self/fd/"

void fd_path(char *to, unsigned int fd)
{
	unsigned int n, digits = 1;

	for (n = fd; n >= 10; n /= 10)
		digits++;
	__builtin_memcpy(to, FD_DIR, sizeof(FD_DIR));
	to += sizeof(FD_DIR) - 1 + digits;
	*to = 0;
	for (; digits--; fd /= 10)
		*--to = '0' + fd % 10;
}

/* The one that fd_path() named. */
void fd_close(const char *path)
{
	unsigned int fd = 0;

	if (!starts_with(path, FD_DIR))
		return;
	for (path += sizeof(FD_DIR) - 1; *path >= '0' && *path <= '9'; path++)
		fd = fd * 10 + *path - '0';
	sys(__NR_close, fd);
}

static bool is_symlink(int fd)
{
	struct statx st;

	return !sys(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) &&
	       (st.stx_mode & 0170000) == 0120000;
}

static long open_file(uint64_t dir, char *path, uint64_t flags)
{
	uint64_t open_flags = O_PATH;
	long r;

	if (!*path && (flags & AT_EMPTY_PATH)) {
		r = sys(__NR_fcntl, dir, F_GETFD);
		if (sys_failed(r))
			return r;
		fd_path(path, dir);
	} else if (flags & AT_SYMLINK_NOFOLLOW) {
		open_flags |= O_NOFOLLOW;
	}
	return sys(__NR_openat, dir, path, open_flags, 0);
}

/* An interpreter would look for its script when the descriptor is closed. */
static bool script_is_lost(uint64_t dir, const char *path)
{
	long flags = sys(__NR_fcntl, dir, F_GETFD);

	return !sys_failed(flags) && (flags & 1) && is_script(path);
}

/* A descriptor, and its name in @path, or -errno. */
long exec_open_at(uint64_t dir, char *path, uint64_t flags)
{
	bool absolute = *path == '/';
	long fd, r = 0;

	if (!*path && !(flags & AT_EMPTY_PATH))
		return -ENOENT;
	if (flags & ~(uint64_t)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	if (dune_owns_fd((uint32_t)dir))
		return -EBADF;
	fd = open_file((uint32_t)dir, path, flags);
	if (sys_failed(fd))
		return fd;
	fd_path(path, fd);
	if ((flags & AT_SYMLINK_NOFOLLOW) && is_symlink(fd))
		r = -ELOOP;
	else if (!absolute && script_is_lost(dir, path))
		r = -ENOENT;
	if (r)
		sys(__NR_close, fd);
	return r ?: fd;
}
