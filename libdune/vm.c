/* SPDX-License-Identifier: MIT */
/*
 * vm.c - map, unmap, protect and look up, in any root
 *
 * A change is made in one piece under the root's lock: first it is found out
 * whether it can be made, with the tables it takes in hand; then it cannot fail.
 * TLBs are flushed after it, and only then tables and pages go back.
 */
#include "lock.h"
#include "pt.h"

static bool good_rights(uint64_t pte)
{
	return !(pte & ~DUNE_PTE_RIGHTS);
}

static unsigned int level_of(unsigned int shift)
{
	return (shift - 3) / 9;
}

/* Of @shift, where 0 stands for any. */
static bool good_shift(unsigned int shift, unsigned int max)
{
	if (shift == DUNE_SHIFT_1G)
		return max == DUNE_SHIFT_1G && pt_has_1g();
	return shift == DUNE_SHIFT_4K || shift == DUNE_SHIFT_2M;
}

void dune_vm_begin(struct pt_edit *edit, struct dune_held *held)
{
	dune_lock(&edit->root->lock, held);
}

/* After a change of [start, end). */
void dune_vm_end(struct pt_edit *edit, struct dune_held *held, uint64_t start, uint64_t end)
{
	dune_unlock(&edit->root->lock, held);
	if (start < end)
		dune_flush(edit->root, start, end);
	dune_tables_give_back(edit);
	dune_pool_free(edit->released);
}

/* Tables that new leaves of a range may take. */
uint64_t dune_vm_tables_for(uint64_t va, uint64_t end, unsigned int level)
{
	uint64_t n = 0;

	for (; level < 3 && va < end; level++)
		n += ((end - 1) >> pt_shift(level + 1)) - (va >> pt_shift(level + 1)) + 1;
	return n;
}

bool dune_vm_is_empty(struct dune_root *root, uint64_t va, uint64_t end)
{
	struct pt_pos pos;

	for (; va < end; va = pt_next(va, pos.level)) {
		pos = pt_find(root, va);
		if (pt_read(pos.entry))
			return false;
	}
	return true;
}

/* The largest leaf for @va and what it maps, @left bytes before the end. */
unsigned int dune_vm_level_for(uint64_t va, uint64_t pa, uint64_t left, unsigned int level)
{
	while (level > 1 && ((va | pa) & (pt_size(level) - 1) || left < pt_size(level)))
		level--;
	return level;
}

static uint64_t leaf_bits(uint64_t pte, unsigned int level)
{
	return pte | PTE_LEAF | (level > 1 ? DUNE_PTE_PS : 0);
}

DUNE_API int dune_vm_map_phys(struct dune_root *root, uintptr_t va, size_t len, uint64_t pa,
			      uint64_t pte, unsigned int shift)
{
	struct pt_edit edit = { .root = root };
	unsigned int min = level_of(shift ?: DUNE_SHIFT_4K), level;
	unsigned int max = shift ? min : pt_has_1g() ? 3 : 2;
	uint64_t start = va, end = va + len, limit = 1UL << dune_global.info.gpa_bits, bits;
	struct dune_held held;

	if ((shift && !good_shift(shift, DUNE_SHIFT_1G)) || !good_rights(pte) ||
	    !dune_vm_good_range(root, va, len, pt_size(min)) || pa & (pt_size(min) - 1) ||
	    pa > limit || len > limit - pa)
		return FAIL(-EINVAL);
	if (!dune_tables_take(&edit, dune_vm_tables_for(va, end, min))) {
		dune_tables_give_back(&edit);
		return FAIL(-ENOMEM);
	}
	dune_vm_begin(&edit, &held);
	if (!dune_vm_is_empty(root, va, end)) {
		dune_vm_end(&edit, &held, 0, 0);
		return FAIL(-EEXIST);
	}
	for (; va < end; va += pt_size(level), pa += pt_size(level)) {
		level = dune_vm_level_for(va, pa, end - va, max);
		bits = leaf_bits(pte, level);
		if (dune_pool_count(pa, pt_shift(level)))
			bits |= PTE_POOL;
		pt_set(&edit, va, level, pa | bits);
	}
	dune_vm_end(&edit, &held, start, edit.removed ? end : start);
	return 0;
}

/* Fresh pages for @n leaves, as a list in the pool's manner; or none. */
static bool take_pages(uint64_t n, unsigned int shift, void **pages)
{
	void *p;

	for (*pages = NULL; n; n--) {
		p = dune_pool_take(shift, true);
		if (!p) {
			dune_pool_unuse(*pages, 1UL << shift);
			return false;
		}
		dune_pool_push(pages, p);
	}
	return true;
}

