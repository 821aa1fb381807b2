/* SPDX-License-Identifier: MIT */
/*
 * vm_copy.c - aliases and clones: more leaves to the same memory
 */
#include "lock.h"
#include "pt.h"

/* Two roots are locked in one order, whoever asks. */
static void lock_both(struct dune_root *a, struct dune_root *b, struct dune_held *held)
{
	struct dune_root *first = a < b ? a : b;

	dune_lock(&first->lock, held);
	if (a != b)
		dune_lock_nested(first == a ? &b->lock : &a->lock);
}

static void unlock_both(struct dune_root *a, struct dune_root *b, const struct dune_held *held)
{
	if (a != b)
		dune_unlock_nested(&b->lock);
	dune_unlock(&a->lock, held);
}

static bool all_mapped(struct dune_root *root, uint64_t va, uint64_t end)
{
	struct pt_pos pos;

	for (; va < end; va = pt_next(va, pos.level)) {
		pos = pt_find(root, va);
		if (!pt_read(pos.entry))
			return false;
	}
	return true;
}

/* The bits of a second leaf to what @leaf maps. */
static uint64_t alias_bits(uint64_t leaf, uint64_t pte)
{
	uint64_t bits = pte | (leaf & PTE_POOL);

	if (!(leaf & PTE_COW))
		return bits | PTE_LEAF;
	if (pte & DUNE_PTE_W)
		bits ^= DUNE_PTE_W | PTE_WANTS_W;
	return bits | PTE_COW;
}

/* One leaf, as large as both sides allow; how many bytes that is. */
static uint64_t alias_one(struct pt_edit *edit, uint64_t va, uint64_t left, uint64_t pte,
			  struct dune_root *from, uint64_t source)
{
	struct pt_pos pos = pt_find(from, source);
	uint64_t leaf = pt_read(pos.entry);
	uint64_t pa = (leaf & DUNE_PTE_ADDR) + (source & (pt_size(pos.level) - 1));
	unsigned int level = dune_vm_level_for(va, pa, left, pos.level);
	uint64_t bits = alias_bits(leaf, pte);

	if (leaf & PTE_POOL)
		dune_pool_count(pa, pt_shift(level));
	pt_set(edit, va, level, pa | bits | (level > 1 ? DUNE_PTE_PS : 0));
	return pt_size(level);
}

DUNE_API int dune_vm_alias(struct dune_root *root, uintptr_t va, size_t len, uint64_t pte,
			   struct dune_root *from, uintptr_t source)
{
	struct pt_edit edit = { .root = root };
	struct dune_held held;
	uint64_t done = 0;
	int r = 0;

	if (!dune_vm_good_range(root, va, len, PAGE_SIZE) ||
	    !dune_vm_good_range(from, source, len, PAGE_SIZE) || pte & ~DUNE_PTE_RIGHTS)
		return FAIL(-EINVAL);
	if (!dune_tables_take(&edit, dune_vm_tables_for(va, va + len, 1))) {
		dune_tables_give_back(&edit);
		return FAIL(-ENOMEM);
	}
	lock_both(root, from, &held);
	if (!dune_vm_is_empty(root, va, va + len))
		r = -EEXIST;
	else if (!all_mapped(from, source, source + len))
		r = -ENOENT;
	while (!r && done < len)
		done += alias_one(&edit, va + done, len - done, pte, from, source + done);
	unlock_both(root, from, &held);
	if (edit.removed)
		dune_flush(root, va, va + len);
	dune_tables_give_back(&edit);
	return r ? FAIL(r) : 0;
}

static uint64_t count_tables(const uint64_t *table, unsigned int n, unsigned int level)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; level > 1 && i < n; i++)
		if (pt_is_table(pt_read(&table[i]), level))
			sum += 1 + count_tables(pt_table(pt_read(&table[i])), 512, level - 1);
	return sum;
}

static uint64_t count_all(struct dune_root *root)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < NR_BLOCKS / 512; i++)
		if (root->top[i])
			sum += count_tables(&root->low[i * 512], 512, 3);
	return sum;
}

/*
 * Memory of the pool is to be copied from now on, when it is written to; also what
 * nobody may write to yet.
 */
