/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exit.h - what an exit needs done, once interrupts may come again
 */
#ifndef _DUNE_KERN_EXIT_H
#define _DUNE_KERN_EXIT_H

#include <linux/types.h>

#include "dune.h"
#include "vmx_ops.h"

/* An EPT violation's part of exit_read(), which leaves it to the caller. */
static __always_inline void exit_read_violation(struct exit_record *rec)
{
	vmcs_count(3, 0);
	rec->qualification = vmcs_read_uncounted(EXIT_QUALIFICATION);
	rec->gpa = vmcs_read_uncounted(GUEST_PHYSICAL_ADDRESS);
	rec->vectoring_info = vmcs_read_uncounted(IDT_VECTORING_INFO_FIELD);
}

/* The DUNE_ACCESS_* of a violation: the qualification has them in the same order. */
static __always_inline u32 exit_violation_access(const struct exit_record *rec)
{
	BUILD_BUG_ON(EPT_VIOLATION_ACC_READ != DUNE_ACCESS_READ ||
		     EPT_VIOLATION_ACC_WRITE != DUNE_ACCESS_WRITE ||
		     EPT_VIOLATION_ACC_INSTR != DUNE_ACCESS_EXEC);
	return rec->qualification &
	       (DUNE_ACCESS_READ | DUNE_ACCESS_WRITE | DUNE_ACCESS_EXEC);
}

/* Whether there is a leaf that does not allow the access, rather than none. */
static __always_inline bool exit_violation_forbidden(const struct exit_record *rec)
{
	return rec->qualification & (VMX_EPT_READABLE_MASK << EPT_VIOLATION_RWX_SHIFT);
}

/* exit_read(): while the VMCS is current; interrupts off. */
void exit_read(struct dune_vcpu *vcpu, struct exit_record *rec);

/* exit_read_more(): while it is current again, before user space is told. */
void exit_read_more(struct dune_vcpu *vcpu);

/*
 * exit_urgent(): before interrupts are on: NMI and machine check go to the
 * host's handlers, whose turn it is before anything else's.
 */
void exit_urgent(const struct exit_record *rec);

/* exit_handle(): may sleep. DUNE_EXIT_AGAIN to enter again, or DUNE_EXIT_*. */
#define DUNE_EXIT_AGAIN		(-1)
int exit_handle(struct dune_vcpu *vcpu, const struct exit_record *rec);

#endif /* _DUNE_KERN_EXIT_H */
