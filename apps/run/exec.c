/* SPDX-License-Identifier: MIT */
/*
 * exec.c - execve() inside stays inside: the new program gets a monitor too
 *
 * Linux is asked to execute dune-run, with the program as its argument. What
 * would have failed must fail here, as it would have: after this there is
 * nobody left to tell.
 */
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "run.h"

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
	char link[64];
	long fd = sys(__NR_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);

	name_of("/proc/self/exe", self, sizeof(self));
	if (box_on())
		__builtin_memcpy(self, box_monitor(), length(box_monitor()) + 1);
	if (sys_failed(fd))
		return;
	fd_path(link, fd);
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
		if (dune_copy_from_user(&copy[i], name + i, 1))
			return -ENOSYS;	/* Linux will say what is wrong */
		if (!copy[i])
			break;
	}
	if (i == sizeof(copy) || !is_self(copy) || !n || !size)
		return -ENOSYS;
	if (n > size)
		n = size;
	return dune_copy_to_user(to, program, n) ?: (long)n;
}

/* A copy of a string of the program's. */
static long copy_string(uint64_t from, char *to, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (in_monitor(from + i, 1) || dune_copy_from_user(&to[i], from + i, 1))
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
		if (in_monitor(from + 8 * n, 8) || dune_copy_from_user(&p, from + 8 * n, 8))
			return -EFAULT;
		to[n] = (const char *)p;
		if (!p)
			return n;
		if (in_monitor(p, 1))
			return -EFAULT;
	}
	return n < max ? (long)n : -E2BIG;
}

/*
 * What one call needs, in a mapping of its own: threads may execute at a time,
 * and a vfork child that succeeds leaves it behind in memory that lives on. So
 * the places are few and fixed, and whose each is stands in a table.
 */
struct call {
	char		path[4096], argv0[4096];
	const char	**envp;
	const char	*args[MAX_ARGS + 16];	/* and behind them the environment */
};

#define PLACE_SIZE	(1UL << 20)
#define NR_PLACES	((BOX_BASE - EXEC_BASE) / PLACE_SIZE)

static uint32_t owner[NR_PLACES];	/* thread number, 0: free */

static struct call *take_place(void)
{
	uint32_t me = sys(__NR_gettid), none = 0;
	unsigned int i;
	long p;

