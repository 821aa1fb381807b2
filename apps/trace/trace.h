/* SPDX-License-Identifier: MIT */
/*
 * trace.h - a record as a line of text, or of JSON
 *
 * No libc and no floating point: dune-run's monitor does it too.
 */
#ifndef _APPS_TRACE_TRACE_H
#define _APPS_TRACE_TRACE_H

#include <stdbool.h>

#include "record.h"
#include "text.h"

struct style {
	uint32_t	string;		/* bytes of strings shown */
	bool		follow;		/* each line with its thread's number */
	bool		times;		/* when each call began */
	bool		durations;	/* how long it took */
	uint64_t	frequency;	/* ticks a second */
};

/* A record with what its arguments point to; pieces by argument, NULL if there is none. */
struct call {
	struct trace_record		*r;
	const struct trace_piece	*piece[6];
};

#define LINE_SIZE	(6 * MAX_RECORD)	/* of any record: a byte is four at most */

/* signals.c */
void put_siginfo(struct text *t, const struct trace_record *r);

/* lines.c, json.c */
bool call_of(struct trace_record *r, struct call *call);
unsigned int shown_arguments(const struct trace_record *r);
bool has_no_result(const struct trace_record *r);
void put_call(struct text *t, const struct style *style, const struct call *call);
void put_line(struct text *t, const struct style *style, const struct call *call);
void put_json(struct text *t, const struct style *style, const struct call *call);

/* names.c */
void put_call_name(struct text *t, unsigned int nr);
int call_number(const char *name);
const char *error_name(int error);
const char *error_text(int error);
const char *signal_name(unsigned int sig);
void put_signal(struct text *t, unsigned int sig, const char *prefix);

/* arguments.c */
unsigned int nr_arguments(unsigned int nr);
void put_argument(struct text *t, const struct style *style, const struct call *call, unsigned int i);
void put_bytes(struct text *t, const uint8_t *p, unsigned int size, bool more);

/* flags.c */
void put_flags(struct text *t, enum arg_kind kind, uint64_t v);

/* memory.c */
void put_memory(struct text *t, const struct style *style, enum arg_kind kind,
		const struct trace_piece *piece);
/* @format with each '#' the next of @v: '#d' signed, '#u' unsigned, '#x' in hex. */
void put_numbers(struct text *t, const char *format, const uint64_t *v);

/* sockets.c */
void put_address(struct text *t, const void *p, unsigned int size);
void put_vectors(struct text *t, const struct style *style, const void *p, unsigned int size,
		 bool more);
void put_message(struct text *t, const struct style *style, const struct trace_piece *piece);

/* events.c */
void put_pollfds(struct text *t, const struct trace_piece *piece);
void put_poll_results(struct text *t, const struct trace_piece *piece);
void put_epoll_event(struct text *t, const void *p);
void put_epoll_events(struct text *t, const struct trace_piece *piece);

/* A copy, as the record's bytes may lie anywhere. */
#define READ(to, from) __builtin_memcpy(&(to), from, sizeof(to))

#endif /* _APPS_TRACE_TRACE_H */
