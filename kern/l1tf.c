// SPDX-License-Identifier: GPL-2.0-only
/*
 * l1tf.c - the L1TF mitigation of an honest VMM (Linux, admin-guide/hw-vuln)
 *
 * Always, not on suspicion: which of the kernel's paths touched secrets since
 * the last entry is not known here.
 */
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/sched/smt.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>

#include "l1tf.h"
#include "msrs.h"

DEFINE_STATIC_KEY_FALSE(l1tf_flush_needed);

/* Without the MSR: read as much as evicts everything, twice a 32 KiB cache. */
#define FLUSH_ORDER	4
static char *flush_pages;

void l1tf_do_flush(void)
{
	int i;

	if (!flush_pages) {
		wrmsrl(MSR_IA32_FLUSH_CMD, L1D_FLUSH);
		return;
	}
	for (i = 0; i < PAGE_SIZE << FLUSH_ORDER; i += 64)
		READ_ONCE(flush_pages[i]);
	asm volatile("lfence" : : : "memory");
}

static bool cpu_needs_flush(void)
{
	u64 caps = 0;

	if (!boot_cpu_has_bug(X86_BUG_L1TF) || l1tf_mitigation == L1TF_MITIGATION_OFF)
		return false;
	if (boot_cpu_has(X86_FEATURE_ARCH_CAPABILITIES))
		rdmsrl(MSR_IA32_ARCH_CAPABILITIES, caps);
	return !(caps & ARCH_CAP_SKIP_VMENTRY_L1DFLUSH);
}

int __init l1tf_init(void)
{
	if (!cpu_needs_flush())
		return 0;
	if (!boot_cpu_has(X86_FEATURE_FLUSH_L1D)) {
		flush_pages = (char *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, FLUSH_ORDER);
		if (!flush_pages)
			return -ENOMEM;
	}
	if (sched_smt_active())
		pr_warn("this CPU has L1TF and runs with hyper-threading: a program in Dune mode could read what its sibling thread has in the L1 cache; boot with mitigations=auto,nosmt\n");
	static_branch_enable(&l1tf_flush_needed);
	static_branch_inc(&dune_entry_extras);
	return 0;
}

void l1tf_exit(void)
{
	free_pages((unsigned long)flush_pages, FLUSH_ORDER);
}
