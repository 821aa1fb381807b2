/* SPDX-License-Identifier: MIT */
/*
 * prefault.c - pay for a range's EPT violations at once
 */
#include "priv.h"

#define BLOCK		(1UL << DUNE_SLOT_SHIFT)

/* Linux's numbers, which old headers lack. */
#define POPULATE_READ	22
#define POPULATE_WRITE	23

/* A block with nothing in it has no place, and needs none. */
static int add_blocks(uintptr_t start, uintptr_t end)
{
	uintptr_t va;
	int r;

	for (va = start & ~(BLOCK - 1); va < end; va += BLOCK) {
		r = dune_root_add(va);
		if (r && r != -EFAULT)
			return r;
	}
	return 0;
}

DUNE_API int dune_prefault(const void *addr, size_t len, unsigned int flags)
{
	uintptr_t start = (uintptr_t)addr & ~4095UL, end = (uintptr_t)addr + len;
	struct dune_range range = { .va = start, .len = end - start };
	long r = 0;

	if (flags & ~(DUNE_PREFAULT_READ | DUNE_PREFAULT_WRITE) || dune_global.fd <= 0 ||
	    end < start || end > 1UL << 47)
		return FAIL(-EINVAL);
	if (flags)
		r = sys(__NR_madvise, start, (range.len + 4095) & ~4095UL,
			flags & DUNE_PREFAULT_WRITE ? POPULATE_WRITE : POPULATE_READ);
	r = r ? r : add_blocks(start, end);
	r = r ? r : sys(__NR_ioctl, dune_global.fd, DUNE_PREFAULT, &range);
	return r ? FAIL(r) : 0;
}
