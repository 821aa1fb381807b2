/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * observe.h - what of an entry or exit is told while somebody wants to know
 *
 * Under dune_entry_extras (msrs.h) and dune_exit_extras, which the tracepoints
 * and the parameter count_vmcs turn on.
 */
#ifndef _DUNE_KERN_OBSERVE_H
#define _DUNE_KERN_OBSERVE_H

#include <linux/jump_label.h>
#include <linux/types.h>

struct dune_vcpu;

DECLARE_STATIC_KEY_FALSE(dune_exit_extras);

/* What the VMCS knows of an exit until the next. */
struct exit_seen {
	u64	qualification;
	u64	rip;
};

/* While the vcpu's VMCS is current; interrupts off. */
struct exit_seen observe_read(void);
void observe_entry(const struct dune_vcpu *vcpu);
void observe_system_call(const struct dune_vcpu *vcpu, u64 nr, bool fast);
void observe_violation_at_once(const struct dune_vcpu *vcpu);

void observe_exit(const struct dune_vcpu *vcpu, const struct exit_seen *seen);

#endif /* _DUNE_KERN_OBSERVE_H */
