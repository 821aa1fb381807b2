/* SPDX-License-Identifier: MIT */
/*
 * names.c - from a path to the file it stands for, and the rights on it
 *
 * The file is found first, as a descriptor without access (O_PATH), and judged by
 * where Linux says it is: no symbolic link, "..", mount or rename can come
 * between. What is then done is done to that descriptor. Where a rule's directory
 * is plainly meant, Linux is asked to stay below it (RESOLVE_BENEATH) instead; but
 * for a descriptor that is used afterwards this does not do where threads share
 * them: then that is put into a slot and judged there.
 */
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <asm/statfs.h>

#include "box.h"

#define FD_DIR		"/proc/self/fd/"

/* "/proc/self/fd/N", by which Linux finds the file behind a descriptor. */
void fd_name(char *to, uint64_t fd)
{
	dune_fmt(to, 40, FD_DIR "%lu", (unsigned long)(uint32_t)fd);
}

static const char *rule_name(const struct box *b, unsigned int i)
{
	const struct shared_path *p = &b->shared->path[i];

	return p->name ? b->shared->names + p->name : b->policy->text + b->policy->path[i].text;
}

static bool is_rule(const struct box *b, unsigned int i)
{
	return b->shared->path[i].fd != NO_FD || !b->shared->path[i].name;
}

static bool is_hide(const struct box *b, unsigned int i)
{
	return (b->policy->path[i].rights & RIGHT_HIDE) && is_rule(b, i);
}

/*
 * Names in /proc of what lets a process reach memory, namespaces or credentials,
 * or says more than ever is needed: of no use to a sandboxed program.
 */
static bool is_dangerous(const char *last)
{
	static const char *const names[] = {
		"mem", "pagemap", "clear_refs", "map_files", "ns", "setgroups", "uid_map",
		"gid_map", "projid_map", "attr", "kcore", "kmem", "kmsg", "sysrq-trigger",
		"kallsyms", "keys", "key-users", "patch_state", "stack", "timers",
	};
	size_t n = 0, i;

	while (last[n] && last[n] != '/')
		n++;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (text_length(names[i]) == n && !__builtin_memcmp(names[i], last, n))
			return true;
	return false;
}

static const char *skip_number(const char *s, uint64_t *v)
{
	for (*v = 0; *s >= '0' && *s <= '9' && *v < 1UL << 32; s++)
		*v = *v * 10 + *s - '0';
	return s;
}

/*
 * Of a file in /proc: none of these, whatever the rules. "/proc/PID" of this
 * process becomes "/proc/self".
 */
static bool proc_allows(char *name)
{
	const char *s;
	uint64_t pid = 0;

	for (s = name + 5; *s; s++)
		if (*s == '/' && is_dangerous(s + 1))
			return false;
	s = name[5] ? skip_number(name + 6, &pid) : name;
	if (s > name + 6 && (!*s || *s == '/') && pid == (uint64_t)sys(__NR_getpid)) {
		char rest[PATH_SIZE];
		size_t n = text_length(s) + 1;

		__builtin_memcpy(rest, s, n);
		__builtin_memcpy(name, "/proc/self", 10);
		if (n > PATH_SIZE - 10)
			return false;
		__builtin_memcpy(name + 10, rest, n);
	}
	return true;
}

static bool is_proc(long fd)
{
	struct statfs st = { 0 };

	return sys(__NR_fstatfs, fd, &st) || st.f_type == PROC_SUPER_MAGIC;
}

/* By a name that Linux gave. */
static uint32_t rights_of_name(const struct box *b, const char *name)
{
	uint32_t rights = 0;
	unsigned int i;

	for (i = 0; i < b->policy->nr_paths; i++) {
		uint32_t r = b->policy->path[i].rights;

		if (!is_rule(b, i))
			continue;
		if (path_below(name, rule_name(b, i))) {
			if (r & RIGHT_HIDE)
				return 0;
			rights |= r | RIGHT_SEE;
		} else if (!(r & RIGHT_HIDE) &&
			   (path_below(rule_name(b, i), name) ||
			    path_below(b->policy->text + b->policy->path[i].text, name))) {
			rights |= RIGHT_SEE;	/* on the way there */
		}
	}
	return rights;
}

/*
 * The file that the policy lies in, by whatever descriptor in /proc: Linux calls it so,
 * which is below "/".
 */
static bool is_policy(const char *name)
{
	static const char policy[] = "/memfd:dune-policy";

	return !__builtin_memcmp(name, policy, sizeof(policy) - 1);
}

/* Files that have no directory have these: memfd_create(2), shared memory, huge pages. */
static bool is_in_no_directory(const char *name)
{
	static const char *const begins[] = {
		"/memfd:", "/SYSV", "/anon_hugepage", "/dev/zero (deleted)",
	};
	unsigned int i;

	for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (!__builtin_memcmp(name, begins[i], text_length(begins[i])))
			return true;
	return false;
}

