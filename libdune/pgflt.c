/* SPDX-License-Identifier: MIT */
/*
 * pgflt.c - page faults that are libdune's own to resolve
 *
 * On the IST stack, before the frame is moved, with interrupts off. Nothing else
 * may be done here; nothing here may trap.
 */
#include "pt.h"

static bool on_mirror_root(void)
{
	uint64_t cr3;

	asm volatile("mov %%cr3, %0" : "=r" (cr3));
	return (cr3 & DUNE_PTE_ADDR) == dune_root_cr3();
}

/*
 * A block of memory that is used for the first time; whether the access is to be
 * made again.
 *
 * Where the block has a slot already, another thread has brought it in since, or
 * is about to; or it is mapped, but the program has taken this part of it away.
 */
static bool new_block(uintptr_t va)
{
	if ((int32_t)dune_slot_table[va >> DUNE_SHIFT_1G] <= 0)
		return !dune_root_add(va);
	return on_mirror_root() && (pt_read(dune_vm_lookup(&dune_mirror, va).pte) & DUNE_PTE_P);
}

bool dune_pgflt_early(struct dune_tf *tf, uintptr_t cr2)
{
	if (tf->error & (DUNE_PF_PRESENT | DUNE_PF_RSVD) || cr2 >> VA_BITS)
		return false;
	/* A domain has all its blocks from the beginning. */
	if ((tf->cs & 3) && dune_this_thread()->call)
		return false;
	return new_block(cr2);
}
