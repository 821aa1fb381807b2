/* SPDX-License-Identifier: MIT */
/*
 * policy.c - any text for a policy, and any bytes for a compiled one
 *
 * The input's text ends at its first NUL. What follows is written over the compiled
 * policy, four bytes each time: three that say where, and what.
 *
 * CFLAGS: -D_GNU_SOURCE
 * SOURCES: apps/policy/lex.c apps/policy/parse.c apps/policy/rules.c apps/policy/paths.c
 * SOURCES: apps/policy/peers.c apps/policy/limits.c apps/policy/ready.c apps/policy/constants.c
 * SOURCES: apps/sandbox/calls.c apps/sandbox/judge.c
 * SOURCES: tests/unit/sandbox_host.c
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../../apps/policy/parse.h"
#include "fuzz.h"
#include "../unit/sandbox_host.h"

static struct policy p;

static uint32_t class_of(void *data, uint64_t fd)
{
	return fd < 3 ? CLASS_STDIN << fd : CLASS_FILE;
}

static void judge_calls(void)
{
	static const uint64_t args[][6] = { { 0 }, { 1, 2, 3, 4, 5, 6 }, { -1, -1, -1, -1, -1, -1 } };
	unsigned int nr, i;

	for (nr = 0; nr < NR_CALLS + 2; nr++) {
		for (i = 0; i < 3; i++) {
			struct verdict v = policy_judge(&p, nr, args[i], class_of, NULL);

			MUST(v.action.kind <= ACTION_KILL && v.arg < 6);
			MUST(v.action.kind != ACTION_ERRNO ||
			     (v.action.value > 0 && v.action.value < 4096));
			MUST(nr < NR_CALLS || !memcmp(&v.action, &p.default_action, sizeof(v.action)));
		}
		if (policy_is_constant(&p, nr))
			MUST(policy_judge(&p, nr, args[0], class_of, NULL).action.kind ==
			     policy_judge(&p, nr, args[2], class_of, NULL).action.kind);
	}
}

static void judge_addresses(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(80) };
	enum peer_kind kind;
	uint32_t size;

	for (kind = PEER_CONNECT; kind <= PEER_ACCEPT; kind++) {
		for (size = 0; size <= sizeof(in); size++)
			policy_peer(&p, kind, &in, size);
		for (size = 0; size <= sizeof(in6); size++)
			MUST(size >= 24 || !policy_peer(&p, kind, &in6, size));
	}
}

static void use_policy(void)
{
	unsigned int i;

	judge_calls();
	judge_addresses();
	for (i = 0; i < p.nr_paths; i++)
		path_below("/usr/lib/x", p.text + p.path[i].text);
	MUST(strlen(p.text + p.name) < TEXT_SIZE);
}

static void parsed_well(void)
{
	unsigned int i;

	MUST(!policy_check(&p, sizeof(p)));
	for (i = 0; i < p.nr_paths; i++) {
		MUST(p.path[i].text < p.nr_text && p.text[p.path[i].text] == '/');
		MUST(p.path[i].rights && !(p.path[i].rights & ~(RIGHTS | RIGHT_HIDE)));
	}
	for (i = 0; i < p.nr_peers; i++)
		MUST(p.peer[i].first_port <= p.peer[i].last_port);
	use_policy();
}

static void failed_well(const struct parse_error *e, const char *text)
{
	unsigned int lines = 1;

	for (; *text; text++)
		lines += *text == '\n';
	MUST(e->text[0] && e->line && e->line <= lines && e->column);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parse_error e = { 0 };
	char *text = malloc(size + 1);
	size_t n, at;

	memcpy(text, data, size);
	text[size] = 0;
	n = strlen(text);
	if (policy_parse(&p, "fuzz", text, known_call, &e))
		parsed_well();
	else
		failed_well(&e, text);
	for (at = n + 1; at + 4 <= size; at += 4) {
		size_t where = data[at] | data[at + 1] << 8 | data[at + 2] << 16;

		((uint8_t *)&p)[where % sizeof(p)] = data[at + 3];
	}
	if (n + 5 <= size && !policy_check(&p, sizeof(p)))
		use_policy();
	free(text);
	return 0;
}
