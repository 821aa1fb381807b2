/* SPDX-License-Identifier: MIT */
/*
 * own_root.h - a guest page table made by hand, with one area in small leaves
 *
 * It has the blocks of memory that are in use when it is made, as the mirror root
 * has them; what comes into use later is not there.
 */
#ifndef _TESTS_OWN_ROOT_H
#define _TESTS_OWN_ROOT_H

#include <stdint.h>
#include <sys/mman.h>

#include <dune/dune.h>
#include <dune/vm.h>

#define OWN_LEAF	(DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_A | DUNE_PTE_D)
#define OWN_TABLE	(DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_U)
#define OWN_AREA	(2UL << 20)

struct own_root {
	uint64_t pml4[512], pdpt[256][512], pd[512], pt[512];
};

static struct own_root *own;

/* 2 MiB of memory, aligned; before dune_enter(). */
static inline char *own_area(void)
{
	char *p = (char *)mmap(NULL, 2 * OWN_AREA, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	own = (struct own_root *)mmap(NULL, sizeof(*own), PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return (char *)(((uintptr_t)p + OWN_AREA - 1) & ~(OWN_AREA - 1));
}

static inline uint64_t *own_pte(const void *p)
{
	return &own->pt[(uintptr_t)p >> 12 & 511];
}

static inline void own_flush(const void *p)
{
	asm volatile("invlpg (%0)" : : "r" (p) : "memory");
}

/* Take rights from a page, or give them. */
static inline void own_set(const void *p, uint64_t clear, uint64_t set)
{
	uint64_t *pte = own_pte(p);

	__atomic_store_n(pte, (*pte & ~clear) | set, __ATOMIC_RELAXED);
	own_flush(p);
}

/* Switch to it, in Dune mode, with the area at @area in leaves of 4 KiB. */
static inline void own_switch(char *area)
{
	uintptr_t block, at = (uintptr_t)area;
	unsigned int i;

	*area = 0;
	own->pml4[0] = 0;		/* both are in blocks in use now */
	for (block = 0; block < 1UL << 17; block++) {
		uint64_t pa = dune_va_to_pa((void *)(block << 30));

		if (pa == ~0ULL)
			continue;
		own->pdpt[block >> 9][block & 511] = pa | OWN_LEAF | DUNE_PTE_PS;
		own->pml4[block >> 9] = dune_va_to_pa(own->pdpt[block >> 9]) | OWN_TABLE;
	}
	block = at >> 30;
	for (i = 0; i < 512; i++) {
		own->pd[i] = dune_va_to_pa((void *)((block << 30) + i * OWN_AREA)) |
			     OWN_LEAF | DUNE_PTE_PS;
		own->pt[i] = dune_va_to_pa(area + i * 4096UL) | OWN_LEAF;
	}
	own->pd[at >> 21 & 511] = dune_va_to_pa(own->pt) | OWN_TABLE;
	own->pdpt[block >> 9][block & 511] = dune_va_to_pa(own->pd) | OWN_TABLE;
	asm volatile("mov %0, %%cr3" : : "r" (dune_va_to_pa(own->pml4)) : "memory");
}

#endif /* _TESTS_OWN_ROOT_H */
