/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * msrs.h - MSRs that the CPU itself switches at entry and exit, and the
 * preemption timer's value
 */
#ifndef _DUNE_KERN_MSRS_H
#define _DUNE_KERN_MSRS_H

#include <linux/jump_label.h>
#include <linux/types.h>
#include <asm/vmx.h>

struct dune_vcpu;

#define AUTOLOAD_MAX	8

/* perf's MSRs: counting must stop, and PEBS must not write, inside the guest. */
struct vmx_autoload {
	struct vmx_msr_entry	guest[AUTOLOAD_MAX] __aligned(16);
	struct vmx_msr_entry	host[AUTOLOAD_MAX] __aligned(16);
};

/* On where an entry has more to do: perf's MSRs, or the L1 cache to flush. */
DECLARE_STATIC_KEY_FALSE(dune_entry_extras);

void msrs_init(void);
void vmx_switch_perf_msrs(struct dune_vcpu *vcpu);

u32 dune_watchdog_ticks(void);

#endif /* _DUNE_KERN_MSRS_H */
