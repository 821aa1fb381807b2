/* SPDX-License-Identifier: MIT */
/*
 * output.c - figures as a table, as JSON, as CSV, or beside earlier ones
 */
#include <stdio.h>

#include "bench.h"

void cell(double v, int width, int decimals)
{
	if (v == NOT_MEASURED)
		printf(" %*s", width, "-");
	else
		printf(" %*.*f", width, decimals, v);
}

double ratio(double a, double b)
{
	return a == NOT_MEASURED || b == NOT_MEASURED || b == 0 ? NOT_MEASURED : a / b;
}

/* What it was measured on, one part to a line. */
static void machine_lines(const char *machine)
{
	const char *p;

	printf("# ");
	for (p = machine; *p; p++) {
		if (p[0] == ';' && p[1] == ' ') {
			printf("\n# ");
			p++;
		} else {
			putchar(*p);
		}
	}
	putchar('\n');
}

static void table_head(const char *machine)
{
	machine_lines(machine);
	printf("%-22s %10s %10s %7s %10s %10s %9s %9s %9s %7s %6s  %s\n", "figure", "native",
	       "dune", "ratio", "p10", "p90", "exits", "vmreads", "vmwrites", "n",
	       "batch", "ticks, what");
}

static bool has_references(const struct result *r)
{
	return r->native.refs != NOT_MEASURED || r->dune.refs != NOT_MEASURED;
}

static void table_row(const struct result *r, bool first, const char *machine)
{
	const struct sample *d = &r->dune;
	bool only = d->ticks == NOT_MEASURED;

	printf("%-22s", r->name);
	cell(r->native.ticks, 10, 0);
	cell(d->ticks, 10, 0);
	cell(ratio(d->ticks, r->native.ticks), 7, 2);
	cell(only ? r->native.p10 : d->p10, 10, 0);
	cell(only ? r->native.p90 : d->p90, 10, 0);
	cell(d->exits, 9, 2);
	cell(d->vmreads, 9, 2);
	cell(d->vmwrites, 9, 2);
	printf(" %7ld", only ? r->native.n : d->n);
	cell(only ? r->native.batch : d->batch, 6, 0);
	printf("  %s\n", r->what);
	if (d->bytes != NOT_MEASURED)
		printf("%-22s %10s %10.0f  KiB of memory\n", "", "", d->bytes / 1024);
	if (has_references(r)) {
		printf("%-22s", "");
		cell(r->native.refs, 10, 0);
		cell(d->refs, 10, 0);
		printf("  memory references of a page walk\n");
	}
	fflush(stdout);
}

static void table_tail(void)
{
}

static void json_number(const char *key, double v)
{
	if (v == NOT_MEASURED)
		printf(", \"%s\": null", key);
	else
		printf(", \"%s\": %.2f", key, v);
}

static void json_head(const char *machine)
{
	printf("[");
}

static void json_row(const struct result *r, bool first, const char *machine)
{
	const struct sample *d = &r->dune;

	printf("%s\n  {\"name\": \"%s\", \"unit\": \"ticks\"", first ? "" : ",", r->name);
	json_number("native", r->native.ticks);
	json_number("dune", d->ticks);
	json_number("exits", d->exits);
	json_number("vmreads", d->vmreads);
	json_number("vmwrites", d->vmwrites);
	printf(", \"n\": %ld", d->ticks == NOT_MEASURED ? r->native.n : d->n);
	if (d->bytes != NOT_MEASURED)
		json_number("bytes", d->bytes);
	json_number("native_p10", r->native.p10);
	json_number("native_p90", r->native.p90);
	json_number("dune_p10", d->p10);
	json_number("dune_p90", d->p90);
	json_number("native_batch", r->native.batch);
	json_number("dune_batch", d->batch);
	if (has_references(r)) {
		json_number("native_refs", r->native.refs);
		json_number("dune_refs", d->refs);
	}
	printf(", \"what\": \"%s\", \"machine\": \"%s\"}", r->what, machine);
	fflush(stdout);
}

static void json_tail(void)
{
	printf("\n]\n");
}

static void csv_number(double v)
{
	if (v == NOT_MEASURED)
		printf(",");
	else
		printf(",%.2f", v);
}

static void csv_head(const char *machine)
{
	machine_lines(machine);
	printf("name,native,native_p10,native_p90,dune,dune_p10,dune_p90,exits,vmreads,"
	       "vmwrites,bytes,native_refs,dune_refs,native_batch,dune_batch,n,what\n");
}

static void csv_row(const struct result *r, bool first, const char *machine)
{
	const struct sample *d = &r->dune;

	printf("%s", r->name);
	csv_number(r->native.ticks);
	csv_number(r->native.p10);
	csv_number(r->native.p90);
	csv_number(d->ticks);
	csv_number(d->p10);
	csv_number(d->p90);
	csv_number(d->exits);
	csv_number(d->vmreads);
	csv_number(d->vmwrites);
	csv_number(d->bytes);
	csv_number(r->native.refs);
	csv_number(d->refs);
	csv_number(r->native.batch);
	csv_number(d->batch);
	printf(",%ld,\"%s\"\n", d->ticks == NOT_MEASURED ? r->native.n : d->n, r->what);
	fflush(stdout);
}

const struct format format_table = { table_head, table_row, table_tail };
const struct format format_json = { json_head, json_row, json_tail };
const struct format format_csv = { csv_head, csv_row, table_tail };

void compare_head(const char *machine)
{
	printf("before:\n");
	machine_lines(machine);
	printf("%-22s %10s %10s %8s %10s %10s %8s %8s %8s\n", "figure", "native", "now",
	       "change", "dune", "now", "change", "exits", "now");
}

static void change(double before, double now)
{
	double r = ratio(now, before);

	if (r == NOT_MEASURED)
		printf(" %8s", "-");
	else if (r > 0.9995 && r < 1.0005)
		printf(" %8s", "=");
	else
		printf(" %+7.1f%%", (r - 1) * 100);
}

void compare_row(const struct result *now, const struct result *before)
{
	printf("%-22s", now->name);
	if (!before) {
		printf(" %10s", "new");
		cell(now->native.ticks, 10, 0);
		printf(" %8s %10s", "", "new");
		cell(now->dune.ticks, 10, 0);
		putchar('\n');
		return;
	}
	cell(before->native.ticks, 10, 0);
	cell(now->native.ticks, 10, 0);
	change(before->native.ticks, now->native.ticks);
	cell(before->dune.ticks, 10, 0);
	cell(now->dune.ticks, 10, 0);
	change(before->dune.ticks, now->dune.ticks);
	cell(before->dune.exits, 8, 2);
	cell(now->dune.exits, 8, 2);
	putchar('\n');
	fflush(stdout);
}

/* It was measured then, and is not now. */
void compare_gone(const struct result *before)
{
	printf("%-22s", before->name);
	cell(before->native.ticks, 10, 0);
	printf(" %10s %8s", "gone", "");
	cell(before->dune.ticks, 10, 0);
	printf(" %10s\n", "gone");
}
