/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vms.h - all VMs there are, their vcpus, and what those counted that have ended
 */
#ifndef _DUNE_KERN_VMS_H
#define _DUNE_KERN_VMS_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "ept_fault.h"
#include "uapi/dune.h"

struct dune_vcpu;
struct dune_vm;

/* Sums of several vcpus or VMs. */
struct dune_totals {
	u64	vcpus;
	u64	invalidations, flushes, kicks;
	u64	native_syscalls;
	u64	violations[NR_EPT_FAULT_RESULTS];
	struct dune_stats stats;
};

/* Taken outside a VM's ept_lock, which is only tried. */
extern spinlock_t dune_vms_lock;
extern struct list_head dune_vms;		/* in_all of each */
extern struct dune_totals dune_ended;		/* of VMs that have ended */

void dune_vms_add(struct dune_vm *vm);
void dune_vms_remove(struct dune_vm *vm);
void dune_vms_add_vcpu(struct dune_vcpu *vcpu);
void dune_vms_remove_vcpu(struct dune_vcpu *vcpu);

void dune_totals_add(struct dune_totals *to, const struct dune_totals *t);
void dune_totals_add_vcpu(struct dune_totals *to, const struct dune_vcpu *vcpu);
void dune_totals_add_vm(struct dune_totals *to, const struct dune_vm *vm);

#endif /* _DUNE_KERN_VMS_H */
