/* SPDX-License-Identifier: MIT */
/*
 * linux.c - Linux as the sandbox meets it: a name leads wherever the input says
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "calls.h"

#define R	RIGHT_READ
#define W	RIGHT_WRITE
#define C	RIGHT_CREATE
#define S	RIGHT_SEE

static const struct file_name names[] = {
	{ "/w/f", R | W | C | S, S_IFREG }, { "/w", R | W | C | S, S_IFDIR },
	{ "/r/f", R | S, S_IFREG }, { "/r", R | S, S_IFDIR },
	{ "/w/h/f", 0, S_IFREG }, { "/w/h", 0, S_IFDIR }, { "/", S, S_IFDIR },
	{ "/etc/passwd", 0, S_IFREG }, { "/proc/1000/mem", 0, S_IFREG },
	{ "/proc/1000/status", R | S, S_IFREG }, { "/proc/1/status", 0, S_IFREG },
	{ "/proc", S, S_IFDIR }, { "pipe:[5]", R | W | S, S_IFIFO }, { "socket:[6]", 0, S_IFSOCK },
	{ "/dev/null", W | S, S_IFCHR }, { "/w/f (deleted)", R | W | C | S, S_IFREG },
	{ "/wx", 0, S_IFREG }, { "/q", R | W | C | S, S_IFDIR }, { "/q/f", R | W | C | S, S_IFREG },
	{ "/w/link", R | W | C | S, S_IFLNK }, { "/proc/1000/task/1001/ns/mnt", 0, S_IFREG },
};
#define NR_NAMES	(sizeof(names) / sizeof(names[0]))

struct descriptor fds[NR_FDS];
static bool others;		/* threads have the same descriptors */

static long free_fd(uint64_t from)
{
	uint64_t fd;

	for (fd = from; fd < NR_FDS; fd++)
		if (!fds[fd].open)
			return fd;
	return -EMFILE;
}

static long new_fd(uint64_t from, const struct file_name *name, uint64_t flags, bool temporary)
{
	long fd = free_fd(from);

	if (fd >= 0)
		fds[fd] = (struct descriptor){ .open = true, .temporary = temporary,
					       .flags = flags, .name = name };
	return fd;
}

/* What the program has from the start: two files, two directories, and more. */
void linux_begin(bool shared)
{
	unsigned int i;

	others = shared;
	memset(fds, 0, sizeof(fds));
	for (i = 0; i < NR_NAMES && i < 16; i++)
		new_fd(0, &names[i], i & 1 ? O_RDONLY : O_PATH, false);
	fds[HIDDEN_TO - 1] = (struct descriptor){ .open = true, .hidden = true, .name = &names[12] };
}

long linux_open(uint64_t flags, bool temporary)
{
	uint8_t what = next_byte();
	static const int errors[] = { ENOENT, EACCES, ELOOP, ENOTDIR };

	if (what >= 0xf0)
		return -errors[what & 3];
	return new_fd(0, &names[what % NR_NAMES], flags, temporary);
}

static struct descriptor *descriptor(uint64_t fd)
{
	return (uint32_t)fd < NR_FDS && fds[(uint32_t)fd].open ? &fds[(uint32_t)fd] : NULL;
}

/* A rule's path, at the beginning, leads to what it says. */
static long open_plainly(const char *path)
{
	unsigned int i;

	for (i = 0; i < NR_NAMES; i++)
		if (!strcmp(path, names[i].text))
			return new_fd(0, &names[i], O_PATH, true);
	return -ENOENT;
}

/* What a task's "stat" says, if it is what is read; now is 100 s. */
static char stat_path[32];
static const struct file_name stat_file = { stat_path, 0, S_IFREG };

static bool is_stat(const char *path)
{
	return !strncmp(path, "/proc/", 6) && path[6] >= '0' && path[6] <= '9' &&
	       !strcmp(strrchr(path, '/'), "/stat");
}

static long own_pread(uint64_t fd, char *to, uint64_t size)
{
	struct descriptor *d = descriptor(fd);

	MUST(d && d->name == &stat_file);
	if (next_byte() & 1)
		return 0;
	return snprintf(to, size, "7 () ) x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 %u 9\n",
			next_byte() * 80);
}