DUNE_API int dune_vm_map(struct dune_root *root, uintptr_t va, size_t len, uint64_t pte,
			 unsigned int shift)
{
	struct pt_edit edit = { .root = root };
	uint64_t start = va, end = va + len, bits;
	struct dune_held held;
	unsigned int level;
	void *pages = NULL;
	int r = 0;

	if (!good_shift(shift, DUNE_SHIFT_2M) || !good_rights(pte) ||
	    !dune_vm_good_range(root, va, len, 1UL << shift) || !dune_global.ready)
		return FAIL(-EINVAL);
	level = level_of(shift);
	bits = leaf_bits(pte, level) | PTE_POOL;
	if (!dune_tables_take(&edit, dune_vm_tables_for(va, end, level)) ||
	    !take_pages(len >> shift, shift, &pages)) {
		dune_tables_give_back(&edit);
		return FAIL(-ENOMEM);
	}
	dune_vm_begin(&edit, &held);
	if (!dune_vm_is_empty(root, va, end))
		r = -EEXIST;
	for (; !r && va < end; va += 1UL << shift)
		pt_set(&edit, va, level, dune_va_to_pa(dune_pool_pop(&pages)) | bits);
	dune_vm_end(&edit, &held, start, edit.removed ? end : start);
	dune_pool_unuse(pages, 1UL << shift);
	return r ? FAIL(r) : 0;
}

/*
 * Begin, with the tables in hand that dune_vm_cut() may need: they are got without
 * the lock. -ENOMEM: and it is not held.
 */
int dune_vm_begin_cut(struct pt_edit *edit, struct dune_held *held, uint64_t start, uint64_t end)
{
	for (;;) {
		dune_vm_begin(edit, held);
		if (edit->nr_spare >= pt_tables_to_cut(edit->root, start) +
				      pt_tables_to_cut(edit->root, end))
			return 0;
		dune_unlock(&edit->root->lock, held);
		if (!dune_tables_take(edit, 4)) {
			dune_tables_give_back(edit);
			return -ENOMEM;
		}
	}
}

/* Have leaves end at both ends of the range. */
void dune_vm_cut(struct pt_edit *edit, uint64_t start, uint64_t end)
{
	pt_cut(edit, start);
	pt_cut(edit, end);
}

DUNE_API int dune_vm_unmap(struct dune_root *root, uintptr_t va, size_t len)
{
	struct pt_edit edit = { .root = root };
	struct dune_held held;
	int r;

	if (!dune_vm_good_range(root, va, len, PAGE_SIZE))
		return FAIL(-EINVAL);
	r = dune_vm_begin_cut(&edit, &held, va, va + len);
	if (r)
		return FAIL(r);
	dune_vm_cut(&edit, va, va + len);
	pt_clear(&edit, va, va + len);
	dune_vm_end(&edit, &held, va, va + len);
	return 0;
}

DUNE_API int dune_vm_split(struct dune_root *root, uintptr_t va, unsigned int shift,
			   struct dune_leaf *leaf)
{
	struct pt_edit edit = { .root = root };
	struct dune_held held;
	struct pt_pos pos;

	if (!root || va >> VA_BITS || !leaf || (!good_shift(shift, DUNE_SHIFT_1G) &&
						shift != DUNE_SHIFT_1G))
		return FAIL(-EINVAL);
	if (!dune_tables_take(&edit, 3 - level_of(shift))) {
		dune_tables_give_back(&edit);
		return FAIL(-ENOMEM);
	}
	dune_vm_begin(&edit, &held);
	pos = pt_descend(&edit, va, level_of(shift));
	leaf->pte = pos.entry;
	leaf->shift = pt_shift(pos.level);
	dune_vm_end(&edit, &held, 0, 0);
	return 0;
}

DUNE_API int dune_vm_merge(struct dune_root *root, uintptr_t va, size_t len)
{
	struct pt_edit edit = { .root = root };
	struct dune_held held;

	if (!dune_vm_good_range(root, va, len, PAGE_SIZE))
		return FAIL(-EINVAL);
	dune_vm_begin(&edit, &held);
	pt_merge(&edit, va, va + len);
	dune_vm_end(&edit, &held, va, edit.removed ? va + len : va);
	return 0;
}
