// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmu.c - keep the EPT no more permissive than Linux's page table
 *
 * Linux brackets every change that takes something away between start and
 * end. From start until end the fault path (ept_fault.c) installs nothing in
 * the range; at start everything in it is cleared, and no CPU uses it any more
 * when start returns. Linux gives rights without telling: then the EPT is too
 * strict, and the next violation puts it right.
 *
 * Called from any task, under mmap_lock, rmap locks or a page-table lock.
 */
#include <linux/minmax.h>
#include <linux/sched.h>

#include "dune.h"
#include "tracepoints.h"

static struct dune_vm *vm_of(struct mmu_notifier *mn)
{
	return container_of(mn, struct dune_vm, mn);
}

typedef bool visit_fn(struct ept *ept, u64 start, u64 end, void *arg);

static bool visit_slot(struct dune_vm *vm, u32 slot, unsigned long start,
		       unsigned long end, visit_fn *visit, void *arg)
{
	unsigned long base = (unsigned long)vm->slots.block[slot] << SLOT_SHIFT;
	unsigned long from = max(start, base);
	unsigned long to = min(end, base + (unsigned long)SLOT_SIZE);

	return from < to && visit(&vm->ept, dune_slot_gpa(slot) + (from - base),
				  dune_slot_gpa(slot) + (to - base), arg);
}

/*
 * Calls @visit for the guest-physical range of each slot in [@start, @end):
 * block by block where those are few, else slot by slot.
 */
static bool for_each_slot(struct dune_vm *vm, unsigned long start, unsigned long end,
			  visit_fn *visit, void *arg)
{
	const struct dune_slots *slots = &vm->slots;
	unsigned long block = start >> SLOT_SHIFT, last = (end - 1) >> SLOT_SHIFT;
	bool any = false;
	u32 i;

	lockdep_assert_held(&vm->ept_lock);
	if (last - block < slots->used) {
		for (; block <= last; block++) {
			i = dune_slots_find(slots, block << SLOT_SHIFT);
			if (i != SLOT_NONE)
				any |= visit_slot(vm, i, start, end, visit, arg);
		}
		return any;
	}
	for (i = 0; i < slots->used; i++)
		if (slots->block[i] != SLOT_FREE)
			any |= visit_slot(vm, i, start, end, visit, arg);
	return any;
}

static bool zap(struct ept *ept, u64 start, u64 end, void *removed)
{
	return ept_zap(ept, start, end, removed);
}

/* One page that is mapped, which is what Linux changes most often. */
static __always_inline bool zap_page(struct dune_vm *vm, unsigned long start, unsigned long end)
{
	u32 slot;

	if (end - start != PAGE_SIZE)
		return false;
	slot = dune_slots_find(&vm->slots, start);
	return slot != SLOT_NONE && vm->ept.root &&
	       ept_zap_page(&vm->ept, dune_slot_gpa(slot) + (start & (SLOT_SIZE - 1)));
}

static noinline bool zap_range(struct dune_vm *vm, unsigned long start, unsigned long end,
			       struct ept_removed *removed)
{
	if (!for_each_slot(vm, start, end, zap, removed))
		return false;
	dune_vm_flush_ept(vm);
	return true;
}

static void range_begin(struct dune_vm *vm, unsigned long start, unsigned long end)
{
	vm->invalidations++;
	if (!vm->invalidating++) {
		vm->inv_start = start;
		vm->inv_end = end;
	} else {
		vm->inv_start = min(vm->inv_start, start);
		vm->inv_end = max(vm->inv_end, end);
	}
}

int dune_mmu_invalidate_start(struct mmu_notifier *mn,
			      const struct mmu_notifier_range *range)
{
	struct dune_vm *vm = vm_of(mn);
	unsigned long start = range->start, end = range->end;
	struct ept_removed removed = { };
	bool flushed = true;

	spin_lock(&vm->ept_lock);
	range_begin(vm, start, end);
	if (zap_page(vm, start, end))
		dune_vm_flush_ept(vm);
	else
		flushed = zap_range(vm, start, end, &removed);
	spin_unlock(&vm->ept_lock);
	if (removed.first)
		ept_free_removed(&removed, mmu_notifier_range_blockable(range));
	trace_dune_invalidate(vm, start, end, flushed);
	return 0;
}

void dune_mmu_invalidate_end(struct mmu_notifier *mn,
			     const struct mmu_notifier_range *range)
{
	struct dune_vm *vm = vm_of(mn);
	bool last;

	spin_lock(&vm->ept_lock);
	last = !--vm->invalidating;
	spin_unlock(&vm->ept_lock);
	if (last && wq_has_sleeper(&vm->inv_wait))
		wake_up_all(&vm->inv_wait);
}

static bool age_and_clear(struct ept *ept, u64 start, u64 end, void *unused)
{
	return ept_age(ept, start, end, true);
}

static bool age(struct ept *ept, u64 start, u64 end, void *unused)
{
	return ept_age(ept, start, end, false);
}

/* As for its own entries, x86 does without a flush: an A bit lost is harmless. */
int dune_mmu_clear_young(struct mmu_notifier *mn, struct mm_struct *mm,
			 unsigned long start, unsigned long end)
{
	struct dune_vm *vm = vm_of(mn);
	bool young;

	spin_lock(&vm->ept_lock);
	young = for_each_slot(vm, start, end, age_and_clear, NULL);
	spin_unlock(&vm->ept_lock);
	return young;
}

int dune_mmu_test_young(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long va)
{
	struct dune_vm *vm = vm_of(mn);
	bool young;

	spin_lock(&vm->ept_lock);
	young = for_each_slot(vm, va, va + PAGE_SIZE, age, NULL);
	spin_unlock(&vm->ept_lock);
	return young;
}
