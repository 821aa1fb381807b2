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
	bool		some;		/* the last group had some */
	uint64_t	any;
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
	scan->any = 1;
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
 * One bit of each of @n entries, 64 at most, the last one's uppermost. A group that
 * has none is passed over; where @some are likely, groups are not asked first.
 */
static inline __attribute__((always_inline)) uint64_t
bits_of(uint64_t *entry, unsigned int n, const unsigned int bit, const bool clear, bool some)
{
	uint64_t *end = entry + n, *groups_end = entry + n / GROUP * GROUP;
	uint64_t word = 0;

	if (some)
		for (; entry < groups_end; entry += GROUP)
			MOVE_BITS(SIXTEEN, word, entry, bit, clear);
	for (; entry < groups_end; entry += GROUP) {
		if (group_has(entry, 1ULL << bit))
			MOVE_BITS(SIXTEEN, word, entry, bit, clear);
		else
			word >>= GROUP;
	}
	for (; entry < end; entry++)
		MOVE_BITS("0", word, entry, bit, clear);
	return word;
}

/* Entries of one table, and where their bits go: to @shift of the word at @to, and on. */
struct part {
	uint64_t	*entry, *to;
	unsigned int	n, shift;
};

static inline uint64_t note(struct scan *scan, uint64_t word)
{
	scan->some = word >> (64 - GROUP);
	scan->any |= word;
	return word;
}

/* Whole words, or a part of one. */
static inline __attribute__((always_inline)) void
scan_part(struct scan *scan, struct part part, const unsigned int bit, const bool clear)
{
	uint64_t word;

	for (; part.n >= 64; part.n -= 64, part.entry += 64)
		*part.to++ = note(scan, bits_of(part.entry, 64, bit, clear, scan->some));
	if (part.n) {
		word = note(scan, bits_of(part.entry, part.n, bit, clear, scan->some));
		*part.to |= word >> (64 - part.n) << part.shift;
	}
}

#define A_BIT	5
#define D_BIT	6

static void scan_bit(struct scan *scan, struct part part)
{
	if (scan->bits == DUNE_PTE_D && scan->clear)
		scan_part(scan, part, D_BIT, true);
	else if (scan->bits == DUNE_PTE_D)
		scan_part(scan, part, D_BIT, false);
	else if (scan->clear)
		scan_part(scan, part, A_BIT, true);
	else
		scan_part(scan, part, A_BIT, false);
}

/* Small leaves of one table, the bitmap's from @i on: what is left of a word, the rest. */
static void scan_table(struct scan *scan, uint64_t *entry, uint64_t i, uint64_t n)
{
	uint64_t *to = &scan->bitmap[i / 64];
	unsigned int first = 0;

	if (i % 64) {
		first = 64 - i % 64 < n ? 64 - i % 64 : n;
		scan_bit(scan, (struct part){ entry, to++, first, i % 64 });
	}
	scan_bit(scan, (struct part){ entry + first, to, n - first, 0 });
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
			scan_table(scan, pos.entry, (va - scan->va) / PAGE_SIZE,
				   (next - va) / PAGE_SIZE);
		else if (look(scan, pos.entry))
			mark(scan, va, next);
	}
}

/* In words: in bytes it would take eight times as long in some machines. */
static void zero(uint64_t *to, uint64_t n)
{
	asm volatile("rep stosq" : "+D" (to), "+c" (n) : "a" (0) : "memory");
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
	zero(bitmap, (len / PAGE_SIZE + 63) / 64);
	dune_lock(&root->lock, &held);
	scan_range(&scan, root, va + len);
	dune_unlock(&root->lock, &held);
	if (scan.clear && scan.any && !(flags & DUNE_SCAN_NO_FLUSH))
		dune_flush(root, va, va + len);
	return 0;
}
