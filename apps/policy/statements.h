/* SPDX-License-Identifier: MIT */
/*
 * statements.h - what the parser's files share
 */
#ifndef _APPS_POLICY_STATEMENTS_H
#define _APPS_POLICY_STATEMENTS_H

#include <setjmp.h>

#include "parse.h"

struct parser {
	struct lexer	lexer;
	struct token	token;		/* the one at hand */
	struct policy	*p;
	resolve_fn	resolve;
	const char	*argument;	/* $1 */
	char		kept[MAX_TOKEN];
	unsigned int	depth;		/* of ready policies within each other */
	unsigned int	user_line, user_column;	/* in one: where it is used */
	struct parse_error *error;
	jmp_buf		*out;
};

/* parse.c */
void fail_at(struct parser *s, unsigned int line, unsigned int column, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 4, 5)));
#define fail(s, ...) fail_at(s, (s)->token.line, (s)->token.column, __VA_ARGS__)
void next(struct parser *s);
bool at_word(const struct parser *s, const char *word);
bool at_operator(const struct parser *s, const char *op);
bool at_end(const struct parser *s);
const char *need_word(struct parser *s, const char *what);
uint16_t keep_text(struct parser *s, const char *text);
uint64_t value(struct parser *s);

/* rules.c */
bool read_action(struct parser *s, struct policy_action *a);
void rules(struct parser *s, const struct policy_action *a);

/* paths.c */
bool paths(struct parser *s);

/* peers.c */
void peers(struct parser *s);

/* limits.c */
void limit(struct parser *s);

#endif /* _APPS_POLICY_STATEMENTS_H */
