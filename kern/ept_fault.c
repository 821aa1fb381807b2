// SPDX-License-Identifier: GPL-2.0-only
/*
 * ept_fault.c - fill the EPT from Linux's page table
 *
 * No page reference is held and no sequence counter needed: an invalidation
 * takes ept_lock before it changes anything, so a walk made under ept_lock
 * with no overlapping invalidation in progress cannot be stale.
 *
 * A leaf becomes writable only where Linux's is writable and dirty: then
 * nothing written through the EPT is lost, for whoever cleans the dirty bit
 * tells the notifier.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/memtype.h>
#include <asm/pgtable.h>

#include "dune.h"
#include "ept_fault.h"
#include "hostwalk.h"
#include "vmx.h"

/* Rounds after which Linux gets a chance to do other work. */
#define MAX_ROUNDS	16

static bool leaf_allows(const struct host_leaf *leaf, u32 access)
{
	if ((access & DUNE_ACCESS_WRITE) &&
	    (leaf->flags & (_PAGE_RW | _PAGE_DIRTY)) != (_PAGE_RW | _PAGE_DIRTY))
		return false;
	if ((access & DUNE_ACCESS_EXEC) && (leaf->flags & _PAGE_NX))
		return false;
	return true;
}

/* IA32_PAT encodes types as EPT does, but for UC-, which EPT does not know. */
static u64 memory_type(unsigned long flags)
{
	unsigned int index = (flags & _PAGE_PWT ? 1 : 0) + (flags & _PAGE_PCD ? 2 : 0) +
			     (flags & _PAGE_PAT ? 4 : 0);
	u64 pat, type;

	if (likely(!index))
		return 6;	/* WB: Linux never changes entry 0 */
	rdmsrl(MSR_IA32_CR_PAT, pat);
	type = (pat >> (8 * index)) & 7;
	return type == 7 ? 0 : type;
}

static u64 leaf_to_epte(const struct host_leaf *leaf)
{
	u64 epte = EPTE_R | EPTE_IPAT;

	if ((leaf->flags & (_PAGE_RW | _PAGE_DIRTY)) == (_PAGE_RW | _PAGE_DIRTY))
		epte |= EPTE_W;
	if (!(leaf->flags & _PAGE_NX))
		epte |= EPTE_X;
	return epte | memory_type(leaf->flags) << EPTE_MT_SHIFT;
}

/* CPUs with the multihit erratum must not execute from large leaves. */
static bool level_allowed(int level, u64 epte)
{
	if (level == 3 && !vmx_caps.has_ept_1g)
		return false;
	if (level == 2 && !vmx_caps.has_ept_2m)
		return false;
	return level == 1 || !(epte & EPTE_X) ||
	       !boot_cpu_has_bug(X86_BUG_ITLB_MULTIHIT);
}

static void install(struct dune_vcpu *vcpu, u64 gpa, const struct host_leaf *leaf)
{
	u64 epte = leaf_to_epte(leaf);
	int level = leaf->level;

	for (; level >= 1; level--) {
		u64 offset = gpa & (ept_level_size(leaf->level) - 1);
		u64 hpa = ((u64)leaf->pfn << PAGE_SHIFT) + offset;

		if (!level_allowed(level, epte))
			continue;
		hpa &= ~(ept_level_size(level) - 1);
		if (!ept_map(&vcpu->vm->ept, &vcpu->ept_cache, gpa, level, hpa | epte))
			return;
	}
}

static bool invalidation_overlaps(struct dune_vm *vm, unsigned long hva)
{
	unsigned long block = hva & ~(SLOT_SIZE - 1);

	/* The leaf may be as large as the block. */
	return vm->invalidating && vm->inv_start < block + SLOT_SIZE &&
	       block < vm->inv_end;
}

static bool no_invalidation(struct dune_vm *vm, unsigned long hva)
{
	bool none;

	spin_lock(&vm->ept_lock);
	none = !invalidation_overlaps(vm, hva);
	spin_unlock(&vm->ept_lock);
	return none;
}

