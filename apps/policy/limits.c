/* SPDX-License-Identifier: MIT */
/*
 * limits.c - limit NAME VALUE
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "statements.h"

static const char *const names[NR_LIMITS] = {
	[LIMIT_MEMORY] = "memory", [LIMIT_CPU] = "cpu", [LIMIT_TIME] = "time",
	[LIMIT_FILES] = "files", [LIMIT_PROCESSES] = "processes", [LIMIT_OUTPUT] = "output",
};

static uint64_t unit(char c)
{
	switch (c) {
	case 0:
		return 1;
	case 'K':
		return 1UL << 10;
	case 'M':
		return 1UL << 20;
	case 'G':
		return 1UL << 30;
	}
	return 0;
}

/* A number; of bytes, with K, M or G behind it. */
static uint64_t amount(struct parser *s, bool bytes)
{
	const char *text = need_word(s, "a number");
	unsigned long long v, factor;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	factor = end == text || *text < '0' || *text > '9' ? 0 : unit(*end);
	if (!factor || (*end && (end[1] || !bytes)))
		fail(s, "'%.60s' is no %s", text, bytes ? "size, as 512K, 64M, 1G" : "number");
	if (errno || v > (1ULL << 47) / factor)
		fail(s, "too much");
	return v * factor;
}

void limit(struct parser *s)
{
	unsigned int i;

	next(s);
	need_word(s, "what to limit");
	for (i = 0; i < NR_LIMITS; i++)
		if (at_word(s, names[i]))
			break;
	if (i == NR_LIMITS)
		fail(s, "there is no limit '%.60s'", s->token.text);
	next(s);
	s->p->limit[i] = amount(s, i == LIMIT_MEMORY || i == LIMIT_OUTPUT);
	if (!s->p->limit[i])
		fail(s, "a limit is at least 1");
	next(s);
}
