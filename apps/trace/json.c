/* SPDX-License-Identifier: MIT */
/*
 * json.c - a call as a line of JSON
 */
#include <asm/unistd_64.h>

#include "trace.h"

/* What stands in @t from @begin on becomes a JSON string. */
static void quote(struct text *t, size_t begin)
{
	size_t n = t->used - begin, more = 2, i;

	for (i = begin; i < t->used; i++)
		more += t->data[i] == '"' || t->data[i] == '\\';
	if (t->used + more > t->size)
		return;
	t->used += more;
	t->data[begin + n + --more] = '"';
	for (i = begin + n; i-- > begin; ) {
		t->data[i + more] = t->data[i];
		if (t->data[i] == '"' || t->data[i] == '\\')
			t->data[i + --more] = '\\';
	}
	t->data[begin] = '"';
}

static void put_member(struct text *t, const char *name, uint64_t v)
{
	put_string(t, name);
	put_unsigned(t, v);
}

static void put_time(struct text *t, const struct style *style, uint64_t ticks)
{
	put_member(t, ", \"time\": ", ticks / style->frequency);
	put_char(t, '.');
	put_digits(t, ticks % style->frequency * 1000000 / style->frequency, 10, 6);
}

void put_json(struct text *t, const struct style *style, const struct call *call)
{
	const struct trace_record *r = call->r;
	unsigned int n = shown_arguments(r), i;
	size_t begin;

	put_member(t, "{\"pid\": ", r->pid);
	put_member(t, ", \"tid\": ", r->tid);
	put_time(t, style, r->start);
	if (r->type == RECORD_SIGNAL) {
		put_string(t, ", \"signal\": \"");
		put_signal(t, r->nr, "SIG");
		put_string(t, "\", \"info\": \"");
		put_siginfo(t, r);
		put_string(t, "\"}\n");
		return;
	}
	put_string(t, ", \"name\": \"");
	put_call_name(t, r->nr);
	put_string(t, "\", \"args\": [");
	for (i = 0; i < n; i++) {
		if (!is_shown(r, i))
			continue;
		put_string(t, i ? ", " : "");
		begin = t->used;
		put_argument(t, style, call, i);
		quote(t, begin);
	}
	put_string(t, "], \"result\": ");
	put_signed(t, has_no_result(r) ? 0 : r->result);
	if (r->result < 0 && r->result >= -4095 && error_name(-r->result)) {
		put_string(t, ", \"error\": \"");
		put_string(t, error_name(-r->result));
		put_char(t, '"');
	}
	if (call->piece[OF_RESULT] && (r->nr == __NR_poll || r->nr == __NR_ppoll)) {
		put_string(t, ", \"polled\": ");
		begin = t->used;
		put_polled(t, call);
		quote(t, begin);
	}
	put_member(t, ", \"ticks\": ", r->end - r->start);
	put_string(t, "}\n");
}
