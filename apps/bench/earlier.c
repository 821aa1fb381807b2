/* SPDX-License-Identifier: MIT */
/*
 * earlier.c - figures as dune-bench --json printed them, read again
 *
 * No parser for any JSON: one object to a line, as output.c writes them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* What stands after "key": in @line, or NULL. */
static const char *value_of(const char *line, const char *key)
{
	char pattern[64];
	const char *at;

	snprintf(pattern, sizeof(pattern), "\"%s\": ", key);
	at = strstr(line, pattern);
	return at ? at + strlen(pattern) : NULL;
}

static double number(const char *line, const char *key)
{
	const char *at = value_of(line, key);
	char *end;
	double v;

	if (!at)
		return NOT_MEASURED;
	v = strtod(at, &end);
	return end == at ? NOT_MEASURED : v;
}

static bool string(const char *line, const char *key, char *to, int size)
{
	const char *at = value_of(line, key);

	*to = '\0';
	if (!at || *at != '"')
		return false;
	snprintf(to, size, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
	return true;
}

static void read_row(const char *line, struct result *r)
{
	memset(r, 0, sizeof(*r));
	string(line, "name", r->name, sizeof(r->name));
	string(line, "what", r->what, sizeof(r->what));
	r->native = (struct sample){
		.ticks = number(line, "native"),
		.p10 = number(line, "native_p10"), .p90 = number(line, "native_p90"),
		.refs = number(line, "native_refs"), .n = number(line, "n"),
	};
	r->dune = (struct sample){
		.ticks = number(line, "dune"),
		.p10 = number(line, "dune_p10"), .p90 = number(line, "dune_p90"),
		.exits = number(line, "exits"), .vmreads = number(line, "vmreads"),
		.vmwrites = number(line, "vmwrites"), .bytes = number(line, "bytes"),
		.refs = number(line, "dune_refs"), .n = number(line, "n"),
	};
}

/* The number of figures in @file, or -1 once it has said why there are none. */
int earlier_read(const char *file, struct result **results, char *machine, int size)
{
	char line[4096], name[64];
	FILE *f = fopen(file, "r");
	int n = 0;

	*results = NULL;
	*machine = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		struct result *more;

		if (!string(line, "name", name, sizeof(name)))
			continue;
		if (!n)
			string(line, "machine", machine, size);
		more = realloc(*results, (n + 1) * sizeof(*more));
		if (!more)
			break;
		*results = more;
		read_row(line, &more[n++]);
	}
	if (!f)
		perror(file);
	else
		fclose(f);
	if (f && !n)
		fprintf(stderr, "dune-bench: %s has no figures: it should be what --json printed\n",
			file);
	return n ? n : -1;
}

const struct result *earlier_find(const struct result *results, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(results[i].name, name))
			return &results[i];
	return NULL;
}
