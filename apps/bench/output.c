/* SPDX-License-Identifier: MIT */
/*
 * output.c - the figures as a table, or as JSON
 */
#include <stdio.h>

#include "bench.h"

static void cell(double v, int decimals)
{
	if (v == NOT_MEASURED)
		printf(" %10s", "-");
	else
		printf(" %10.*f", decimals, v);
}

void table_head(void)
{
	printf("%-20s %10s %10s %10s %10s %10s %8s  %s\n", "figure", "native", "dune", "exits",
	       "vmreads", "vmwrites", "n", "unit, what");
}

void table_row(const struct figure *f, double native, const struct sample *s)
{
	printf("%-20s", f->name);
	cell(native, 0);
	cell(s->ticks, 0);
	cell(s->exits, 2);
	cell(s->vmreads, 2);
	cell(s->vmwrites, 2);
	printf(" %8ld  ticks, %s\n", s->n, f->what);
	if (s->bytes != NOT_MEASURED)
		printf("%-20s %10s %10.0f  KiB of memory\n", "", "", s->bytes / 1024);
	fflush(stdout);
}

static void number(const char *key, double v)
{
	if (v == NOT_MEASURED)
		printf(", \"%s\": null", key);
	else
		printf(", \"%s\": %.2f", key, v);
}

void json_row(const struct figure *f, double native, const struct sample *s, bool first)
{
	printf("%s\n  {\"name\": \"%s\", \"unit\": \"ticks\"", first ? "" : ",", f->name);
	number("native", native);
	number("dune", s->ticks);
	number("exits", s->exits);
	number("vmreads", s->vmreads);
	number("vmwrites", s->vmwrites);
	printf(", \"n\": %ld", s->n);
	if (s->bytes != NOT_MEASURED)
		number("bytes", s->bytes);
	printf("}");
	fflush(stdout);
}
