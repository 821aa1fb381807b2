/* SPDX-License-Identifier: MIT */
/*
 * files.c - calls about a file that is there, by its name
 *
 * Each finds the file, and makes the call on its descriptor.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "handlers.h"

#define LOOK_FLAGS	(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)

uint32_t object_type(const struct object *o)
{
	struct statx st = { 0 };

	sys(__NR_statx, o->fd, "", AT_EMPTY_PATH, STATX_TYPE, &st);
	return st.stx_mode & 0170000;
}

/* Argument @at is the path; before it, in calls that have one, the directory. */
static long find(struct request *r, unsigned int at, uint64_t flags, uint32_t need,
		 struct object *o)
{
	char path[PATH_SIZE];
	long e = user_string(r, path, r->args[at], sizeof(path));

	return e ?: find_file(r, at ? r->args[0] : (uint64_t)AT_FDCWD, path, flags, need, o);
}

static unsigned int path_argument(const struct request *r)
{
	return r->call->arg[0].kind == ARG_AT;
}

long do_stat(struct request *r)
{
	uint64_t flags = r->nr == __NR_lstat ? AT_SYMLINK_NOFOLLOW :
			 r->nr == __NR_newfstatat ? r->args[3] : 0;
	unsigned int at = path_argument(r);
	struct object o;
	long e;

	if (flags & ~(uint64_t)(LOOK_FLAGS | AT_NO_AUTOMOUNT))
		return -EINVAL;
	/* fstat(), as libc writes it. */
	if (at && (flags & AT_EMPTY_PATH) && (int)r->args[0] != AT_FDCWD) {
		char first;

		if (user_read(r, &first, r->args[1], 1))
			return -EFAULT;
		if (!first)
			return box_pass_as(r, __NR_fstat, r->args[0], r->args[2], 0, 0, 0, 0);
	}
	e = find(r, at, flags, RIGHT_SEE, &o);
	if (e)
		return e;
	e = box_pass_as(r, __NR_newfstatat, o.fd, (uint64_t)"", r->args[at + 1], AT_EMPTY_PATH, 0, 0);
	drop(&o);
	return e;
}

long do_statx(struct request *r)
{
	struct object o;
	long e;

	e = find(r, 1, r->args[2], RIGHT_SEE, &o);
	if (e)
		return e;
	e = box_pass_as(r, __NR_statx, o.fd, (uint64_t)"",
			(r->args[2] & ~(uint64_t)AT_SYMLINK_NOFOLLOW) | AT_EMPTY_PATH,
			r->args[3], r->args[4], 0);
	drop(&o);
	return e;
}

long do_access(struct request *r)
{
	uint64_t flags = r->nr == __NR_faccessat2 ? r->args[3] : 0;
	unsigned int at = path_argument(r);
	uint32_t mode = r->args[at + 1], need = RIGHT_SEE;
	struct object o;
	long e;

	if (mode & 4)
		need |= RIGHT_READ;
	if (mode & 2)
		need |= RIGHT_WRITE;
	e = find(r, at, flags, need, &o);
	if (e)
		return e;
	e = box_pass_as(r, __NR_faccessat2, o.fd, (uint64_t)"", mode,
			(flags & AT_EACCESS) | AT_EMPTY_PATH, 0, 0);
	drop(&o);
	return e;
}

long do_readlink(struct request *r)
{
	call_fn own = r->box->front[DO_readlink];
	unsigned int at = path_argument(r);
	struct object o;
	long e = own ? own(r) : -ENOSYS;

	if (e != -ENOSYS)
		return e;
	e = find(r, at, LOOK_FLAGS, RIGHT_SEE, &o);
	if (e)
		return e;
	e = box_pass_as(r, __NR_readlinkat, o.fd, (uint64_t)"", r->args[at + 1], r->args[at + 2],
			0, 0);
	drop(&o);
	return e == -ENOENT ? -EINVAL : e;	/* what it says of "" that is no link */
}

/* Which rights a call needs that has nothing but a path to look at. */
static uint32_t rights_of_call(uint32_t nr)
{
	switch (nr) {
	case __NR_statfs:
	case __NR_getxattr:
	case __NR_lgetxattr:
	case __NR_listxattr:
	case __NR_llistxattr:
	case __NR_chdir:
		return RIGHT_SEE;
	}
	return RIGHT_WRITE;
}

static bool is_about_links(uint32_t nr)
{
	return nr == __NR_llistxattr || nr == __NR_lgetxattr;
}

/*
 * The same call with the descriptor's name in place of the path, which Linux
 * follows to the same file. A symbolic link itself has no such name.
 */
