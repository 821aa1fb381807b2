/* SPDX-License-Identifier: MIT */
/*
 * trace.h - what dune-trace's files share
 */
#ifndef _APPS_TRACE_TRACE_H
#define _APPS_TRACE_TRACE_H

#include <stdbool.h>
#include <stdio.h>

#include "record.h"

struct options {
	const char	*output;	/* file, NULL for standard error */
	bool		follow;		/* processes and threads that the first one makes */
	bool		summary;	/* counts in the place of lines */
	bool		json;
	bool		times;		/* when each call began */
	bool		durations;	/* how long it took */
	uint32_t	string;		/* bytes of strings shown */
	bool		wanted[MAX_NR];	/* by -e */
};

extern struct options options;
extern double ticks_per_second;

/* A call with what its arguments point to; pieces by argument, NULL if there is none. */
struct call {
	struct trace_record		*r;
	const struct trace_piece	*piece[6];
};

/* names.c */
const char *call_name(unsigned int nr);
int call_number(const char *name);
const char *error_name(int error);

/* ring.c */
struct trace_ring *ring_new(int *fd);
void ring_read(struct trace_ring *ring, void (*fn)(const struct call *call));

/* arguments.c */
unsigned int nr_arguments(unsigned int nr);
void print_argument(FILE *f, const struct call *call, unsigned int i);
void print_bytes(FILE *f, const uint8_t *p, unsigned int size, bool more);

/* flags.c */
void print_flags(FILE *f, enum arg_kind kind, uint64_t v);

/* memory.c */
void print_memory(FILE *f, enum arg_kind kind, const void *p, unsigned int size);

/* lines.c */
void print_call(FILE *f, const struct call *call);
void print_json(FILE *f, const struct call *call);

/* summary.c */
void count_call(const struct call *call);
void print_summary(FILE *f);

#endif /* _APPS_TRACE_TRACE_H */
