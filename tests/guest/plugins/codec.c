// SPDX-License-Identifier: MIT
/*
 * codec.c - a decoder for dune-plugin that ends as its file says
 *
 * "crash", "loop", "overflow", "exit", "abort", "lie": at once. Else a picture of one dot, or,
 * if the file's bytes have an odd sum, a crash.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../apps/plugin/codec.h"

static int is(const unsigned char *file, size_t size, const char *what)
{
	return size >= strlen(what) && !memcmp(file, what, strlen(what));
}

static int overflow(int n)
{
	volatile char here[512] = "";

	return n < 0 ? 0 : overflow(n + 1) + here[n % 512];
}

static void crash(void)
{
	*(volatile char *)0x1000 = 1;
}

int decode(const unsigned char *file, size_t size, unsigned char *pixels, size_t max,
	   struct picture *picture)
{
	unsigned int sum = 0;
	size_t i;

	for (i = 0; i < size; i++)
		sum += file[i];
	if (is(file, size, "loop"))
		for (;;)
			asm volatile("");
	if (is(file, size, "crash"))
		crash();
	if (is(file, size, "overflow"))
		return overflow(1);
	if (is(file, size, "exit"))
		_exit(7);
	if (is(file, size, "abort"))
		abort();
	picture->width = picture->height = 1;
	if (is(file, size, "lie"))
		picture->width = picture->height = 60000;
	else if (sum % 2)
		crash();
	memset(pixels, 'x', 3);
	return 0;
}
