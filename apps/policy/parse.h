/* SPDX-License-Identifier: MIT */
/*
 * parse.h - from the text of dune-policy(5) to a compiled policy
 */
#ifndef _APPS_POLICY_PARSE_H
#define _APPS_POLICY_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "../sandbox/policy.h"

/* A system call's number by its name; negative: there is none. */
typedef int (*resolve_fn)(const char *name);

struct parse_error {
	unsigned int	line, column;	/* from 1; 0: not in the text itself */
	char		text[200];
};

/* Whether @p was made; @e if not. @name: of the file, for reports. */
bool policy_parse(struct policy *p, const char *name, const char *text, resolve_fn resolve,
		  struct parse_error *e);

/* ready.c: the text of a ready policy and whether it takes an argument, or NULL. */
const char *ready_policy(const char *name, bool *argument);

/* constants.c: whether there is such a name */
bool constant_value(const char *name, uint64_t *value);
bool errno_value(const char *name, int *value);

/*
 * lex.c
 */
enum token_kind {
	TOKEN_END, TOKEN_EOL, TOKEN_WORD, TOKEN_QUOTED, TOKEN_OPERATOR, TOKEN_BAD,
};

#define MAX_NESTING	4
#define MAX_TOKEN	1024

struct token {
	enum token_kind	kind;
	unsigned int	line, column;
	char		text[MAX_TOKEN];	/* of TOKEN_BAD: what is wrong */
};

struct lexer {
	const char	*at, *line_start;
	unsigned int	line;
};

void lex_begin(struct lexer *l, const char *text);
void lex_next(struct lexer *l, struct token *t);

#endif /* _APPS_POLICY_PARSE_H */
