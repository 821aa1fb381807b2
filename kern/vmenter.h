/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmenter.h - the C side of vmenter.S
 */
#ifndef _DUNE_KERN_VMENTER_H
#define _DUNE_KERN_VMENTER_H

/*
 * Enter the guest and come back at its next exit (or for a failed entry reported
 * as one); VM-Fail, where the instruction itself failed, goes to @failed. No
 * register is kept but RBP: the caller is to save what it needs, once for many
 * entries.
 */
#define dune_vmenter(vcpu, failed)					\
	asm goto("call dune_vmenter\n\tjc %l[" #failed "]"		\
		 : : "D" (vcpu)						\
		 : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", \
		   "r12", "r13", "r14", "r15", "cc", "memory" : failed)

/* Where exits arrive: for HOST_RIP only. */
void dune_vmexit(void);

#endif /* _DUNE_KERN_VMENTER_H */
