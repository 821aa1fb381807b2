/* SPDX-License-Identifier: MIT */
/*
 * files.c - the few files a domain may open: ELF files, to load libraries from
 *
 * Its descriptors are indices of a table of its own; the program's do not exist
 * for it. A path is copied once. What it leads to is judged by where Linux says
 * that file is, and opened by the descriptor that was judged.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <asm/poll.h>
#include <asm/stat.h>

#include "../lock.h"
#include "domain.h"

#define STDOUT	1
#define STDERR	2

static const char *const folders[] = { "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib" };
static const char cache[] = "/etc/ld.so.cache";

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Whether @path is @folder or below it. */
static bool is_below(const char *path, const char *folder)
{
	while (*folder && *path == *folder)
		path++, folder++;
	return !*folder && (!*path || *path == '/');
}

static bool allowed(const struct dune_domain *d, const char *real)
{
	unsigned int i;

	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (is_below(real, folders[i]))
			return true;
	return (d->folder[0] && is_below(real, d->folder)) || equal(real, cache);
}

static int real_path(int fd, char *real)
{
	char link[32];
	long n;

	dune_fmt(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = sys(__NR_readlinkat, AT_FDCWD, link, real, PATH_SIZE - 1);
	if (sys_failed(n))
		return n;
	real[n] = 0;
	return n == PATH_SIZE - 1 ? -ENAMETOOLONG : 0;
}

/* The file as such, not for reading; *@real: where it is. */
static long find(const char *path, char *real)
{
	long fd = sys(__NR_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
	int r;

	if (sys_failed(fd))
		return fd;
	r = real_path(fd, real);
	if (r)
		sys(__NR_close, fd);
	return r ?: fd;
}

/* As an entry of LD_PRELOAD, which blanks and colons divide. */
static bool is_one_entry(const char *path)
{
	while (*path && *path != ' ' && *path != ':')
		path++;
	return !*path;
}

/*
 * The path of @name in the folder that @fd's file is in, for LD_PRELOAD; "" where
 * the domain would not find it there.
 */
void dune_files_beside(struct dune_domain *d, int fd, const char *name, char *path)
{
	unsigned int i, end = 0;

	path[0] = 0;
	if (real_path(fd, path))
		return;
	for (i = 0; path[i]; i++)
		if (path[i] == '/')
			end = i + 1;
	dune_fmt(path + end, PATH_SIZE - end, "%s", name);
	if (!allowed(d, path) || !is_one_entry(path) ||
	    sys(__NR_faccessat, AT_FDCWD, path, 4 /* R_OK */))
		path[0] = 0;
}

/* For the host: where @path is, and from now on the domain may read beside it. */
int dune_files_allow(struct dune_domain *d, const char *path, char *real)
{
	long fd = find(path, real);
	unsigned int i, end = 0;

	if (fd < 0)
		return fd;
	sys(__NR_close, fd);
	for (i = 0; real[i]; i++)
		if (real[i] == '/')
			end = i;
	__builtin_memcpy(d->folder, real, end);
	d->folder[end] = 0;
	return 0;
}

void dune_files_init(struct dune_domain *d)
{
	unsigned int i;

	for (i = 0; i < MAX_FILES; i++)
		d->files[i].fd = -1;
}

void dune_files_close_all(struct dune_domain *d)
{
	unsigned int i;

	for (i = 0; i < MAX_FILES; i++) {
		if (d->files[i].fd >= 0)
			sys(__NR_close, d->files[i].fd);
		d->files[i].fd = -1;
	}
	d->image.end = 0;
}

const struct dom_file *dune_files_find(const struct dune_domain *d, uint64_t fd)
{
	const struct dom_file *file;

	if (fd < FIRST_FD || fd >= FIRST_FD + MAX_FILES)
		return NULL;
	file = &d->files[fd - FIRST_FD];
	return file->fd >= 0 ? file : NULL;
}

/* A descriptor for it in the domain; takes @fd over. */
static long give(struct dune_domain *d, int fd, const char *name)
{
	unsigned int i, n;

	for (i = 0; i < MAX_FILES && d->files[i].fd >= 0; i++)
		;
	if (i == MAX_FILES) {
		sys(__NR_close, fd);
		return -EMFILE;
	}
	for (n = 0; name[n]; n++)
		;
	while (n && name[n - 1] != '/')
		n--;
	d->files[i].fd = fd;
	dune_fmt(d->files[i].name, NAME_SIZE, "%s", name + n);
	return FIRST_FD + i;
}

static bool is_elf(int fd)
{
	uint32_t magic = 0;

	return sys(__NR_pread64, fd, &magic, 4, 0) == 4 && magic == 0x464c457f;
}

static bool is_regular(int fd)
{
	struct statx st;

	return !sys(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) &&
	       (st.stx_mode & 0170000) == 0100000;
}

static long open_judged(struct dune_domain *d, int path_fd, const char *real)
{
	char link[32];
	long fd;

	if (!is_regular(path_fd))
		return -ENOENT;
	dune_fmt(link, sizeof(link), "/proc/self/fd/%d", path_fd);
	fd = sys(__NR_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
	if (!sys_failed(fd) && !is_elf(fd) && !equal(real, cache)) {
		sys(__NR_close, fd);
		fd = -ENOENT;
	}
	return sys_failed(fd) ? fd : give(d, fd, real);
}

#define PIECE	32	/* a page has a whole number of them */

static bool has_end(const char *s, unsigned int n)
{
	while (n--)
		if (!*s++)
			return true;
	return false;
}

static long copy_path(struct dune_domain *d, uint64_t from, char *path)
{
	unsigned int done, n;

	for (done = 0; done < PATH_SIZE; done += n) {
		n = PIECE - (from + done) % PIECE;
		if (n > PATH_SIZE - done)
			n = PATH_SIZE - done;
		if (dune_mem_read(d, path + done, from + done, n))
			return -EFAULT;
		if (has_end(path + done, n))
			return path[0] == '/' ? 0 : -ENOENT;
	}
	return -ENAMETOOLONG;
}

/*
 * As find(), of files that the domain may have. Of others it is not told whether they
 * exist, nor why they could not be looked at.
 */
static long find_allowed(struct dune_domain *d, const char *path, char *real)
{
	long fd = find(path, real);

	if (fd >= 0 && allowed(d, real))
		return fd;
	if (fd >= 0)
		sys(__NR_close, fd);
	return fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM ? fd : -ENOENT;
}

long dune_call_openat(struct dune_domain *d, const struct dune_tf *tf)
{
	char path[PATH_SIZE], real[PATH_SIZE];
	long fd, r;

	if (!d->loading || (tf->rdx & O_ACCMODE) != O_RDONLY)
		return -EACCES;
	r = copy_path(d, tf->rsi, path);
	if (r)
		return r;
	fd = find_allowed(d, path, real);
	if (fd < 0)
		return fd;
	r = open_judged(d, fd, real);
	sys(__NR_close, fd);
	return r;
}

long dune_call_close(struct dune_domain *d, const struct dune_tf *tf)
{
	struct dom_file *file = (struct dom_file *)dune_files_find(d, tf->rdi);

	if (!file)
		return -EBADF;
	sys(__NR_close, file->fd);
	file->fd = -1;
	return 0;
}

/* read(), pread64() and lseek(). */
long dune_call_read(struct dune_domain *d, const struct dune_tf *tf)
{
	const struct dom_file *file = dune_files_find(d, tf->rdi);

	if (!file)
		return -EBADF;
	if (tf->rax == __NR_lseek)
		return sys(__NR_lseek, file->fd, tf->rsi, tf->rdx);
	if (!dune_mem_inside(d, tf->rsi, tf->rdx))
		return -EFAULT;
	dune_space_mark_dirty(d, tf->rsi, tf->rsi + tf->rdx);
	return sys(tf->rax, file->fd, tf->rsi, tf->rdx, tf->r10);
}

/* fstat() of a descriptor, newfstatat() of one or of a path. */
long dune_call_stat(struct dune_domain *d, const struct dune_tf *tf)
{
	bool at = tf->rax == __NR_newfstatat;
	const struct dom_file *file = dune_files_find(d, tf->rdi);
	char path[PATH_SIZE], real[PATH_SIZE];
	struct stat st = { 0 };
	long r, fd;

	if (file && (!at || tf->r10 & AT_EMPTY_PATH)) {
		r = sys(__NR_fstat, file->fd, &st);
	} else if (!at || !d->loading) {
		return at ? -ENOENT : -EBADF;
	} else {
		r = copy_path(d, tf->rsi, path);
		fd = r ?: find_allowed(d, path, real);
		if (fd < 0)
			return fd;
		r = sys(__NR_fstat, fd, &st);
		sys(__NR_close, fd);
	}
	return r ?: dune_mem_write(d, at ? tf->rdx : tf->rsi, &st, sizeof(st));
}

/* Not when it is: before a deadline or a signal has been looked at. */
#define NOT_YET		(-EAGAIN)

/*
 * Whoever reads the other end may be waiting for this very call to return, so nothing
 * waits here for longer than a moment (milliseconds). Where nobody reads any more, to
 * write would be a SIGPIPE for the program.
 */
static long wait_for_room(int fd, int moment)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (sys(__NR_poll, &p, 1, moment) <= 0)
		return NOT_YET;
	return p.revents & (POLLERR | POLLHUP | POLLNVAL) ? -EPIPE : 0;
}

static long output(struct dune_domain *d, uint64_t from, uint64_t size)
{
	char text[512];		/* at most PIPE_BUF: a pipe takes all of it, or is full */
	int fd = d->options.output;
	long r;

	if (size > sizeof(text))
		size = sizeof(text);
	if (dune_mem_read(d, text, from, size))
		return -EFAULT;
	if (!fd)
		return size;
	r = wait_for_room(fd, 10);
	if (r)
		return r;
	/* No other domain, nor another thread of this one, is to take the room. */
	dune_lock_wait(&dune_locks.output);
	r = wait_for_room(fd, 0) ?: sys(__NR_write, fd, text, size);
	dune_unlock_nested(&dune_locks.output);
	return r;
}

/* write() and writev(), to its standard output and error; NOT_YET: nothing was written. */
static long write_pieces(struct dune_domain *d, const struct dune_tf *tf)
{
	uint64_t piece[2];
	long sum = 0, r;
	uint64_t i;

	if (tf->rax == __NR_write)
		return output(d, tf->rsi, tf->rdx);
	for (i = 0; i < tf->rdx && i < 16; i++) {
		if (dune_mem_read(d, piece, tf->rsi + i * sizeof(piece), sizeof(piece)))
			return sum ?: -EFAULT;
		r = output(d, piece[0], piece[1]);
		if (r < 0)
			return sum ?: r;
		sum += r;
		if (r < (long)piece[1])
			break;
	}
	return sum;
}

void dune_call_write(struct dune_domain *d, struct dune_tf *tf)
{
	long r = -EBADF;

	if (tf->rdi == STDOUT || tf->rdi == STDERR)
		r = write_pieces(d, tf);
	if (r == NOT_YET)
		tf->rip -= SYSCALL_LEN;
	else
		tf->rax = r;
}
