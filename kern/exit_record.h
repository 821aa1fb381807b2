/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exit_record.h - what an exit's handling knows of it
 */
#ifndef _DUNE_KERN_EXIT_RECORD_H
#define _DUNE_KERN_EXIT_RECORD_H

#include <linux/types.h>

/* What was read from the VMCS while it was current. */
struct exit_record {
	u32		reason;		/* with bit 31: the entry failed */
	u32		cpl;
	u64		qualification;
	u64		gpa;
	u32		intr_info;
	u32		intr_error;
	u32		vectoring_info;
	u32		vectoring_error;
	u32		insn_len;
	u64		rip, rflags;	/* of an alignment check */
	u32		entry_error;
};

#endif /* _DUNE_KERN_EXIT_RECORD_H */
