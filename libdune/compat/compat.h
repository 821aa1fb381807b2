/* SPDX-License-Identifier: MIT */
/*
 * compat.h - what the files of the original's interface share
 *
 * Unlike the rest of libdune these may use libc: they run where the original's
 * did, at CPL 0 on the program's own stack or with a handler's vectors saved.
 */
#ifndef _LIBDUNE_COMPAT_H
#define _LIBDUNE_COMPAT_H

#define DUNE_COMPAT_LIBRARY
#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#include "include/libdune/dune.h"

/* trap.c: the FS base of ring 3, while ring 0 has its own */
void compat_fs_begin(void);

/* page.c */
int compat_pages_init(void);
struct page *compat_page(const void *va);

/* vm.c */
void compat_adopt(struct dune_root *root, uint64_t va, uint64_t end);

/* In a leaf: large because the program said PERM_BIG. */
#define COMPAT_BIG	DUNE_PTE_SW(5)

#endif /* _LIBDUNE_COMPAT_H */
