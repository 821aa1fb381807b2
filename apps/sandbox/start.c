/* SPDX-License-Identifier: MIT */
/*
 * start.c - the first process finds what the rules about files name
 *
 * Descriptors of theirs stay, hidden from the program, and the names that Linux has
 * for them: links in a rule's own path are followed now, and never again.
 */
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "rules.h"

static bool add_name(struct shared *s, unsigned int i, const char *name)
{
	size_t size = text_length(name) + 1;

	if (s->nr_names + size > NAMES_SIZE)
		return false;
	__builtin_memcpy(s->names + s->nr_names, name, size);
	s->path[i].name = s->nr_names;
	s->nr_names += size;
	return true;
}

static long start_path(struct box *b, unsigned int i)
{
	const char *path = b->policy->text + b->policy->path[i].text;
	struct shared_path *p = &b->shared->path[i];
	struct statx st = { 0 };
	char link[40], name[PATH_SIZE];
	long fd, n;

	p->fd = NO_FD;
	p->name = 1;
	if (path_below(path, "/proc/self")) {
		p->name = 0;
		return 0;
	}
	fd = sys(__NR_openat, AT_FDCWD, path, DIR_FLAGS, 0);
	if (sys_failed(fd)) {
		if (b->policy->path[i].rights & RIGHT_HIDE)
			p->name = 0;	/* it may come later */
		return 0;
	}
	n = sys(__NR_fcntl, fd, F_DUPFD, b->shared->hidden_from);
	sys(__NR_close, fd);
	if (sys_failed(n))
		return n;
	p->fd = n;
	fd_name(link, p->fd);
	n = sys(__NR_readlinkat, AT_FDCWD, link, name, sizeof(name) - 1);
	if (n <= 0)
		return -ENOENT;
	name[n] = 0;
	n = sys(__NR_statx, p->fd, "", AT_EMPTY_PATH, STATX_TYPE, &st);
	p->is_dir = (st.stx_mode & 0170000) == 0040000;
	p->hides = is_proc(p->fd);
	return n ?: add_name(b->shared, i, name) ? 0 : -E2BIG;
}

long rules_start(struct box *b)
{
	const struct policy *policy = b->policy;
	unsigned int i, k;
	long r;

	b->shared->nr_names = 1;	/* 0 and 1 mean something else */
	b->shared->names[b->shared->nr_names++] = 0;
	for (i = 0; i < policy->nr_paths; i++) {
		r = start_path(b, i);
		if (r)
			return r;
	}
	for (i = 0; i < policy->nr_paths; i++)
		for (k = 0; k < policy->nr_paths; k++)
			if ((policy->path[k].rights & RIGHT_HIDE) && is_rule(b, k) &&
			    (path_below(rule_name(b, k), rule_name(b, i)) ||
			     path_below(rule_name(b, i), rule_name(b, k))))
				b->shared->path[i].hides = 1;
	return 0;
}
