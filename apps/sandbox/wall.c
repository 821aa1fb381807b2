/* SPDX-License-Identifier: MIT */
/*
 * wall.c - the second line: Linux itself refuses what the policy never allows
 *
 * If ring 3 should find a way past the sandbox, it meets no_new_privs, few
 * capabilities, Landlock (where the kernel has it) and, unless the policy does
 * without it, a seccomp filter that dune-policy made.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/landlock.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "box.h"

/* Those of Landlock's third version came after the headers of some systems. */
#define FS_REFER	(1ULL << 13)
#define FS_TRUNCATE	(1ULL << 14)

#define FILE_READ	LANDLOCK_ACCESS_FS_READ_FILE
#define DIR_READ	LANDLOCK_ACCESS_FS_READ_DIR
#define FILE_WRITE	(LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define FILE_EXEC	LANDLOCK_ACCESS_FS_EXECUTE
#define DIR_CREATE	(LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
			 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
			 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | \
			 LANDLOCK_ACCESS_FS_MAKE_SYM | FS_REFER)
/* All that the first version knows, and so all that is refused without a rule. */
#define VERSION_1	((1ULL << 13) - 1)

static uint64_t handled(long version)
{
	return VERSION_1 | (version >= 2 ? FS_REFER : 0) | (version >= 3 ? FS_TRUNCATE : 0);
}

static long add_rule(long ruleset, long fd, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = access, .parent_fd = fd,
	};

	return sys(__NR_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/* What a directory's rights are, and those of them that a file can have. */
static uint64_t access_of(uint32_t rights, bool is_dir)
{
	uint64_t a = 0;

	if (rights & RIGHT_READ)
		a |= FILE_READ | DIR_READ;
	if (rights & RIGHT_WRITE)
		a |= FILE_WRITE;
	if (rights & RIGHT_EXEC)
		a |= FILE_EXEC | FILE_READ;
	if (rights & RIGHT_CREATE)
		a |= DIR_CREATE | FILE_WRITE;
	return is_dir ? a : a & (FILE_READ | FILE_WRITE | FILE_EXEC);
}

static long add_path(long ruleset, const char *path, uint64_t access)
{
	long fd = sys(__NR_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC, 0), r;

	if (sys_failed(fd))
		return fd;
	r = add_rule(ruleset, fd, access);
	sys(__NR_close, fd);
	return r;
}

/* The device and the monitor, which each new process needs; /proc, to find files by. */
static long add_own(long ruleset, const char *monitor, uint64_t all)
{
	return add_path(ruleset, DUNE_DEVICE, (FILE_READ | FILE_WRITE) & all) ?:
	       add_path(ruleset, monitor, (FILE_READ | FILE_EXEC) & all) ?:
	       add_path(ruleset, "/proc", (FILE_READ | DIR_READ) & all);
}

/* 0, or -errno. A kernel without Landlock has the rest. */
static long use_landlock(const struct box *b, const char *monitor)
{
	long version = sys(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	uint64_t all = handled(version);
	struct landlock_ruleset_attr attr = { .handled_access_fs = all };
	long ruleset, r;
	unsigned int i;

	if (sys_failed(version))
		return 0;
	ruleset = sys(__NR_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
	if (sys_failed(ruleset))
		return ruleset;
	r = add_own(ruleset, monitor, all);
	for (i = 0; !r && i < b->policy->nr_paths; i++) {
		const struct shared_path *p = &b->shared->path[i];
		uint64_t access = access_of(b->policy->path[i].rights, p->is_dir) & all;

		if (p->fd != NO_FD && access)
			r = add_rule(ruleset, p->fd, access);
	}
	r = r ?: sys(__NR_landlock_restrict_self, ruleset, 0);
	sys(__NR_close, ruleset);
	return r;
}

#define CAP(name)	(1U << CAP_##name)

/* About files and processes, which the policy is about; not about the machine. */
static const uint32_t kept_capabilities =
	CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) | CAP(FOWNER) | CAP(FSETID) |
	CAP(KILL) | CAP(SETGID) | CAP(SETUID) | CAP(NET_BIND_SERVICE) | CAP(IPC_LOCK) |
	CAP(SYS_NICE) | CAP(SYS_RESOURCE);

/* For good: with no_new_privs no program that is executed has more. */
static long drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	long r = sys(__NR_capget, &head, data);

	if (r)
		return r;
	data[0].permitted &= kept_capabilities;
	data[0].effective &= kept_capabilities;
	data[0].inheritable &= kept_capabilities;
	data[1] = (struct __user_cap_data_struct){ 0 };
	return sys(__NR_capset, &head, data);
}

static long use_seccomp(const struct box *b)
{
	const struct sock_fprog prog = {
		.len = b->policy->nr_filter,
		.filter = (struct sock_filter *)b->policy->filter,
	};

	return sys(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}

/* Once, for this process and all that come from it. @monitor: the path of dune-run. */
long wall_build(struct box *b, const char *monitor)
{
	long r;

	if (b->policy->second_line == SECOND_OFF)
		return 0;
	r = sys(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ?: drop_capabilities();
	r = r ?: use_landlock(b, monitor);
	if (!r && b->policy->second_line == SECOND_FULL)
		r = use_seccomp(b);
	return r;
}
