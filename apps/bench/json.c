/* SPDX-License-Identifier: MIT */
/*
 * json.c - JSON read piece by piece, from a file that may hold anything
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

#define MAX_FILE	(16UL << 20)
#define MAX_NUMBER	1e15	/* ticks of some days */
#define DIGITS		"0123456789"

bool json_wrong(struct json *j, const char *format, ...)
{
	const char *p, *line = j->text;
	int number = 1;
	va_list args;

	for (p = j->text; p < j->at; p++)
		if (*p == '\n') {
			number++;
			line = p + 1;
		}
	fprintf(stderr, "dune-bench: %s:%d:%d: ", j->file, number, (int)(j->at - line) + 1);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return false;
}

static bool unreadable(const char *file, const char *why)
{
	fprintf(stderr, "dune-bench: %s: %s\n", file, why);
	return false;
}

bool json_open(struct json *j, const char *file)
{
	FILE *f = fopen(file, "re");
	size_t length;
	int error;

	*j = (struct json){ .file = file };
	if (!f)
		return unreadable(file, strerror(errno));
	j->text = malloc(MAX_FILE + 1);
	errno = 0;
	length = j->text ? fread(j->text, 1, MAX_FILE + 1, f) : 0;
	error = j->text && !ferror(f) ? 0 : errno;
	fclose(f);
	if (error) {
		json_close(j);
		return unreadable(file, strerror(error));
	}
	if (length > MAX_FILE) {
		json_close(j);
		return unreadable(file, "larger than 16 MiB: not what --json printed");
	}
	/* What comes after is there for strspn() and its like. */
	j->text[length] = '\0';
	j->at = j->text;
	j->end = j->text + length;
	return true;
}

void json_close(struct json *j)
{
	free(j->text);
	j->text = NULL;
}

char json_peek(struct json *j)
{
	j->at += strspn(j->at, " \t\r\n");
	return *j->at;
}

/* What is there in the place of something else, for a message. */
static const char *found(struct json *j)
{
	static char text[8];

	if (j->at == j->end)
		return "the file ends";
	if (*j->at <= ' ' || *j->at > '~')
		return "an unprintable character is";
	snprintf(text, sizeof(text), "'%c' is", *j->at);
	return text;
}

bool json_take(struct json *j, char c)
{
	if (json_peek(j) != c)
		return json_wrong(j, "%s where '%c' should be", found(j), c);
	j->at++;
	return true;
}

/* Without escapes: --json prints none. */
bool json_string(struct json *j, char *to, size_t size)
{
	const char *end;

	if (!json_take(j, '"'))
		return false;
	for (end = j->at; *end >= ' ' && *end <= '~' && *end != '"' && *end != '\\'; end++)
		;
	if ((size_t)(end - j->at) >= size)
		return json_wrong(j, "this string is longer than %zu characters", size - 1);
	memcpy(to, j->at, end - j->at);
	to[end - j->at] = '\0';
	j->at = end;
	return *end == '"' ? json_take(j, '"') : json_wrong(j, "%s within a string", found(j));
}

/* The grammar is JSON's; strtod() would take much more. */
static size_t number_length(const char *s)
{
	const char *p = s + (*s == '-');
	size_t digits = strspn(p, DIGITS);

	if (!digits || (*p == '0' && digits > 1))
		return 0;
	p += digits;
	if (*p == '.') {
		digits = strspn(p + 1, DIGITS);
		if (!digits)
			return 0;
		p += 1 + digits;
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+';
		digits = strspn(p, DIGITS);
		if (!digits)
			return 0;
		p += digits;
	}
	return p - s;
}

static bool number(struct json *j, double *v)
{
	size_t length = number_length(j->at);

	if (!length)
		return json_wrong(j, "%s where a value should be", found(j));
	*v = strtod(j->at, NULL);
	if (!(*v >= -MAX_NUMBER && *v <= MAX_NUMBER))
		return json_wrong(j, "this number is too large for a figure");
	j->at += length;
	return true;
}

static bool word(struct json *j, const char *text)
{
	if (strncmp(j->at, text, strlen(text)))
		return false;
	j->at += strlen(text);
	return true;
}

bool json_value(struct json *j, struct json_value *value)
{
	char c = json_peek(j);

	if (c == '"') {
		value->type = JSON_STRING;
		return json_string(j, value->string, sizeof(value->string));
	}
	if (word(j, "null")) {
		value->type = JSON_NULL;
		return true;
	}
	if (word(j, "true") || word(j, "false")) {
		value->type = JSON_WORD;
		return true;
	}
	if (c == '[' || c == '{')
		return json_wrong(j, "'%c' is where a plain value should be", c);
	value->type = JSON_NUMBER;
	return number(j, &value->number);
}
