/* SPDX-License-Identifier: MIT */
/*
 * direct.c - decode without a domain: a bad file that finds a defect has the program
 */
#include <errno.h>
#include <stdlib.h>

#include "plugin.h"

int direct_decode(struct decoder *decoder, const unsigned char *file, size_t size)
{
	static unsigned char *pixels;
	uint64_t t;
	int r;

	if (!pixels)
		pixels = malloc(MAX_PIXELS);
	if (!pixels)
		return -ENOMEM;
	t = ticks_now();
	r = decode(file, size, pixels, MAX_PIXELS, &decoder->picture);
	decoder->ticks = ticks_now() - t;
	decoder->pixels = pixels;
	return r;
}
