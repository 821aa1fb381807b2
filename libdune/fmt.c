/* SPDX-License-Identifier: MIT */
/*
 * fmt.c - %s %d %u %x %lx %ld %lu %c %%, with width and zero padding
 *
 * All that reports need, where libc's printf may not run.
 */
#include "priv.h"

struct out {
	char	*buf;
	size_t	size, len;
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_padded(struct out *o, const char *s, size_t len, unsigned int width, char pad)
{
	for (; width > len; width--)
		put(o, pad);
	while (len--)
		put(o, *s++);
}

static void put_string(struct out *o, const char *s, unsigned int width)
{
	size_t len = 0;

	if (!s)
		s = "(null)";
	while (s[len])
		len++;
	put_padded(o, s, len, width, ' ');
}

static void put_number(struct out *o, uint64_t v, unsigned int base, bool negative,
		       unsigned int width, char pad)
{
	char digits[24], *p = digits + sizeof(digits);

	do {
		*--p = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (negative)
		*--p = '-';
	put_padded(o, p, digits + sizeof(digits) - p, width, pad);
}

static uint64_t next_number(va_list *ap, bool is_long, bool is_signed, bool *negative)
{
	int64_t v;

	*negative = false;
	if (!is_signed)
		return is_long ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned int);
	v = is_long ? va_arg(*ap, long) : va_arg(*ap, int);
	*negative = v < 0;
	return v < 0 ? -(uint64_t)v : (uint64_t)v;
}

/* As vsnprintf(): the length it would have; what fits is in @buf, terminated. */
int dune_vfmt(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = { buf, size, 0 };
	va_list ap;

	va_copy(ap, args);
	for (; *fmt; fmt++) {
		unsigned int width = 0;
		bool is_long = false, negative;
		char pad = ' ';
		uint64_t v;

		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		if (*++fmt == '0')
			pad = '0';
		for (; *fmt >= '0' && *fmt <= '9'; fmt++)
			width = width * 10 + (*fmt - '0');
		for (; *fmt == 'l'; fmt++)
			is_long = true;
		switch (*fmt) {
		case 's':
			put_string(&o, va_arg(ap, const char *), width);
			break;
		case 'c':
			put(&o, va_arg(ap, int));
			break;
		case 'd':
		case 'u':
		case 'x':
			v = next_number(&ap, is_long, *fmt == 'd', &negative);
			put_number(&o, v, *fmt == 'x' ? 16 : 10, negative, width, pad);
			break;
		case '\0':
			fmt--;
			break;
		default:
			put(&o, *fmt);
		}
	}
	va_end(ap);
	if (size)
		buf[o.len < size ? o.len : size - 1] = '\0';
	return o.len;
}

int dune_fmt(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = dune_vfmt(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
