/* SPDX-License-Identifier: MIT */
/*
 * vm_protect.c - change the rights of a range
 *
 * In two passes over its leaves: the first finds out that all are there, and by
 * the bits that all have in common how the second can go about it.
 */
#include "lock.h"
#include "pt.h"

/* Leaves in a row in one table. */
struct run {
	uint64_t	*entry;
	unsigned int	n, level;
};

static struct run run_at(struct dune_root *root, uint64_t va, uint64_t end)
{
	struct pt_pos pos = pt_find(root, va);
	uint64_t n = 1;

	if (pos.level == 1) {
		n = 512 - pt_index(va, 1);
		if (n > (end - va) >> DUNE_SHIFT_4K)
			n = (end - va) >> DUNE_SHIFT_4K;
	}
	return (struct run){ pos.entry, n, pos.level };
}

static uint64_t run_end(const struct run *run, uint64_t va)
{
	return run->level == 1 ? va + run->n * PAGE_SIZE : pt_next(va, run->level);
}

/* So many entries at a time, an instruction for each. */
#define FOUR			"0, 8, 16, 24"
#define SIXTEEN			FOUR ", 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120"
#define EACH(which, insn)	".irp at, " which "\n\t" insn "\n\t.endr"

/*
 * Do it for the entries up to @end, of which there are @n at least, @n at a time: for
 * the last ones perhaps a second time, which makes no difference.
 */
#define BY(n, which, do_it, entry, end) do {		\
	for (; (entry) < (end) - (n); (entry) += (n))	\
		do_it(which, entry);			\
	do_it(which, (end) - (n));			\
} while (0)

/* Those of @bits that all entries have. */
static inline uint64_t in_common(const uint64_t *entry, unsigned int n, uint64_t bits)
{
	const uint64_t *end = entry + n;

#define AND_INTO(which, entry)							\
	asm volatile(EACH(which, "andq \\at(%1), %0")				\
		     : "+r" (bits) : "r" (entry) : "memory", "cc")
	if (n >= 16)
		BY(16, SIXTEEN, AND_INTO, entry, end);
	else if (n >= 4)
		BY(4, FOUR, AND_INTO, entry, end);
	else
		for (; entry < end; entry++)
			bits &= pt_read(entry);
	return bits;
}

/* Whether none is 0. */
static bool all_used(const uint64_t *entry, unsigned int n)
{
	while (n && pt_read(entry)) {
		n--;
		entry++;
	}
	return !n;
}

/* What all leaves of the range have in common; 0: one is missing. */
static uint64_t survey(struct dune_root *root, uint64_t va, uint64_t end)
{
	uint64_t common = ~0ULL;
	struct run run;

	for (; va < end; va = run_end(&run, va)) {
		run = run_at(root, va, end);
		common = in_common(run.entry, run.n, common);
		if (!(common & PTE_LEAF) && !all_used(run.entry, run.n))
			return 0;
	}
	return common | DUNE_PTE_PS;
}

static inline void take_away(uint64_t *entry, unsigned int n, uint64_t keep)
{
	uint64_t *end = entry + n;

#define TAKE_FROM(which, entry)							\
	asm volatile(EACH(which, "lock andq %1, \\at(%0)")			\
		     : : "r" (entry), "r" (keep) : "memory", "cc")
	if (n >= 16)
		BY(16, SIXTEEN, TAKE_FROM, entry, end);
	else if (n >= 4)
		BY(4, FOUR, TAKE_FROM, entry, end);
	else
		for (; entry < end; entry++)
			__atomic_fetch_and(entry, keep, __ATOMIC_SEQ_CST);
}

/* What is to be copied before it is written to stays so. */
static inline uint64_t with_rights(uint64_t leaf, uint64_t pte)
{
	leaf = (leaf & ~(DUNE_PTE_RIGHTS | PTE_WANTS_W)) | pte;
	if ((leaf & PTE_COW) && (pte & DUNE_PTE_W))
		leaf ^= DUNE_PTE_W | PTE_WANTS_W;
	return leaf;
}

