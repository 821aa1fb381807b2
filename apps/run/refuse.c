/* SPDX-License-Identifier: MIT */
/*
 * refuse.c - system calls that could reach the monitor
 *
 * Paging keeps ring 3 out of the monitor's block, but Linux knows nothing of
 * rings: a pointer into the block would have it read or written on the
 * program's behalf. So no argument that is an address (pointers.c) may lie
 * there. A buffer that begins below and runs in is stopped by the page without
 * access under the block, which no call may unmap. Pointers inside structures
 * (iovec, msghdr) are not seen here.
 */
#include <linux/mman.h>

#include "run.h"

bool in_monitor(uint64_t start, uint64_t size)
{
	uint64_t end = start + size;

	/* Linux refuses what wraps round, for its own reasons. */
	if (end < start)
		end = ~0ULL;
	return start < MONITOR_END && end > MONITOR_GUARD;
}

/* Calls whose first two arguments are a range of the address space. */
static bool is_range_call(uint64_t nr)
{
	switch (nr) {
	case __NR_munmap:
	case __NR_mprotect:
	case __NR_pkey_mprotect:
	case __NR_mremap:
	case __NR_madvise:
	case __NR_mlock:
	case __NR_mlock2:
	case __NR_munlock:
	case __NR_msync:
	case __NR_mincore:
	case __NR_mbind:
	case __NR_remap_file_pages:
		return true;
	}
	return false;
}

static long refuse_mmap(const struct dune_tf *tf)
{
	if ((tf->r10 & (MAP_FIXED | MAP_FIXED_NOREPLACE)) && in_monitor(tf->rdi, tf->rsi))
		return -ENOMEM;
	return 0;
}

static long refuse_mremap(const struct dune_tf *tf)
{
	/* Growing in place, or to a fixed address. */
	if (in_monitor(tf->rdi, tf->rdx))
		return -EFAULT;
	if ((tf->r10 & MREMAP_FIXED) && in_monitor(tf->r8, tf->rdx))
		return -ENOMEM;
	return 0;
}

/* 0, or the errno with which the call is refused. */
long refuse(const struct dune_tf *tf)
{
	const uint64_t args[6] = { tf->rdi, tf->rsi, tf->rdx, tf->r10, tf->r8, tf->r9 };
	unsigned int pointers = pointer_args(tf->rax), i;

	if (is_range_call(tf->rax) && in_monitor(tf->rdi, tf->rsi))
		return -ENOMEM;
	for (i = 0; i < 6; i++)
		if ((pointers & 1 << i) && args[i] >= MONITOR_GUARD && args[i] < MONITOR_END)
			return -EFAULT;
	if (tf->rax == __NR_mmap)
		return refuse_mmap(tf);
	if (tf->rax == __NR_mremap)
		return refuse_mremap(tf);
	return 0;
}