static long by_name(struct request *r, uint64_t arg1, unsigned int which)
{
	unsigned int at = path_argument(r);
	uint64_t args[6];
	struct object o;
	char name[40];
	unsigned int i;
	long e;

	e = find(r, at, is_about_links(r->nr) ? AT_SYMLINK_NOFOLLOW : 0, rights_of_call(r->nr), &o);
	if (e)
		return e;
	for (i = 0; i < 6; i++)
		args[i] = r->args[i];
	fd_name(name, o.fd);
	args[at] = (uint64_t)name;
	if (at)
		args[0] = (uint64_t)AT_FDCWD;
	if (which)
		args[which] = arg1;
	e = -EOPNOTSUPP;
	if (!is_about_links(r->nr) || object_type(&o) != 0120000) {
		uint32_t nr = r->nr == __NR_lgetxattr ? __NR_getxattr :
			      r->nr == __NR_llistxattr ? __NR_listxattr : r->nr;

		e = box_pass_as(r, nr, args[0], args[1], args[2], args[3], args[4], args[5]);
	}
	drop(&o);
	return e;
}

long do_at_file(struct request *r)
{
	return by_name(r, 0, 0);
}

long do_chown(struct request *r)
{
	uint64_t flags = r->nr == __NR_fchownat ? r->args[4] :
			 r->nr == __NR_lchown ? AT_SYMLINK_NOFOLLOW : 0;
	unsigned int at = path_argument(r);
	struct object o;
	long e;

	if (flags & ~(uint64_t)LOOK_FLAGS)
		return -EINVAL;
	e = find(r, at, flags, RIGHT_WRITE, &o);
	if (e)
		return e;
	e = box_pass_as(r, __NR_fchownat, o.fd, (uint64_t)"", r->args[at + 1], r->args[at + 2],
			AT_EMPTY_PATH, 0);
	drop(&o);
	return e;
}

/*
 * Whether what is at @fd may be changed: it is open to be written, or a rule says
 * so. To open it read-only gives Linux's leave, not ours.
 */
static long may_change(struct request *r, long fd)
{
	char name[PATH_SIZE];
	long flags = sys(__NR_fcntl, fd, F_GETFL);

	if (sys_failed(flags))
		return flags;
	if ((flags & O_ACCMODE) != O_RDONLY || (rights_of_fd(r, fd, name) & RIGHT_WRITE))
		return 0;
	return refuse_path(r, name, RIGHT_WRITE);
}

/* The call on the first argument's file, if that may be changed; @arg1: its second. */
static long change(struct request *r, uint64_t arg1)
{
	struct object o;
	long e = borrow(r, r->args[0], &o);

	if (e)
		return e;
	e = may_change(r, o.fd) ?:
	    box_pass_as(r, r->nr, o.fd, arg1, r->args[2], r->args[3], r->args[4], 0);
	drop(&o);
	return e;
}

long do_fd_change(struct request *r)
{
	return change(r, r->args[1]);
}

long do_utimensat(struct request *r)
{
	struct object o;
	char name[40];
	long e;

	if (r->args[3] & ~(uint64_t)LOOK_FLAGS)
		return -EINVAL;
	/* Without a path it is about the descriptor, opened already. */
	if (!r->args[1])
		return (int)r->args[0] == AT_FDCWD ? -EFAULT : do_fd_change(r);
	e = find(r, 1, r->args[3], RIGHT_WRITE, &o);
	if (e)
		return e;
	fd_name(name, o.fd);
	if (object_type(&o) == 0120000)
		e = -EOPNOTSUPP;
	else
		e = box_pass_as(r, __NR_utimensat, AT_FDCWD, (uint64_t)name, r->args[2], 0, 0, 0);
	drop(&o);
	return e;
}

#define XATTR_NAME	256

long do_xattr(struct request *r)
{
	char name[XATTR_NAME];

	return user_string(r, name, r->args[1], sizeof(name)) ?: by_name(r, (uint64_t)name, 1);
}

long do_fd_xattr(struct request *r)
{
	char name[XATTR_NAME];
	long e = user_string(r, name, r->args[1], sizeof(name));

	if (e || r->nr != __NR_fgetxattr)
		return e ?: change(r, (uint64_t)name);
	return box_pass_as(r, r->nr, r->args[0], (uint64_t)name, r->args[2], r->args[3], 0, 0);
}

long do_watch(struct request *r)
{
	struct object o;
	char path[PATH_SIZE], name[40];
	long e = user_string(r, path, r->args[1], sizeof(path));

	e = e ?: find_file(r, AT_FDCWD, path, 0, RIGHT_READ, &o);
	if (e)
		return e;
	fd_name(name, o.fd);
	e = box_pass_as(r, r->nr, r->args[0], (uint64_t)name, r->args[2], 0, 0, 0);
	drop(&o);
	return e;
}
