/* SPDX-License-Identifier: MIT */
/*
 * earlier.c - figures as dune-bench --json printed them, read again
 *
 * From files that may hold anything: what they say ends up on a terminal, too.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bench.h"

#define NATIVE(field)	offsetof(struct result, native.field)
#define DUNE(field)	offsetof(struct result, dune.field)
#define MAX_FILE	(16UL << 20)
#define MAX_FIGURES	10000
#define MAX_NUMBER	1e15	/* ticks of some days */

/* Numbers of a figure that may be null; the first two are always there. */
static const struct {
	const char	*key;
	size_t		offset;
} numbers[] = {
	{ "native", NATIVE(ticks) }, { "dune", DUNE(ticks) },
	{ "exits", DUNE(exits) }, { "vmreads", DUNE(vmreads) }, { "vmwrites", DUNE(vmwrites) },
	{ "bytes", DUNE(bytes) }, { "native_p10", NATIVE(p10) }, { "native_p90", NATIVE(p90) },
	{ "dune_p10", DUNE(p10) }, { "dune_p90", DUNE(p90) },
	{ "native_batch", NATIVE(batch) }, { "dune_batch", DUNE(batch) },
	{ "native_refs", NATIVE(refs) }, { "dune_refs", DUNE(refs) },
};

#define NR_NUMBERS	(sizeof(numbers) / sizeof(numbers[0]))
#define ALWAYS_THERE	2

static const struct sample nothing = {
	.ticks = NOT_MEASURED, .p10 = NOT_MEASURED, .p90 = NOT_MEASURED,
	.batch = NOT_MEASURED,
	.exits = NOT_MEASURED, .vmreads = NOT_MEASURED, .vmwrites = NOT_MEASURED,
	.bytes = NOT_MEASURED, .refs = NOT_MEASURED,
};

/* A file that is being read. */
struct earlier {
	const char	*name;
	FILE		*f;
	size_t		left;		/* of what it may hold */
	size_t		figure;		/* the one looked at, from 1; 0: none */
};

/* Says what is wrong, and where; always false. */
__attribute__((format(printf, 2, 3)))
static bool wrong(const struct earlier *e, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "dune-bench: %s: ", e->name);
	if (e->figure)
		fprintf(stderr, "figure %zu: ", e->figure);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return false;
}

/* It can be printed, and stand in CSV and JSON as it is. */
static bool printable(const char *s)
{
	while (*s >= ' ' && *s <= '~' && *s != '"' && *s != '\\')
		s++;
	return !*s;
}

static bool number(struct earlier *e, json_t *object, const char *key, double *to)
{
	json_t *value = json_object_get(object, key);
	double v = json_number_value(value);

	if (!json_is_number(value))
		return wrong(e, "\"%s\" should be a number", key);
	if (!(v >= -MAX_NUMBER && v <= MAX_NUMBER))
		return wrong(e, "\"%s\" is too large for a figure", key);
	*to = v;
	return true;
}

static bool read_numbers(struct earlier *e, json_t *object, struct result *r)
{
	json_t *value;
	double n;
	size_t i;

	for (i = 0; i < NR_NUMBERS; i++) {
		value = json_object_get(object, numbers[i].key);
		if (!value && i < ALWAYS_THERE)
			return wrong(e, "there is no \"%s\"", numbers[i].key);
		if (value && !json_is_null(value) &&
		    !number(e, object, numbers[i].key, (double *)((char *)r + numbers[i].offset)))
			return false;
	}
	if (!number(e, object, "n", &n))
		return false;
	r->native.n = r->dune.n = n;
	return n >= 0 || wrong(e, "\"n\" should be a number of operations");
}

