/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - addresses, vectors of buffers, and messages
 */
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "trace.h"

static void put_port(struct text *t, uint16_t port)
{
	put_string(t, "htons(");
	put_unsigned(t, __builtin_bswap16(port));
	put_char(t, ')');
}

static void put_inet(struct text *t, const void *p)
{
	struct sockaddr_in in;
	uint8_t b[4];
	int i;

	READ(in, p);
	READ(b, &in.sin_addr);
	put_string(t, ", sin_port=");
	put_port(t, in.sin_port);
	put_string(t, ", sin_addr=inet_addr(\"");
	for (i = 0; i < 4; i++) {
		put_string(t, i ? "." : "");
		put_unsigned(t, b[i]);
	}
	put_string(t, "\")");
}

/* Of eight groups, the first of the longest row of zeroes, which is longer than one. */
static int longest_zeroes(const uint16_t *group, int *length)
{
	int i, n, first = -1;

	*length = 1;
	for (i = 0; i < 8; i += n ? n : 1) {
		for (n = 0; i + n < 8 && !group[i + n]; n++)
			;
		if (n > *length) {
			*length = n;
			first = i;
		}
	}
	return first;
}

/* As RFC 5952 says. */
static void put_inet6_address(struct text *t, const void *p)
{
	uint16_t group[8];
	int i, length, zeroes;

	READ(group, p);
	zeroes = longest_zeroes(group, &length);
	for (i = 0; i < 8; i++) {
		if (i == zeroes) {
			put_string(t, "::");
			i += length - 1;
			continue;
		}
		put_string(t, i && i != zeroes + length ? ":" : "");
		put_digits(t, __builtin_bswap16(group[i]), 16, 1);
	}
}

static void put_inet6(struct text *t, const void *p)
{
	struct sockaddr_in6 in;

	READ(in, p);
	put_string(t, ", sin6_port=");
	put_port(t, in.sin6_port);
	put_string(t, ", sin6_flowinfo=htonl(");
	put_unsigned(t, __builtin_bswap32(in.sin6_flowinfo));
	put_string(t, "), inet_pton(AF_INET6, \"");
	put_inet6_address(t, &in.sin6_addr);
	put_string(t, "\", &sin6_addr), sin6_scope_id=");
	put_unsigned(t, in.sin6_scope_id);
}

/* A path ends with its NUL; a name that begins with one, with the address. */
static void put_unix(struct text *t, const uint8_t *path, unsigned int size)
{
	unsigned int n = 0;

	put_string(t, ", sun_path=");
	if (size && !path[0]) {
		put_char(t, '@');
		put_bytes(t, path + 1, size - 1, false);
		return;
	}
	while (n < size && path[n])
		n++;
	put_bytes(t, path, n, false);
}

static void put_netlink(struct text *t, const void *p)
{
	struct sockaddr_nl nl;

	READ(nl, p);
	put_numbers(t, ", nl_pid=#d, nl_groups=#x", (uint64_t[]){ nl.nl_pid, nl.nl_groups });
}

void put_address(struct text *t, const void *p, unsigned int size)
{
	uint16_t family;

	if (size < sizeof(family)) {
		put_char(t, '?');
		return;
	}
	READ(family, p);
	put_string(t, "{sa_family=");
	put_flags(t, KIND_FAMILY, family);
	if (family == AF_INET && size >= sizeof(struct sockaddr_in))
		put_inet(t, p);
	else if (family == AF_INET6 && size >= sizeof(struct sockaddr_in6))
		put_inet6(t, p);
	else if (family == AF_NETLINK && size >= sizeof(struct sockaddr_nl))
		put_netlink(t, p);
	else if (family == AF_UNIX && size > sizeof(family))
		put_unix(t, (const uint8_t *)p + sizeof(family), size - sizeof(family));
	put_char(t, '}');
}

static void put_data(struct text *t, const struct style *style, const struct trace_vector *v)
{
	unsigned int size = v->size < VECTOR_BYTES ? v->size : VECTOR_BYTES;
	bool more = v->more;

	if (size > style->string) {
		size = style->string;
		more = true;
	}
	put_bytes(t, v->data, size, more);
}

void put_vectors(struct text *t, const struct style *style, const void *p, unsigned int size,
		 bool more)
{
	const uint8_t *at = p;
	struct trace_vector v;
	unsigned int i;

	put_char(t, '[');
	for (i = 0; i < size / sizeof(v); i++) {
		READ(v, at + i * sizeof(v));
		put_string(t, i ? ", {iov_base=" : "{iov_base=");
		if (v.copied)
			put_data(t, style, &v);
		else
			put_hex(t, v.base);
		put_numbers(t, ", iov_len=#u}", (uint64_t[]){ v.len });
	}
	put_string(t, !more ? "]" : i ? ", ...]" : "...]");
}

void put_message(struct text *t, const struct style *style, const struct trace_piece *piece)
{
	struct trace_message m;

	if (piece->size < sizeof(m)) {
		put_char(t, '?');
		return;
	}
	READ(m, piece + 1);
	put_string(t, "{msg_name=");
	if (m.name_size && m.name_size <= sizeof(m.address))
		put_address(t, m.address, m.name_size);
	else
		put_string(t, "NULL");
	put_numbers(t, ", msg_namelen=#u, msg_iov=", (uint64_t[]){ m.name_size });
	put_vectors(t, style, (const uint8_t *)(piece + 1) + sizeof(m), piece->size - sizeof(m),
		    piece->more);
	put_numbers(t, ", msg_iovlen=#u, msg_controllen=#u, msg_flags=",
		    (uint64_t[]){ m.iovlen, m.controllen });
	put_flags(t, KIND_MSGFLAGS, (uint32_t)m.flags);
	put_char(t, '}');
}
