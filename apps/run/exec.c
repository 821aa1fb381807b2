/* SPDX-License-Identifier: MIT */
/*
 * exec.c - execve() inside stays inside: the new program gets a monitor too
 *
 * Linux is asked to execute dune-run, with the program as its argument. What
 * would have failed must fail here, as it would have: after this there is
 * nobody left to tell.
 */
#include <linux/fcntl.h>

#include "run.h"
#include "uaccess.h"

#define MAX_ARGS	(1 << 16)

static char self[4096];			/* dune-run */
static char program[4096];		/* what it runs */

/* The absolute name of the file that descriptor @fd stands for, or "". */
static void name_of(const char *link, char *to, size_t size)
{
	long n = sys(__NR_readlinkat, AT_FDCWD, link, to, size - 1);

	to[sys_failed(n) ? 0 : n] = 0;
}

/* Before the program can change anything: where is dune-run, and the program? */
void exec_init(const char *path)
{
	char link[] = "/proc/self/fd/0000";
	long fd = sys(__NR_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
	unsigned int i, n = fd;

	name_of("/proc/self/exe", self, sizeof(self));
	if (sys_failed(fd))
		return;
	for (i = 0; i < 4; i++, n /= 10)
		link[sizeof(link) - 2 - i] = '0' + n % 10;
	/* No leading zeros in /proc. */
	for (i = sizeof("/proc/self/fd/") - 1; link[i] == '0' && link[i + 1]; )
		__builtin_memmove(link + i, link + i + 1, sizeof(link) - i - 1);
	name_of(link, program, sizeof(program));
	sys(__NR_close, fd);
}

/* /proc/self/exe is dune-run; the program means itself by it. */
static bool is_self(const char *name)
{
	return equal(name, "/proc/self/exe");
}

/* readlink() of /proc/self/exe; -ENOSYS: of something else. */
long read_self(uint64_t name, uint64_t to, uint64_t size)
{
	char copy[16];
	uint64_t i, n = length(program);

	for (i = 0; i < sizeof(copy); i++) {
		if (copy_from_user(&copy[i], name + i, 1))
			return -EFAULT;
		if (!copy[i])
			break;
	}
	if (i == sizeof(copy) || !is_self(copy) || !n || !size)
		return -ENOSYS;
	if (n > size)
		n = size;
	return copy_to_user(to, program, n) ?: (long)n;
}

/* A copy of a string of the program's. */
static long copy_string(uint64_t from, char *to, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (in_monitor(from + i, 1) || copy_from_user(&to[i], from + i, 1))
			return -EFAULT;
		if (!to[i])
			return 0;
	}
	return -ENAMETOOLONG;
}

/* The program's argv behind ours; its strings stay where they are. */
static long copy_args(uint64_t from, const char **to, unsigned int max)
{
	unsigned int n;

	for (n = 0; n < max; n++) {
		uint64_t p = 0;

		if (!from)
			break;
		if (in_monitor(from + 8 * n, 8) || copy_from_user(&p, from + 8 * n, 8))
			return -EFAULT;
		to[n] = (const char *)p;
		if (!p)
			return n;
		if (in_monitor(p, 1))
			return -EFAULT;
	}
	return n < max ? (long)n : -E2BIG;
}

/* One call at a time (do_execve() has a lock). */
static char path[4096], argv0[4096];
static const char *args[MAX_ARGS + 8];

static long prepare(const struct dune_tf *tf)
{
	int n = 0;
	long nr;

	nr = copy_string(tf->rdi, path, sizeof(path));
	if (nr)
		return nr;
	if (is_self(path) && program[0])
		__builtin_memcpy(path, program, sizeof(path));
	nr = check_executable(path);
	if (nr)
		return nr;
	args[n++] = "dune-run";
	args[n++] = "--argv0";
	args[n++] = argv0;
	args[n++] = "--";
	nr = copy_args(tf->rsi, &args[n], MAX_ARGS);
	if (nr < 0)
		return nr;
	argv0[0] = 0;
	if (nr && copy_string((uint64_t)args[n], argv0, sizeof(argv0)))
		return -E2BIG;
	args[n] = path;
	args[n + (nr ? nr : 1)] = NULL;
	return 0;
}

long do_execve(struct dune_tf *tf)
{
	static uint32_t lock;
	long r;

	/* Without /proc there is no finding ourselves again. */
	if (!self[0])
		return -ENOENT;
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		asm volatile("pause");
	r = prepare(tf);
	if (!r)
		r = sys(__NR_execve, self, args, tf->rdx);
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
	return r;
}
