// SPDX-License-Identifier: GPL-2.0-only
/*
 * vm.c - the VM of an address space: made, found again, given slots, ended
 *
 * mmu_notifier_get() keeps one subscription of ours per mm and counts its
 * users, which makes the VM a singleton of its mm at no cost of our own.
 */
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <asm/processor.h>

#include "dune.h"
#include "tracepoints.h"
#include "vmx.h"

/* An EPT of four levels translates 48 bits. */
#define GPA_BITS_MAX	48
#define GPA_BITS_MIN	32U

static uint gpa_bits;
module_param(gpa_bits, uint, 0444);
MODULE_PARM_DESC(gpa_bits, "Debugging: make guest-physical addresses narrower than the CPU has them [default: 0, as wide]");

u32 dune_gpa_bits(void)
{
	u32 bits = min_t(u32, boot_cpu_data.x86_phys_bits, GPA_BITS_MAX);

	return gpa_bits ? clamp(gpa_bits, GPA_BITS_MIN, bits) : bits;
}

u32 dune_nr_slots(void)
{
	return dune_slots_in(dune_gpa_bits());
}

static int vm_init(struct dune_vm *vm)
{
	int r;

	spin_lock_init(&vm->ept_lock);
	init_waitqueue_head(&vm->inv_wait);

	r = dune_fail_step() ?: dune_slots_init(&vm->slots, dune_nr_slots());
	if (r)
		return r;
	vm->ept.ad_bits = vmx_caps.has_ept_ad;
	r = dune_fail_step() ?: ept_init(&vm->ept);
	if (r)
		dune_slots_destroy(&vm->slots);
	return r;
}

static struct mmu_notifier *alloc_notifier(struct mm_struct *mm)
{
	struct dune_vm *vm;
	int r = dune_fail_step();

	vm = r ? NULL : kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	r = vm_init(vm);
	if (r) {
		kfree(vm);
		return ERR_PTR(r);
	}
	vm->pid = task_tgid_nr(current);
	INIT_LIST_HEAD(&vm->vcpus);
	dune_vms_add(vm);
	return &vm->mn;
}

static void free_notifier(struct mmu_notifier *mn)
{
	struct dune_vm *vm = container_of(mn, struct dune_vm, mn);

	dune_vms_remove(vm);
	ept_destroy(&vm->ept, false);
	dune_slots_destroy(&vm->slots);
	kfree(vm);
}

/*
 * The mm ends. No thread can be in the guest any more, and none will enter
 * (dune_vcpu_run() needs current->mm), so the tables can go at once.
 */
static void release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct dune_vm *vm = container_of(mn, struct dune_vm, mn);
	struct ept ept;

	spin_lock(&vm->ept_lock);
	ept = vm->ept;
	vm->ept.root = NULL;
	vm->ept.nr_tables = 0;
	WRITE_ONCE(vm->dead, true);
	spin_unlock(&vm->ept_lock);
	ept_destroy(&ept, true);
}

const struct mmu_notifier_ops dune_mmu_ops = {
	.alloc_notifier		= alloc_notifier,
	.free_notifier		= free_notifier,
	.release		= release,
	.invalidate_range_start	= dune_mmu_invalidate_start,
	.invalidate_range_end	= dune_mmu_invalidate_end,
	.clear_flush_young	= dune_mmu_clear_young,
	.clear_young		= dune_mmu_clear_young,
	.test_young		= dune_mmu_test_young,
};

/* The VM of the caller's mm, with a reference. */
struct dune_vm *dune_vm_get(void)
{
	struct mmu_notifier *mn;
	int r;

	if (!current->mm)
		return ERR_PTR(-EINVAL);
	r = vmx_get();
	if (r)
		return ERR_PTR(r);
	mn = mmu_notifier_get(&dune_mmu_ops, current->mm);
	if (IS_ERR(mn)) {
		vmx_put();
		return ERR_CAST(mn);
	}
	return container_of(mn, struct dune_vm, mn);
}

/*
 * Without a vcpu nobody goes through the tables. To free them is this process's work,
 * not that of whoever sees the notifier's end.
 */
static void drop_tables(struct dune_vm *vm)
{
	struct ept_removed removed = { };

	if (!list_empty(&vm->vcpus))
		return;
	spin_lock(&vm->ept_lock);
	if (ept_zap(&vm->ept, 0, ept_level_size(EPT_LEVELS + 1), &removed))
		dune_vm_flush_ept(vm);
	spin_unlock(&vm->ept_lock);
	ept_free_removed(&removed, true);
}

