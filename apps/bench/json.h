/* SPDX-License-Identifier: MIT */
/*
 * json.h - JSON read piece by piece, from a file that may hold anything
 *
 * No more than dune-bench prints: arrays of objects whose values are plain strings,
 * numbers, true, false and null. What is wrong is said once, with its place.
 */
#ifndef _APPS_BENCH_JSON_H
#define _APPS_BENCH_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct json {
	const char	*file;		/* its name, for messages */
	char		*text;
	const char	*at, *end;
};

struct json_value {
	enum { JSON_STRING, JSON_NUMBER, JSON_WORD, JSON_NULL } type;
	double	number;
	char	string[1024];
};

/* False, here and below: it is wrong, and standard error says how. */
bool json_open(struct json *j, const char *file);
void json_close(struct json *j);

/* The next character that is no white space; '\0' at the end. It is not taken. */
char json_peek(struct json *j);
bool json_take(struct json *j, char c);
bool json_string(struct json *j, char *to, size_t size);
bool json_value(struct json *j, struct json_value *value);

/* Says what is wrong where reading has got to; always false. */
bool json_wrong(struct json *j, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif /* _APPS_BENCH_JSON_H */
