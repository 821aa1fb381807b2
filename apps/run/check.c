/* SPDX-License-Identifier: MIT */
/*
 * check.c - what execve() would say of a file
 *
 * By descriptors, which under a policy are of files that it lets execute: of others,
 * be they named by a script's first line, nothing is to be learnt.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "run.h"

#define X_OK		1

static long check_type(const char *name)
{
	struct statx st;
	long r = sys(__NR_faccessat, AT_FDCWD, name, X_OK);

	if (!r)
		r = sys(__NR_statx, AT_FDCWD, name, 0, STATX_TYPE, &st);
	return r ?: (st.stx_mode & 0170000) == 0100000 ? 0 : -EACCES;
}

/* How many bytes of it are in @start, or -errno. */
static long read_start(const char *name, char *start, size_t size)
{
	long fd = sys(__NR_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0), n;

	if (sys_failed(fd))
		return fd;
	n = sys(__NR_read, fd, start, size);
	sys(__NR_close, fd);
	return n;
}

static long check_interpreter(struct dune_tf *tf, const char *path, unsigned int depth)
{
	long fd, r;

	if (box_on())
		return box_check_interpreter(tf, path, depth);
	fd = sys(__NR_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
	if (sys_failed(fd))
		return fd;
	r = check_file(tf, fd, true, depth);
	sys(__NR_close, fd);
	return r;
}

/*
 * What @fd (O_PATH) is of: 0, -ENOENT, -EACCES, -ENOEXEC, -ELOOP. Other threads see the
 * descriptor it is read by, so that what is not @readable is not looked into.
 */
long check_file(struct dune_tf *tf, long fd, bool readable, unsigned int depth)
{
	char line[SCRIPT_LINE] = "", name[FD_PATH_SIZE], *interp, *argument;
	long n;

	fd_path(name, fd);
	n = check_type(name);
	if (n || !readable)
		return n;
	n = read_start(name, line, sizeof(line) - 1);
	if (sys_failed(n))
		return n;
	if (n >= 4 && starts_with(line, "\177ELF"))
		return 0;
	interp = script_interpreter(line, n, &argument);
	if (!interp)
		return -ENOEXEC;
	return depth == SCRIPT_DEPTH ? -ELOOP : check_interpreter(tf, interp, depth + 1);
}

bool is_script(const char *path)
{
	char start[2];

	return read_start(path, start, sizeof(start)) == sizeof(start) &&
	       start[0] == '#' && start[1] == '!';
}
