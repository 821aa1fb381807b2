/* SPDX-License-Identifier: MIT */
/*
 * program.c - any file as a program that dune-run is to load
 *
 * The input: a byte of options, two with the program's size, the program, its
 * interpreter. They are mapped as dune-run maps them, in this process; what it
 * asks of Linux is looked at on the way.
 *
 * CFLAGS: -D_GNU_SOURCE -Ilibdune/include
 * SOURCES: apps/run/elf.c apps/run/load.c apps/run/path.c apps/run/check.c
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../apps/run/run.h"
#include "fuzz.h"

#define OPTION_RANDOM	1
#define OPTION_SCRIPT	2

static int file[2] = { -1, -1 };
static unsigned int opened;
static struct {
	uint64_t start, size;
} image[2];
static unsigned int images;
static uint8_t options;

/* Of dune-run, outside of what is looked at. */
bool box_on(void) { return false; }
bool box_may_load(int fd, bool program) { return false; }
bool box_may_map(int prot) { return false; }
long box_check_interpreter(struct dune_tf *tf, const char *path, unsigned int depth) { return -EACCES; }
void fd_path(char *to, unsigned int fd) { strcpy(to, "script"); }
size_t length(const char *s) { return strlen(s); }
bool equal(const char *a, const char *b) { return !strcmp(a, b); }
bool starts_with(const char *s, const char *prefix) { return !strncmp(s, prefix, strlen(prefix)); }

bool in_monitor(uint64_t start, uint64_t size)
{
	return start < MONITOR_END && start + size > MONITOR_GUARD;
}

static long linux_call(long nr, long a, long b, long c, long d, long e, long f)
{
	long r = syscall(nr, a, b, c, d, e, f);

	return r == -1 ? -errno : r;
}

static long map(uint64_t at, uint64_t size, long prot, long flags, long fd, long offset)
{
	unsigned int i;
	long r;

	MUST(!((at | offset) & (PAGE_SIZE - 1)));
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
		MUST(at <= TASK_SIZE && size <= TASK_SIZE - at);
	if (flags & MAP_FIXED) {
		for (i = 0; i < images; i++)
			if (at >= image[i].start && size <= image[i].start + image[i].size - at)
				break;
		MUST(i < images && !(flags & MAP_FIXED_NOREPLACE));
		return linux_call(SYS_mmap, at, size, prot & ~PROT_EXEC, flags, fd, offset);
	}
	if (flags & MAP_FIXED_NOREPLACE)
		MUST(!in_monitor(at, size));
	MUST(images < 2 && prot == PROT_NONE);
	r = linux_call(SYS_mmap, at, size, prot, flags, fd, offset);
	if (!sys_failed(r)) {
		image[images].start = r;
		image[images++].size = PAGE_UP(size);
	}
	return r;
}

long dune_sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	switch (nr) {
	case SYS_openat:
		return dup(file[opened++ & 1]);
	case SYS_mmap:
		return map(a, b, c, d, e, f);
	case SYS_personality:
		return options & OPTION_RANDOM ? 0 : ADDR_NO_RANDOMIZE;
	case SYS_getrandom:
		memset((void *)a, options, b);
		return b;
	case SYS_faccessat:
		return 0;
	case SYS_statx:
		return linux_call(nr, a == AT_FDCWD ? file[0] : a, (long)"", AT_EMPTY_PATH, d, e, 0);
	case SYS_read:
		return linux_call(SYS_pread64, a, b, c, 0, 0, 0);
	case SYS_pread64:
	case SYS_close:
		return linux_call(nr, a, b, c, d, e, f);
	}
	MUST(!"a call that no loader makes");
	return -ENOSYS;
}

static void fill(int fd, const uint8_t *data, size_t size)
{
	MUST(!ftruncate(fd, size) && pwrite(fd, data, size, 0) == (ssize_t)size);
}

static void sane(const struct image *im)
{
	const struct elf *elf = &im->elf;
	unsigned int i;

	MUST(elf->nr && elf->nr <= MAX_SEGMENTS && elf->low < elf->high && elf->high <= TASK_SIZE);
	for (i = 0; i < elf->nr; i++) {
		const struct segment *s = &elf->segment[i];

		MUST(s->filesz <= s->memsz && s->vaddr >= elf->low && s->vaddr + s->memsz <= elf->high);
		MUST(!i || s->vaddr >= s[-1].vaddr + s[-1].memsz);
	}
}

/* Of what a segment has in memory, all is mapped as it asks. */
static void readable(const struct image *im)
{
	unsigned int i;

	for (i = 0; i < im->elf.nr; i++) {
		const struct segment *s = &im->elf.segment[i];
		const volatile char *at = (const char *)(im->bias + s->vaddr);

		/* Root may map address 0; the sanitizer sees nothing there. */
		if (!(s->prot & PROT_READ) || !at)
			continue;
		(void)at[0];
		(void)at[s->memsz - 1];
		if (s->memsz > s->filesz && (s->prot & PROT_WRITE))
			MUST(!at[s->filesz] && !at[s->memsz - 1]);
	}
}

static void load(void)
{
	static struct program p;
	int r;

	memset(&p, 0, sizeof(p));
	r = load_program(&p, "program");
	MUST(r <= 0 && r > -4096);
	if (!r) {
		sane(&p.main);
		readable(&p.main);
		MUST(!(p.brk & (PAGE_SIZE - 1)));
		MUST(p.has_interp == !!p.main.elf.interp_size);
		if (p.has_interp)
			readable(&p.interp);
	}
}

static void script(void)
{
	char *argv[] = { "script", "one", NULL }, **args;
	const char *path = "script";
	int error = 1, fd;

	args = script_arguments(argv, &path, &error);
	MUST(error <= 0 && path && args[0]);
	is_script("script");
	fd = dup(file[0]);
	MUST(check_file(NULL, fd, true, 0) <= 0);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t own;
	unsigned int i;

	if (size < 3)
		return 0;
	for (i = 0; i < 2 && file[i] < 0; i++)
		file[i] = memfd_create("fuzz", 0);
	options = data[0];
	own = data[1] | data[2] << 8;
	data += 3;
	size -= 3;
	own = own < size ? own : size;
	fill(file[0], data, own);
	fill(file[1], data + own, size - own);
	opened = 0;
	if (options & OPTION_SCRIPT)
		script();
	else
		load();
	while (images)
		munmap((void *)image[images - 1].start, image[images - 1].size), images--;
	return 0;
}
