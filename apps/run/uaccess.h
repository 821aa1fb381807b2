/* SPDX-License-Identifier: MIT */
/*
 * uaccess.h - the monitor at the program's memory
 *
 * Callers have checked that the address lies outside the monitor. Memory that
 * is not there becomes the program's own SIGSEGV.
 */
#ifndef _APPS_RUN_UACCESS_H
#define _APPS_RUN_UACCESS_H

#include "run.h"

static inline bool has_smap(void)
{
	return dune_info()->cr4 & (1UL << 21);
}

static inline void user_access_begin(void)
{
	if (has_smap())
		asm volatile("stac" : : : "cc", "memory");
}

static inline void user_access_end(void)
{
	if (has_smap())
		asm volatile("clac" : : : "cc", "memory");
}

static inline void copy_from_user(void *to, uint64_t from, size_t size)
{
	user_access_begin();
	__builtin_memcpy(to, (const void *)from, size);
	user_access_end();
}

static inline void copy_to_user(uint64_t to, const void *from, size_t size)
{
	user_access_begin();
	__builtin_memcpy((void *)to, from, size);
	user_access_end();
}

#endif /* _APPS_RUN_UACCESS_H */
