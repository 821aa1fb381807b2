/* SPDX-License-Identifier: MIT */
/*
 * lines.c - a call as a line of text
 */
#include <asm/unistd_64.h>
#include <fcntl.h>

#include "trace.h"

#define COLUMN	39		/* where results begin, as in strace */

/* The pieces of @r by their arguments; false if they do not fit into it. */
bool call_of(struct trace_record *r, struct call *call)
{
	const uint8_t *at = (const uint8_t *)(r + 1), *end = (const uint8_t *)r + r->size;
	int i;

	*call = (struct call){ .r = r };
	for (i = 0; i < r->pieces; i++) {
		const struct trace_piece *p = (const struct trace_piece *)at;

		/* The last one's padding may have led behind the end. */
		if (at > end || (size_t)(end - at) < sizeof(*p) || p->arg > OF_RESULT ||
		    (size_t)(end - at) - sizeof(*p) < p->size)
			return false;
		call->piece[p->arg] = p;
		at += sizeof(*p) + ((p->size + 7) & ~7u);
	}
	return true;
}

/* Calls whose results are addresses. */
static bool result_is_address(unsigned int nr)
{
	return nr == __NR_mmap || nr == __NR_brk || nr == __NR_mremap || nr == __NR_shmat;
}

bool has_no_result(const struct trace_record *r)
{
	return r->nr == __NR_exit || r->nr == __NR_exit_group;
}

/* Some calls have fewer arguments than they could have. */
unsigned int shown_arguments(const struct trace_record *r)
{
	unsigned int n = nr_arguments(r);

	if ((r->nr == __NR_open || r->nr == __NR_openat) &&
	    !(r->args[r->nr == __NR_openat ? 2 : 1] & 020000100))
		n--;				/* no O_CREAT, no O_TMPFILE: no mode */
	if (r->nr == __NR_mremap && !(r->args[3] & 2))
		n--;				/* no MREMAP_FIXED */
	return n;
}

static void put_arguments(struct text *t, const struct style *style, const struct call *call)
{
	unsigned int n = shown_arguments(call->r), i;

	if (call->r->nr == __NR_clone) {
		put_clone(t, call);
		return;
	}
	for (i = 0; i < n; i++) {
		if (!is_shown(call->r, i))
			continue;
		put_string(t, i ? ", " : "");
		if (call->r->type == RECORD_EXEC && i == 2) {
			put_hex(t, call->r->args[2]);
			put_string(t, " /* ");
			put_unsigned(t, call->r->args[3]);
			put_string(t, " vars */");
		} else {
			put_argument(t, style, call, i);
		}
	}
}

static void put_result_flags(struct text *t, uint64_t v, enum arg_kind kind)
{
	put_hex(t, v);
	put_string(t, " (flags ");
	put_flags(t, kind, v);
	put_char(t, ')');
}

static void put_result(struct text *t, const struct trace_record *r)
{
	const char *name;

	if (has_no_result(r)) {
		put_char(t, '?');
	} else if (r->result < 0 && r->result >= -4095) {
		name = error_name(-r->result);
		put_string(t, "-1 ");
		put_string(t, name ? name : "E?");
		put_string(t, " (");
		put_string(t, error_text(-r->result));
		put_char(t, ')');
	} else if (r->nr == __NR_umask) {
		put_octal(t, r->result);
	} else if (r->nr == __NR_fcntl && (int)r->args[1] == F_GETFD && r->result > 0) {
		put_result_flags(t, r->result, KIND_FDBITS);
	} else if (r->nr == __NR_fcntl && (int)r->args[1] == F_GETFL) {
		put_result_flags(t, r->result, KIND_OPEN);
	} else if (result_is_address(r->nr)) {
		put_hex(t, r->result);
	} else {
		put_signed(t, r->result);
	}
}

static bool may_time_out(unsigned int nr)
{
	return nr == __NR_poll || nr == __NR_ppoll || nr == __NR_select || nr == __NR_pselect6;
}

/* Behind the result: what became of an argument. */
static void put_outcome(struct text *t, const struct call *call)
{
	if (!call->r->result && may_time_out(call->r->nr))
		put_string(t, " (Timeout)");
	else if (call->piece[OF_RESULT] && (call->r->nr == __NR_select || call->r->nr == __NR_pselect6))
		put_selected(t, call);
	else if (call->piece[OF_RESULT] && may_time_out(call->r->nr))
		put_string(t, " ("), put_polled(t, call), put_char(t, ')');
}

void put_call(struct text *t, const struct style *style, const struct call *call)
{
	put_call_name(t, call->r->nr);
	put_char(t, '(');
	put_arguments(t, style, call);
	put_char(t, ')');
}

/* With six digits behind the point. */
static void put_seconds(struct text *t, const struct style *style, uint64_t ticks)
{
	uint64_t rest = ticks % style->frequency;

	put_unsigned(t, ticks / style->frequency);
	put_char(t, '.');
	put_digits(t, rest * 1000000 / style->frequency, 10, 6);
}

static void put_signal_line(struct text *t, const struct trace_record *r)
{
	put_string(t, "--- ");
	put_signal(t, r->nr, "SIG");
	put_char(t, ' ');
	put_siginfo(t, r);
	put_string(t, " ---\n");
}

void put_line(struct text *t, const struct style *style, const struct call *call)
{
	const struct trace_record *r = call->r;
	size_t begin;

	if (style->follow) {
		begin = t->used;
		put_unsigned(t, r->tid);
		put_spaces(t, 6 - (int)(t->used - begin));
	}
	if (style->times) {
		put_seconds(t, style, r->start);
		put_char(t, ' ');
	}
	if (r->type == RECORD_SIGNAL) {
		put_signal_line(t, r);
		return;
	}
	begin = t->used;
	put_call(t, style, call);
	put_spaces(t, COLUMN - (int)(t->used - begin));
	put_string(t, " = ");
	put_result(t, r);
	put_outcome(t, call);
	if (style->durations && !has_no_result(r)) {
		put_string(t, " <");
		put_seconds(t, style, r->end - r->start);
		put_char(t, '>');
	}
	put_char(t, '\n');
}
