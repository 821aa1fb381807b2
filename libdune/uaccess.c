/* SPDX-License-Identifier: MIT */
/*
 * uaccess.c - the guest half at memory that may be gone, or not be ring 3's
 */
#include "priv.h"

static uint64_t copy(void *to, const void *from, uint64_t size)
{
	return dune_uaccess(to, from, size, dune_global.smap);
}

/*
 * A fault of Linux's own making lets a stack grow down to where it was; a VM
 * exit's does not. So have Linux write a byte; it will be written again.
 */
static bool grow_stack(uint64_t at)
{
	return sys(__NR_getrandom, at, 1, 1 /* GRND_NONBLOCK */) == 1;
}

/* At CPL 0, for CPL 0's memory. */
long dune_copy_out(uint64_t to, const void *from, uint64_t size)
{
	uint64_t left = copy((void *)to, from, size);

	if (left && grow_stack(to + size - left))
		left = copy((char *)to + size - left, (const char *)from + size - left, left);
	return left ? -EFAULT : 0;
}

long dune_copy_in(void *to, uint64_t from, uint64_t size)
{
	return copy(to, (const void *)from, size) ? -EFAULT : 0;
}

DUNE_API int dune_copy_from_user(void *to, uint64_t from, uint64_t size)
{
	if (!dune_user_range(from, size))
		return -EFAULT;
	return dune_copy_in(to, from, size);
}

DUNE_API int dune_copy_to_user(uint64_t to, const void *from, uint64_t size)
{
	if (!dune_user_range(to, size))
		return -EFAULT;
	return dune_copy_out(to, from, size);
}