void dune_vm_put(struct dune_vm *vm)
{
	drop_tables(vm);
	mmu_notifier_put(&vm->mn);
	vmx_put();
}

/* Wait until every VM put so far is freed. */
void dune_vm_drain(void)
{
	mmu_notifier_synchronize();
}

/*
 * Whether Linux maps anything in the block around @va, or would let a stack
 * grow into it: a slot for nothing would let a stray pointer use up one.
 */
static bool block_in_use(struct mm_struct *mm, unsigned long va)
{
	unsigned long start = va & ~(SLOT_SIZE - 1);
	struct vm_area_struct *vma = find_vma(mm, start);

	if (!vma)
		return false;
	return vma->vm_start < start + SLOT_SIZE ||
	       ((vma->vm_flags & VM_GROWSDOWN) && vma->vm_start - start < 2 * SLOT_SIZE);
}

/* Under ept_lock. */
static int add_slot(struct dune_vm *vm, struct dune_slot *slot, struct slot_leaf **leaf)
{
	bool had = dune_slots_find(&vm->slots, slot->va) != SLOT_NONE;
	u32 nr = slot->gpa >> SLOT_SHIFT;
	int r;

	if (slot->gpa)
		r = dune_slots_add_at(&vm->slots, slot->va, leaf, nr);
	else
		r = dune_slots_add(&vm->slots, slot->va, leaf, &nr);
	if (r)
		return r;
	slot->gpa = dune_slot_gpa(nr);
	if (!had)
		trace_dune_slot_give(vm, slot->va, slot->gpa);
	return 0;
}

/* No place is asked for, or one that there may be. */
static bool valid_place(u64 gpa)
{
	return !gpa || ((gpa & (SLOT_SIZE - 1)) == DUNE_SLOT_AT && gpa >> SLOT_SHIFT < U32_MAX);
}

int dune_vm_map_slot(struct dune_vm *vm, struct dune_slot *slot)
{
	struct slot_leaf *leaf;
	bool in_use;
	int r;

	if (!valid_place(slot->gpa) || slot->va >> (SLOT_SHIFT + SLOT_VA_BITS))
		return -EINVAL;

	r = mmap_read_lock_killable(current->mm);
	if (r)
		return r;
	in_use = block_in_use(current->mm, slot->va);
	mmap_read_unlock(current->mm);
	if (!in_use)
		return -EFAULT;

	r = dune_fail_step();
	leaf = r ? NULL : dune_slots_alloc_leaf();
	if (!leaf)
		return -ENOMEM;
	spin_lock(&vm->ept_lock);
	r = add_slot(vm, slot, &leaf);
	spin_unlock(&vm->ept_lock);
	dune_slots_free_leaf(leaf);
	return r;
}

/* Under ept_lock. */
static int unmap_slot(struct dune_vm *vm, unsigned long va, bool ask, struct ept_removed *removed)
{
	u32 nr = dune_slots_find(&vm->slots, va);

	if (nr == SLOT_NONE)
		return -ENOENT;
	if (ask)
		return 0;
	dune_slots_remove(&vm->slots, va);
	ept_zap(&vm->ept, dune_slot_gpa(nr), dune_slot_gpa(nr + 1), removed);
	dune_vm_flush_ept(vm);
	trace_dune_slot_take(vm, va, dune_slot_gpa(nr));
	return 0;
}

int dune_vm_unmap_slot(struct dune_vm *vm, struct dune_slot *slot)
{
	struct ept_removed removed = { };
	int r;

	if (slot->gpa & ~(u64)DUNE_SLOT_ASK || slot->va >> (SLOT_SHIFT + SLOT_VA_BITS))
		return -EINVAL;

	/* Nothing is mapped there meanwhile. */
	r = mmap_read_lock_killable(current->mm);
	if (r)
		return r;
	if (block_in_use(current->mm, slot->va)) {
		r = -EBUSY;
	} else {
		spin_lock(&vm->ept_lock);
		r = unmap_slot(vm, slot->va, slot->gpa & DUNE_SLOT_ASK, &removed);
		spin_unlock(&vm->ept_lock);
	}
	mmap_read_unlock(current->mm);
	ept_free_removed(&removed, true);
	return r;
}
