/* SPDX-License-Identifier: MIT */
/*
 * read.c - the module's file, as numbers
 *
 * Names that are not known are passed over: a newer module has more.
 */
#include <asm/vmx.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stat.h"

const char *const counter_names[NR_COUNTERS] = {
#define COUNTER(name, text) text,
#include "counters.def"
#undef COUNTER
};

static void set(struct counts *c, const char *name, uint64_t value)
{
	unsigned int i, reason;

	if (!strcmp(name, "pid"))
		c->pid = value;
	else if (!strcmp(name, "tid"))
		c->tid = value;
	else if (!strcmp(name, "id"))
		c->id = value;
	else if (!strcmp(name, "vm"))
		c->vm = value;
	else if (sscanf(name, "exit-%u", &reason) == 1 && reason < NR_REASONS)
		c->by_reason[reason] = value;
	for (i = 0; i < NR_COUNTERS; i++)
		if (!strcmp(name, counter_names[i]))
			c->value[i] = value;
}

/* "name=number" and so on; false: it is something else. */
static bool parse_values(struct counts *c)
{
	char *word, *value, *end;
	uint64_t n;

	while ((word = strtok(NULL, " \n"))) {
		value = strchr(word, '=');
		if (!value)
			return false;
		*value++ = '\0';
		n = strtoull(value, &end, 10);
		if (end == value || *end)
			return false;
		set(c, word, n);
	}
	return true;
}

/*
 * What the module does not count, as it is the most frequent: violations that were
 * dealt with at once, and system calls by their exit.
 */
static void count_rest(struct counts *c)
{
	uint64_t others = c->value[CNT_RESOLVED] + c->value[CNT_BOUNCED] + c->value[CNT_REFUSED];
	uint64_t all = c->by_reason[EXIT_REASON_EPT_VIOLATION];

	c->value[CNT_AT_ONCE] = all > others ? all - others : 0;
	c->by_reason[EXIT_REASON_VMCALL] += c->value[CNT_FAST] + c->value[CNT_NATIVE];
}

static bool parse_line(struct counts *c, char *line)
{
	static const char *const subjects[] = { "vcpu", "process", "machine" };
	const char *word = strtok(line, " \n");
	unsigned int i;

	*c = (struct counts){ 0 };
	for (i = 0; word && i < 3; i++)
		if (!strcmp(word, subjects[i]))
			break;
	if (!word || i == 3 || !parse_values(c))
		return false;
	c->subject = i;
	count_rest(c);
	return true;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

bool sample_read(struct sample *s, FILE *f)
{
	struct counts *more;
	char *line = NULL;
	size_t size = 0;
	bool ok = true;

	*s = (struct sample){ .time = now() };
	while (ok && getline(&line, &size, f) > 0) {
		more = realloc(s->counts, (s->nr + 1) * sizeof(*more));
		ok = more;
		if (!more)
			break;
		s->counts = more;
		ok = parse_line(&s->counts[s->nr], line);
		s->nr += ok;
	}
	free(line);
	ok = ok && !ferror(f) && s->nr && s->counts[s->nr - 1].subject == MACHINE;
	if (!ok)
		sample_free(s);
	return ok;
}

void sample_free(struct sample *s)
{
	free(s->counts);
	*s = (struct sample){ 0 };
}
