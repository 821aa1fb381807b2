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

static char self[4096];

/* Before the program can change anything: where is dune-run? */
void exec_init(void)
{
	long n = sys(__NR_readlinkat, AT_FDCWD, "/proc/self/exe", self, sizeof(self) - 1);

	self[sys_failed(n) ? 0 : n] = 0;
}

/* A copy of a string of the program's; NULL if it does not fit. */
static char *copy_string(uint64_t from, char *to, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (in_monitor(from + i, 1))
			return NULL;
		copy_from_user(&to[i], from + i, 1);
		if (!to[i])
			return to;
	}
	return NULL;
}

/* The program's argv behind ours; its strings stay where they are. */
static long copy_args(uint64_t from, const char **to, unsigned int max)
{
	unsigned int n;

	for (n = 0; n < max; n++) {
		uint64_t p = 0;

		if (!from)
			break;
		if (in_monitor(from + 8 * n, 8))
			return -EFAULT;
		copy_from_user(&p, from + 8 * n, 8);
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

	if (!copy_string(tf->rdi, path, sizeof(path)))
		return -ENAMETOOLONG;
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
	if (nr && !copy_string((uint64_t)args[n], argv0, sizeof(argv0)))
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
