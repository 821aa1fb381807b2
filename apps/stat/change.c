/* SPDX-License-Identifier: MIT */
/*
 * change.c - what was counted between two samples
 */
#include "stat.h"

static const struct counts *find(const struct sample *s, const struct counts *c)
{
	unsigned int i;

	for (i = 0; i < s->nr; i++)
		if (s->counts[i].subject == c->subject && s->counts[i].pid == c->pid &&
		    s->counts[i].vm == c->vm && s->counts[i].id == c->id)
			return &s->counts[i];
	return NULL;
}

/* Counters were read while they counted: a sum of them may seem to go back. */
static void subtract(uint64_t *value, uint64_t before)
{
	*value = *value > before ? *value - before : 0;
}

void sample_subtract(struct sample *s, const struct sample *before)
{
	unsigned int i, k;

	for (i = 0; i < s->nr; i++) {
		struct counts *c = &s->counts[i];
		const struct counts *b = find(before, c);

		if (!b)
			continue;
		for (k = 0; k < CNT_FIRST_STATE; k++)
			subtract(&c->value[k], b->value[k]);
		for (k = 0; k < NR_REASONS; k++)
			subtract(&c->by_reason[k], b->by_reason[k]);
	}
}