/* So that a table page is at hand for each level, under the lock. */
static int top_up(struct ept_cache *cache)
{
	if (likely(cache->nr == ARRAY_SIZE(cache->page)))
		return 0;
	return dune_fail_step() ?: ept_cache_fill(cache);
}

enum step { STEP_DONE, STEP_WAIT, STEP_FAULT_IN };

static enum step try_install(struct dune_vcpu *vcpu, u64 gpa, unsigned long hva, u32 access)
{
	struct dune_vm *vm = vcpu->vm;
	enum step step = STEP_FAULT_IN;
	struct host_leaf leaf;
	bool present;

	spin_lock(&vm->ept_lock);
	if (unlikely(invalidation_overlaps(vm, hva))) {
		step = STEP_WAIT;
	} else if (likely(vm->ept.root)) {
		local_irq_disable();
		present = host_walk_irqoff(vm->mn.mm, hva, &leaf);
		local_irq_enable();
		if (present && leaf_allows(&leaf, access)) {
			install(vcpu, gpa, &leaf);
			step = STEP_DONE;
		}
	}
	spin_unlock(&vm->ept_lock);
	return step;
}

/*
 * Access the byte as the process could, with the kernel's own fault handling:
 * it lets a stack grow, which fixup_user_fault() does not.
 */
static int touch_user(unsigned long hva, u32 access)
{
	int r = 0;

	if (!access_ok((void __user *)hva, 1))
		return -EFAULT;
	stac();
	if (access & DUNE_ACCESS_WRITE)
		asm volatile("1: lock orb $0, (%[hva])\n2:\n"
			     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_EFAULT_REG, %k[r])
			     : [r] "+r" (r) : [hva] "r" (hva) : "cc", "memory");
	else
		asm volatile("1: testb $0, (%[hva])\n2:\n"
			     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_EFAULT_REG, %k[r])
			     : [r] "+r" (r) : [hva] "r" (hva) : "cc", "memory");
	clac();
	return r;
}

/* 0: worth another look; -EINTR: killed meanwhile; other: Linux refuses. */
static int fault_in(struct mm_struct *mm, unsigned long hva, u32 access)
{
	unsigned int flags = access & DUNE_ACCESS_WRITE ? FAULT_FLAG_WRITE : 0;
	struct vm_area_struct *vma;
	bool unlocked = false;
	bool no_exec;
	int r;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	r = fixup_user_fault(mm, hva, flags, &unlocked);
	vma = find_vma(mm, hva);
	no_exec = !vma || vma->vm_start > hva || !(vma->vm_flags & VM_EXEC);
	mmap_read_unlock(mm);

	if (r && fatal_signal_pending(current))
		return -EINTR;
	if (r)
		r = touch_user(hva, access);
	if (!r && (access & DUNE_ACCESS_EXEC) && no_exec)
		r = -EFAULT;
	return r;
}

enum ept_fault_result ept_fault(struct dune_vcpu *vcpu, u64 gpa, u32 access,
				unsigned long *hva)
{
	struct dune_vm *vm = vcpu->vm;
	int round, r;

	if (!dune_slots_gpa_to_va(&vm->slots, gpa, hva)) {
		*hva = ~0UL;
		return EPT_FAULT_REFUSED;
	}

	for (round = 0; round < MAX_ROUNDS; round++) {
		if (unlikely(top_up(&vcpu->ept_cache))) {
			cond_resched();
			continue;	/* again, then let the OOM killer do its work */
		}
		switch (try_install(vcpu, gpa, *hva, access)) {
		case STEP_DONE:
			return EPT_FAULT_RESOLVED;
		case STEP_WAIT:
			if (wait_event_killable(vm->inv_wait, no_invalidation(vm, *hva)))
				return EPT_FAULT_BOUNCE;
			break;
		case STEP_FAULT_IN:
			r = fault_in(vm->mn.mm, *hva, access);
			if (r)
				return r == -EINTR ? EPT_FAULT_BOUNCE : EPT_FAULT_REFUSED;
			break;
		}
		cond_resched();
	}
	return EPT_FAULT_BOUNCE;
}
