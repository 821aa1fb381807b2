// SPDX-License-Identifier: GPL-2.0-only
/*
 * ept_fault.c - resolve an EPT violation, with Linux's help where it needs it
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <asm/mmu_context.h>

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
 * it lets a stack grow. 0 or -EFAULT.
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

static bool mapping_allows(struct vm_area_struct *vma, u32 access)
{
	bool write = access & DUNE_ACCESS_WRITE;

	if (write && !(vma->vm_flags & VM_WRITE))
		return false;
	if ((access & DUNE_ACCESS_EXEC) && !(vma->vm_flags & VM_EXEC))
		return false;
	return vma_is_accessible(vma) && arch_vma_access_permitted(vma, write, false, false);
}

/* With the mmap_lock, which is released. As touch_user(), or -EAGAIN: once more. */
static int fault_once(struct mm_struct *mm, struct ept_access *a, unsigned int flags)
{
	struct vm_area_struct *vma = vma_lookup(mm, a->hva);
	vm_fault_t fault;

	if (!vma || !mapping_allows(vma, a->access)) {
		mmap_read_unlock(mm);
		return vma ? -EFAULT : touch_user(a->hva, a->access);
	}
	/* Only where a file is read does Linux bring in more than the one page. */
	a->alone = (flags & FAULT_FLAG_WRITE) || vma_is_anonymous(vma);
	fault = handle_mm_fault(vma, a->hva, flags, NULL);
	if (!(fault & (VM_FAULT_RETRY | VM_FAULT_COMPLETED)))
		mmap_read_unlock(mm);
	/* A signal, or the OOM killer: Linux does what it has to, then it is tried anew. */
	if ((fault & VM_FAULT_RETRY) && signal_pending(current))
		return -EINTR;
	if (fault & VM_FAULT_RETRY)
		return -EAGAIN;
	if (fault & VM_FAULT_OOM)
		return -EINTR;
	return fault & VM_FAULT_ERROR ? -EFAULT : 0;
}

/*
 * 0: worth another look; -EINTR: Linux has something to do first; -EFAULT: Linux
 * refuses. As in a fault from user mode, signals end the wait for a userfault:
 * its end may depend on what a handler does. fixup_user_fault() has no such way.
 */
static int fault_in(struct mm_struct *mm, struct ept_access *a)
{
	unsigned int flags = FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE |
			     FAULT_FLAG_INTERRUPTIBLE;
	int r;

	if (a->access & DUNE_ACCESS_WRITE)
		flags |= FAULT_FLAG_WRITE;
	do {
		if (!mmap_read_trylock(mm) && mmap_read_lock_killable(mm))
			return -EINTR;
		r = fault_once(mm, a, flags);
		flags |= FAULT_FLAG_TRIED;
	} while (r == -EAGAIN);
	return r;
}

/* 0: worth another look; -EINTR: Linux has something to do first; -EFAULT: refused. */
static int make_possible(struct dune_vm *vm, struct ept_access *a, enum ept_install why_not)
{
	switch (why_not) {
	case EPT_CHANGING:
		return ept_wait_for_change(vm, a->hva);
	case EPT_NOT_PRESENT:
		return fault_in(vm->mn.mm, a);
	case EPT_NO_SLOT:
		a->hva = ~0UL;
		return -EFAULT;
	default:
		return 0;
	}
}

enum ept_fault_result ept_fault(struct dune_vcpu *vcpu)
{
	struct ept_access *a = &vcpu->access;
	enum ept_install step = vcpu->installed;
	int round, r;

	for (round = 0; round < MAX_ROUNDS; round++) {
		r = make_possible(vcpu->vm, a, step);
		if (r)
			break;
		/* Out of memory: again, then let the OOM killer do its work. */
		step = top_up(&vcpu->ept_cache) ? EPT_NOT_TRIED : try_install(vcpu);
		if (step == EPT_INSTALLED)
			break;
		cond_resched();
	}
	a->alone = false;
	if (step == EPT_INSTALLED)
		return EPT_FAULT_RESOLVED;
	return r == -EFAULT ? EPT_FAULT_REFUSED : EPT_FAULT_BOUNCE;
}
