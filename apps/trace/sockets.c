/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - addresses of sockets
 */
#include <netinet/in.h>
#include <sys/un.h>

#include <linux/netlink.h>

#include "trace.h"

static uint16_t big_endian(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void put_dotted(struct text *t, const uint8_t *b)
{
	put_numbers(t, "#u.#u.#u.#u", (uint64_t[]){ b[0], b[1], b[2], b[3] });
}

static void put_inet(struct text *t, const void *p)
{
	const uint8_t *b = p;

	put_string(t, ", sin_port=htons(");
	put_unsigned(t, big_endian(b + 2));
	put_string(t, "), sin_addr=inet_addr(\"");
	put_dotted(t, b + 4);
	put_string(t, "\")");
}

/* The longest run of two or more zero words, the first of them; 8: there is none. */
static unsigned int longest_zeros(const uint8_t *b, unsigned int *length)
{
	unsigned int best = 8, i, n;

	*length = 1;
	for (i = 0; i < 8; i += n + 1) {
		for (n = 0; i + n < 8 && !big_endian(b + 2 * (i + n)); n++)
			;
		if (n <= *length)
			continue;
		best = i;
		*length = n;
	}
	return best;
}

/* As inet_ntop() writes it: IPv4 in dots where it is mapped or compatible. */
static void put_ipv6(struct text *t, const uint8_t *b)
{
	unsigned int zeros, length, i;
	bool dotted;

	zeros = longest_zeros(b, &length);
	dotted = !zeros && (length == 6 || (length == 5 && big_endian(b + 10) == 0xffff));
	for (i = 0; i < (dotted ? 6 : 8); i++) {
		if (i == zeros) {
			put_string(t, "::");
			i += length - 1;
			continue;
		}
		if (i && i != zeros + length)
			put_char(t, ':');
		put_digits(t, big_endian(b + 2 * i), 16, 1);
	}
	if (!dotted)
		return;
	put_string(t, length == 5 ? ":" : "");
	put_dotted(t, b + 12);
}

static void put_inet6(struct text *t, const void *p, unsigned int size)
{
	struct sockaddr_in6 in = { 0 };

	__builtin_memcpy(&in, p, size < sizeof(in) ? size : sizeof(in));
	put_numbers(t, ", sin6_port=htons(#u), sin6_flowinfo=htonl(#u), inet_pton(AF_INET6, \"",
		    (uint64_t[]){ __builtin_bswap16(in.sin6_port), __builtin_bswap32(in.sin6_flowinfo) });
	put_ipv6(t, in.sin6_addr.s6_addr);
	put_string(t, "\", &sin6_addr), sin6_scope_id=");
	put_unsigned(t, in.sin6_scope_id);
}

/* One that begins with a NUL is no file's name, and all of it counts. */
static void put_path(struct text *t, const uint8_t *path, unsigned int size)
{
	unsigned int n = 0;

	if (!size)
		return;
	put_string(t, ", sun_path=");
	if (!*path && size > 1) {
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

	__builtin_memcpy(&nl, p, sizeof(nl));
	put_string(t, ", nl_pid=");
	put_signed(t, (int)nl.nl_pid);
	put_string(t, ", nl_groups=");
	if (nl.nl_groups)
		put_string(t, "0x");
	put_digits(t, nl.nl_groups, 16, 8);
}

/* @size is 2 at least. */
void put_address(struct text *t, const void *p, unsigned int size)
{
	const uint8_t *data = (const uint8_t *)p + 2;
	uint16_t family;

	__builtin_memcpy(&family, p, sizeof(family));
	put_string(t, "{sa_family=");
	put_flags(t, KIND_FAMILY, family);
	if (family == AF_INET && size >= sizeof(struct sockaddr_in)) {
		put_inet(t, p);
	} else if (family == AF_INET6 && size >= 24) {	/* the last field is a later one */
		put_inet6(t, p, size);
	} else if (family == AF_NETLINK && size >= sizeof(struct sockaddr_nl)) {
		put_netlink(t, p);
	} else if (family == AF_UNIX) {
		put_path(t, data, size - 2);
	} else if (size > 2) {
		put_string(t, ", sa_data=");
		put_bytes(t, data, size - 2, false);
	}
	put_char(t, '}');
}
