// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmx_caps.c - what the CPU must have, what it may have, and saying which lacks
 *
 * Controls are found as the SDM's appendix A, "VMX Capability Reporting
 * Facility", prescribes: the low half of each MSR is what must be 1, the high
 * half what may be.
 */
#include <linux/printk.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/vmx.h>

#include "vmx.h"

struct vmx_caps vmx_caps __ro_after_init;

static int __init lacks(const char *what, const char *remedy)
{
	pr_err("this CPU %s: %s\n", what, remedy);
	return -EOPNOTSUPP;
}

static int __init adjust(u32 msr, const char *name, u32 need, u32 want, u32 *ctls)
{
	u32 must, may;

	rdmsr(msr, must, may);
	if (need & ~may) {
		pr_err("this CPU lacks VMX %s controls %#x: Dune needs a CPU with EPT (Westmere or newer); in a virtual machine, pass the host's CPU through\n",
		       name, need & ~may);
		return -EOPNOTSUPP;
	}
	*ctls = ((need | want) & may) | must;
	return 0;
}

#define PIN_NEED	(PIN_BASED_EXT_INTR_MASK | PIN_BASED_NMI_EXITING)
#define PIN_WANT	PIN_BASED_VMX_PREEMPTION_TIMER

#define CPU_NEED	(CPU_BASED_HLT_EXITING | CPU_BASED_MWAIT_EXITING | \
			 CPU_BASED_MONITOR_EXITING | CPU_BASED_RDPMC_EXITING | \
			 CPU_BASED_UNCOND_IO_EXITING | CPU_BASED_MOV_DR_EXITING | \
			 CPU_BASED_CR8_LOAD_EXITING | CPU_BASED_CR8_STORE_EXITING | \
			 CPU_BASED_USE_MSR_BITMAPS | CPU_BASED_INTR_WINDOW_EXITING | \
			 CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
#define CPU_REFUSE	(CPU_BASED_CR3_LOAD_EXITING | CPU_BASED_CR3_STORE_EXITING | \
			 CPU_BASED_INVLPG_EXITING | CPU_BASED_RDTSC_EXITING)

#define CPU2_NEED	(SECONDARY_EXEC_ENABLE_EPT | SECONDARY_EXEC_WBINVD_EXITING)
/* What libc may have chosen before it entered must go on working inside. */
#define CPU2_WANT	(SECONDARY_EXEC_ENABLE_VPID | SECONDARY_EXEC_ENABLE_RDTSCP | \
			 SECONDARY_EXEC_ENABLE_INVPCID | SECONDARY_EXEC_XSAVES | \
			 SECONDARY_EXEC_ENABLE_USR_WAIT_PAUSE | \
			 SECONDARY_EXEC_ENCLS_EXITING)

static int __init controls_init(u64 basic)
{
	struct vmx_caps *caps = &vmx_caps;
	int r;

	if (!(basic & (1ULL << 55)))
		return lacks("lacks the true VMX control MSRs", "it is too old for Dune");

	r = adjust(MSR_IA32_VMX_TRUE_PINBASED_CTLS, "pin-based", PIN_NEED, PIN_WANT,
		   &caps->pin_ctls);
	r = r ?: adjust(MSR_IA32_VMX_TRUE_PROCBASED_CTLS, "processor-based",
			CPU_NEED, 0, &caps->cpu_ctls);
	r = r ?: adjust(MSR_IA32_VMX_PROCBASED_CTLS2, "secondary", CPU2_NEED,
			CPU2_WANT, &caps->cpu2_ctls);
	r = r ?: adjust(MSR_IA32_VMX_TRUE_EXIT_CTLS, "VM-exit",
			VM_EXIT_HOST_ADDR_SPACE_SIZE, 0, &caps->exit_ctls);
	r = r ?: adjust(MSR_IA32_VMX_TRUE_ENTRY_CTLS, "VM-entry",
			VM_ENTRY_IA32E_MODE | VM_ENTRY_LOAD_DEBUG_CONTROLS, 0,
			&caps->entry_ctls);
	if (r)
		return r;
	caps->cpu_ctls &= ~CPU_BASED_INTR_WINDOW_EXITING;	/* only when asked for */
	if (caps->cpu_ctls & CPU_REFUSE)
		return lacks("forces VM exits on CR3 or INVLPG", "it is too old for Dune");
	caps->has_timer = caps->pin_ctls & PIN_BASED_VMX_PREEMPTION_TIMER;
	return 0;
}

static int __init ept_caps_init(void)
{
	struct vmx_caps *caps = &vmx_caps;
	u32 ept, vpid;

	rdmsr(MSR_IA32_VMX_EPT_VPID_CAP, ept, vpid);
	if (!(ept & VMX_EPT_PAGE_WALK_4_BIT) || !(ept & VMX_EPTP_WB_BIT))
		return lacks("lacks four-level write-back EPT", "it is too old for Dune");
	if (!(ept & VMX_EPT_INVEPT_BIT) ||
	    !(ept & (VMX_EPT_EXTENT_CONTEXT_BIT | VMX_EPT_EXTENT_GLOBAL_BIT)))
		return lacks("lacks INVEPT", "it is too old for Dune");

	caps->invept_single = ept & VMX_EPT_EXTENT_CONTEXT_BIT;
	caps->has_ept_2m = ept & VMX_EPT_2MB_PAGE_BIT;
	caps->has_ept_1g = ept & VMX_EPT_1GB_PAGE_BIT;
	caps->has_ept_ad = ept & VMX_EPT_AD_BIT;

	caps->invvpid_single = vpid & VMX_VPID_EXTENT_SINGLE_CONTEXT_BIT;
	if (!(vpid & VMX_VPID_INVVPID_BIT) || !caps->invvpid_single)
		caps->cpu2_ctls &= ~SECONDARY_EXEC_ENABLE_VPID;
	caps->has_vpid = caps->cpu2_ctls & SECONDARY_EXEC_ENABLE_VPID;
	return 0;
}

int __init vmx_caps_init(void)
{
	struct vmx_caps *caps = &vmx_caps;
	u64 basic, misc;
	int r;

	if (boot_cpu_data.x86_vendor != X86_VENDOR_INTEL || !(cpuid_ecx(1) & BIT(5)))
		return lacks("has no VT-x", "Dune needs an Intel CPU with VT-x; in a virtual machine, turn nested virtualization on");
	if (!boot_cpu_has(X86_FEATURE_MSR_IA32_FEAT_CTL) || !boot_cpu_has(X86_FEATURE_VMX))
		return lacks("has VT-x switched off by the firmware", "turn it on in the BIOS or UEFI set-up and power the machine off and on");
#ifdef X86_FEATURE_FRED
	if (boot_cpu_has(X86_FEATURE_FRED))
		return lacks("runs with FRED", "boot with fred=off");
#endif

	rdmsrl(MSR_IA32_VMX_BASIC, basic);
	caps->revision = basic & GENMASK(30, 0);
	r = controls_init(basic);
	r = r ?: ept_caps_init();
	if (r)
		return r;

	rdmsrl(MSR_IA32_VMX_MISC, misc);
	caps->timer_shift = misc & GENMASK(4, 0);
	rdmsrl(MSR_IA32_VMX_CR0_FIXED0, caps->cr0_fixed0);
	rdmsrl(MSR_IA32_VMX_CR0_FIXED1, caps->cr0_fixed1);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED0, caps->cr4_fixed0);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED1, caps->cr4_fixed1);
	return 0;
}
