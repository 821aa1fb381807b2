/* SPDX-License-Identifier: MIT */
/*
 * entries.c - calls that make, remove and move names in directories
 */
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "handlers.h"

/* The directory and the name in it that an argument means. */
struct place {
	struct object	dir;
	const char	*last;
	char		path[PATH_SIZE];
};

static long find_place(struct request *r, uint64_t dir, uint64_t path, struct place *p)
{
	long e = user_string(r, p->path, path, sizeof(p->path));

	return e ?: find_parent(r, dir, p->path, RIGHT_CREATE, &p->last, &p->dir);
}

/* Ordinary files, pipes and sockets; devices lead out of any sandbox. */
static bool may_make(uint64_t mode)
{
	switch (mode & 0170000) {
	case 0:
	case 0010000:
	case 0100000:
	case 0140000:
		return true;
	}
	return false;
}

static long call_on(struct request *r, const struct place *p, const char *target)
{
	uint64_t dir = p->dir.fd, last = (uint64_t)p->last;
	unsigned int at = r->call->arg[0].kind == ARG_AT;

	switch (r->nr) {
	case __NR_mkdir:
	case __NR_mkdirat:
		return box_pass_as(r, __NR_mkdirat, dir, last, r->args[at + 1], 0, 0, 0);
	case __NR_rmdir:
		return box_pass_as(r, __NR_unlinkat, dir, last, AT_REMOVEDIR, 0, 0, 0);
	case __NR_unlink:
		return box_pass_as(r, __NR_unlinkat, dir, last, 0, 0, 0, 0);
	case __NR_unlinkat:
		return box_pass_as(r, __NR_unlinkat, dir, last, r->args[2], 0, 0, 0);
	case __NR_mknod:
	case __NR_mknodat:
		if (!may_make(r->args[at + 1]))
			return -EPERM;
		return box_pass_as(r, __NR_mknodat, dir, last, r->args[at + 1], 0, 0, 0);
	}
	return box_pass_as(r, __NR_symlinkat, (uint64_t)target, dir, last, 0, 0, 0);
}

long do_entry(struct request *r)
{
	bool symlink = r->nr == __NR_symlink || r->nr == __NR_symlinkat;
	unsigned int at = r->call->arg[0].kind == ARG_AT;
	uint64_t dir = at ? r->args[0] : (uint64_t)AT_FDCWD, path = r->args[at];
	char target[PATH_SIZE];
	struct place p;
	long e = 0;

	if (symlink) {
		e = user_string(r, target, r->args[0], sizeof(target));
		dir = r->nr == __NR_symlinkat ? r->args[1] : (uint64_t)AT_FDCWD;
		path = r->args[r->nr == __NR_symlinkat ? 2 : 1];
	}
	e = e ?: find_place(r, dir, path, &p);
	if (e)
		return e;
	e = call_on(r, &p, target);
	drop(&p.dir);
	return e;
}

/* All the rights there are on @fd. */
static uint32_t all_rights(struct request *r, long fd, char name[PATH_SIZE])
{
	return rights_of_fd(r, fd, name) & RIGHTS;
}

/* A file that gets a name in @dir may not gain rights by it. */
static bool gains(struct request *r, uint32_t rights, const struct place *to)
{
	char name[ENTRY_SIZE];
	uint32_t has = all_rights(r, to->dir.fd, name);

	if (!*name)
		return true;
	entry_name(r, &to->dir, to->last, name);
	return (has | rights_within(r->box, name)) & ~rights;
}

long do_link(struct request *r)
{
	bool at = r->nr == __NR_linkat;
	uint64_t flags = at ? r->args[4] : 0;
	struct object o;
	struct place to;
	char path[PATH_SIZE], name[PATH_SIZE];
	long e;

	if (flags & ~(uint64_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	e = user_string(r, path, r->args[at], sizeof(path));
	e = e ?: find_file(r, at ? r->args[0] : (uint64_t)AT_FDCWD, path,
			   flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW, RIGHT_SEE, &o);
	if (e)
		return e;
	e = find_place(r, at ? r->args[2] : (uint64_t)AT_FDCWD, r->args[at ? 3 : 1], &to);
	if (!e) {
		if (gains(r, all_rights(r, o.fd, name), &to)) {
			e = -EXDEV;
		} else {
			fd_name(name, o.fd);
			e = box_pass_as(r, __NR_linkat, AT_FDCWD, (uint64_t)name, to.dir.fd,
					(uint64_t)to.last, AT_SYMLINK_FOLLOW, 0);
		}
		drop(&to.dir);
	}
	drop(&o);
	return e;
}

/*
 * 0, or why what is at @p may not move to @dir. By names and directories, not by
 * the file that is there now: another thread can put a different one there.
 */
static long may_move(struct request *r, const struct place *p, const struct place *to)
{
	char name[ENTRY_SIZE];
	uint32_t rights = all_rights(r, p->dir.fd, name);

	entry_name(r, &p->dir, p->last, name);
	if (is_pinned(r->box, name))
		return -EBUSY;
	return gains(r, rights, to) ? -EXDEV : 0;
}

/* The same of what comes to @p: a directory with something that a rule hides there. */
static long may_come(struct request *r, const struct place *p)
{
	char name[ENTRY_SIZE];

	entry_name(r, &p->dir, p->last, name);
	return hides_below(r->box, name) ? -EBUSY : 0;
}

long do_rename(struct request *r)
{
	bool at = r->nr != __NR_rename;
	uint64_t flags = r->nr == __NR_renameat2 ? r->args[4] : 0;
	struct place from, to;
	long e;

	if (flags & ~(uint64_t)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	e = find_place(r, at ? r->args[0] : (uint64_t)AT_FDCWD, r->args[at], &from);
	if (e)
		return e;
	e = find_place(r, at ? r->args[2] : (uint64_t)AT_FDCWD, r->args[at ? 3 : 1], &to);
	if (!e) {
		e = may_move(r, &from, &to) ?: may_come(r, &to);
		if (!e && (flags & RENAME_EXCHANGE))
			e = may_move(r, &to, &from);
		if (!e)
			e = box_pass_as(r, __NR_renameat2, from.dir.fd, (uint64_t)from.last,
					to.dir.fd, (uint64_t)to.last, flags, 0);
		drop(&to.dir);
	}
	drop(&from.dir);
	return e;
}
