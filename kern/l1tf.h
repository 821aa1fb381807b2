/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * l1tf.h - empty the L1 data cache before an entry, on CPUs with L1TF
 *
 * A guest in ring 0 writes its own page-table entries: on such a CPU a
 * not-present one lets it guess what the L1 cache holds.
 */
#ifndef _DUNE_KERN_L1TF_H
#define _DUNE_KERN_L1TF_H

#include <linux/jump_label.h>
#include <asm/msr.h>

DECLARE_STATIC_KEY_FALSE(l1tf_flush_needed);

int l1tf_init(void);
void l1tf_exit(void);
void l1tf_do_flush(void);

static __always_inline void l1tf_flush_l1d(void)
{
	if (static_branch_unlikely(&l1tf_flush_needed))
		l1tf_do_flush();
}

#endif /* _DUNE_KERN_L1TF_H */
