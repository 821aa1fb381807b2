/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exit.h - what an exit needs done, once interrupts may come again
 */
#ifndef _DUNE_KERN_EXIT_H
#define _DUNE_KERN_EXIT_H

#include <linux/types.h>

#include "dune.h"

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
