/* SPDX-License-Identifier: MIT */
/*
 * open.c - open, openat, creat
 */
#include <linux/fcntl.h>
#include <linux/openat2.h>

#include "handlers.h"

/* What open(2) knows; it ignores the rest, openat2(2) does not. */
#define KNOWN	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | \
		 O_DSYNC | O_SYNC | FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | \
		 O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE)
#define MAKES(flags)	(((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE)

struct wish {
	uint64_t	dir, flags, mode;
	uint32_t	need;
	char		path[PATH_SIZE];
};

static uint32_t rights_for(uint64_t flags)
{
	uint32_t need = 0;

	if (flags & O_PATH)
		return RIGHT_SEE;
	if ((flags & O_ACCMODE) != O_WRONLY)
		need |= RIGHT_READ;
	if ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_TRUNC | O_APPEND)))
		need |= RIGHT_WRITE;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		need |= RIGHT_CREATE | RIGHT_WRITE;
	return need;
}

static long read_wish(struct request *r, struct wish *w)
{
	unsigned int at = r->nr == __NR_openat;

	w->dir = at ? r->args[0] : (uint64_t)AT_FDCWD;
	w->flags = r->nr == __NR_creat ? O_CREAT | O_WRONLY | O_TRUNC : r->args[at + 1];
	w->mode = r->args[r->nr == __NR_creat ? 1 : at + 2] & 07777;
	w->flags &= KNOWN;
	if (w->flags & O_PATH)
		w->flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	w->need = rights_for(w->flags);
	return user_string(r, w->path, r->args[at], sizeof(w->path));
}

/* openat2() at @dir, kept below it. */
static long open_below(struct request *r, const struct wish *w, uint64_t dir, const char *path,
		       uint64_t resolve)
{
	struct open_how how = {
		.flags = w->flags, .resolve = resolve,
		.mode = MAKES(w->flags) ? w->mode : 0,
	};

	return box_pass_as(r, __NR_openat2, dir, (uint64_t)path, (uint64_t)&how, sizeof(how), 0, 0);
}

/* A file found and judged: opened by its descriptor's name. */
static long open_found(struct request *r, const struct wish *w, const struct object *o)
{
	uint64_t flags = w->flags & ~(uint64_t)(O_CREAT | O_EXCL | O_NOFOLLOW);
	char name[40];

	if ((w->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if (w->flags & O_PATH)
		return sys(__NR_fcntl, o->fd, w->flags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
	/* A symbolic link is found only where none was to be followed. */
	if (object_type(o) == 0120000)
		return -ELOOP;
	if ((w->flags & O_CREAT) && object_type(o) == 0040000)
		return -EISDIR;
	fd_name(name, o->fd);
	return box_pass_as(r, __NR_openat, AT_FDCWD, (uint64_t)name, flags, w->mode, 0, 0);
}

static long open_new(struct request *r, struct wish *w)
{
	struct object parent;
	const char *last;
	long result;

	if (w->path[0] && w->path[text_length(w->path) - 1] == '/')
		return -EISDIR;
	result = find_parent(r, w->dir, w->path, RIGHT_CREATE | w->need, &last, &parent);
	if (result)
		return result;
	result = open_below(r, w, parent.fd, last, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	drop(&parent);
	return result;
}

long do_open(struct request *r)
{
	struct object o;
	struct wish w;
	const char *rest;
	uint32_t all;
	long dir, result = read_wish(r, &w);

	if (result)
		return result;
	all = w.need | (w.flags & O_CREAT ? RIGHT_CREATE : 0);
	dir = rule_for(r, w.path, all, &rest);
	if (dir != NO_FD) {
		result = open_below(r, &w, dir, rest, RESOLVE_BENEATH | RESOLVE_NO_XDEV |
				    RESOLVE_NO_MAGICLINKS);
		if (r->again || !must_look(result))
			return result;
	}
	result = find_file(r, w.dir, w.path,
			   w.flags & O_NOFOLLOW || ((w.flags & O_CREAT) && (w.flags & O_EXCL)) ?
			   AT_SYMLINK_NOFOLLOW : 0, w.need, &o);
	if (result == -ENOENT && (w.flags & O_CREAT))
		return open_new(r, &w);
	if (result)
		return result;
	result = open_found(r, &w, &o);
	drop(&o);
	return result;
}
