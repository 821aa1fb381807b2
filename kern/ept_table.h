/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ept_table.h - a page of an EPT: charged to the process, counted by Linux as
 * page-table memory, with one word of ours in its struct page
 *
 * The word says how many entries are in use; once the table is cut off, it links
 * the tables to be freed.
 */
#ifndef _DUNE_KERN_EPT_TABLE_H
#define _DUNE_KERN_EPT_TABLE_H

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/vmstat.h>

static inline unsigned long ept_table_word(u64 *table)
{
	return page_private(virt_to_page(table));
}

static inline void ept_table_set_word(u64 *table, unsigned long word)
{
	set_page_private(virt_to_page(table), word);
}

static inline void ept_table_gained(u64 *table, unsigned int entries)
{
	virt_to_page(table)->private += entries;
}

/* False, and nothing done: it was the last entry. */
static __always_inline bool ept_table_lost_one(u64 *table)
{
	struct page *page = virt_to_page(table);

	if (page->private == 1)
		return false;
	page->private--;
	return true;
}

static inline u64 *ept_table_alloc(void)
{
	u64 *table = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

	if (table) {
		ept_table_set_word(table, 0);
		mod_lruvec_page_state(virt_to_page(table), NR_SECONDARY_PAGETABLE, 1);
	}
	return table;
}

static inline void ept_table_free(u64 *table)
{
	mod_lruvec_page_state(virt_to_page(table), NR_SECONDARY_PAGETABLE, -1);
	ept_table_set_word(table, 0);
	free_page((unsigned long)table);
}

#endif /* _DUNE_KERN_EPT_TABLE_H */
