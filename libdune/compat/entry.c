/* SPDX-License-Identifier: MIT */
/*
 * entry.c - dune_init() and dune_enter() as the original had them
 *
 * There, guest-physical addresses of the page pool and of page tables were their
 * virtual ones. So they are here: libdune takes its memory from blocks that get
 * the slots of the same numbers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compat.h"

#define GIB		(1UL << 30)
#define FIRST_BLOCK	8	/* where the original's pool began */
#define NR_BLOCKS	8

uintptr_t dune_compat_mmap_base, dune_compat_stack_base;

static void *reserve(uintptr_t at)
{
	return mmap((void *)at, NR_BLOCKS * GIB, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
}

/* Slots of the blocks' own numbers, while all are free. */
static int place(int fd, uintptr_t at)
{
	struct dune_slot s;
	uintptr_t va;

	for (va = at; va < at + NR_BLOCKS * GIB; va += GIB) {
		s = (struct dune_slot){ .va = va, .gpa = va | DUNE_SLOT_AT };
		if (ioctl(fd, DUNE_MAP_SLOT, &s))
			return -errno;
	}
	return 0;
}

/*
 * Where libdune's memory is to lie; 0 if there is no such place. @fd: a handle on
 * the process's VM.
 */
static uintptr_t find_place(int fd)
{
	struct dune_info info;
	uintptr_t block;
	void *p;

	if (ioctl(fd, DUNE_GET_INFO, &info))
		return 0;
	for (block = FIRST_BLOCK; block + NR_BLOCKS <= info.nr_slots; block += NR_BLOCKS) {
		p = reserve(block * GIB);
		if (p == MAP_FAILED)
			continue;
		if (!place(fd, block * GIB))
			return block * GIB;
		munmap(p, NR_BLOCKS * GIB);
	}
	return 0;
}

/* Of the process as it is now: most of its mappings, and its stack, lie above. */
static void find_bases(void)
{
	void *p = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		munmap(p, 1);
	dune_compat_mmap_base = ((uintptr_t)p & ~(GIB - 1)) - 62 * GIB;
	dune_compat_stack_base = (uintptr_t)&p & ~(GIB - 1);
}

static int init(bool map_full)
{
	int r, fd = open(DUNE_DEVICE, O_RDWR | O_CLOEXEC);
	uintptr_t arena;

	if (fd < 0)
		return -errno;
	arena = find_place(fd);
	r = arena ? dune_set_arena(arena, NR_BLOCKS * GIB) : 0;
	/* Ring 3's by default, but not what libdune and page tables are in. */
	if (!r && map_full)
		r = dune_vm_default_slot(DUNE_PTE_U);
	if (!r && arena)
		r = dune_vm_slot_protect(arena, NR_BLOCKS * GIB, 0);
	if (!r)
		r = dune_init(DUNE_INIT_NO_SMEP_SMAP);
	close(fd);
	return r ? r : compat_pages_init();
}

int dune_compat_init(bool map_full)
{
	static bool done;
	int r;

	if (done)
		return 0;
	r = init(map_full);
	if (r) {
		fprintf(stderr, "dune_init: %s\n", dune_strerror(r));
		return r;
	}
	dune_compat_pgroot = (ptent_t *)dune_vm_mirror();
	find_bases();
	done = true;
	return 0;
}

/* What a thread in Dune mode made begins there: it calls this all the same. */
int dune_compat_enter(void)
{
	int r = dune_enter();

	if (r == -EALREADY)
		r = 0;
	if (r)
		fprintf(stderr, "dune_enter: %s\n", dune_strerror(r));
	else
		compat_fs_begin();
	return r;
}
