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

/* The pages of [va, end), one leaf's. */
static void mark(struct scan *scan, uint64_t va, uint64_t end)
{
	uint64_t i;

	for (i = (va - scan->va) / PAGE_SIZE; i < (end - scan->va) / PAGE_SIZE; i++)
		scan->bitmap[i / 64] |= 1ULL << i % 64;
	scan->any = true;
}

#define GROUP	16
#define SIXTEEN	"0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120"

/* Bits of entries go over the carry flag into a word, from above: one entry's, or 16. */
#define MOVE_BITS(which, word, entry, bit, clear) do {					\
	if (clear)									\
		asm volatile(".irp at, " which "\n\t"					\
			     "lock btrq %2, \\at(%1)\n\trcrq $1, %0\n\t.endr"		\
			     : "+r" (word) : "r" (entry), "i" (bit) : "memory", "cc");	\
	else										\
		asm volatile(".irp at, " which "\n\t"					\
			     "btq %2, \\at(%1)\n\trcrq $1, %0\n\t.endr"			\
			     : "+r" (word) : "r" (entry), "i" (bit) : "memory", "cc");	\
} while (0)

static inline __attribute__((always_inline)) bool group_has(const uint64_t *entry, uint64_t mask)
{
	uint64_t all = 0;

	asm volatile(".irp at, " SIXTEEN "\n\torq \\at(%1), %0\n\t.endr"
		     : "+r" (all) : "r" (entry) : "memory", "cc");
	return all & mask;
}

/*
 * One bit of each of @n entries, 64 at most. A group of them that has none is
 * passed over; after one that has some, the next is not asked first.
 */
static inline __attribute__((always_inline)) uint64_t
bits_of(uint64_t *entry, unsigned int n, const unsigned int bit, const bool clear)
{
	uint64_t word = 0;
	unsigned int left;
	bool some = false;

	for (left = n; left >= GROUP; left -= GROUP, entry += GROUP) {
		if (!some && !group_has(entry, 1ULL << bit)) {
			word >>= GROUP;
			continue;
		}
		MOVE_BITS(SIXTEEN, word, entry, bit, clear);
		some = word >> (64 - GROUP);
	}
	for (; left; left--, entry++)
		MOVE_BITS("0", word, entry, bit, clear);
	return word >> (64 - n);
}

#define A_BIT	5
#define D_BIT	6

static uint64_t bits_for(const struct scan *scan, uint64_t *entry, unsigned int n)
{
	if (scan->bits == DUNE_PTE_D)
		return scan->clear ? bits_of(entry, n, D_BIT, true) : bits_of(entry, n, D_BIT, false);
	return scan->clear ? bits_of(entry, n, A_BIT, true) : bits_of(entry, n, A_BIT, false);
}

/* Small leaves from @va on, as far as their table and a word of the bitmap go. */
static uint64_t scan_some(struct scan *scan, uint64_t *entry, uint64_t va, uint64_t end)
{
	uint64_t i = (va - scan->va) / PAGE_SIZE, word;
	unsigned int n = 64 - i % 64;

	if (n > (end - va) / PAGE_SIZE)
		n = (end - va) / PAGE_SIZE;
	word = bits_for(scan, entry, n);
	scan->bitmap[i / 64] |= word << i % 64;
	scan->any |= word;
	return va + n * PAGE_SIZE;
}

static void scan_table(struct scan *scan, uint64_t *entry, uint64_t va, uint64_t end)
{
	uint64_t next;

	for (; va < end; va = next) {
		next = scan_some(scan, entry, va, end);
		entry += (next - va) / PAGE_SIZE;
	}
}

static void scan_range(struct scan *scan, struct dune_root *root, uint64_t end)
{
	bool one_bit = scan->bits != (DUNE_PTE_A | DUNE_PTE_D);
	uint64_t va = scan->va, next;
	struct pt_pos pos;

	for (; va < end; va = next) {
		pos = pt_find(root, va);
		next = pt_next(va, pos.level == 1 && one_bit ? 2 : pos.level);
		if (next > end)
			next = end;
		if (pos.level == 1 && one_bit)
			scan_table(scan, pos.entry, va, next);
		else if (look(scan, pos.entry))
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
		return FAIL(-EINVAL);
	/* Before the lock is held: with it, no page fault could be handled. */
	__builtin_memset(bitmap, 0, (len / PAGE_SIZE + 63) / 64 * 8);
	dune_lock(&root->lock, &held);
	scan_range(&scan, root, va + len);
	dune_unlock(&root->lock, &held);
	if (scan.clear && scan.any && !(flags & DUNE_SCAN_NO_FLUSH))
		dune_flush(root, va, va + len);
	return 0;
}
