// SPDX-License-Identifier: GPL-2.0-only
/*
 * vms.c - all VMs there are, their vcpus, and what those counted that have ended
 *
 * A vcpu's counters belong to the thread that runs it, a VM's stand under its
 * ept_lock; whoever sums them up reads them as they are.
 */
#include "dune.h"
#include "vms.h"

DEFINE_SPINLOCK(dune_vms_lock);
LIST_HEAD(dune_vms);
struct dune_totals dune_ended;

void dune_totals_add(struct dune_totals *to, const struct dune_totals *t)
{
	const u64 *from = (const u64 *)t;
	u64 *sum = (u64 *)to;
	int i;

	BUILD_BUG_ON(sizeof(*t) % sizeof(u64));
	for (i = 0; i < sizeof(*t) / sizeof(u64); i++)
		sum[i] += from[i];
}

void dune_totals_add_vcpu(struct dune_totals *to, const struct dune_vcpu *vcpu)
{
	u64 others = READ_ONCE(vcpu->native_syscalls);
	int i;

	to->vcpus++;
	to->native_syscalls += others;
	for (i = 0; i < NR_EPT_FAULT_RESULTS; i++)
		to->violations[i] += READ_ONCE(vcpu->violations[i]);
	for (i = 0; i < DUNE_NR_HW_REASONS; i++) {
		u64 n = READ_ONCE(vcpu->stats.by_reason[i]);

		to->stats.by_reason[i] += n;
		others += n;
	}
	/* The run loop counts everything but the most frequent. */
	others = min(others, READ_ONCE(vcpu->stats.exits));
	to->stats.fast_syscalls += READ_ONCE(vcpu->stats.exits) - others;
	to->stats.exits += READ_ONCE(vcpu->stats.exits);
	to->stats.vmreads += READ_ONCE(vcpu->stats.vmreads);
	to->stats.vmwrites += READ_ONCE(vcpu->stats.vmwrites);
}

/* What the VM itself counted, and its vcpus that have ended. */
void dune_totals_add_vm(struct dune_totals *to, const struct dune_vm *vm)
{
	dune_totals_add(to, &vm->ended);
	to->invalidations += READ_ONCE(vm->invalidations);
	to->flushes += READ_ONCE(vm->generation);
	to->kicks += READ_ONCE(vm->kicks);
}

void dune_vms_add(struct dune_vm *vm)
{
	static u64 last;	/* under dune_vms_lock */

	spin_lock(&dune_vms_lock);
	vm->nr = ++last;
	list_add_tail(&vm->in_all, &dune_vms);
	spin_unlock(&dune_vms_lock);
}

void dune_vms_remove(struct dune_vm *vm)
{
	spin_lock(&dune_vms_lock);
	list_del(&vm->in_all);
	dune_totals_add_vm(&dune_ended, vm);
	spin_unlock(&dune_vms_lock);
}

void dune_vms_add_vcpu(struct dune_vcpu *vcpu)
{
	spin_lock(&dune_vms_lock);
	list_add_tail(&vcpu->in_vm, &vcpu->vm->vcpus);
	spin_unlock(&dune_vms_lock);
}

void dune_vms_remove_vcpu(struct dune_vcpu *vcpu)
{
	spin_lock(&dune_vms_lock);
	list_del(&vcpu->in_vm);
	dune_totals_add_vcpu(&vcpu->vm->ended, vcpu);
	spin_unlock(&dune_vms_lock);
}
