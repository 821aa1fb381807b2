/* SPDX-License-Identifier: MIT */
/*
 * parse.c - statements of a policy: one to a line, the first word says which
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "statements.h"

void fail_at(struct parser *s, unsigned int line, unsigned int column, const char *fmt, ...)
{
	va_list ap;

	s->error->line = line;
	s->error->column = column;
	va_start(ap, fmt);
	vsnprintf(s->error->text, sizeof(s->error->text), fmt, ap);
	va_end(ap);
	longjmp(*s->out, 1);
}

void next(struct parser *s)
{
	lex_next(&s->lexer, &s->token);
	if (s->token.kind == TOKEN_BAD)
		fail(s, "%s", s->token.text);
	/* Of a ready policy: its argument. */
	if (s->token.kind == TOKEN_WORD && s->argument && !strcmp(s->token.text, "$1")) {
		s->token.kind = TOKEN_QUOTED;
		snprintf(s->token.text, sizeof(s->token.text), "%s", s->argument);
	}
	if (s->depth) {
		s->token.line = s->user_line;
		s->token.column = s->user_column;
	}
}

bool at_word(const struct parser *s, const char *word)
{
	return s->token.kind == TOKEN_WORD && !strcmp(s->token.text, word);
}

bool at_operator(const struct parser *s, const char *op)
{
	return s->token.kind == TOKEN_OPERATOR && !strcmp(s->token.text, op);
}

bool at_end(const struct parser *s)
{
	return s->token.kind == TOKEN_EOL || s->token.kind == TOKEN_END;
}

/* The present token, which must be a word (or a quotation), is about to be used. */
const char *need_word(struct parser *s, const char *what)
{
	if (s->token.kind != TOKEN_WORD && s->token.kind != TOKEN_QUOTED)
		fail(s, "%s was expected", what);
	return s->token.text;
}

uint16_t keep_text(struct parser *s, const char *text)
{
	size_t size = strlen(text) + 1;
	uint16_t at = s->p->nr_text;

	if (size > TEXT_SIZE - 1 - s->p->nr_text)
		fail(s, "too many paths");
	memcpy(s->p->text + at, text, size);
	s->p->nr_text += size;
	return at;
}

/* A whole number, or names joined by |. */
uint64_t value(struct parser *s)
{
	uint64_t v, all = 0;
	char *end;

	for (;;) {
		const char *text = need_word(s, "a number or the name of one");

		if (!constant_value(text, &v)) {
			errno = 0;
			v = strtoull(text, &end, 0);
			if (*end || *text < '0' || *text > '9' || errno ||
			    s->token.kind != TOKEN_WORD)
				fail(s, "'%.60s' is no number and no name of one", text);
		}
		all |= v;
		next(s);
		if (!at_operator(s, "|"))
			return all;
		next(s);
	}
}

static void use(struct parser *s);

static void default_action(struct parser *s)
{
	next(s);
	s->p->default_line = s->token.line;
	if (!read_action(s, &s->p->default_action))
		fail(s, "'%.60s' is no action", s->token.text);
}

static void second_line(struct parser *s)
{
	static const char *const names[] = { "full", "landlock", "off" };
	unsigned int i;

	next(s);
	for (i = 0; i < 3; i++) {
		if (at_word(s, names[i])) {
			s->p->second_line = i;
			next(s);
			return;
		}
	}
	fail(s, "full, landlock or off was expected");
}

static const struct statement {
	const char	*word;
	void		(*parse)(struct parser *s);
} statements[] = {
	{ "default", default_action },
	{ "connect", peers }, { "bind", peers }, { "accept", peers },
	{ "limit", limit },
	{ "second-line", second_line },
	{ "use", use },
};

static void statement(struct parser *s)
{
	struct policy_action action;
	unsigned int i;

	need_word(s, "a statement");
	for (i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (at_word(s, statements[i].word)) {
			statements[i].parse(s);
			return;
		}
	}
	if (at_word(s, "deny-write-exec")) {
		s->p->deny_wx = 1;
		next(s);
	} else if (read_action(s, &action)) {
		rules(s, &action);
	} else if (!paths(s)) {
		fail(s, "'%.60s' begins no statement", s->token.text);
	}
}

static void all_statements(struct parser *s, const char *text)
{
	lex_begin(&s->lexer, text);
	for (next(s); s->token.kind != TOKEN_END; next(s)) {
		if (s->token.kind == TOKEN_EOL)
			continue;
		statement(s);
		if (!at_end(s))
			fail(s, "the end of the line was expected");
		if (s->token.kind == TOKEN_END)
			break;
	}
}

/* use READY [ARGUMENT]: as if its text stood here, on this one line. */
static void use(struct parser *s)
{
	struct parser inner = *s;
	const char *text;
	bool wants;

	next(s);
	text = ready_policy(need_word(s, "the name of a ready policy"), &wants);
	if (!text)
		fail(s, "there is no ready policy '%.60s'", s->token.text);
	if (s->depth == MAX_NESTING)
		fail(s, "too deep");
	inner.depth = s->depth + 1;
	inner.user_line = s->token.line;
	inner.user_column = s->token.column;
	next(s);
	if (wants) {
		snprintf(s->kept, sizeof(s->kept), "%s", need_word(s, "its argument"));
		inner.argument = s->kept;
		next(s);
	}
	all_statements(&inner, text);
}

bool policy_parse(struct policy *p, const char *name, const char *text, resolve_fn resolve,
		  struct parse_error *e)
{
	struct parser s = { .p = p, .error = e, .resolve = resolve };
	unsigned int i;
	jmp_buf out;

	memset(p, 0, sizeof(*p));
	p->magic = POLICY_MAGIC;
	p->size = sizeof(*p);
	p->default_action = (struct policy_action){ ACTION_ERRNO, EPERM };
	for (i = 0; i < NR_LIMITS; i++)
		p->limit[i] = NO_LIMIT;
	p->nr_text = 1;		/* 0: no text */
	s.out = &out;
	if (setjmp(out))
		return false;
	p->name = keep_text(&s, name);
	all_statements(&s, text);
	return true;
}