static long own_open(uint64_t dir, const char *path, uint64_t flags)
{
	MUST(!in_user((uint64_t)path, 1));
	if (!fds[HIDDEN_FROM + 4].open)		/* rules_start(): five paths */
		return open_plainly(path);
	if (is_stat(path)) {
		strcpy(stat_path, path);
		return next_byte() & 1 ? -ENOENT : new_fd(0, &stat_file, flags, true);
	}
	MUST((flags & O_PATH) || !strncmp(path, "/proc/self/", 11) || !strncmp(path, FD_NAME, strlen(FD_NAME)));
	return linux_open(flags, true);
}

/* Linux keeps to the directory. */
static long own_openat2(uint64_t dir, const struct open_how *how)
{
	struct descriptor *d = descriptor(dir);
	const char *below = d->name->text;
	long fd;

	MUST(d->hidden && (how->resolve & RESOLVE_BENEATH) && (how->flags & O_PATH));
	fd = linux_open(how->flags, true);
	if (fd < 0 || path_below(fds[fd].name->text, below))
		return fd;
	fds[fd].open = false;
	return next_byte() & 1 ? -EXDEV : -ELOOP;
}

/* Another thread puts a file where it likes, and can. */
static void meanwhile(void)
{
	struct descriptor *d = others ? descriptor(next_byte()) : NULL;

	if (d && !d->hidden)
		d->name = &names[next_byte() % NR_NAMES];
}

static long own_readlink(const char *path, char *to, uint64_t size)
{
	struct descriptor *d;

	MUST(!strncmp(path, FD_NAME, strlen(FD_NAME)));
	d = descriptor(strtoul(path + strlen(FD_NAME), NULL, 10));
	if (!d)
		return -ENOENT;
	MUST(strlen(d->name->text) <= size);
	memcpy(to, d->name->text, strlen(d->name->text));
	size = strlen(d->name->text);
	meanwhile();
	return size;
}

static long own_fcntl(uint64_t fd, uint64_t command, uint64_t from)
{
	struct descriptor *d = descriptor(fd);
	long copy;

	if (!d)
		return -EBADF;
	if (command == F_GETFD)
		return 0;
	if (command == F_GETFL)
		return d->flags;
	MUST(command == F_DUPFD || command == F_DUPFD_CLOEXEC);
	copy = new_fd(from, d->name, d->flags, true);
	if (from >= HIDDEN_FROM && copy >= 0) {
		fds[copy].hidden = true;
		fds[copy].temporary = false;
	}
	return copy;
}

/* Into a slot; out of it, by what is no file's. */
static long own_dup3(uint64_t from, uint64_t to)
{
	struct descriptor *d = descriptor(from), *slot = descriptor(to);

	if (!d)
		return -EBADF;
	MUST(slot && slot->hidden && slot->temporary == d->hidden);
	*slot = *d;
	slot->temporary = !d->hidden;
	slot->hidden = true;
	return to;
}

static long own_close(uint64_t fd)
{
	struct descriptor *d = descriptor(fd);

	MUST(d && !d->hidden);
	d->open = false;
	return 0;
}

static long own_close_range(uint64_t first, uint64_t last)
{
	for (; first <= last && first < NR_FDS; first++) {
		MUST(!fds[first].open || !fds[first].hidden);
		fds[first].open = false;
	}
	return 0;
}

static long own_statx(uint64_t fd, struct statx *st)
{
	struct descriptor *d = descriptor(fd);

	if (!d)
		return -EBADF;
	st->stx_mode = d->name->mode | 0644;
	return 0;
}

static long own_fstatfs(uint64_t fd, struct statfs *st)
{
	struct descriptor *d = descriptor(fd);

	if (!d)
		return -EBADF;
	st->f_type = !strncmp(d->name->text, "/proc", 5) ? PROC_SUPER_MAGIC : 0x1234;
	return 0;
}

static long own_write(const uint8_t *from, uint64_t size)
{
	unsigned int sum = 0;
	uint64_t i;

	for (i = 0; i < size; i++)
		sum += from[i];
	MUST(sum < 256 * (size + 1));
	return size;
}

