// SPDX-License-Identifier: GPL-2.0-only
/*
 * observe.c - tracepoints of the run loop, and the keys that turn them on
 */
#include <asm/vmx.h>

#include "dune.h"
#include "msrs.h"
#include "observe.h"
#include "vmx_ops.h"

#define CREATE_TRACE_POINTS
#include "tracepoints.h"

DEFINE_STATIC_KEY_FALSE(dune_exit_extras);

int observe_entries_on(void)
{
	static_branch_inc(&dune_entry_extras);
	return 0;
}

void observe_entries_off(void)
{
	static_branch_dec(&dune_entry_extras);
}

int observe_exits_on(void)
{
	static_branch_inc(&dune_exit_extras);
	return 0;
}

void observe_exits_off(void)
{
	static_branch_dec(&dune_exit_extras);
}

/* Accesses to the VMCS for a tracepoint's sake are not counted. */
struct exit_seen observe_read(void)
{
	return (struct exit_seen) {
		.qualification	= vmcs_read_uncounted(EXIT_QUALIFICATION),
		.rip		= vmcs_read_uncounted(GUEST_RIP),
	};
}

void observe_entry(const struct dune_vcpu *vcpu)
{
	u32 event;

	if (!trace_dune_entry_enabled())
		return;
	event = vmcs_read_uncounted(VM_ENTRY_INTR_INFO_FIELD);
	trace_dune_entry(vcpu, vmcs_read_uncounted(GUEST_RIP),
			 event & INTR_INFO_VALID_MASK ? event : 0);
}

void observe_exit(const struct dune_vcpu *vcpu, const struct exit_seen *seen)
{
	trace_dune_exit(vcpu, vcpu->exit.reason, seen->qualification, seen->rip);
}

/* RIP is behind the VMCALL already. */
void observe_system_call(const struct dune_vcpu *vcpu, u64 nr, bool fast)
{
	vmcs_count(3, 1);	/* reason, CPL, RIP; RIP */
	if (trace_dune_exit_enabled())
		trace_dune_exit(vcpu, EXIT_REASON_VMCALL, 0,
				vmcs_read_uncounted(GUEST_RIP) - VMCALL_LEN);
	trace_dune_syscall(vcpu, nr, fast);
}

void observe_violation_at_once(const struct dune_vcpu *vcpu)
{
	if (trace_dune_exit_enabled())
		trace_dune_exit(vcpu, vcpu->exit.reason, vcpu->exit.qualification,
				vmcs_read_uncounted(GUEST_RIP));
	trace_dune_violation(vcpu, vcpu->exit.gpa, EPT_FAULT_AT_ONCE);
}
