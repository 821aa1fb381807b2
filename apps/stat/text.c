/* SPDX-License-Identifier: MIT */
/*
 * text.c - counts as tables
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "stat.h"

#define BAR	40

/* With "/s" behind it: a rate. */
static void print_value(FILE *f, const char *indent, const char *what, uint64_t v,
			const struct view *view)
{
	fprintf(f, "%s%-*s %14" PRIu64, indent, (int)(24 - strlen(indent)), what, v);
	if (view->seconds > 0)
		fprintf(f, " %12.1f/s", v / view->seconds);
	fputc('\n', f);
}

static void print_sums(FILE *f, const struct counts *c, const struct view *view)
{
	const uint64_t *v = c->value;
	uint64_t violations = v[CNT_AT_ONCE] + v[CNT_RESOLVED] + v[CNT_BOUNCED] + v[CNT_REFUSED];

	print_value(f, "", "VM exits", v[CNT_EXITS], view);
	print_value(f, "", "system calls", v[CNT_FAST] + v[CNT_NATIVE], view);
	print_value(f, "  ", "fast path", v[CNT_FAST], view);
	print_value(f, "  ", "native path", v[CNT_NATIVE], view);
	print_value(f, "", "EPT violations", violations, view);
	print_value(f, "  ", "at once", v[CNT_AT_ONCE], view);
	print_value(f, "  ", "resolved", v[CNT_RESOLVED], view);
	print_value(f, "  ", "bounced", v[CNT_BOUNCED], view);
	print_value(f, "  ", "refused", v[CNT_REFUSED], view);
	print_value(f, "", "invalidations", v[CNT_INVALIDATIONS], view);
	print_value(f, "  ", "flushes", v[CNT_FLUSHES], view);
	print_value(f, "  ", "kicks", v[CNT_KICKS], view);
	if (v[CNT_VMREADS] || v[CNT_VMWRITES]) {
		print_value(f, "", "VMREADs", v[CNT_VMREADS], view);
		print_value(f, "", "VMWRITEs", v[CNT_VMWRITES], view);
	}
}

static const uint64_t *sorted_by;

static int more_first(const void *a, const void *b)
{
	uint64_t x = sorted_by[*(const unsigned int *)a], y = sorted_by[*(const unsigned int *)b];

	return (x < y) - (x > y);
}

static void print_reasons(FILE *f, const struct counts *c)
{
	static const char bar[BAR + 1] = "########################################";
	unsigned int order[NR_REASONS], i;
	uint64_t n[NR_REASONS], all = 0;

	for (i = 0; i < NR_REASONS; i++) {
		n[i] = c->by_reason[i];
		all += n[i];
		order[i] = i;
	}
	sorted_by = n;
	qsort(order, NR_REASONS, sizeof(order[0]), more_first);
	fprintf(f, "\n%-24s %14s %7s\n", "exits by reason", "exits", "%");
	for (i = 0; i < NR_REASONS && n[order[i]]; i++) {
		double part = (double)n[order[i]] / all;

		fprintf(f, "%2u %-21s %14" PRIu64 " %6.2f  %.*s\n", order[i], reason_name(order[i]),
			n[order[i]], 100 * part, (int)(part * BAR + 0.5), bar);
	}
}

static void print_columns(FILE *f, const struct counts *c)
{
	const uint64_t *v = c->value;

	fprintf(f, " %12" PRIu64 " %12" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64, v[CNT_EXITS],
		v[CNT_FAST], v[CNT_NATIVE],
		v[CNT_AT_ONCE] + v[CNT_RESOLVED] + v[CNT_BOUNCED] + v[CNT_REFUSED],
		v[CNT_REFUSED]);
}

static void print_processes(FILE *f, const struct sample *s, const struct view *view)
{
	unsigned int i, first = 0, k;

	fprintf(f, "\n%7s %7s %-15s %12s %12s %10s %10s %10s %10s %6s\n", "PID",
		view->threads ? "TID" : "THREADS", "COMMAND", "EXITS", "FAST", "NATIVE", "VIOLATIONS",
		"REFUSED", "INVALID.", "SLOTS");
	for (i = 0; i < s->nr; i++) {
		const struct counts *c = &s->counts[i];

		if (c->subject != PROCESS)
			continue;
		if (is_shown(c, view)) {
			if (view->threads)
				fprintf(f, "%7d %7s %-15s", c->pid, "", command_of(c->pid));
			else
				fprintf(f, "%7d %7u %-15s", c->pid, i - first, command_of(c->pid));
			print_columns(f, c);
			fprintf(f, " %10" PRIu64 " %6" PRIu64 "\n", c->value[CNT_INVALIDATIONS],
				c->value[CNT_SLOTS]);
			for (k = first; view->threads && k < i; k++) {
				fprintf(f, "%7s %7d %-15s", "", s->counts[k].tid, "");
				print_columns(f, &s->counts[k]);
				fputc('\n', f);
			}
		}
		first = i + 1;
	}
}

void print_text(FILE *f, const struct sample *s, const struct view *view)
{
	const struct counts *c = &s->counts[s->nr - 1];
	unsigned int i;

	for (i = 0; view->pid && i < s->nr; i++)
		if (s->counts[i].subject == PROCESS && s->counts[i].pid == view->pid)
			c = &s->counts[i];
	print_sums(f, c, view);
	print_reasons(f, c);
	print_processes(f, s, view);
}
