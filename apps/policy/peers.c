/* SPDX-License-Identifier: MIT */
/*
 * peers.c - connect, bind, accept ADDRESS[/BITS]:PORT[-PORT]...
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "statements.h"

static unsigned long number(struct parser *s, const char *text, unsigned long max, char **end)
{
	unsigned long v;

	errno = 0;
	v = strtoul(text, end, 10);
	if (*end == text || *text < '0' || *text > '9' || errno || v > max)
		fail(s, "a number up to %lu was expected", max);
	return v;
}

/* "any", or a port, or two */
static void read_ports(struct parser *s, struct policy_peer *peer, const char *text)
{
	char *end;

	if (!strcmp(text, "any")) {
		peer->last_port = 65535;
		return;
	}
	peer->first_port = peer->last_port = number(s, text, 65535, &end);
	if (*end == '-')
		peer->last_port = number(s, end + 1, 65535, &end);
	if (*end || peer->last_port < peer->first_port)
		fail(s, "'%.60s' is no port and no range of ports", text);
}

static void read_address(struct parser *s, struct policy_peer *peer, char *text)
{
	char *slash = strchr(text, '/'), *end;
	size_t size = strlen(text);

	if (!strcmp(text, "any"))
		return;
	if (slash)
		*slash = 0;
	if (text[0] == '[' && !slash && size > 2 && text[size - 1] == ']') {
		text[size - 1] = 0;
		text++;
	}
	if (inet_pton(AF_INET, text, peer->address) == 1)
		peer->family = AF_INET;
	else if (inet_pton(AF_INET6, text, peer->address) == 1)
		peer->family = AF_INET6;
	else
		fail(s, "'%.60s' is no address", text);
	peer->bits = peer->family == AF_INET ? 32 : 128;
	if (slash) {
		peer->bits = number(s, slash + 1, peer->bits, &end);
		if (*end)
			fail(s, "'%.60s' is no number of bits", slash + 1);
	}
}

/* 10.0.0.0/8:80, [::1]:80, [2001:db8::/32]:any, any:443, any */
static void read_peer(struct parser *s, struct policy_peer *peer, char *text)
{
	char *colon = strrchr(text, ':'), *end = text + strlen(text);

	if (!strcmp(text, "any")) {
		peer->last_port = 65535;
		return;
	}
	if (!colon || (text[0] == '[' && colon > text && colon[-1] != ']'))
		fail(s, "ADDRESS:PORT was expected");
	*colon = 0;
	read_ports(s, peer, colon + 1);
	/* [2001:db8::/32] */
	if (text[0] == '[' && strchr(text, '/')) {
		end = colon - 1;
		*end = 0;
		text++;
	}
	read_address(s, peer, text);
}

void peers(struct parser *s)
{
	enum peer_kind kind = at_word(s, "connect") ? PEER_CONNECT :
			      at_word(s, "bind") ? PEER_BIND : PEER_ACCEPT;

	next(s);
	do {
		struct policy_peer *peer = &s->p->peer[s->p->nr_peers];
		char text[MAX_TOKEN];

		if (s->p->nr_peers == MAX_PEERS)
			fail(s, "more than %d addresses", MAX_PEERS);
		*peer = (struct policy_peer){ .kind = kind, .line = s->token.line };
		strcpy(text, need_word(s, "an address"));
		read_peer(s, peer, text);
		s->p->nr_peers++;
		next(s);
	} while (!at_end(s));
}
