/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ept_fault.h - resolve an EPT violation
 */
#ifndef _DUNE_KERN_EPT_FAULT_H
#define _DUNE_KERN_EPT_FAULT_H

#include <linux/types.h>

struct dune_vcpu;
struct dune_vm;

/* What became of a violation. */
enum ept_fault_result {
	EPT_FAULT_RESOLVED,	/* enter again */
	EPT_FAULT_BOUNCE,	/* let Linux do its pending work, then enter again */
	EPT_FAULT_REFUSED,	/* Linux refuses the process this access */
	EPT_FAULT_AT_ONCE,	/* never got as far as ept_fault() */
	NR_EPT_FAULT_RESULTS
};

/*
 * Make vcpu->access possible, of which vcpu->installed says what a first look
 * found. access.hva: out, ~0 if its gpa lies in no slot. May sleep.
 */
enum ept_fault_result ept_fault(struct dune_vcpu *vcpu);

/* Until Linux has finished what it changes around @hva. 0, or -EINTR: killed. */
int ept_wait_for_change(struct dune_vm *vm, unsigned long hva);

#endif /* _DUNE_KERN_EPT_FAULT_H */
