/* SPDX-License-Identifier: MIT */
/*
 * dirty.c - dirty bits of the guest's page table, which the CPU sets by itself
 */
#include <stdbool.h>

#include <dune/vm.h>

#include "dirty.h"

#define TABLE	(1UL << DUNE_SHIFT_2M)		/* what a table of 4 KiB leaves maps */

int dirty_by_page(uintptr_t from, uintptr_t to)
{
	struct dune_leaf leaf;
	int r = 0;

	for (from &= -TABLE; !r && from < to; from += TABLE)
		r = dune_vm_split(dune_vm_mirror(), from, DUNE_SHIFT_4K, &leaf);
	return r;
}

int dirty_read(uintptr_t from, size_t size, bool clear, uint64_t *bitmap)
{
	return dune_vm_scan(dune_vm_mirror(), from, size, DUNE_PTE_D,
			    clear ? DUNE_SCAN_CLEAR : 0, bitmap);
}
