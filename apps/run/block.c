/* SPDX-License-Identifier: MIT */
/*
 * block.c - the monitor's block of addresses, taken whole
 *
 * Under a policy no part of it may ever be free: what ring 3 maps Linux could place
 * there, short of other places. The monitor would take that away again, but not
 * before Linux is done with it (MAP_POPULATE takes as long as one likes), and with it
 * what the monitor itself had mapped there in between.
 */
#include <linux/mman.h>

#include "run.h"

#define RESERVED	(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

extern const char _end[];

/* All behind dune-run itself, before anything is mapped there. */
void block_reserve(void)
{
	uint64_t from = ((uint64_t)_end + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	long r = sys(__NR_mmap, from, MONITOR_END - from, PROT_NONE,
		     RESERVED | MAP_FIXED_NOREPLACE, -1, 0);

	if (r == -ENOMEM)
		die(125, "no room for the monitor", "a policy needs 1 GiB of addresses: see ulimit -v");
	if (sys_failed(r))
		die(125, "no room for the monitor", "its addresses are taken");
}

/* The memory goes back to Linux, the addresses do not. */
void block_retire(uint64_t start, uint64_t size)
{
	sys(__NR_mmap, start, size, PROT_NONE, RESERVED | MAP_FIXED, -1, 0);
}
