/* SPDX-License-Identifier: MIT */
/*
 * names.c - from a path to the file it stands for, if there are the rights to it
 *
 * The file is found first, as a descriptor without access (O_PATH), and judged by
 * where Linux says it is: no symbolic link, "..", mount or rename can come
 * between. What is then done is done to that descriptor. Where a rule's directory
 * is plainly meant, Linux is asked to stay below it (RESOLVE_BENEATH) instead; but
 * for a descriptor that is used afterwards this does not do where threads share
 * them: then that is put into a slot and judged there.
 */
#include <linux/fcntl.h>
#include <linux/openat2.h>

#include "rules.h"

void drop(struct object *o)
{
	if (o->slots)
		slots_leave(o->slots, o->fd);
	else if (o->fd >= 0 && !o->borrowed)
		sys(__NR_close, o->fd);
	*o = (struct object){ .fd = -1 };
}

/* Out of the reach of other threads, before anybody looks at what it is. */
long settle(struct box *b, struct object *o)
{
	long slot;

	if (!b->shares_fds)
		return 0;
	slot = slots_take(b, o->fd);
	drop(o);
	if (slot < 0)
		return slot;
	*o = (struct object){ .fd = slot, .slots = b };
	return 0;
}

/* The caller's own descriptor, to be judged and used. */
long borrow(struct request *r, uint64_t fd, struct object *o)
{
	*o = (struct object){ .fd = (uint32_t)fd, .borrowed = true };
	return settle(r->box, o);
}

/* Whether Linux would not say what the rule's way leads to. */
bool must_look(long result)
{
	return result == -EXDEV || result == -ELOOP || result == -EAGAIN;
}

static long quick(struct request *r, const char *path, uint64_t flags, uint32_t need)
{
	struct open_how how = {
		.flags = flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	const char *rest;
	long dir = rule_for(r, path, need, &rest), fd;

	if (dir == NO_FD)
		return -EXDEV;
	fd = sys(__NR_openat2, dir, rest, &how, sizeof(how));
	return must_look(fd) ? -EXDEV : fd;
}

static long judge(struct request *r, uint32_t need, struct object *o)
{
	char name[PATH_SIZE];
	long e = settle(r->box, o);

	if (e)
		return e;
	o->rights = rights_of_fd(r, o->fd, name);
	if (r->box->learn)
		learn_path(r->box, name, need);
	if (!(need & ~o->rights))
		return 0;
	drop(o);
	return refuse_path(r, name, need);
}

/*
 * The file that @path, in memory of ours, stands for: 0 and @o, or -errno.
 * @flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, O_DIRECTORY
 */
long find_file(struct request *r, uint64_t dir, const char *path, uint64_t flags,
	       uint32_t need, struct object *o)
{
	uint64_t open_flags = DIR_FLAGS | (flags & O_DIRECTORY) |
			      (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0);

	*o = (struct object){ .fd = -1 };
	if (!*path && (flags & AT_EMPTY_PATH)) {
		o->fd = (uint32_t)dir;
		o->borrowed = true;
		if ((int)dir == AT_FDCWD)
			return find_file(r, dir, ".", flags & ~(uint64_t)AT_EMPTY_PATH, need, o);
		return judge(r, need, o);
	}
	o->fd = r->box->shares_fds ? -EXDEV : quick(r, path, open_flags, need);
	if (o->fd != -EXDEV) {
		o->rights = need | RIGHT_SEE;
		return o->fd < 0 ? o->fd : 0;
	}
	o->fd = sys(__NR_openat, (int)dir, path, open_flags, 0);
	return o->fd < 0 ? o->fd : judge(r, need, o);
}

/* Where @last in the directory @o is, or would be. */
void entry_name(struct request *r, const struct object *o, const char *last,
		char name[ENTRY_SIZE])
{
	size_t n;

	rights_of_fd(r, o->fd, name);
	n = text_length(name);
	if (n > 1)
		name[n++] = '/';
	__builtin_memcpy(name + n, last, text_length(last) + 1);
}

/* Not even a new file may be where a rule hides what is there. */
static long judge_entry(struct request *r, const char *last, uint32_t need, struct object *o)
{
	const struct box *b = r->box;
	char name[ENTRY_SIZE];
	unsigned int i;

	if (!b->hides)
		return 0;
	entry_name(r, o, last, name);
	for (i = 0; i < b->policy->nr_paths; i++) {
		if (!is_hide(b, i) || !path_below(name, rule_name(b, i)))
			continue;
		drop(o);
		return refuse_path(r, name, need);
	}
	return 0;
}

/* Whether a rule hides something at or below @name. */
bool hides_below(const struct box *b, const char *name)
{
	unsigned int i;

	for (i = 0; b->hides && i < b->policy->nr_paths; i++)
		if (is_hide(b, i) && path_below(rule_name(b, i), name))
			return true;
	return false;
}

/*
 * The directory of an entry to be made or removed; *@last: its name, cut from
 * @path. @need on the directory.
 */
long find_parent(struct request *r, uint64_t dir, char *path, uint32_t need,
		 const char **last, struct object *o)
{
	size_t n = text_length(path);
	static const char root[8] = "/";
	const char *parent = path;

	while (n > 1 && path[n - 1] == '/')
		path[--n] = 0;
	while (n && path[n - 1] != '/')
		n--;
	*last = path + n;
	if (!**last)
		return *path ? -EBUSY : -ENOENT;
	if (text_equal(*last, ".") || text_equal(*last, ".."))
		return -EINVAL;
	if (text_length(*last) > 255)
		return -ENAMETOOLONG;
	if (n == 0)
		parent = ".";
	else if (n == 1)
		parent = root;
	else
		path[n - 1] = 0;
	return find_file(r, dir, parent, O_DIRECTORY, need, o) ?: judge_entry(r, *last, need, o);
}

/* What rules give to something at or below @name, be it there or not. */
uint32_t rights_within(const struct box *b, const char *name)
{
	uint32_t rights = 0;
	unsigned int i;

	for (i = 0; i < b->policy->nr_paths; i++)
		if (is_rule(b, i) && path_below(rule_name(b, i), name))
			rights |= b->policy->path[i].rights & RIGHTS;
	return rights;
}

/* Whether a rule speaks of something at or below @name: it must stay there. */
bool is_pinned(const struct box *b, const char *name)
{
	unsigned int i;

	for (i = 0; i < b->policy->nr_paths; i++)
		if (is_rule(b, i) && path_below(rule_name(b, i), name))
			return true;
	return false;
}
