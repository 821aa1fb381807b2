/* SPDX-License-Identifier: MIT */
/*
 * judge.c - a small policy in a process beside the one that is watched
 *
 * About what dune-run's ready policies do: calls by number, and paths below some folders.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "watch.h"

#define MAX_CALL	512

static const short allowed[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_close,
	SYS_open, SYS_openat, SYS_stat, SYS_lstat, SYS_fstat, SYS_newfstatat, SYS_statx,
	SYS_access, SYS_faccessat, SYS_faccessat2, SYS_readlink, SYS_readlinkat, SYS_getcwd,
	SYS_lseek, SYS_fadvise64, SYS_getdents64, SYS_ioctl, SYS_fcntl, SYS_dup, SYS_dup2,
	SYS_dup3, SYS_pipe, SYS_pipe2, SYS_poll, SYS_select, SYS_fchmod, SYS_fchown, SYS_utimensat,
	SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_madvise, SYS_brk,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack,
	SYS_execve, SYS_exit, SYS_exit_group, SYS_futex, SYS_arch_prctl, SYS_set_tid_address,
	SYS_set_robust_list, SYS_rseq, SYS_prlimit64, SYS_getrandom, SYS_sysinfo, SYS_uname,
	SYS_getpid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
	SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_sched_yield,
	SYS_sched_getaffinity,
};

static const char *const folders[] = {
	WORKLOAD_FILES, POLICY_FILES, "/lib", "/lib64", "/usr", "/etc", "/bin", "/dune",
};

static bool is_allowed(long nr)
{
	static bool known, table[MAX_CALL];
	unsigned int i;

	for (i = 0; !known && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		table[allowed[i]] = true;
	known = true;
	return nr >= 0 && nr < MAX_CALL && table[nr];
}

int path_argument(long nr)
{
	switch (nr) {
	case SYS_open:
	case SYS_stat:
	case SYS_lstat:
	case SYS_access:
	case SYS_readlink:
	case SYS_execve:
		return 0;
	case SYS_openat:
	case SYS_newfstatat:
	case SYS_statx:
	case SYS_faccessat:
	case SYS_faccessat2:
	case SYS_readlinkat:
	case SYS_utimensat:
		return 1;
	}
	return -1;
}

/* No further than the end of each page: what comes after may not be there. */
static int copy_path(struct call *call, uint64_t from)
{
	size_t copied = 0;

	while (copied < sizeof(call->path)) {
		size_t piece = 4096 - (from + copied) % 4096;
		struct iovec local, remote = { (void *)(from + copied), 0 };
		ssize_t n;

		if (piece > sizeof(call->path) - copied)
			piece = sizeof(call->path) - copied;
		local = (struct iovec){ call->path + copied, piece };
		remote.iov_len = piece;
		n = process_vm_readv(call->pid, &local, 1, &remote, 1, 0);
		if (n <= 0)
			return EFAULT;
		if (memchr(call->path + copied, '\0', n))
			return 0;
		copied += n;
	}
	return ENAMETOOLONG;
}

/* What begins at a descriptor, or where the process is, begins there. */
static int make_absolute(struct call *call, int dir)
{
	char link[64], base[PATH_MAX], rest[PATH_MAX];
	ssize_t length;

	if (*call->path == '/' || !*call->path)
		return 0;
	if (dir == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", call->pid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", call->pid, dir);
	length = readlink(link, base, sizeof(base));
	if (length < 0)
		return EBADF;
	memcpy(rest, call->path, sizeof(rest));
	if (snprintf(call->path, sizeof(call->path), "%.*s/%s", (int)length, base, rest) >=
	    (int)sizeof(call->path))
		return ENAMETOOLONG;
	return 0;
}

/* What is left of @path below @folder, or NULL. */
static const char *below(const char *folder, const char *path)
{
	size_t length = strlen(folder);

	if (strncmp(path, folder, length) || (path[length] && path[length] != '/'))
		return NULL;
	path += length;
	return path + strspn(path, "/");
}

static const char *find_folder(const char *path, const char **rest)
{
	unsigned int i;

	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		*rest = below(folders[i], path);
		if (*rest)
			return folders[i];
	}
	return NULL;
}

/* Nothing of what a path is made of leads up. An empty one is that of a descriptor. */
static int judge_path(const char *path)
{
	const char *rest;

	if (!*path)
		return 0;
	return find_folder(path, &rest) && !strstr(path, "/..") ? 0 : EACCES;
}

int judge(struct call *call)
{
	int where = path_argument(call->nr), r;

	if (!is_allowed(call->nr))
		return EPERM;
	if (where < 0 || !call->args[where])
		return 0;
	r = copy_path(call, call->args[where]);
	r = r ? r : make_absolute(call, where ? (int)call->args[where - 1] : AT_FDCWD);
	return r ? r : judge_path(call->path);
}

int open_judged(const struct call *call)
{
	struct open_how how = {
		.flags = call->args[2], .mode = call->args[2] & O_CREAT ? call->args[3] & 07777 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	const char *rest, *folder = find_folder(call->path, &rest);
	int dir, fd;

	if (!folder)
		return -ENOENT;
	dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	fd = syscall(SYS_openat2, dir, *rest ? rest : ".", &how, sizeof(how));
	fd = fd < 0 ? -errno : fd;
	close(dir);
	return fd;
}
