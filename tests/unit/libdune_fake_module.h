/* SPDX-License-Identifier: MIT */
/*
 * libdune_fake_module.h - a false module that hands out slots, and a false CPU
 *
 * The CPU walks from CR3 and believes nothing but the entries; a guest-physical
 * address is turned back by the slots.
 */
#ifndef _LIBDUNE_FAKE_MODULE_H
#define _LIBDUNE_FAKE_MODULE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pt.h"
#include "lock.h"
#include "libdune_tap.h"

#define GIB		(1UL << 30)
#define MIB		(1UL << 20)
#define PAGE		4096UL
#define MAX_SLOTS	64
#define NONE		(~0UL)

struct dune_global dune_global;

void dune_handlers_lengthen(unsigned int which) { }

static uint64_t slots[MAX_SLOTS];	/* va of each */
static unsigned int nr_slots, max_slots = MAX_SLOTS;
static uintptr_t empty_block = NONE;	/* Linux maps nothing here */
static bool came_back;			/* but it does by the time it is taken */
static long memory_left = -1;		/* calls of dune_map() that go well; -1: all */
static size_t largest_map = ~0UL;	/* what more is asked for at once there is not */

static uintptr_t next_place = 0x150000000000UL;

static void *map_at(uintptr_t at, size_t size)
{
	void *p;

	if (!memory_left || size > largest_map)
		return NULL;
	if (memory_left > 0)
		memory_left--;
	p = mmap((void *)at, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

void *dune_map(size_t size)
{
	void *p = map_at(next_place, size);

	next_place += (size + PAGE - 1) & ~(PAGE - 1);
	return p;
}

void *dune_map_aligned(size_t size)
{
	next_place = (next_place + size - 1) & ~(size - 1);
	return dune_map(size);
}

bool dune_arena_is_set(void)
{
	return false;
}

void dune_unmap(void *p, size_t size)
{
	munmap(p, size);
}

uint64_t dune_sigmask_set(uint64_t mask)
{
	return mask;
}

static unsigned int find_slot(uint64_t va)
{
	unsigned int i;

	for (i = 0; i < nr_slots && slots[i] != va; i++)
		;
	return i;
}

static long map_slot_at(uint64_t va, struct dune_slot *slot)
{
	unsigned int i = slot->gpa / GIB;

	slot->gpa &= ~(GIB - 1);
	if (i >= max_slots)
		return -EINVAL;
	while (nr_slots <= i)
		slots[nr_slots++] = NONE;
	if (slots[i] != NONE && slots[i] != va)
		return -EBUSY;
	slots[i] = va;
	return 0;
}

static long map_slot(struct dune_slot *slot)
{
	uint64_t va = slot->va & ~(GIB - 1);
	unsigned int i = find_slot(va);

	if (va == empty_block)
		return -EFAULT;
	if (slot->gpa)
		return map_slot_at(va, slot);
	if (i == nr_slots)
		i = find_slot(NONE);
	if (i == max_slots)
		return -ENOSPC;
	if (i == nr_slots)
		nr_slots++;
	slots[i] = va;
	slot->gpa = i * GIB;
	return 0;
}

static uint64_t *table_at(uint64_t entry)
{
	uint64_t gpa = entry & DUNE_PTE_ADDR;

	if (gpa / GIB >= nr_slots)
		return NULL;
	return (uint64_t *)(slots[gpa / GIB] + gpa % GIB);
}

/* The leaf of @va as a CPU finds it; 0: a page fault. *@access: U and W of all levels. */
static uint64_t walk_leaf(uint64_t cr3, uintptr_t va, uint64_t *access, unsigned int *shift)
{
	uint64_t entry = cr3, *table;

	*access = DUNE_PTE_U | DUNE_PTE_W;
	for (*shift = 39; *shift >= 12; *shift -= 9) {
		table = table_at(entry);
		if (!table)
			return 0;
		entry = table[va >> *shift & 511];
		if (!(entry & DUNE_PTE_P))
			return 0;
		*access &= entry;
		if (*shift == 39 && (entry & DUNE_PTE_PS))
			return 0;
		if ((entry & DUNE_PTE_PS) || *shift == 12)
			return entry;
	}
	return 0;
}

/* The guest-physical address of @va, or NONE. */
static uint64_t walk_from(uint64_t cr3, uintptr_t va, uint64_t *access)
{
	unsigned int shift;
	uint64_t leaf = walk_leaf(cr3, va, access, &shift), size = 1UL << shift;

	return leaf ? (leaf & DUNE_PTE_ADDR & ~(size - 1)) | (va & (size - 1)) : NONE;
}

/* Only what holds nothing; and by then nothing may lead there. */
static long unmap_slot_of(struct dune_slot *slot)
{
	uint64_t va = slot->va & ~(GIB - 1), access;
	unsigned int i = find_slot(va);

	if (va != empty_block)
		return -EBUSY;
	if (i == nr_slots)
		return -ENOENT;
	if (slot->gpa == DUNE_SLOT_ASK)
		return 0;
	if (came_back)
		return -EBUSY;
	if (walk_from(dune_root_cr3(), va, &access) != NONE)
		abort();
	slots[i] = NONE;
	return 0;
}

long fake_sys(long nr, long a, long b, long c, long d, long e, long f)
{
	if (nr == __NR_ioctl && b == (long)DUNE_MAP_SLOT)
		return map_slot((struct dune_slot *)c);
	if (nr == __NR_ioctl && b == (long)DUNE_UNMAP_SLOT)
		return unmap_slot_of((struct dune_slot *)c);
	if (nr == __NR_madvise || nr == __NR_sched_yield)
		return syscall(nr, a, b, c);
	abort();
}

/* Each part in a process of its own, so that all begins anew. */
static int run_part(void (*part)(void))
{
	int fds[2], result[2] = { 0, 1 };

	fflush(stdout);
	if (pipe(fds))
		return 1;
	if (!fork()) {
		part();
		result[0] = tap_nr;
		result[1] = tap_failed;
		fflush(stdout);
		_exit(write(fds[1], result, sizeof(result)) != sizeof(result));
	}
	close(fds[1]);
	if (read(fds[0], result, sizeof(result)) != sizeof(result))
		result[1] = 1;
	close(fds[0]);
	wait(NULL);
	if (result[0])
		tap_nr = result[0];
	tap_failed |= result[1];
	return tap_failed;
}

#endif /* _LIBDUNE_FAKE_MODULE_H */
