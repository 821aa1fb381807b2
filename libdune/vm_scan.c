/* SPDX-License-Identifier: MIT */
/*
 * vm_scan.c - A and D bits of a range, into a bitmap
 */
#include "lock.h"
#include "pt.h"

struct scan {
	uint64_t	va;		/* bit 0 of the bitmap */
	uint64_t	bits;
	bool		clear;
	bool		any;
	uint64_t	*bitmap;
};

/* Whether the leaf has one of the bits; then it has no longer, if that is wanted. */
static bool look(const struct scan *scan, uint64_t *entry)
{
	if (!(pt_read(entry) & scan->bits))
		return false;
	if (scan->clear)
		__atomic_fetch_and(entry, ~scan->bits, __ATOMIC_SEQ_CST);
	return true;
}

static void mark(struct scan *scan, uint64_t va, uint64_t end)
{
	uint64_t i;

	for (i = (va - scan->va) / PAGE_SIZE; i < (end - scan->va) / PAGE_SIZE; i++)
		scan->bitmap[i / 64] |= 1ULL << i % 64;
	scan->any = true;
}

static void scan_range(struct scan *scan, struct dune_root *root, uint64_t end)
{
	uint64_t va = scan->va, next;
	struct pt_pos pos;

	for (; va < end; va = next) {
		pos = pt_find(root, va);
		next = pt_next(va, pos.level);
		if (next > end)
			next = end;
		if (look(scan, pos.entry))
			mark(scan, va, next);
	}
}

DUNE_API int dune_vm_scan(struct dune_root *root, uintptr_t va, size_t len, uint64_t bits,
			  unsigned int flags, uint64_t *bitmap)
{
	struct scan scan = {
		.va = va, .bits = bits, .clear = flags & DUNE_SCAN_CLEAR, .bitmap = bitmap,
	};
	struct dune_held held;

	if (!dune_vm_good_range(root, va, len, PAGE_SIZE) || !bits || !bitmap ||
	    bits & ~(DUNE_PTE_A | DUNE_PTE_D) || flags & ~(DUNE_SCAN_CLEAR | DUNE_SCAN_NO_FLUSH))
		return -EINVAL;
	/* Before the lock is held: with it, no page fault could be handled. */
	__builtin_memset(bitmap, 0, (len / PAGE_SIZE + 63) / 64 * 8);
	dune_lock(&root->lock, &held);
	scan_range(&scan, root, va + len);
	dune_unlock(&root->lock, &held);
	if (scan.clear && scan.any && !(flags & DUNE_SCAN_NO_FLUSH))
		dune_flush(root, va, va + len);
	return 0;
}
