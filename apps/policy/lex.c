/* SPDX-License-Identifier: MIT */
/*
 * lex.c - the words of a policy
 */
#include <string.h>

#include "parse.h"

void lex_begin(struct lexer *l, const char *text)
{
	*l = (struct lexer){ .at = text, .line_start = text, .line = 1 };
}

static bool in_word(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && !strchr("\"#,&|=!<>", c);
}

static void bad(struct token *t, const char *why)
{
	t->kind = TOKEN_BAD;
	strcpy(t->text, why);
}

static void quoted(struct lexer *l, struct token *t)
{
	size_t n = 0;

	t->kind = TOKEN_QUOTED;
	for (l->at++; *l->at != '"'; l->at++) {
		if (!*l->at || *l->at == '\n') {
			bad(t, "the quotation has no end");
			return;
		}
		if (*l->at == '\\' && (l->at[1] == '"' || l->at[1] == '\\'))
			l->at++;
		if (n == MAX_TOKEN - 1) {
			bad(t, "too long");
			return;
		}
		t->text[n++] = *l->at;
	}
	l->at++;
	t->text[n] = 0;
}

static void word(struct lexer *l, struct token *t)
{
	size_t n = 0;

	t->kind = TOKEN_WORD;
	for (; in_word(*l->at); l->at++) {
		if (n == MAX_TOKEN - 1) {
			bad(t, "too long");
			return;
		}
		t->text[n++] = *l->at;
	}
	t->text[n] = 0;
}

/* == != <= >= < > & | , */
static void operator(struct lexer *l, struct token *t)
{
	size_t n = 1;

	t->kind = TOKEN_OPERATOR;
	if (strchr("=!<>", *l->at) && l->at[1] == '=')
		n = 2;
	memcpy(t->text, l->at, n);
	t->text[n] = 0;
	l->at += n;
	if (!strcmp(t->text, "=") || !strcmp(t->text, "!"))
		bad(t, "== or != was expected");
}

void lex_next(struct lexer *l, struct token *t)
{
	while (*l->at == ' ' || *l->at == '\t' || *l->at == '\r')
		l->at++;
	if (*l->at == '#')
		l->at += strcspn(l->at, "\n");
	t->line = l->line;
	t->column = l->at - l->line_start + 1;
	t->text[0] = 0;
	if (!*l->at) {
		t->kind = TOKEN_END;
	} else if (*l->at == '\n') {
		t->kind = TOKEN_EOL;
		l->line_start = ++l->at;
		l->line++;
	} else if (*l->at == '"') {
		quoted(l, t);
	} else if (in_word(*l->at)) {
		word(l, t);
	} else if (strchr("=!<>&|,", *l->at)) {
		operator(l, t);
	} else {
		bad(t, "no such character here");
	}
}