/* If it is there at all. */
static bool string(struct earlier *e, json_t *object, const char *key, char *to, size_t size)
{
	json_t *value = json_object_get(object, key);
	const char *s = json_string_value(value);

	if (!value)
		return true;
	if (!s)
		return wrong(e, "\"%s\" should be a string", key);
	if (!printable(s) || strlen(s) != json_string_length(value))
		return wrong(e, "\"%s\" has a character that --json does not print", key);
	if (strlen(s) >= size)
		return wrong(e, "\"%s\" is longer than %zu characters", key, size - 1);
	strcpy(to, s);
	return true;
}

/* One more; @machine as the first one has it. What else there is, a later dune-bench printed. */
static bool read_figure(struct earlier *e, json_t *object, struct result *r, char *machine, int size)
{
	char other[1024];

	*r = (struct result){ .native = nothing, .dune = nothing };
	if (!json_is_object(object))
		return wrong(e, "it should be an object");
	if (!string(e, object, "name", r->name, sizeof(r->name)) ||
	    !string(e, object, "what", r->what, sizeof(r->what)) ||
	    !string(e, object, "machine", e->figure > 1 ? other : machine,
		    e->figure > 1 ? (int)sizeof(other) : size))
		return false;
	/* Such as can stand in a table and in CSV. */
	if (!*r->name || r->name[strspn(r->name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return wrong(e, "\"%s\" is no figure's name", r->name);
	return read_numbers(e, object, r);
}

static bool read_figures(struct earlier *e, json_t *list, struct result *results, char *machine,
			 int size)
{
	json_t *object;
	size_t i;

	json_array_foreach(list, i, object) {
		e->figure = i + 1;
		if (!read_figure(e, object, &results[i], machine, size))
			return false;
		if (earlier_find(results, i, results[i].name))
			return wrong(e, "%s a second time", results[i].name);
	}
	return true;
}

static size_t more(void *buffer, size_t size, void *data)
{
	struct earlier *e = data;
	size_t n = fread(buffer, 1, size < e->left ? size : e->left, e->f);

	e->left -= n;
	return n;
}

/* Why there is no JSON in it: all that is said of its text can be printed. */
static bool not_json(const struct earlier *e, json_error_t *error)
{
	char *p;

	if (ferror(e->f))
		return wrong(e, "%s", strerror(errno));
	if (!e->left)
		return wrong(e, "larger than 16 MiB");
	for (p = error->text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	fprintf(stderr, "dune-bench: %s:%d:%d: %s\n", e->name, error->line, error->column,
		error->text);
	return false;
}

static bool load(struct earlier *e, json_t **list)
{
	json_error_t error;
	size_t n;

	errno = 0;
	*list = json_load_callback(more, e, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
	if (!*list)
		return not_json(e, &error);
	n = json_array_size(*list);
	if (!n)
		return wrong(e, "there are no figures");
	return n <= MAX_FIGURES || wrong(e, "there are too many figures");
}

static int read_open(struct earlier *e, struct result **results, char *machine, int size)
{
	json_t *list = NULL;
	int n = -1;

	if (load(e, &list)) {
		*results = calloc(json_array_size(list), sizeof(**results));
		if (!*results)
			wrong(e, "%s", strerror(ENOMEM));
		else if (read_figures(e, list, *results, machine, size))
			n = json_array_size(list);
	}
	json_decref(list);
	return n;
}

/* The number of figures in @file, or -1 once it has said why there are none. */
int earlier_read(const char *file, struct result **results, char *machine, int size)
{
	struct earlier e = { .name = file, .f = fopen(file, "re"), .left = MAX_FILE };
	int n;

	*results = NULL;
	*machine = '\0';
	if (!e.f) {
		wrong(&e, "%s", strerror(errno));
		return -1;
	}
	n = read_open(&e, results, machine, size);
	fclose(e.f);
	if (n < 0) {
		fprintf(stderr, "dune-bench: %s is not what dune-bench --json printed\n", file);
		free(*results);
		*results = NULL;
	}
	return n;
}

const struct result *earlier_find(const struct result *results, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(results[i].name, name))
			return &results[i];
	return NULL;
}
