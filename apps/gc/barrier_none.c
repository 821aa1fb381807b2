/* SPDX-License-Identifier: MIT */
/*
 * barrier_none.c - no barrier; and one that sees nothing
 */
#include "barrier.h"

static int init(char *heap, size_t size)
{
	return 0;
}

static int start(size_t used)
{
	return 0;
}

static int collect(size_t used, uint8_t *dirty)
{
	return 0;
}

/* All marking with the world at rest: what the others are to be better than. */
struct barrier barrier_none = { .name = "none", .init = init, .start = start };

/* Says that nothing was written: verification has to notice. */
struct barrier barrier_blind = {
	.name = "blind", .init = init, .start = start, .collect = collect,
};
