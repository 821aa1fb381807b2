/* SPDX-License-Identifier: MIT */
/*
 * libdune_fmt_test.c - the little printf of the reports, against libc's
 *
 * SOURCES: libdune/fmt.c
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "priv.h"
#include "libdune_tap.h"

#define same(what, ...) do {						\
	char ours[64], theirs[64];					\
	int n = dune_fmt(ours, sizeof(ours), __VA_ARGS__);		\
	int m = snprintf(theirs, sizeof(theirs), __VA_ARGS__);		\
	ok(n == m && !strcmp(ours, theirs), what);			\
} while (0)

static void test_numbers(void)
{
	same("plain text", "no directive");
	same("%d", "%d %d %d", 0, 42, -42);
	same("the ends of int", "%d %d", INT_MAX, INT_MIN);
	same("the ends of long", "%ld %ld", LONG_MAX, LONG_MIN);
	same("%u", "%u %u", 0U, UINT_MAX);
	same("%lu", "%lu", ULONG_MAX);
	same("%x", "0x%x 0x%lx 0x%llx", 0xdeadU, ~0UL, 0x123456789abcdefULL);
	same("width", "%8d|%8x|%3u", 42, 0x42, 123456U);
	same("zeros", "%08x|%016lx", 0x42U, 0x42UL);
}

static void test_strings(void)
{
	same("%s", "<%s><%s>", "", "text");
	same("width of a string", "<%8s><%2s>", "text", "text");
	same("%c and %%", "%c%%%c", 'a', 'b');
}

static void test_bounds(void)
{
	char buf[8];

	memset(buf, '#', sizeof(buf));
	ok(dune_fmt(buf, 4, "%s", "123456") == 6 && !memcmp(buf, "123", 4),
	   "what does not fit is cut off, and counted");
	ok(buf[4] == '#', "nothing is written beyond the size");
	ok(dune_fmt(buf, 1, "abc") == 3 && !buf[0], "size 1 holds the terminator");
	buf[0] = '#';
	ok(dune_fmt(buf, 0, "abc") == 3 && buf[0] == '#', "size 0 writes nothing");
}

int main(void)
{
	/* Kept from the compiler's eye: it would not let these through. */
	const char *volatile null = NULL, *volatile end = "end %";
	char buf[16];

	test_numbers();
	test_strings();
	test_bounds();
	dune_fmt(buf, sizeof(buf), "%s", null);
	ok(!strcmp(buf, "(null)"), "no string at all");
#pragma GCC diagnostic ignored "-Wformat-security"
	ok(dune_fmt(buf, sizeof(buf), end) == 4, "a lone % at the end does not run on");
	return tap_end();
}