/* IPv4 or not, with a port or without. */
static long own_getsockname(uint64_t fd, uint8_t *address, uint32_t *size)
{
	struct descriptor *d = descriptor(fd);
	uint8_t what = next_byte();

	if (!d)
		return -EBADF;
	if (what & 4)
		return -ENOTSOCK;
	MUST(*size >= 16);
	*size = 16;
	address[0] = what & 1 ? AF_INET : AF_UNIX;
	address[2] = what & 2 ? 4 : 0;
	d->unbound = (what & 3) == 1;
	return 0;
}

static uint64_t seconds;	/* one for each look at the clock */

/* What the sandbox asks for itself. */
long dune_sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	switch (nr) {
	case __NR_openat:
		return own_open(a, (const char *)b, c);
	case __NR_openat2:
		return own_openat2(a, (const struct open_how *)c);
	case __NR_readlinkat:
		return own_readlink((const char *)b, (char *)c, d);
	case __NR_fcntl:
		return own_fcntl(a, b, c);
	case __NR_dup3:
		return own_dup3(a, b);
	case __NR_close:
		return own_close(a);
	case __NR_close_range:
		return own_close_range(a, b);
	case __NR_statx:
		return own_statx(a, (struct statx *)e);
	case __NR_fstatfs:
		return own_fstatfs(a, (struct statfs *)b);
	case __NR_write:
		return own_write((const uint8_t *)b, c);
	case __NR_read:
		if (!(next_byte() & 1))
			return 0;
		memset((void *)b, 'a', c);
		return c;
	case __NR_getsockname:
		return own_getsockname(a, (uint8_t *)b, (uint32_t *)c);
	case __NR_pread64:
		return own_pread(a, (char *)b, c);
	case __NR_clock_gettime:
		((uint64_t *)b)[0] = 100 + ++seconds;
		((uint64_t *)b)[1] = 0;
		return 0;
	case __NR_getpid:
	case __NR_gettid:
		return OWN_PID;
	case __NR_kill:
	case __NR_tgkill:
		return next_byte() & 1 ? -ESRCH : 0;
	case __NR_waitid:
		return next_byte() & 1 ? -ECHILD : 0;
	case __NR_prlimit64:
		((uint64_t *)d)[0] = ((uint64_t *)d)[1] = 1024;
		return 0;
	case __NR_munmap:
	case __NR_shutdown:
	case __NR_sched_yield:
	case __NR_rt_sigaction:
	case __NR_rt_sigprocmask:
		return 0;
	case __NR_exit_group:
		end_process();
	}
	MUST(!"a call that the sandbox never makes");
	return -ENOSYS;
}

static long accepted(const uint64_t a[6])
{
	uint8_t *address = (uint8_t *)a[1];
	uint32_t i;

	for (i = 0; i < 28; i++)
		address[i] = next_byte();
	*(uint32_t *)a[2] = 28;
	return new_fd(0, &names[13], O_RDWR, false);
}

/* Of a call that was passed on. */
long linux_result(uint32_t nr, const uint64_t a[6])
{
	uint8_t what = next_byte();
	struct descriptor *d;

	if (what & 1)
		return -1 - (what >> 1);
	switch (nr) {
	case __NR_openat:
		d = descriptor(strtoul((const char *)a[1] + strlen(FD_NAME), NULL, 10));
		return new_fd(0, d->name, a[2], false);
	case __NR_openat2:
		return new_fd(0, descriptor(a[0])->name, ((struct open_how *)a[2])->flags, false);
	case __NR_accept4:
		return accepted(a);
	case __NR_getsockopt:
		MUST(*(uint32_t *)a[4] <= 512);
		memset((void *)a[3], what, *(uint32_t *)a[4]);
		return 0;
	case __NR_socket:
		return new_fd(0, &names[13], O_RDWR, false);
	case __NR_close:
		if (descriptor(a[0]))
			descriptor(a[0])->open = false;
		return 0;
	case __NR_dup:
		return descriptor(a[0]) ? new_fd(0, descriptor(a[0])->name, O_RDWR, false) : -EBADF;
	case __NR_dup2:
	case __NR_dup3:
		if (!descriptor(a[0]) || (uint32_t)a[1] >= NR_FDS)
			return -EBADF;
		fds[a[1]] = *descriptor(a[0]);
		return a[1];
	case __NR_mmap:
	case __NR_mremap:
		return what & 2 ? 0x10000000000 : USER;
	}
	return what >> 1;
}
