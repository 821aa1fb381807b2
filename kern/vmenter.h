/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmenter.h - the C side of vmenter.S
 */
#ifndef _DUNE_KERN_VMENTER_H
#define _DUNE_KERN_VMENTER_H

struct dune_vcpu;

/*
 * Enter the guest and come back at its next exit. 0: there was an exit (or a
 * failed entry reported as one); 1: VM-Fail, the instruction itself failed.
 */
int dune_vmenter(struct dune_vcpu *vcpu);

/* Where exits arrive: for HOST_RIP only. */
void dune_vmexit(void);

#endif /* _DUNE_KERN_VMENTER_H */