static inline void change(uint64_t *entry, uint64_t pte)
{
	uint64_t old = pt_read(entry);

	while (!__atomic_compare_exchange_n(entry, &old, with_rights(old, pte), false,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
}

/* What leaves lose that are to have the rights @pte. */
static inline uint64_t lost_with(uint64_t pte)
{
	return (DUNE_PTE_RIGHTS & ~pte) | (pte & DUNE_PTE_W ? 0 : PTE_WANTS_W);
}

static void change_all(struct dune_root *root, uint64_t va, uint64_t end, uint64_t pte,
		       uint64_t common)
{
	uint64_t lost = lost_with(pte);
	struct run run;
	unsigned int i;

	for (; va < end; va = run_end(&run, va)) {
		run = run_at(root, va, end);
		if ((common & pte) == pte) {
			take_away(run.entry, run.n, ~lost);
			continue;
		}
		for (i = 0; i < run.n; i++)
			change(&run.entry[i], pte);
	}
}

static __attribute__((noinline)) int protect(struct dune_root *root, uint64_t va, uint64_t end,
					     uint64_t pte)
{
	struct pt_edit edit = { .root = root };
	struct dune_held held;
	uint64_t common;
	int r;

	r = dune_vm_begin_cut(&edit, &held, va, end);
	if (r)
		return r;
	common = survey(root, va, end);
	if (common) {
		dune_vm_cut(&edit, va, end);
		change_all(root, va, end, pte, common);
	}
	dune_vm_end(&edit, &held, va, common ? end : va);
	return common ? 0 : -ENOENT;
}

/* A few small leaves, in one table or two. */
struct few {
	uint64_t	*entry[2];
	unsigned int	n[2];
};

static inline bool find_few(struct dune_root *root, uint64_t va, uint64_t pages, struct few *few)
{
	uint64_t first = 512 - pt_index(va, 1);

	few->n[0] = pages < first ? pages : first;
	few->n[1] = pages - few->n[0];
	few->entry[1] = NULL;
	return pt_small(root, va, &few->entry[0]) &&
	       (!few->n[1] || pt_small(root, va + few->n[0] * PAGE_SIZE, &few->entry[1]));
}

/* Whether all of them are there, and had these rights at least: then they have no more. */
static inline bool take_from_few(const struct few *few, uint64_t pte)
{
	uint64_t keep = ~DUNE_PTE_RIGHTS | pte, common = PTE_LEAF | pte;

	common = in_common(few->entry[0], few->n[0], common);
	if (few->n[1])
		common = in_common(few->entry[1], few->n[1], common);
	if (common != (PTE_LEAF | pte))
		return false;
	take_away(few->entry[0], few->n[0], keep);
	if (few->n[1])
		take_away(few->entry[1], few->n[1], keep);
	return true;
}

static __attribute__((noinline)) int protect_range(struct dune_root *root, uintptr_t va,
						   size_t len, uint64_t pte)
{
	int r;

	if (pte & ~DUNE_PTE_RIGHTS || !dune_vm_good_range(root, va, len, PAGE_SIZE))
		return dune_failed("dune_vm_protect", -EINVAL);
	r = protect(root, va, va + len, pte);
	return r ? dune_failed("dune_vm_protect", r) : 0;
}

/* Other threads, too, go on with the old rights no longer. */
static __attribute__((noinline)) int flush_shared(struct dune_root *root, uintptr_t va, size_t len)
{
	dune_flush(root, va, va + len);
	return 0;
}

/*
 * Rights taken from up to 2 MiB of small leaves, of the root that the thread is on:
 * what a collector does before it lets the program go on.
 */
static __attribute__((noinline)) int protect_few(struct dune_root *root, uintptr_t va, size_t len,
						 uint64_t pte)
{
	bool done = false;
	struct few few;
	uint64_t flags;

	if ((va | len) & (PAGE_SIZE - 1) || len - 1 >= 512 * PAGE_SIZE || pte & ~DUNE_PTE_RIGHTS)
		goto slow;
	if (!dune_inside() || !dune_on_root(root))
		goto slow;
	flags = dune_irq_off();
	if (dune_try_lock(&root->lock)) {
		done = find_few(root, va, len / PAGE_SIZE, &few) && take_from_few(&few, pte);
		if (done)
			dune_flush_here(va, va + len);
		dune_unlock_nested(&root->lock);
	}
	dune_irq_restore(flags);
	if (done)
		return root->users == 1 ? 0 : flush_shared(root, va, len);
slow:
	return protect_range(root, va, len, pte);
}

/*
 * One small page, of the root that the thread is on: the same as above, without a
 * step too many. Garbage collectors and the like do this for each fault.
 */
DUNE_API int dune_vm_protect(struct dune_root *root, uintptr_t va, size_t len, uint64_t pte)
{
	uint64_t flags, old, *entry, rights = DUNE_PTE_RIGHTS;

	if (len != PAGE_SIZE)
		return protect_few(root, va, len, pte);
	if (va & (PAGE_SIZE - 1) || !dune_inside() || !dune_on_root(root) || pte & ~rights)
		goto slow;
	flags = dune_irq_off();
	if (!dune_try_lock(&root->lock))
		goto restore;
	if (!pt_small(root, va, &entry))
		goto unlock;
	old = pt_read(entry);
	if (!(old & PTE_LEAF))
		goto unlock;
	if (!__atomic_compare_exchange_n(entry, &old, (old & ~rights) | pte, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		goto unlock;
	dune_vm_flush_page(va);
	dune_unlock_nested(&root->lock);
	dune_irq_restore(flags);
	return root->users == 1 ? 0 : flush_shared(root, va, len);

unlock:
	dune_unlock_nested(&root->lock);
restore:
	dune_irq_restore(flags);
slow:
	return protect_range(root, va, len, pte);
}
