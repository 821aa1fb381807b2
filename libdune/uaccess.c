/* SPDX-License-Identifier: MIT */
/*
 * uaccess.c - the guest half at memory that may be gone, or not be ring 3's
 */
#include "pt.h"

static uint64_t copy(void *to, const void *from, uint64_t size)
{
	return dune_uaccess(to, from, size, dune_global.smap);
}

/*
 * A fault of Linux's own making lets a stack grow down to where it was; a VM
 * exit's does not. So have Linux read there: what it is to set does not exist.
 */
static bool grow_stack(uint64_t at)
{
	return sys(__NR_timer_settime, -1, 0, at, 0) == -EINVAL;
}

/* At CPL 0, for CPL 0's memory. */
long dune_copy_out(uint64_t to, const void *from, uint64_t size)
{
	uint64_t left = copy((void *)to, from, size);

	if (left && grow_stack(to + size - left))
		left = copy((char *)to + size - left, (const char *)from + size - left, left);
	return left ? -EFAULT : 0;
}

long dune_copy_in(void *to, uint64_t from, uint64_t size)
{
	return copy(to, (const void *)from, size) ? -EFAULT : 0;
}

/* That ring 3 runs on; NULL: tables of the program's own. */
static struct dune_root *root_of_ring3(void)
{
	const struct dune_thread *t = dune_this_thread();
	uint64_t cr3;

	if (t->ring3.root)
		return t->ring3.root;
	asm volatile("mov %%cr3, %0" : "=r" (cr3));
	return (cr3 ^ t->root->cr3) & DUNE_PTE_ADDR ? NULL : t->root;
}

/* In a block that is ring 3's as a whole: nothing else need be asked. */
static bool in_user_block(struct dune_root *root, uint64_t start, uint64_t size)
{
	const uint64_t user = DUNE_PTE_P | DUNE_PTE_PS | DUNE_PTE_U;
	uint64_t block = start >> DUNE_SHIFT_1G;

	return size - 1 < 1UL << DUNE_SHIFT_1G && block < NR_BLOCKS &&
	       (start + size - 1) >> DUNE_SHIFT_1G == block &&
	       (pt_read(&root->low[block]) & user) == user;
}

/* What is not mapped yet faults. */
static bool leaves_are_user(struct dune_root *root, uint64_t start, uint64_t size)
{
	uint64_t va = start, entry;
	struct pt_pos pos;

	while (va < start + size) {
		pos = (struct pt_pos){ &root->low[va >> DUNE_SHIFT_1G], 3 };
		if (pt_is_table(pt_read(pos.entry), 3))
			pos = pt_find(root, va);
		entry = pt_read(pos.entry);
		if ((entry & (DUNE_PTE_P | DUNE_PTE_U)) == DUNE_PTE_P)
			return false;
		va = pt_next(va, pos.level);
	}
	return true;
}

static bool is_user(uint64_t start, uint64_t size)
{
	struct dune_root *root = root_of_ring3();

	if (root && in_user_block(root, start, size))
		return true;
	return dune_user_range(start, size) && (!root || leaves_are_user(root, start, size));
}

DUNE_API int dune_copy_from_user(void *to, uint64_t from, uint64_t size)
{
	return is_user(from, size) ? dune_copy_in(to, from, size) : -EFAULT;
}

DUNE_API int dune_copy_to_user(uint64_t to, const void *from, uint64_t size)
{
	return is_user(to, size) ? dune_copy_out(to, from, size) : -EFAULT;
}
