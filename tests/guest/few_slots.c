/* SPDX-License-Identifier: MIT */
/*
 * few_slots.c - more blocks of memory than there are guest-physical places
 *
 *	few_slots BLOCKS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <dune/dune.h>

#include "mm.h"

#define BASE	0x200000000000UL

static char *block(unsigned long i)
{
	return (char *)BASE + (i << 30);
}

/* How many of them could be written to. */
static bool use(unsigned long from, unsigned long to, unsigned long *used)
{
	unsigned long i;

	*used = 0;
	for (i = from; i < to; i++) {
		if (mmap(block(i), 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
			 MAP_FIXED_NOREPLACE, -1, 0) != block(i))
			return false;
		*used += mm_write(block(i), i & 255) == 0;
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned long blocks = strtoul(argc > 1 ? argv[1] : "0", NULL, 0);
	unsigned long first, second, third, i;

	if (blocks < 60 || dune_init(0) || dune_enter())
		return 1;
	mm_catch_signals();
	/* All of them do not fit: SIGBUS, and those that do are whole. */
	if (!use(0, blocks, &first) || mm_signal != SIGBUS)
		return 2;
	for (i = 0; i < first; i++)
		if (mm_read(block(i)) != (i & 255))
			return 3;
	/* Outside Dune mode the rest is there as ever. */
	dune_leave();
	*block(blocks - 1) = 1;
	if (dune_enter())
		return 4;
	/* What is unmapped makes room, again and again. */
	munmap(block(0), blocks << 30);
	if (!use(blocks, blocks + 40, &second) || second != 40)
		return 5;
	munmap(block(blocks), 20UL << 30);
	if (!use(2 * blocks, 2 * blocks + 30, &third) || third != 30)
		return 6;
	for (i = blocks + 20; i < blocks + 40; i++)
		if (mm_read(block(i)) != (i & 255))
			return 7;
	printf("%lu of %lu blocks at once, then %lu and %lu\n", first, blocks, second, third);
	return 0;
}
