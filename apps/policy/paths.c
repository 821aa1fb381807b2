/* SPDX-License-Identifier: MIT */
/*
 * paths.c - RIGHT[+RIGHT]... PATH...
 */
#include <string.h>

#include "statements.h"

static uint32_t right(const char *name, size_t size)
{
	static const struct {
		const char	*name;
		uint32_t	right;
	} rights[] = {
		{ "read", RIGHT_READ }, { "write", RIGHT_WRITE }, { "create", RIGHT_CREATE },
		{ "exec", RIGHT_EXEC }, { "hide", RIGHT_HIDE },
	};
	unsigned int i;

	for (i = 0; i < sizeof(rights) / sizeof(rights[0]); i++)
		if (strlen(rights[i].name) == size && !memcmp(rights[i].name, name, size))
			return rights[i].right;
	return 0;
}

/* "read+exec", or 0 */
static uint32_t read_rights(struct parser *s)
{
	const char *at = s->token.text;
	uint32_t all = 0, r;

	if (s->token.kind != TOKEN_WORD)
		return 0;
	for (;;) {
		size_t size = strcspn(at, "+");

		r = right(at, size);
		if (!r)
			return 0;
		all |= r;
		if (!at[size])
			break;
		at += size + 1;
	}
	if ((all & RIGHT_HIDE) && all != RIGHT_HIDE)
		fail(s, "hide gives no rights");
	return all;
}

bool paths(struct parser *s)
{
	uint32_t rights = read_rights(s);

	if (!rights)
		return false;
	next(s);
	do {
		struct policy_path *path = &s->p->path[s->p->nr_paths];

		if (s->p->nr_paths == MAX_PATHS)
			fail(s, "more than %d paths", MAX_PATHS);
		if (need_word(s, "a path")[0] != '/')
			fail(s, "a path begins with /");
		*path = (struct policy_path){ rights, 0, s->token.line };
		path->text = keep_text(s, s->token.text);
		s->p->nr_paths++;
		next(s);
	} while (!at_end(s));
	return true;
}
