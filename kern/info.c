// SPDX-License-Identifier: GPL-2.0-only
/*
 * info.c - DUNE_GET_INFO: what this module and this CPU can do
 */
#include <asm/cpufeature.h>

#include "syscall.h"
#include "vmx.h"
#include "vmx_ops.h"

void dune_get_info(struct dune_info *info)
{
	u64 f = 0;

	if (dune_fast_syscalls())
		f |= DUNE_FEATURE_FAST_SYSCALL;
	if (vmx_caps.has_ept_ad)
		f |= DUNE_FEATURE_EPT_AD;
	if (vmx_caps.has_ept_1g)
		f |= DUNE_FEATURE_EPT_1G;
	if (boot_cpu_has(X86_FEATURE_GBPAGES))
		f |= DUNE_FEATURE_GUEST_1G;
	if (vmx_caps.has_timer)
		f |= DUNE_FEATURE_TIMER;
	if (vmx_caps.has_vpid)
		f |= DUNE_FEATURE_VPID;
	if (static_key_enabled(&dune_count_vmcs))
		f |= DUNE_FEATURE_COUNT_VMCS;

	*info = (struct dune_info) {
		.features	= f,
		.cr4		= vmcs_guest_cr4() & ~X86_CR4_VMXE,
		.nr_slots	= dune_nr_slots(),
		.gpa_bits	= dune_gpa_bits(),
		.run_size	= PAGE_SIZE,
	};
}
