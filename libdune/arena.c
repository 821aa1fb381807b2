/* SPDX-License-Identifier: MIT */
/*
 * arena.c - where libdune's own memory comes from
 */
#include <linux/mman.h>

#include "priv.h"

static uintptr_t arena_next, arena_end;

DUNE_API int dune_set_arena(uintptr_t base, size_t size)
{
	if ((base | size) & (PAGE_SIZE - 1) || base + size < base)
		return -EINVAL;
	if (dune_global.ready)
		return -EBUSY;
	arena_next = base;
	arena_end = base + size;
	return 0;
}

/*
 * Address space in an arena is handed out once and not given back: a hundred
 * thousand threads fit into 16 GiB.
 */
static void *map(size_t size, int prot, int flags, int fd)
{
	uintptr_t at = 0;
	long r;

	size = (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	if (arena_end) {
		at = __atomic_fetch_add(&arena_next, size, __ATOMIC_RELAXED);
		if (at + size > arena_end)
			return NULL;
		flags |= MAP_FIXED;
	}
	r = sys(__NR_mmap, at, size, prot, flags, fd, 0);
	return sys_failed(r) ? NULL : (void *)r;
}

void *dune_map(size_t size)
{
	return map(size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

void *dune_map_fd(size_t size, int fd)
{
	return map(size, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
}

void dune_unmap(void *p, size_t size)
{
	if (p)
		sys(__NR_munmap, p, size);
}
