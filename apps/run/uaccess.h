/* SPDX-License-Identifier: MIT */
/*
 * uaccess.h - the monitor at the program's memory
 *
 * Callers have checked that the address lies outside the monitor. Memory that
 * the program has no such access to is -EFAULT, as from Linux.
 */
#ifndef _APPS_RUN_UACCESS_H
#define _APPS_RUN_UACCESS_H

#include "run.h"

/* uaccess.S: the bytes that could not be copied. */
uint64_t copy_user(void *to, const void *from, uint64_t size, bool smap);
extern char uaccess_insn[], uaccess_fixup[];

static inline long copy_checked(void *to, const void *from, uint64_t size)
{
	bool smap = dune_info()->cr4 & (1UL << 21);

	return copy_user(to, from, size, smap) ? -EFAULT : 0;
}

static inline long copy_from_user(void *to, uint64_t from, uint64_t size)
{
	return copy_checked(to, (const void *)from, size);
}

static inline long copy_to_user(uint64_t to, const void *from, uint64_t size)
{
	return copy_checked((void *)to, from, size);
}

#endif /* _APPS_RUN_UACCESS_H */
