/* SPDX-License-Identifier: MIT */
/*
 * json.c - a sample as a JSON object, on one line
 */
#include <inttypes.h>

#include "stat.h"

static bool has(const struct counts *c, enum counter i)
{
	if (i >= CNT_FIRST_STATE)
		return c->subject == PROCESS;
	if (i == CNT_INVALIDATIONS || i == CNT_FLUSHES || i == CNT_KICKS || i == CNT_VCPUS_MADE)
		return c->subject != VCPU;
	return true;
}

/* Names with '_', as JSON's readers have it easier then. */
static void print_name(FILE *f, const char *name)
{
	fputc('"', f);
	for (; *name; name++)
		fputc(*name == '-' ? '_' : *name, f);
	fputs("\": ", f);
}

static void print_counts(FILE *f, const struct counts *c)
{
	const char *between = "";
	unsigned int i;

	for (i = 0; i < NR_COUNTERS; i++)
		if (has(c, i)) {
			print_name(f, counter_names[i]);
			fprintf(f, "%" PRIu64 ", ", c->value[i]);
		}
	fputs("\"exits_by_reason\": {", f);
	for (i = 0; i < NR_REASONS; i++)
		if (c->by_reason[i]) {
			fprintf(f, "%s\"%s\": %" PRIu64, between, reason_name(i), c->by_reason[i]);
			between = ", ";
		}
	fputc('}', f);
}

static void print_process(FILE *f, const struct counts *threads, const struct counts *c)
{
	const struct counts *t;

	fprintf(f, "{\"pid\": %d, \"command\": \"%s\", ", c->pid, command_of(c->pid));
	print_counts(f, c);
	fputs(", \"threads\": [", f);
	for (t = threads; t < c; t++) {
		fprintf(f, "%s{\"tid\": %d, \"vcpu\": %u, ", t > threads ? ", " : "", t->tid, t->id);
		print_counts(f, t);
		fputc('}', f);
	}
	fputs("]}", f);
}

void print_json(FILE *f, const struct sample *s, const struct view *view)
{
	const char *between = "";
	unsigned int i, first = 0;

	fprintf(f, "{\"seconds\": %.3f, \"machine\": {", view->seconds);
	print_counts(f, &s->counts[s->nr - 1]);
	fputs("}, \"processes\": [", f);
	for (i = 0; i < s->nr; i++) {
		if (s->counts[i].subject != PROCESS)
			continue;
		if (is_shown(&s->counts[i], view)) {
			fputs(between, f);
			print_process(f, &s->counts[first], &s->counts[i]);
			between = ", ";
		}
		first = i + 1;
	}
	fputs("]}\n", f);
}
