// SPDX-License-Identifier: GPL-2.0-only
/*
 * msrs.c - keep perf out of the guest, and a watchdog on it
 */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <asm/perf_event.h>
#include <asm/tsc.h>

#include "msrs.h"
#include "vmx.h"
#include "vmx_ops.h"

DEFINE_STATIC_KEY_FALSE(dune_entry_extras);

void __init msrs_init(void)
{
	int nr = 0;

	perf_guest_get_msrs(&nr, NULL);
	if (nr)
		static_branch_inc(&dune_entry_extras);
}

/*
 * perf says which MSRs must differ inside. It changes its mind at any time,
 * from interrupts: look before every entry, with interrupts off.
 */
void vmx_switch_perf_msrs(struct dune_vcpu *vcpu)
{
	struct vmx_autoload *autoload = vcpu->autoload;
	struct perf_guest_switch_msr *msrs;
	int i, nr = 0, n = 0;

	msrs = perf_guest_get_msrs(&nr, NULL);
	for (i = 0; i < nr; i++) {
		if (msrs[i].guest == msrs[i].host || n == AUTOLOAD_MAX)
			continue;
		autoload->guest[n].index = msrs[i].msr;
		autoload->guest[n].value = msrs[i].guest;
		autoload->host[n].index = msrs[i].msr;
		autoload->host[n].value = msrs[i].host;
		n++;
	}
	if (n == vcpu->entry_ctl_msrs)
		return;
	vcpu->entry_ctl_msrs = n;
	vmcs_write32(VM_ENTRY_MSR_LOAD_COUNT, n);
	vmcs_write32(VM_EXIT_MSR_LOAD_COUNT, n);
}

/*
 * 10 ms. The host's own ticks end a guest's turn; this one works even where a
 * guest with interrupts masked gets none (some emulators), and it reloads at
 * each entry by itself.
 */
u32 dune_watchdog_ticks(void)
{
	u64 ticks = (u64)tsc_khz * 10 >> vmx_caps.timer_shift;

	return clamp_t(u64, ticks, 1, U32_MAX);
}