static uint64_t make_cow(uint64_t *entry)
{
	uint64_t old = pt_read(entry), new;

	do {
		if (!(old & PTE_POOL) || (old & PTE_COW))
			return old;
		new = (old & ~(DUNE_PTE_W | PTE_LEAF)) | PTE_COW;
		if (old & DUNE_PTE_W)
			new |= PTE_WANTS_W;
	} while (!__atomic_compare_exchange_n(entry, &old, new, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	return new;
}

static void clone_table(struct pt_edit *edit, uint64_t *to, uint64_t *from, unsigned int level,
			unsigned int flags);

static void clone_entry(struct pt_edit *edit, uint64_t *to, uint64_t *from, unsigned int level,
			unsigned int flags)
{
	uint64_t entry = pt_read(from), *table;

	if (pt_is_table(entry, level)) {
		table = dune_table_use(edit);
		clone_table(edit, table, pt_table(entry), level - 1, flags);
		*to = pt_table_entry(table);
	} else if (entry) {
		*to = flags & DUNE_CLONE_COW ? make_cow(from) : entry;
		if (flags & DUNE_CLONE_RING0)
			*to &= ~DUNE_PTE_U;
		if (entry & PTE_POOL)
			dune_pool_count(entry & DUNE_PTE_ADDR, pt_shift(level));
	}
}

static void clone_table(struct pt_edit *edit, uint64_t *to, uint64_t *from, unsigned int level,
			unsigned int flags)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		clone_entry(edit, &to[i], &from[i], level, flags);
}

static void clone_all(struct pt_edit *edit, struct dune_root *from, unsigned int flags)
{
	struct dune_root *to = edit->root;
	unsigned int i;

	for (i = 0; i < NR_BLOCKS / 512; i++) {
		if (!from->top[i])
			continue;
		clone_table(edit, &to->low[i * 512], &from->low[i * 512], 3, flags);
		to->top[i] = dune_va_to_pa(&to->low[i * 512]) | PT_TABLE;
	}
}

/* Lock @root, nested, with as many tables in hand as it has. */
static bool lock_counted(struct pt_edit *edit, struct dune_root *root)
{
	uint64_t n;

	for (;;) {
		dune_lock_nested(&root->lock);
		n = count_all(root);
		if (edit->nr_spare >= n)
			return true;
		dune_unlock_nested(&root->lock);
		if (!dune_tables_take(edit, n))
			return false;
	}
}

/*
 * Under the lock of the roots, so that no block comes into use between the copy and
 * the time from which the copy hears of it. And nobody may copy a page that another
 * thread, by its TLB, still writes to.
 */
static bool copy_root(struct pt_edit *edit, struct dune_root *from, unsigned int flags)
{
	struct dune_held held;
	bool ok;

	dune_roots_lock(&held);
	ok = lock_counted(edit, from);
	if (ok) {
		clone_all(edit, from, flags);
		if (flags & DUNE_CLONE_COW)
			dune_flush(from, 0, 1UL << VA_BITS);
		dune_unlock_nested(&from->lock);
		edit->root->follows = from->follows;
		edit->root->is_ring0s = from->is_ring0s || flags & DUNE_CLONE_RING0;
		dune_root_publish(edit->root);
	}
	dune_roots_unlock(&held);
	return ok;
}

DUNE_API int dune_vm_clone(struct dune_root *root, unsigned int flags, struct dune_root **clone)
{
	struct pt_edit edit = { 0 };
	int r;

	if (!root || !clone || flags & ~(DUNE_CLONE_COW | DUNE_CLONE_RING0))
		return FAIL(-EINVAL);
	edit.root = dune_root_alloc(&r);
	if (!edit.root)
		return FAIL(r);
	if (flags & DUNE_CLONE_COW) {
		dune_cow_used = true;
		dune_handlers_lengthen(HANDLER_PGFLT);
	}
	if (!copy_root(&edit, root, flags)) {
		dune_tables_give_back(&edit);
		dune_unmap(edit.root, sizeof(*edit.root));
		return FAIL(-ENOMEM);
	}
	dune_tables_give_back(&edit);
	*clone = edit.root;
	return 0;
}
