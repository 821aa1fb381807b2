/* SPDX-License-Identifier: MIT */
/*
 * malform.c - make a file that is not quite what it says
 */
#include <string.h>

#include "plugin.h"

static unsigned int state;

/* Marsaglia's xorshift: the same files from the same seed, everywhere. */
static unsigned int next(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static void flip_bits(unsigned char *p, size_t size)
{
	unsigned int n = 1 + next() % 16;

	while (n--)
		p[next() % size] ^= 1 << next() % 8;
}

/* Headers say how large things are: that is where lies are worth most. */
static void lie_in_header(unsigned char *p, size_t size)
{
	static const unsigned char values[] = { 0, 1, 0x7f, 0x80, 0xff };
	unsigned int n = 1 + next() % 4, within = size < 256 ? size : 256;

	while (n--)
		p[8 + next() % (within - 8)] = values[next() % sizeof(values)];
}

static void repeat_a_piece(unsigned char *p, size_t size)
{
	size_t length = 1 + next() % (size / 2), from = next() % (size - length);

	memmove(p + next() % (size - length), p + from, length);
}

static void random_bytes(unsigned char *p, size_t size)
{
	size_t at = next() % size, n = 1 + next() % 64;

	for (; n && at < size; n--, at++)
		p[at] = next();
}

/* Returns the size of what is in @to, at most @size; @size is at least 16. */
size_t malform(unsigned char *to, const unsigned char *file, size_t size, unsigned int seed)
{
	memcpy(to, file, size);
	state = seed * 2654435761U + 1;
	switch (seed % 5) {
	case 0:
		return 1 + next() % size;
	case 1:
		flip_bits(to, size);
		break;
	case 2:
		lie_in_header(to, size);
		break;
	case 3:
		repeat_a_piece(to, size);
		break;
	case 4:
		random_bytes(to, size);
		break;
	}
	return size;
}
