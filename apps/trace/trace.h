/* SPDX-License-Identifier: MIT */
/*
 * trace.h - a record as a line of text, or of JSON
 *
 * No libc and no floating point: dune-run's monitor does it too.
 */
#ifndef _APPS_TRACE_TRACE_H
#define _APPS_TRACE_TRACE_H

#include <asm/unistd_64.h>
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

/* The kinds of a call's arguments, up to KIND_NONE; not known: six numbers. */
struct kinds {
	uint8_t	kind[6];
	bool	known;
};

/* A record with what its arguments point to; pieces by argument, NULL if there is none. */
struct call {
	struct trace_record		*r;
	const struct trace_piece	*piece[OF_RESULT + 1];
};

#define LINE_SIZE	(6 * MAX_RECORD)	/* of any record: a byte is four at most */

/* signals.c */
void put_siginfo(struct text *t, const struct trace_record *r);
void put_child_code(struct text *t, int code);

/* lines.c, json.c */
bool call_of(struct trace_record *r, struct call *call);
unsigned int shown_arguments(const struct trace_record *r);
bool has_no_result(const struct trace_record *r);
void put_call(struct text *t, const struct style *style, const struct call *call);
void put_line(struct text *t, const struct style *style, const struct call *call);
void put_json(struct text *t, const struct style *style, const struct call *call);

/* kinds.c */
extern const struct kinds kinds_by_call[MAX_NR];
const struct kinds *kinds_by_operation(unsigned int nr, const uint64_t args[6]);

static inline const struct kinds *kinds_of(unsigned int nr, const uint64_t args[6])
{
	/* The last one has no call: nobody knows its kinds. */
	if (nr == __NR_futex || nr == __NR_fcntl || nr == __NR_ioctl || nr == __NR_prctl)
		return kinds_by_operation(nr, args);
	return &kinds_by_call[nr < MAX_NR ? nr : MAX_NR - 1];
}

/* names.c */
void put_call_name(struct text *t, unsigned int nr);
int call_number(const char *name);
const char *error_name(int error);
const char *error_text(int error);
const char *signal_name(unsigned int sig);
void put_signal(struct text *t, unsigned int sig, const char *prefix);

/* arguments.c */
bool is_shown(const struct trace_record *r, unsigned int i);
unsigned int nr_arguments(const struct trace_record *r);
void put_argument(struct text *t, const struct style *style, const struct call *call, unsigned int i);
void put_pointer(struct text *t, uint64_t v);
void put_bytes(struct text *t, const uint8_t *p, unsigned int size, bool more);

/* flags.c */
void put_flags(struct text *t, enum arg_kind kind, uint64_t v);

/* memory.c */
void put_memory(struct text *t, const struct style *style, const struct call *call, unsigned int i,
		enum arg_kind kind);
void put_sigset(struct text *t, const void *p);
void put_numbers(struct text *t, const char *format, const uint64_t *v);

/* system.c: structures that the kernel fills; false: @kind is none of them */
bool put_system(struct text *t, enum arg_kind kind, const void *p);

/* options.c */
void put_option(struct text *t, const struct call *call, unsigned int i);
void put_control(struct text *t, const struct trace_message *m);

/* tasks.c */
void put_clone(struct text *t, const struct call *call);
void put_siginfo_of_child(struct text *t, const void *p);
void put_clone_args(struct text *t, const struct call *call, const struct trace_piece *p);

/* sockets.c, messages.c, events.c */
void put_address(struct text *t, const void *p, unsigned int size);
void put_iovecs(struct text *t, const struct style *style, const void *p, unsigned int size, bool more);
void put_message(struct text *t, const struct style *style, const struct trace_piece *p);
void put_polls(struct text *t, const struct trace_piece *p);
void put_polled(struct text *t, const struct call *call);
void put_set(struct text *t, const struct trace_record *r, const struct trace_piece *p);
void put_selected(struct text *t, const struct call *call);
void put_sixth(struct text *t, const struct trace_piece *p);
void put_epoll(struct text *t, const void *p);
void put_epolls(struct text *t, const struct trace_piece *p);

/* A copy, as the record's bytes may lie anywhere. */
#define READ(to, from) __builtin_memcpy(&(to), from, sizeof(to))

#endif /* _APPS_TRACE_TRACE_H */
