/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ept_fault.h - resolve an EPT violation
 */
#ifndef _DUNE_KERN_EPT_FAULT_H
#define _DUNE_KERN_EPT_FAULT_H

#include <linux/types.h>

struct dune_vcpu;

enum ept_fault_result {
	EPT_FAULT_RESOLVED,	/* enter again */
	EPT_FAULT_BOUNCE,	/* let Linux do its pending work, then enter again */
	EPT_FAULT_REFUSED,	/* Linux refuses the process this access */
};

/* @access: DUNE_ACCESS_*. @hva: out, ~0 if @gpa lies in no slot. May sleep. */
enum ept_fault_result ept_fault(struct dune_vcpu *vcpu, u64 gpa, u32 access,
				unsigned long *hva);

#endif /* _DUNE_KERN_EPT_FAULT_H */
