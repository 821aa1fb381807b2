/* SPDX-License-Identifier: MIT */
/*
 * summary.c - how often each call was made, and what it took
 */
#include <stdlib.h>

#include "reader.h"

struct count {
	unsigned int	nr;
	unsigned long	calls, errors;
	uint64_t	ticks;
};

static struct count counts[MAX_NR];

void count_call(const struct call *call)
{
	const struct trace_record *r = call->r;
	struct count *c = &counts[r->nr];

	c->nr = r->nr;
	c->calls++;
	c->errors += r->result < 0 && r->result >= -4095;
	c->ticks += r->end - r->start;
}

static int by_ticks(const void *a, const void *b)
{
	const struct count *x = a, *y = b;

	return (x->ticks < y->ticks) - (x->ticks > y->ticks);
}

static const char *name_of(unsigned int nr)
{
	static char name[64];
	struct text t = { name, sizeof(name) - 1, 0 };

	put_call_name(&t, nr);
	name[t.used] = '\0';
	return name;
}

void print_summary(FILE *f, const struct style *style)
{
	double frequency = style->frequency;
	struct count all = { 0 };
	unsigned int i;

	for (i = 0; i < MAX_NR; i++) {
		all.calls += counts[i].calls;
		all.errors += counts[i].errors;
		all.ticks += counts[i].ticks;
	}
	qsort(counts, MAX_NR, sizeof(counts[0]), by_ticks);
	fprintf(f, "%% time     seconds       ticks/call     calls    errors syscall\n"
		"------ ----------- ---------------- --------- --------- ----------------\n");
	for (i = 0; i < MAX_NR && counts[i].calls; i++) {
		const struct count *c = &counts[i];

		fprintf(f, "%6.2f %11.6f %16lu %9lu ", 100.0 * c->ticks / (all.ticks ? all.ticks : 1),
			c->ticks / frequency, c->ticks / c->calls, c->calls);
		fprintf(f, c->errors ? "%9lu %s\n" : "%9.0lu %s\n", c->errors, name_of(c->nr));
	}
	fprintf(f, "------ ----------- ---------------- --------- --------- ----------------\n"
		"100.00 %11.6f %16lu %9lu %9lu total\n", all.ticks / frequency,
		all.calls ? all.ticks / all.calls : 0, all.calls, all.errors);
}