	for (i = 0; i < NR_PLACES; i++, none = 0) {
		if (!__atomic_compare_exchange_n(&owner[i], &none, me, false, __ATOMIC_ACQUIRE,
						 __ATOMIC_RELAXED))
			continue;
		p = sys(__NR_mmap, EXEC_BASE + i * PLACE_SIZE, sizeof(struct call),
			PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
		if (!sys_failed(p))
			return (struct call *)p;
		__atomic_store_n(&owner[i], 0, __ATOMIC_RELEASE);
		break;
	}
	return NULL;
}

static void give_back(unsigned int i)
{
	block_retire(EXEC_BASE + i * PLACE_SIZE, sizeof(struct call));
	__atomic_store_n(&owner[i], 0, __ATOMIC_RELEASE);
}

/* What thread @tid has left; of ourselves, or of a vfork child that is gone. */
void exec_forget(uint32_t tid)
{
	unsigned int i;

	for (i = 0; i < NR_PLACES; i++)
		if (__atomic_load_n(&owner[i], __ATOMIC_RELAXED) == tid)
			give_back(i);
}

/* In the child of a fork: the threads that had them are not there. */
void exec_after_fork(void)
{
	unsigned int i;

	for (i = 0; i < NR_PLACES; i++)
		if (owner[i])
			give_back(i);
}

/* The arguments of execve() and, behind its descriptor, of execveat(). */
struct exec_args {
	struct dune_tf	*tf;
	uint64_t	path, argv, envp;
	uint64_t	dir, flags;
	bool		at;
};

static struct exec_args exec_args(struct dune_tf *tf)
{
	if (tf->rax == __NR_execve)
		return (struct exec_args){
			.tf = tf, .path = tf->rdi, .argv = tf->rsi, .envp = tf->rdx,
		};
	return (struct exec_args){
		.tf = tf, .dir = tf->rdi, .path = tf->rsi, .argv = tf->rdx, .envp = tf->r10,
		.flags = tf->r8, .at = (int)tf->rdi != AT_FDCWD || tf->r8,
	};
}

/* A name without a slash is one in the directory we are in: dune-run would search PATH. */
static long with_slash(char *path, size_t size)
{
	size_t n = length(path) + 1, i;

	for (i = 0; path[i]; i++)
		if (path[i] == '/')
			return 0;
	if (!i)
		return -ENOENT;
	if (n + 2 > size)
		return -ENAMETOOLONG;
	__builtin_memmove(path + 2, path, n);
	path[0] = '.';
	path[1] = '/';
	return 0;
}

/* Without a policy. By its descriptor, and so by the same file all the way. */
static long find_unjudged(struct call *c, const struct exec_args *a, long *fd)
{
	long found, r;

	if (a->at)
		found = *fd = exec_open_at(a->dir, c->path, a->flags);
	else
		found = sys(__NR_openat, AT_FDCWD, c->path, O_PATH | O_CLOEXEC, 0);
	if (sys_failed(found))
		return found;
	r = check_file(a->tf, found, true, 0);
	if (!a->at)
		sys(__NR_close, found);
	return r;
}

static long find_judged(struct call *c, const struct exec_args *a, long *fd)
{
	long r = box_find_program(a->tf, c->path, a->at, a->dir, a->flags);

	if (sys_failed(r))
		return r;
	*fd = a->at ? r : -1;
	return 0;
}

/* *@fd: what the new program is to be found by, if not by its name. */
static long find_file(struct call *c, const struct exec_args *a, long *fd)
{
	long r = copy_string(a->path, c->path, sizeof(c->path));

	if (r)
		return r;
	if ((box_on() || !a->at) && is_self(c->path) && program[0])
		__builtin_memcpy(c->path, program, sizeof(c->path));
	r = (box_on() ? find_judged : find_unjudged)(c, a, fd);
	return r ? r : with_slash(c->path, sizeof(c->path));
}

static long prepare(struct call *c, const struct exec_args *a, long *fd)
{
	int n = 0;
	long nr;

	nr = find_file(c, a, fd);
	if (nr)
		return nr;
	c->args[n++] = "dune-run";
	if (box_on()) {
		c->args[n++] = "--policy-fd";
		c->args[n++] = box_fd_text();
	}
	if (*fd >= 0)
		c->args[n++] = "--by-fd";
	if (record_path()) {
		c->args[n++] = "--record";
		c->args[n++] = record_path();
	}
	c->args[n++] = "--argv0";
	c->args[n++] = c->argv0;
	c->args[n++] = "--";
	nr = copy_args(a->argv, &c->args[n], MAX_ARGS);
	if (nr < 0)
		return nr;
	if (nr && copy_string((uint64_t)c->args[n], c->argv0, sizeof(c->argv0)))
		return -E2BIG;
	c->args[n] = c->path;
	n += nr ? nr : 1;
	c->args[n++] = NULL;

	/* A copy as well: addresses in it could be the monitor's. */
	c->envp = &c->args[n];
	nr = copy_args(a->envp, c->envp, MAX_ARGS + 15 - n);
	if (nr >= 0)
		c->envp[nr] = NULL;
	return nr < 0 ? nr : 0;
}

void do_execve(struct dune_tf *tf)
{
	struct exec_args args = exec_args(tf);
	struct dune_tf call = *tf;
	struct call *c;
	long fd = -1;

	/* Without /proc there is no finding ourselves again. */
	c = self[0] ? take_place() : NULL;
	if (!c) {
		tf->rax = self[0] ? -ENOMEM : -ENOENT;
		return;
	}
	call.rax = prepare(c, &args, &fd);
	if (!call.rax) {
		call.rax = __NR_execve;
		call.rdi = (uint64_t)self;
		call.rsi = (uint64_t)c->args;
		call.rdx = (uint64_t)c->envp;
		dune_passthrough_syscall(&call);
	}
	if (fd >= 0)
		sys(__NR_close, fd);
	exec_forget(sys(__NR_gettid));
	/* Failed, or put off because a signal's handler comes first. */
	tf->rax = call.rip == tf->rip ? call.rax : tf->rax;
	tf->rip = call.rip;
}
