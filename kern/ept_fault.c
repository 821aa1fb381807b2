// SPDX-License-Identifier: GPL-2.0-only
/*
 * ept_fault.c - resolve an EPT violation, with Linux's help where it needs it
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "dune.h"
#include "ept_fault.h"
#include "ept_install.h"

/* Rounds after which Linux gets a chance to do other work. */
#define MAX_ROUNDS	16

static bool still_changing(struct dune_vm *vm, unsigned long hva)
{
	return vm->invalidating && vm->inv_start <= hva + (SLOT_SIZE - 1) &&
	       (hva & ~(SLOT_SIZE - 1)) < vm->inv_end;
}

/* In the block, as large as the largest leaf. */
static bool nothing_changes(struct dune_vm *vm, unsigned long hva)
{
	bool none;

	spin_lock(&vm->ept_lock);
	none = !still_changing(vm, hva);
	spin_unlock(&vm->ept_lock);
	return none;
}

int ept_wait_for_change(struct dune_vm *vm, unsigned long hva)
{
	return wait_event_killable(vm->inv_wait, nothing_changes(vm, hva)) ? -EINTR : 0;
}

/* So that a table page is at hand for each level, under the lock. */
static int top_up(struct ept_cache *cache)
{
	if (likely(ept_cache_full(cache)))
		return 0;
	return dune_fail_step() ?: ept_cache_fill(cache);
}

static enum ept_install try_install(struct dune_vcpu *vcpu)
{
	struct dune_vm *vm = vcpu->vm;
	enum ept_install r;

	spin_lock(&vm->ept_lock);
	local_irq_disable();
	r = ept_install(vm, &vcpu->ept_cache, &vcpu->access);
	local_irq_enable();
	spin_unlock(&vm->ept_lock);
	return r;
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

static bool may_execute(struct mm_struct *mm, unsigned long hva)
{
	struct vm_area_struct *vma = find_vma(mm, hva);

	return vma && vma->vm_start <= hva && (vma->vm_flags & VM_EXEC);
}

/* 0: worth another look; -EINTR: killed meanwhile; other: Linux refuses. */
static int fault_in(struct mm_struct *mm, unsigned long hva, u32 access)
{
	unsigned int flags = access & DUNE_ACCESS_WRITE ? FAULT_FLAG_WRITE : 0;
	bool unlocked = false, execute = true;
	int r;

	if (!mmap_read_trylock(mm) && mmap_read_lock_killable(mm))
		return -EINTR;
	r = fixup_user_fault(mm, hva, flags, &unlocked);
	if (access & DUNE_ACCESS_EXEC)
		execute = may_execute(mm, hva);
	mmap_read_unlock(mm);

	if (r && fatal_signal_pending(current))
		return -EINTR;
	if (r)
		r = touch_user(hva, access);
	return r ?: execute ? 0 : -EFAULT;
}

/* One step of the way; EPT_FAULT_* once it has come to an end, or -1. */
static int take_step(struct dune_vm *vm, struct ept_access *a, enum ept_install step)
{
	int r = 0;

	switch (step) {
	case EPT_INSTALLED:
		return EPT_FAULT_RESOLVED;
	case EPT_NO_SLOT:
		return EPT_FAULT_REFUSED;
	case EPT_NOT_TRIED:
		break;
	case EPT_CHANGING:
		r = ept_wait_for_change(vm, a->hva);
		break;
	case EPT_NOT_PRESENT:
		/*
		 * What is written to and was not there is anonymous memory, most
		 * often, and so is all around it: nothing is to be found there.
		 */
		a->alone = a->access & DUNE_ACCESS_WRITE;
		r = fault_in(vm->mn.mm, a->hva, a->access);
		break;
	}
	if (r)
		return r == -EINTR ? EPT_FAULT_BOUNCE : EPT_FAULT_REFUSED;
	return -1;
}

enum ept_fault_result ept_fault(struct dune_vcpu *vcpu, unsigned long *hva)
{
	struct ept_access *a = &vcpu->access;
	enum ept_install step = vcpu->installed;
	int round, r = -1;

	for (round = 0; round < MAX_ROUNDS; round++) {
		r = take_step(vcpu->vm, a, step);
		if (r >= 0)
			break;
		/* Out of memory: again, then let the OOM killer do its work. */
		step = top_up(&vcpu->ept_cache) ? EPT_NOT_TRIED : try_install(vcpu);
		cond_resched();
	}
	a->alone = false;
	*hva = step == EPT_NO_SLOT ? ~0UL : a->hva;
	return r < 0 ? EPT_FAULT_BOUNCE : r;
}
