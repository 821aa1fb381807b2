/* SPDX-License-Identifier: MIT */
/*
 * rights.c - the rights on a file, by where Linux says it is
 */
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <asm/statfs.h>

#include "rules.h"

#define FD_DIR		"/proc/thread-self/fd/"

/* "/proc/thread-self/fd/N", by which Linux finds the file behind a descriptor. */
void fd_name(char *to, uint64_t fd)
{
	dune_fmt(to, 40, FD_DIR "%lu", (unsigned long)(uint32_t)fd);
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

bool is_proc(long fd)
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
