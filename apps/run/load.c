/* SPDX-License-Identifier: MIT */
/*
 * load.c - map a program and its interpreter where the kernel would have
 */
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/personality.h>
#include <linux/stat.h>
#include <string.h>

#include "run.h"

/* Where Linux puts position-independent programs: two thirds up, and random. */
#define PIE_BASE	0x555555554000UL
#define PIE_RANDOM	(1UL << 28)		/* pages */

static char header[PAGE_SIZE] __attribute__((aligned(16)));
static char interp_path[PAGE_SIZE];

static long check_fd(long fd, bool program)
{
	struct statx st;
	long r = sys(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st);

	if (r)
		return r;
	if ((st.stx_mode & 0170000) != 0100000 || (box_on() && !box_may_load(fd, program)))
		return -EACCES;
	return 0;
}

/*
 * The program, or its interpreter, or a script, to be read. Under a policy it is looked
 * at before it is opened: to open some files does something.
 */
long open_to_load(const char *path, bool program)
{
	char name[FD_PATH_SIZE];
	long fd = sys(__NR_openat, AT_FDCWD, path, (box_on() ? O_PATH : O_RDONLY) | O_CLOEXEC, 0);
	long r, found = fd;

	if (sys_failed(fd))
		return fd;
	r = check_fd(fd, program);
	if (!r && box_on()) {
		fd_path(name, found);
		fd = sys(__NR_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0);
		r = sys_failed(fd) ? fd : 0;
	}
	if (r || box_on())
		sys(__NR_close, found);
	return r ?: fd;
}

static int open_program(const char *path, bool program, uint64_t *size)
{
	struct statx st;
	long fd = open_to_load(path, program);
	long r = sys_failed(fd) ? 0 : sys(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &st);

	if (r) {
		sys(__NR_close, fd);
		return r;
	}
	*size = st.stx_size;
	return fd;
}

static int read_elf(struct elf *elf, int fd, uint64_t size)
{
	long n = sys(__NR_pread64, fd, header, sizeof(header), 0);

	if (sys_failed(n))
		return n;
	return elf_parse(elf, header, n, size);
}

static bool randomize(void)
{
	long p = sys(__NR_personality, 0xffffffff);

	return sys_failed(p) || !(p & ADDR_NO_RANDOMIZE);
}

static uint64_t random_number(void)
{
	uint64_t v = 0;

	sys(__NR_getrandom, &v, sizeof(v), 0);
	return v;
}

/*
 * Memory beyond the file's end: the rest of its last page, then fresh pages.
 * The page is cleared to its end, as the kernel does: ld.so's first malloc()
 * takes what lies behind its bss. A segment of which nothing is in the file may
 * begin within a page.
 */
static long map_bss(const struct segment *s, uint64_t at)
{
	uint64_t file_end = at + s->filesz, end = PAGE_UP(at + s->memsz);
	uint64_t fresh = s->filesz ? PAGE_UP(file_end) : PAGE_DOWN(at);
	long r = 0;

	if ((s->prot & PROT_WRITE) && s->filesz)
		memset((void *)file_end, 0, fresh - file_end);
	if (end > fresh)
		r = sys(__NR_mmap, fresh, end - fresh, s->prot,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	return sys_failed(r) ? r : 0;
}

static long map_segment(const struct segment *s, uint64_t bias, int fd)
{
	uint64_t at = bias + s->vaddr;
	uint64_t shift = at - PAGE_DOWN(at);
	long r = 0;

	if (box_on() && !box_may_map(s->prot))
		return -EACCES;
	if (s->filesz)
		r = sys(__NR_mmap, at - shift, s->filesz + shift, s->prot,
			MAP_PRIVATE | MAP_FIXED, fd, s->offset - shift);
	if (sys_failed(r))
		return r;
	return s->memsz > s->filesz ? map_bss(s, at) : 0;
}

/* Reserve the whole range first: then nothing of anybody's is mapped over. */
static long map_image(struct image *image, int fd, uint64_t hint)
{
	const struct elf *elf = &image->elf;
	uint64_t size = elf->high - elf->low;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	unsigned int i;
	long r;

	if (!elf->dynamic) {
		hint = elf->low;
		flags |= MAP_FIXED_NOREPLACE;
		if (in_monitor(elf->low, size))
			return -ENOEXEC;
	}
	r = sys(__NR_mmap, hint, size, PROT_NONE, flags, -1, 0);
	if (sys_failed(r))
		return r;
	if (in_monitor(r, size)) {
		sys(__NR_munmap, r, size);
		return -ENOMEM;
	}
	image->bias = r - elf->low;
	for (i = 0; i < elf->nr; i++) {
		r = map_segment(&elf->segment[i], image->bias, fd);
		if (r)
			return r;
	}
	return 0;
}

static int load_interp(struct program *p, int fd)
{
	const struct elf *elf = &p->main.elf;
	uint64_t size = 0;
	long r;

	r = sys(__NR_pread64, fd, interp_path, elf->interp_size, elf->interp_offset);
	if (r != (long)elf->interp_size || interp_path[elf->interp_size - 1])
		return -ENOEXEC;
	fd = open_program(interp_path, false, &size);
	if (fd < 0)
		return fd;
	r = read_elf(&p->interp.elf, fd, size) ?: map_image(&p->interp, fd, 0);
	sys(__NR_close, fd);
	p->has_interp = !r;
	return r;
}

/* 0, or the errno that execve() fails with. */
int load_program(struct program *p, const char *path)
{
	uint64_t size = 0, hint = PIE_BASE, random = randomize() ? random_number() : 0;
	struct elf *elf = &p->main.elf;
	long r;
	int fd;

	fd = open_program(path, true, &size);
	if (fd < 0)
		return fd;
	hint += random % PIE_RANDOM * PAGE_SIZE;
	r = read_elf(elf, fd, size);
	/* A static PIE (the interpreter itself, most often) goes where mmap likes. */
	if (!r)
		r = map_image(&p->main, fd, elf->interp_size ? hint : 0);
	if (!r && elf->interp_size)
		r = load_interp(p, fd);
	sys(__NR_close, fd);

	/* The heap: behind the program, with a gap as random as the kernel's. */
	p->brk = PAGE_UP(p->main.bias + elf->high);
	if (elf->dynamic && !elf->interp_size)
		p->brk = hint;
	p->brk += (random >> 32) % 8192 * PAGE_SIZE;
	return r;
}
