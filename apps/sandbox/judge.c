/* SPDX-License-Identifier: MIT */
/*
 * judge.c - what a policy says of a call, an address, a path
 */
#include <stddef.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <asm/errno.h>

#include "policy.h"

static bool holds(const struct policy_condition *c, const uint64_t args[6],
		  class_fn class_of, void *data)
{
	uint64_t v = args[c->arg] & c->mask;

	switch (c->op) {
	case OP_EQ:
		return v == c->value;
	case OP_NE:
		return v != c->value;
	case OP_LT:
		return v < c->value;
	case OP_LE:
		return v <= c->value;
	case OP_GT:
		return v > c->value;
	case OP_GE:
		return v >= c->value;
	case OP_CLASS:
		return class_of(data, args[c->arg]) & c->value;
	}
	return false;
}

struct verdict policy_judge(const struct policy *p, uint32_t nr, const uint64_t args[6],
			    class_fn class_of, void *data)
{
	struct verdict v = { p->default_action, p->default_line, -1 };
	unsigned int i = nr < NR_CALLS ? p->first[nr] : 0, k;

	for (; i; i = p->rule[i - 1].next) {
		const struct policy_rule *r = &p->rule[i - 1];
		const struct policy_condition *c = &p->condition[r->condition];

		for (k = 0; k < r->nr_conditions; k++)
			if (!holds(&c[k], args, class_of, data))
				break;
		if (k == r->nr_conditions)
			return (struct verdict){ r->action, r->line, k ? c[0].arg : -1 };
		/* If nothing else decides, this is what it failed by. */
		v.arg = c[k].arg;
		v.line = r->line;
	}
	return v;
}

bool policy_is_constant(const struct policy *p, uint32_t nr)
{
	return nr >= NR_CALLS || !p->first[nr] || !p->rule[p->first[nr] - 1].nr_conditions;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	for (; bits >= 8; bits -= 8)
		if (*a++ != *b++)
			return false;
	return !bits || !((*a ^ *b) >> (8 - bits));
}

struct peer {
	uint8_t		family;
	const uint8_t	*address;
	uint16_t	port;
};

/* An IPv4 address within IPv6 is the IPv4 address. */
static bool read_peer(struct peer *peer, const void *address, uint32_t size)
{
	const struct sockaddr_in *in = address;
	const struct sockaddr_in6 *in6 = address;
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (size < sizeof(in->sin_family))
		return false;
	if (in->sin_family == AF_INET && size >= sizeof(*in)) {
		*peer = (struct peer){ AF_INET, (const uint8_t *)&in->sin_addr,
				       __builtin_bswap16(in->sin_port) };
		return true;
	}
	if (in->sin_family != AF_INET6 || size < 24 /* without sin6_scope_id */)
		return false;
	*peer = (struct peer){ AF_INET6, in6->sin6_addr.s6_addr,
			       __builtin_bswap16(in6->sin6_port) };
	if (same_bits(peer->address, mapped, 96)) {
		peer->family = AF_INET;
		peer->address += 12;
	}
	return true;
}

const struct policy_peer *policy_peer(const struct policy *p, enum peer_kind kind,
				      const void *address, uint32_t size)
{
	const struct policy_peer *rule = p->peer;
	struct peer peer;
	unsigned int i;

	if (!read_peer(&peer, address, size))
		return NULL;
	for (i = 0; i < p->nr_peers; i++, rule++) {
		if (rule->kind != kind || peer.port < rule->first_port ||
		    peer.port > rule->last_port)
			continue;
		if (!rule->family || (rule->family == peer.family &&
				      same_bits(rule->address, peer.address, rule->bits)))
			return rule;
	}
	return NULL;
}

bool path_below(const char *path, const char *dir)
{
	if (dir[0] == '/' && !dir[1])
		return path[0] == '/';
	while (*dir && *path == *dir)
		path++, dir++;
	return !*dir && (!*path || *path == '/');
}

static bool action_ok(const struct policy_action *a)
{
	return a->kind <= ACTION_KILL &&
	       (a->kind != ACTION_ERRNO || (a->value > 0 && a->value < 4096));
}

/* Indices, counts and kinds are used as they stand from here on. */
int policy_check(const struct policy *p, uint64_t size)
{
	unsigned int i;

	if (size != sizeof(*p) || p->magic != POLICY_MAGIC || p->size != sizeof(*p) ||
	    p->nr_rules > MAX_RULES || p->nr_conditions > MAX_CONDITIONS ||
	    p->nr_paths > MAX_PATHS || p->nr_peers > MAX_PEERS || p->nr_filter > MAX_FILTER ||
	    p->nr_text > TEXT_SIZE || p->text[TEXT_SIZE - 1] || p->name >= TEXT_SIZE ||
	    p->second_line > SECOND_OFF || !action_ok(&p->default_action))
		return -EINVAL;
	for (i = 0; i < NR_CALLS; i++)
		if (p->first[i] > p->nr_rules)
			return -EINVAL;
	for (i = 0; i < p->nr_rules; i++)	/* lists go forwards, and end */
		if (!action_ok(&p->rule[i].action) || (p->rule[i].next && p->rule[i].next <= i + 1) ||
		    p->rule[i].next > p->nr_rules ||
		    p->rule[i].condition + p->rule[i].nr_conditions > p->nr_conditions)
			return -EINVAL;
	for (i = 0; i < p->nr_conditions; i++)
		if (p->condition[i].arg > 5)
			return -EINVAL;
	for (i = 0; i < p->nr_paths; i++)
		if (p->path[i].text >= TEXT_SIZE)
			return -EINVAL;
	for (i = 0; i < p->nr_peers; i++)
		if (p->peer[i].bits > 128)
			return -EINVAL;
	return 0;
}
