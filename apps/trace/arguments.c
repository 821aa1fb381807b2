/* SPDX-License-Identifier: MIT */
/*
 * arguments.c - an argument as strace shows it
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "trace.h"

/* Some that a call does not look at are not shown. */
bool is_shown(const struct trace_record *r, unsigned int i)
{
	return kinds_of(r->nr, r->args)->kind[i] != KIND_HIDDEN;
}

unsigned int nr_arguments(const struct trace_record *r)
{
	const struct kinds *kinds = kinds_of(r->nr, r->args);
	unsigned int n = 0;

	if (!kinds->known)
		return 6;
	while (n < 6 && kinds->kind[n])
		n++;
	return n;
}

/* One of the eight bytes is below 32, above 126, '"' or '\\'; or it is not sure. */
static bool some_special(const uint8_t *p)
{
	const uint64_t ones = 0x0101010101010101;
	uint64_t v, quote, slash;

	__builtin_memcpy(&v, p, 8);
	quote = v ^ ones * '"';
	slash = v ^ ones * '\\';
	return (v | (v + ones) | (v - ones * 32) | (quote - ones) | (slash - ones)) & ones << 7;
}

static unsigned int plain_bytes(const uint8_t *p, unsigned int size)
{
	unsigned int n = 0;

	while (n + 8 <= size && !some_special(p + n))
		n += 8;
	while (n < size && p[n] >= 32 && p[n] < 127 && p[n] != '"' && p[n] != '\\')
		n++;
	return n;
}

/* One that stands for itself with something before it, or not at all. */
static void put_byte(struct text *t, const uint8_t *p, bool last)
{
	/* Of 9 to 13. */
	static const char escapes[] = "tnvfr";

	if (*p == '"' || *p == '\\')
		put_char(t, '\\'), put_char(t, *p);
	else if (*p >= '\t' && *p <= '\r')
		put_char(t, '\\'), put_char(t, escapes[*p - '\t']);
	else {
		/* Octal digits would run together with one that follows. */
		bool digit = !last && p[1] >= '0' && p[1] <= '9';

		put_char(t, '\\');
		put_digits(t, *p, 8, digit ? 3 : 1);
	}
}

void put_bytes(struct text *t, const uint8_t *p, unsigned int size, bool more)
{
	unsigned int i = 0, plain;

	put_char(t, '"');
	while (i < size) {
		plain = plain_bytes(p + i, size - i);
		put_block(t, (const char *)p + i, plain);
		i += plain;
		if (i < size)
			put_byte(t, p + i, i + 1 == size);
		i++;
	}
	put_string(t, more ? "\"..." : "\"");
}

static void put_piece(struct text *t, const struct style *style, const struct trace_piece *p,
		      bool path)
{
	unsigned int size = p->size;
	bool more = p->more;

	if (!path && size > style->string) {
		size = style->string;
		more = true;
	}
	put_bytes(t, (const uint8_t *)(p + 1), size, more);
}

/* Of bytes that never are text. */
static void put_in_hex(struct text *t, const struct style *style, const struct trace_piece *p)
{
	const uint8_t *at = (const uint8_t *)(p + 1);
	unsigned int i;

	put_char(t, '"');
	for (i = 0; i < p->size && i < style->string; i++) {
		put_string(t, "\\x");
		put_digits(t, at[i], 16, 2);
	}
	put_string(t, p->more || i < p->size ? "\"..." : "\"");
}

/* Strings one after the other, each with its NUL. */
static void put_vector(struct text *t, const struct style *style, const struct trace_piece *p)
{
	const uint8_t *at = (const uint8_t *)(p + 1), *end = at + p->size;
	const char *between = "";
	unsigned int size;

	put_char(t, '[');
	while (at < end) {
		for (size = 0; at + size < end && at[size]; size++)
			;
		put_string(t, between);
		put_bytes(t, at, size < style->string ? size : style->string, size > style->string);
		at += size + 1;
		between = ", ";
	}
	put_string(t, p->more ? ", ...]" : "]");
}

void put_pointer(struct text *t, uint64_t v)
{
	if (v)
		put_hex(t, v);
	else
		put_string(t, "NULL");
}

/* What a number says by itself; the rest are names. */
static void put_number(struct text *t, enum arg_kind kind, uint64_t v)
{
	switch (kind) {
	case KIND_NONE:
	case KIND_LHEX:
		put_hex(t, v);
		break;
	case KIND_INT:
	case KIND_FD:
	case KIND_SOCKOPT:
	case KIND_PROTOCOL:
		put_signed(t, (int)v);
		break;
	case KIND_LONG:
		put_signed(t, v);
		break;
	case KIND_UINT:
		put_unsigned(t, (uint32_t)v);
		break;
	case KIND_ULONG:
		put_unsigned(t, v);
		break;
	case KIND_HEX:
		put_hex(t, (unsigned int)v);
		break;
	case KIND_MODE:
		put_octal(t, v);
		break;
	case KIND_DIRFD:
		if ((int)v == AT_FDCWD)
			put_string(t, "AT_FDCWD");
		else
			put_signed(t, (int)v);
		break;
	case KIND_SIGNAL:
		put_signal(t, v, "SIG");
		break;
	default:
		put_flags(t, kind, (uint32_t)v);
	}
}

/* Some depend on another argument. */
static enum arg_kind kind_of(const struct trace_record *r, unsigned int i)
{
	enum arg_kind kind = kinds_of(r->nr, r->args)->kind[i];

	if (kind == KIND_PROTOCOL && (r->args[0] == AF_INET || r->args[0] == AF_INET6))
		return KIND_INETPROTOCOL;
	if (kind == KIND_PROTOCOL && r->args[0] == AF_NETLINK)
		return KIND_NETLINKPROTOCOL;
	if (kind == KIND_SOCKOPT && r->args[1] == SOL_SOCKET)
		return KIND_SOLOPT;
	if (kind == KIND_SOCKOPT && r->args[1] == SOL_TCP)
		return KIND_TCPOPT;
	if (kind == KIND_SOCKOPT && r->args[1] == SOL_IP)
		return KIND_IPOPT;
	if (kind == KIND_SOCKOPT && r->args[1] == SOL_IPV6)
		return KIND_IPV6OPT;
	return kind;
}

void put_argument(struct text *t, const struct style *style, const struct call *call, unsigned int i)
{
	const struct trace_record *r = call->r;
	const struct trace_piece *p = call->piece[i];
	enum arg_kind kind = kind_of(r, i);

	switch (kind) {
	case KIND_RANDOM_OUT:
		if (p)
			put_in_hex(t, style, p);
		else
			put_pointer(t, r->args[i]);
		break;
	case KIND_PATH:
	case KIND_CWD:
	case KIND_TASKNAME:
	case KIND_STR:
	case KIND_BUF_IN:
	case KIND_BUF_OUT:
		if (p)
			put_piece(t, style, p, kind == KIND_PATH || kind == KIND_CWD);
		else
			put_pointer(t, r->args[i]);
		break;
	case KIND_ARGV:
		if (p)
			put_vector(t, style, p);
		else
			put_pointer(t, r->args[i]);
		break;
	case KIND_PTR:
		put_pointer(t, r->args[i]);
		break;
	default:
		if (kind < KIND_STAT)
			put_number(t, kind, r->args[i]);
		else if (p)
			put_memory(t, style, call, i, kind);
		else
			put_pointer(t, r->args[i]);
	}
}
