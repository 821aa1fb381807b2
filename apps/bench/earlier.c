/* SPDX-License-Identifier: MIT */
/*
 * earlier.c - figures as dune-bench --json printed them, read again
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "json.h"

#define NATIVE(field)	offsetof(struct result, native.field)
#define DUNE(field)	offsetof(struct result, dune.field)
#define N		"n"
#define MAX_FIGURES	10000

/* Numbers of a figure; the first three are always there. */
static const struct {
	const char	*key;
	size_t		offset;
} numbers[] = {
	{ "native", NATIVE(ticks) }, { "dune", DUNE(ticks) }, { N, 0 },
	{ "exits", DUNE(exits) }, { "vmreads", DUNE(vmreads) }, { "vmwrites", DUNE(vmwrites) },
	{ "bytes", DUNE(bytes) }, { "native_p10", NATIVE(p10) }, { "native_p90", NATIVE(p90) },
	{ "dune_p10", DUNE(p10) }, { "dune_p90", DUNE(p90) },
	{ "native_refs", NATIVE(refs) }, { "dune_refs", DUNE(refs) },
};

#define NR_NUMBERS	(sizeof(numbers) / sizeof(numbers[0]))
#define ALWAYS_THERE	3

static const struct sample nothing = {
	.ticks = NOT_MEASURED, .p10 = NOT_MEASURED, .p90 = NOT_MEASURED,
	.exits = NOT_MEASURED, .vmreads = NOT_MEASURED, .vmwrites = NOT_MEASURED,
	.bytes = NOT_MEASURED, .refs = NOT_MEASURED,
};

/* An object that is being read. */
struct row {
	struct result	*result;
	char		*machine;	/* where to put what it was measured on */
	int		machine_size;
	unsigned int	seen;		/* of numbers[], a bit each */
};

static bool set_number(struct json *j, struct row *row, int i, const struct json_value *value)
{
	struct result *r = row->result;

	if (row->seen & 1U << i)
		return json_wrong(j, "\"%s\" a second time", numbers[i].key);
	row->seen |= 1U << i;
	if (!strcmp(numbers[i].key, N)) {
		if (value->type != JSON_NUMBER || value->number < 0)
			return json_wrong(j, "\"n\" should be a number of operations");
		r->native.n = r->dune.n = value->number;
		return true;
	}
	if (value->type != JSON_NUMBER && value->type != JSON_NULL)
		return json_wrong(j, "\"%s\" should be a number or null", numbers[i].key);
	*(double *)((char *)r + numbers[i].offset) =
		value->type == JSON_NULL ? NOT_MEASURED : value->number;
	return true;
}

static bool set_string(struct json *j, const char *key, char *to, int size,
		       const struct json_value *value)
{
	if (value->type != JSON_STRING)
		return json_wrong(j, "\"%s\" should be a string", key);
	if (snprintf(to, size, "%s", value->string) >= size)
		return json_wrong(j, "\"%s\" is longer than %d characters", key, size - 1);
	return true;
}

/* Such as can stand in a table and in CSV. */
static bool set_name(struct json *j, struct result *r, const struct json_value *value)
{
	if (!set_string(j, "name", r->name, sizeof(r->name), value))
		return false;
	if (!*r->name || r->name[strspn(r->name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return json_wrong(j, "\"%s\" is no figure's name", r->name);
	return true;
}

/* What else there is, a later dune-bench may have printed. */
static bool set_member(struct json *j, struct row *row, const char *key,
		       const struct json_value *value)
{
	struct result *r = row->result;
	unsigned int i;

	if (!strcmp(key, "name"))
		return set_name(j, r, value);
	if (!strcmp(key, "what"))
		return set_string(j, key, r->what, sizeof(r->what), value);
	if (!strcmp(key, "machine"))
		return set_string(j, key, row->machine, row->machine_size, value);
	for (i = 0; i < NR_NUMBERS; i++)
		if (!strcmp(key, numbers[i].key))
			return set_number(j, row, i, value);
	return true;
}

static bool read_members(struct json *j, struct row *row)
{
	struct json_value value;
	char key[64];

	do {
		if (!json_string(j, key, sizeof(key)) || !json_take(j, ':') ||
		    !json_value(j, &value) || !set_member(j, row, key, &value))
			return false;
	} while (json_peek(j) == ',' && json_take(j, ','));
	return true;
}

static bool read_row(struct json *j, struct row *row)
{
	int i;

	*row->result = (struct result){ .native = nothing, .dune = nothing };
	if (!json_take(j, '{') || !read_members(j, row) || !json_take(j, '}'))
		return false;
	if (!*row->result->name)
		return json_wrong(j, "this figure has no \"name\"");
	for (i = 0; i < ALWAYS_THERE; i++)
		if (!(row->seen & 1U << i))
			return json_wrong(j, "the figure %s has no \"%s\"", row->result->name,
					  numbers[i].key);
	return true;
}

/* One more, which is not there yet; the first one's machine is all of them's. */
static bool read_another(struct json *j, struct result **results, int n, char *machine, int size)
{
	struct result *more = n < MAX_FIGURES ? realloc(*results, (n + 1) * sizeof(*more)) : NULL;
	char other[1024];
	struct row row = { .machine = machine, .machine_size = size };

	if (!more)
		return json_wrong(j, "there are too many figures");
	*results = more;
	row.result = &more[n];
	if (n) {
		row.machine = other;
		row.machine_size = sizeof(other);
	}
	if (!read_row(j, &row))
		return false;
	return !earlier_find(more, n, more[n].name) ||
	       json_wrong(j, "the figure %s a second time", more[n].name);
}

/* The number of figures, or -1. */
static int read_all(struct json *j, struct result **results, char *machine, int size)
{
	int n = 0;

	if (!json_take(j, '['))
		return -1;
	do {
		if (!read_another(j, results, n, machine, size))
			return -1;
		n++;
	} while (json_peek(j) == ',' && json_take(j, ','));
	if (!json_take(j, ']'))
		return -1;
	if (json_peek(j) || j->at != j->end) {
		json_wrong(j, "there is more after the figures");
		return -1;
	}
	return n;
}

/* The number of figures in @file, or -1 once it has said why there are none. */
int earlier_read(const char *file, struct result **results, char *machine, int size)
{
	struct json j;
	int n;

	*results = NULL;
	*machine = '\0';
	if (!json_open(&j, file))
		return -1;
	n = read_all(&j, results, machine, size);
	json_close(&j);
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
