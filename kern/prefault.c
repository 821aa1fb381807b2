// SPDX-License-Identifier: GPL-2.0-only
/*
 * prefault.c - bring a range into the EPT before it is used
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "dune.h"
#include "ept_fault.h"
#include "ept_install.h"

static unsigned long next_after(unsigned long va, int level)
{
	unsigned long size = ept_level_size(level);

	return (va & ~(size - 1)) + size;
}

/*
 * Deals with what one table holds: the leaves around @va. *@next: where to go on;
 * EPT_CHANGING: there again, later.
 */
static enum ept_install install_at(struct dune_vm *vm, struct ept_cache *cache,
				   unsigned long va, unsigned long *next)
{
	struct ept_access a = { .access = DUNE_ACCESS_READ, .pages_min = EPT_ENTRIES };
	enum ept_install r = EPT_NOT_PRESENT;
	u32 slot;

	spin_lock(&vm->ept_lock);
	local_irq_disable();
	slot = dune_slots_find(&vm->slots, va);
	if (slot == SLOT_NONE) {
		*next = next_after(va, 3);
	} else {
		a.gpa = dune_slot_gpa(slot) + (va & (SLOT_SIZE - 1));
		r = ept_install(vm, cache, &a);
		*next = next_after(va, r == EPT_INSTALLED ? max(a.level, 2) : a.level);
	}
	local_irq_enable();
	spin_unlock(&vm->ept_lock);
	return r;
}

int dune_vm_prefault(struct dune_vm *vm, struct dune_range *range)
{
	unsigned long va = range->va & PAGE_MASK, next;
	unsigned long end = range->va + range->len;
	struct ept_cache cache = { };
	int r = 0;

	if (end < range->va || end > 1UL << (SLOT_SHIFT + SLOT_VA_BITS))
		return -EINVAL;

	while (va < end && !r) {
		r = dune_fail_step() ?: ept_cache_fill(&cache);
		if (r)
			break;
		if (install_at(vm, &cache, va, &next) == EPT_CHANGING)
			r = ept_wait_for_change(vm, va);
		else
			va = next;
		if (fatal_signal_pending(current))
			r = -EINTR;
		cond_resched();
	}
	ept_cache_drain(&cache);
	return r;
}
