/* SPDX-License-Identifier: MIT */
/*
 * dirty.h - dirty bits of the guest's page table, which the CPU sets by itself
 */
#ifndef _APPS_GC_DIRTY_H
#define _APPS_GC_DIRTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Page by page from now on. 0 or a negative errno. */
int dirty_by_page(uintptr_t from, uintptr_t to);

/* The bits of a range of whole pages; cleared, with all threads' TLBs, if wanted. */
int dirty_read(uintptr_t from, size_t size, bool clear, uint64_t *bitmap);

#endif /* _APPS_GC_DIRTY_H */
