/* SPDX-License-Identifier: MIT */
/*
 * arena.c - where libdune's own memory comes from
 */
#include <linux/mman.h>

#include "priv.h"

#define PAGES(size)	(((size) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1))

static uintptr_t arena_next, arena_end;

DUNE_API int dune_set_arena(uintptr_t base, size_t size)
{
	if ((base | size) & (PAGE_SIZE - 1) || base + size < base)
		return FAIL(-EINVAL);
	if (dune_global.ready)
		return FAIL(-EBUSY);
	arena_next = base;
	arena_end = base + size;
	return 0;
}

/*
 * What was given back, to be had again by who wants just as much: blocks, run
 * pages and handler tables come in few sizes. Where the table is full, address
 * space is lost, no more. An entry is free (0), being changed, or an address.
 */
#define NR_FREED	512
#define CHANGING	1

struct freed {
	uintptr_t	at;
	size_t		size;
};

struct freed dune_freed[NR_FREED] LARGE;

static bool change(struct freed *f, uintptr_t from)
{
	return __atomic_compare_exchange_n(&f->at, &from, CHANGING, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static uintptr_t take_freed(size_t size)
{
	unsigned int i;
	uintptr_t at;
	bool fits;

	for (i = 0; i < NR_FREED; i++) {
		at = __atomic_load_n(&dune_freed[i].at, __ATOMIC_RELAXED);
		if (at <= CHANGING || !change(&dune_freed[i], at))
			continue;
		fits = dune_freed[i].size == size;
		__atomic_store_n(&dune_freed[i].at, fits ? 0 : at, __ATOMIC_RELEASE);
		if (fits)
			return at;
	}
	return 0;
}

/*
 * Where to write the address of @size bytes once they are unmapped; until then
 * nobody takes them. Of a place for nothing, if there is no better.
 */
uintptr_t *dune_arena_freed(size_t size)
{
	static uintptr_t lost;
	unsigned int i;

	for (i = 0; arena_end && i < NR_FREED; i++) {
		if (dune_freed[i].at || !change(&dune_freed[i], 0))
			continue;
		dune_freed[i].size = PAGES(size);
		return &dune_freed[i].at;
	}
	return &lost;
}

static void *map(size_t size, int prot, int flags, int fd)
{
	uintptr_t at = 0;
	long r;

	size = PAGES(size);
	if (arena_end) {
		at = take_freed(size) ?: __atomic_fetch_add(&arena_next, size, __ATOMIC_RELAXED);
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

static void *arena_aligned(size_t size)
{
	uintptr_t old = __atomic_load_n(&arena_next, __ATOMIC_RELAXED), at;

	do {
		at = (old + size - 1) & ~(size - 1);
		if (at + size > arena_end)
			return NULL;
	} while (!__atomic_compare_exchange_n(&arena_next, &old, at + size, false,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	at = sys(__NR_mmap, at, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	return sys_failed(at) ? NULL : (void *)at;
}

/*
 * The best place is right below libdune: one call gets it, and what is said of
 * neighbouring blocks lies in the same pages. NULL: something is there.
 */
static void *map_below(size_t size)
{
	uintptr_t at = ((uintptr_t)__ehdr_start & ~(size - 1)) - size;
	long r = sys(__NR_mmap, at, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (!sys_failed(r) && r != (long)at)	/* before Linux 4.17 it was a mere hint */
		sys(__NR_munmap, r, size);
	return r == (long)at ? (void *)at : NULL;
}

/* @size is a power of two, and so is the place: a multiple of it. */
void *dune_map_aligned(size_t size)
{
	uintptr_t p, at;

	if (arena_end)
		return arena_aligned(size);
	p = (uintptr_t)map_below(size);
	if (p)
		return (void *)p;
	p = (uintptr_t)dune_map(2 * size);
	if (!p)
		return NULL;
	at = (p + size - 1) & ~(size - 1);
	if (at > p)
		sys(__NR_munmap, p, at - p);
	sys(__NR_munmap, at + size, p + size - at);
	return (void *)at;
}

bool dune_arena_is_set(void)
{
	return arena_end;
}

void *dune_map_fd(size_t size, int fd)
{
	return map(size, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
}

/*
 * The call that gives memory back to Linux: an arena's addresses stay taken, so that
 * nothing else is ever where libdune will map again.
 */
int dune_unmap_call(void)
{
	return arena_end ? __NR_mmap : __NR_munmap;
}

void dune_unmap(void *p, size_t size)
{
	uintptr_t *place;

	if (!p)
		return;
	place = dune_arena_freed(size);
	sys(dune_unmap_call(), p, size, PROT_NONE, MAP_TAKEN, -1, 0);
	__atomic_store_n(place, (uintptr_t)p, __ATOMIC_RELEASE);
}
