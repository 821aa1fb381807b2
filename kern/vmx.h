/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmx.h - what this CPU's VMX can do, and the module's hold on VMX operation
 */
#ifndef _DUNE_KERN_VMX_H
#define _DUNE_KERN_VMX_H

#include <linux/types.h>

#include "dune.h"

struct vmcs {
	u32	revision;
	u32	abort;
	char	data[];
};

/* Found once, at load; the same on every CPU (vmx_caps_match()). */
struct vmx_caps {
	u32	revision;
	u32	pin_ctls;
	u32	cpu_ctls;
	u32	cpu2_ctls;
	u32	exit_ctls;
	u32	entry_ctls;
	u32	timer_shift;	/* TSC ticks per preemption timer tick, log 2 */
	bool	has_timer;
	bool	has_vpid;
	bool	has_ept_ad;
	bool	has_ept_2m;
	bool	has_ept_1g;
	bool	invvpid_single;
	bool	invept_single;
	unsigned long cr0_fixed0, cr0_fixed1;
	unsigned long cr4_fixed0, cr4_fixed1;
};

extern struct vmx_caps vmx_caps;

/* vmx_caps.c */
int vmx_caps_init(void);

/* vmx_cpu.c */
int vmx_init(void);
void vmx_exit(void);
int vmx_get(void);
void vmx_put(void);

DECLARE_PER_CPU(bool, dune_vmx_on);
DECLARE_PER_CPU(struct list_head, dune_active_vmcs);

/* flush.c: the VM whose guest this CPU is in, or NULL. */
DECLARE_PER_CPU(struct dune_vm *, dune_in_guest);

void vmx_clear_vcpu(struct dune_vcpu *vcpu);

/* vmcs.c */
int vmcs_init(void);
void vmcs_exit(void);
struct vmcs *vmcs_alloc(void);
void vmcs_free(struct vmcs *vmcs);
void vmcs_setup(struct dune_vcpu *vcpu);
void vmcs_set_cpu(int cpu);
unsigned long vmcs_guest_cr4(void);
u16 vpid_alloc(void);
void vpid_free(u16 vpid);

/* sregs.c */
int vcpu_set_regs(struct dune_vcpu *vcpu, const struct dune_regs *regs);
void vcpu_take_gprs(struct dune_vcpu *vcpu);
void vcpu_show_gprs(struct dune_vcpu *vcpu);
void vcpu_get_regs(struct dune_vcpu *vcpu);
int vcpu_set_event(struct dune_vcpu *vcpu, const struct dune_event *event);
int vcpu_set_interrupt(struct dune_vcpu *vcpu, u32 vector);
void vcpu_inject_interrupt(struct dune_vcpu *vcpu);
void vcpu_queue_fault(struct dune_vcpu *vcpu, u8 vector);
int vcpu_set_sregs(struct dune_vcpu *vcpu, const struct dune_sregs *sregs);
void vcpu_get_sregs(struct dune_vcpu *vcpu, struct dune_sregs *sregs);

#endif /* _DUNE_KERN_VMX_H */
