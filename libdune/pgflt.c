/* SPDX-License-Identifier: MIT */
/*
 * pgflt.c - page faults that are libdune's own to resolve
 *
 * On the IST stack, before the frame is moved, with interrupts off. Nothing else
 * may be done here; nothing here may trap.
 */
#include "pt.h"

/* A program may have loaded a table of its own making. */
static bool on_root(const struct dune_root *root)
{
	uint64_t cr3;

	asm volatile("mov %%cr3, %0" : "=r" (cr3));
	return (cr3 & DUNE_PTE_ADDR) == root->cr3;
}

static uint64_t entry_of(struct dune_root *root, uintptr_t va)
{
	return pt_read(dune_vm_lookup(root, va).pte);
}

/*
 * A block of memory that is used for the first time; whether the access is to be
 * made again.
 *
 * Where the block is in use already, another thread has brought it in since; or the
 * program has taken this part of it away from this root, or never given it. An entry
 * that forbids all access is the program's, whether the block is in use or not.
 */
static bool new_block(uintptr_t va)
{
	struct dune_root *root = dune_this_thread()->root;

	if (!entry_of(root, va) && !dune_block_in_use(va) && dune_root_add(va))
		return false;
	return on_root(root) && (entry_of(root, va) & DUNE_PTE_P);
}

/* Whether rings and SMAP are for the access, too. */
static bool ring_allows(const struct dune_tf *tf, uint64_t leaf)
{
	if (tf->error & DUNE_PF_USER)
		return leaf & DUNE_PTE_U;
	return !(leaf & DUNE_PTE_U) || !dune_global.smap || (tf->rflags & FLAG_AC);
}

/*
 * A write to a page that clones share; or one that did, until another thread
 * wrote to it.
 */
static bool to_be_copied(const struct dune_tf *tf, uintptr_t va)
{
	struct dune_root *root = dune_this_thread()->root;

	return on_root(root) && ring_allows(tf, entry_of(root, va)) && dune_cow_write(root, va);
}

bool dune_pgflt_early(struct dune_tf *tf, uintptr_t cr2)
{
	/* A domain has all its memory from the beginning. */
	if (cr2 >> VA_BITS || ((tf->cs & 3) && dune_this_thread()->call))
		return false;
	if (!(tf->error & (DUNE_PF_PRESENT | DUNE_PF_RSVD)))
		return new_block(cr2);
	return dune_cow_used &&
	       (tf->error & ~(uint64_t)DUNE_PF_USER) == (DUNE_PF_PRESENT | DUNE_PF_WRITE) &&
	       to_be_copied(tf, cr2);
}
