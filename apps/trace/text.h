/* SPDX-License-Identifier: MIT */
/*
 * text.h - text that grows in a buffer; what does not fit is cut off
 *
 * No libc: dune-run's monitor writes lines too.
 */
#ifndef _APPS_TRACE_TEXT_H
#define _APPS_TRACE_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
	char	*data;
	size_t	size, used;
};

static inline void put_char(struct text *t, char c)
{
	if (t->used < t->size)
		t->data[t->used++] = c;
}

static inline void put_block(struct text *t, const char *s, size_t n)
{
	if (n > t->size - t->used)
		n = t->size - t->used;
	__builtin_memcpy(t->data + t->used, s, n);
	t->used += n;
}

static inline void put_until_nul(struct text *t, const char *s)
{
	char *to = t->data + t->used, *end = t->data + t->size;

	while (*s && to < end)
		*to++ = *s++;
	t->used = to - t->data;
}

/* Where the length is known beforehand, all at once. */
static inline __attribute__((always_inline)) void put_string(struct text *t, const char *s)
{
	const size_t n = __builtin_constant_p(__builtin_strlen(s)) ? __builtin_strlen(s) : 0;

	if (!n) {
		put_until_nul(t, s);
	} else if (n <= t->size - t->used) {
		__builtin_memcpy(t->data + t->used, s, n);
		t->used += n;
	} else {
		put_block(t, s, n);
	}
}

/* In base 8, 10 or 16, with @width digits at least. */
static inline void put_digits(struct text *t, uint64_t v, unsigned int base, int width)
{
	char digits[24], *p = digits + sizeof(digits);

	do {
		*--p = "0123456789abcdef"[v % base];
		v /= base;
		width--;
	} while (v || width > 0);
	put_block(t, p, digits + sizeof(digits) - p);
}

static inline void put_unsigned(struct text *t, uint64_t v)
{
	/* By a constant: no division. */
	char digits[24], *p = digits + sizeof(digits);

	do {
		*--p = '0' + v % 10;
		v /= 10;
	} while (v);
	put_block(t, p, digits + sizeof(digits) - p);
}

static inline void put_signed(struct text *t, int64_t v)
{
	if (v < 0)
		put_char(t, '-');
	put_unsigned(t, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

/* 0 is "0". */
static inline void put_hex(struct text *t, uint64_t v)
{
	if (v)
		put_string(t, "0x");
	put_digits(t, v, 16, 1);
}

/* As many digits as it takes, three at least, the first one 0. */
static inline void put_octal(struct text *t, unsigned int v)
{
	if (v >= 0100)
		put_char(t, '0');
	put_digits(t, v, 8, 3);
}

/* At most as many as there are here. */
static inline void put_spaces(struct text *t, int n)
{
	static const char spaces[] = "                                       ";

	if (n > 0)
		put_block(t, spaces, n < (int)sizeof(spaces) - 1 ? n : (int)sizeof(spaces) - 1);
}

#endif /* _APPS_TRACE_TEXT_H */
