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

static struct dune_vm *vm_of(struct mmu_notifier *mn)
{
	return container_of(mn, struct dune_vm, mn);
}

/* Calls @visit for the guest-physical range of each slot in [@start, @end). */
static bool for_each_slot(struct dune_vm *vm, unsigned long start, unsigned long end,
			  bool (*visit)(struct ept *ept, u64 start, u64 end))
{
	const struct dune_slots *slots = &vm->slots;
	bool any = false;
	u32 i;

	lockdep_assert_held(&vm->ept_lock);
	/* Few slots are in use: go through them, not through the range. */
	for (i = 0; i < slots->used; i++) {
		unsigned long base = (unsigned long)slots->block[i] << SLOT_SHIFT;
		unsigned long from = max(start, base);
		unsigned long to = min(end, base + (unsigned long)SLOT_SIZE);

		if (from < to)
			any |= visit(&vm->ept, dune_slot_gpa(i) + (from - base),
				     dune_slot_gpa(i) + (to - base));
	}
	return any;
}

static void range_begin(struct dune_vm *vm, unsigned long start, unsigned long end)
{
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
	bool zapped;

	spin_lock(&vm->ept_lock);
	range_begin(vm, range->start, range->end);
	zapped = for_each_slot(vm, range->start, range->end, ept_zap);
	if (zapped)
		dune_vm_kick(vm);
	spin_unlock(&vm->ept_lock);
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
	if (last)
		wake_up_all(&vm->inv_wait);
}

static bool age_and_clear(struct ept *ept, u64 start, u64 end)
{
	return ept_age(ept, start, end, true);
}

static bool age(struct ept *ept, u64 start, u64 end)
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
	young = for_each_slot(vm, start, end, age_and_clear);
	spin_unlock(&vm->ept_lock);
	return young;
}

int dune_mmu_test_young(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long va)
{
	struct dune_vm *vm = vm_of(mn);
	bool young;

	spin_lock(&vm->ept_lock);
	young = for_each_slot(vm, va, va + PAGE_SIZE, age);
	spin_unlock(&vm->ept_lock);
	return young;
}