/* On the file behind @fd, whose name is left in @name. */
uint32_t rights_of_fd(struct request *r, long fd, char name[PATH_SIZE])
{
	char link[40];
	uint32_t rights;
	long n;

	fd_name(link, fd);
	n = sys(__NR_readlinkat, AT_FDCWD, link, name, PATH_SIZE - 1);
	if (n <= 0) {
		name[0] = 0;
		return 0;
	}
	name[n] = 0;
	/* A pipe that the process has, "pipe:[7]"; a namespace has such a name too. */
	if (name[0] != '/')
		return !__builtin_memcmp(name, "pipe:", 5) ? RIGHT_READ | RIGHT_WRITE | RIGHT_SEE : 0;
	if (is_policy(name))
		return 0;
	if (is_proc(fd)) {
		if (!path_below(name, "/proc") || !proc_allows(name))
			return 0;
		rights = rights_of_name(r->box, name);
		return rights & (RIGHT_READ | RIGHT_SEE);
	}
	rights = rights_of_name(r->box, name);
	/* What the program has written itself, whatever a rule for "/" says. */
	if (r->box->policy->deny_wx && is_in_no_directory(name))
		rights &= ~RIGHT_EXEC;
	return rights;
}

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

/* Eight bytes that may be beyond the end of a string, but not of its memory. */
static uint64_t word_at(const char *s)
{
	uint64_t v;

	__builtin_memcpy(&v, s, sizeof(v));
	return v;
}

/*
 * What is left of @path behind the rule's name, of which it has the first eight
 * bytes; NULL: it leads elsewhere. The name has no 0 in it, so what equals a part
 * of it is not yet the path's end.
 */
static const char *below_rule(const char *path, const struct quick_rule *q)
{
	uint32_t i;

	for (i = 8; i + 8 <= q->size; i += 8)
		if (word_at(path + i) != word_at(q->name + i))
			return NULL;
	if (q->size > 8 && word_at(path + q->size - 8) != word_at(q->name + q->size - 8))
		return NULL;
	path += q->size;
	if (*path && *path != '/')
		return NULL;
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

/* The first eight bytes of a name, and which of them it has. */
static uint64_t begin_of(const char *name, uint64_t *mask)
{
	uint64_t v = 0;
	unsigned int i;

	*mask = 0;
	for (i = 0; i < 64 && *name; i += 8, name++) {
		v |= (uint64_t)(uint8_t)*name << i;
		*mask |= 0xffUL << i;
	}
	return v;
}

/*
 * A rule that gives @need to all below its directory, to which @path plainly
 * leads; *@rest: from there. Linux will keep to it. @path's memory, if it begins
 * with '/', has seven bytes or more behind its end.
 */
long rule_for(struct request *r, const char *path, uint32_t need, const char **rest)
{
	const struct box *b = r->box;
	const struct quick_rule *q = b->quick;
	const struct quick_rule *end = q + b->nr_quick;
	uint64_t begins;

	if (*path != '/')
		return NO_FD;
	begins = word_at(path);
	for (; q < end; q++) {
		if (((begins ^ q->begins) & q->mask) || (need & ~RIGHT_SEE & ~q->rights))
			continue;
		*rest = below_rule(path, q);
		if (*rest)
			return q->fd;
	}
	return NO_FD;
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

/* Whether a rule speaks of something at or below @name: it must stay there. */
bool is_pinned(const struct box *b, const char *name)
{
	unsigned int i;

	for (i = 0; i < b->policy->nr_paths; i++)
		if (is_rule(b, i) && path_below(rule_name(b, i), name))
			return true;
	return false;
}

/*
 * Beforehand, by the first process
 */

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

long names_start(struct box *b)
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

/* Each process: which rules rule_for() may choose. */
void names_index(struct box *b)
{
	unsigned int i;

	b->nr_quick = 0;
	b->hides = false;
	for (i = 0; i < b->policy->nr_paths; i++)
		b->hides |= is_hide(b, i);
	for (i = 0; i < b->policy->nr_paths && !b->learn; i++) {
		const struct shared_path *p = &b->shared->path[i];
		struct quick_rule *q = &b->quick[b->nr_quick];

		if (p->fd == NO_FD || !p->is_dir || p->hides || *rule_name(b, i) != '/' ||
		    (b->policy->path[i].rights & RIGHT_HIDE))
			continue;
		q->name = rule_name(b, i);
		q->size = text_length(q->name);
		q->begins = begin_of(q->name, &q->mask);
		q->rights = b->policy->path[i].rights;
		q->fd = p->fd;
		if (q->size == 1)
			q->size = q->mask = 0;
		b->nr_quick++;
	}
}
