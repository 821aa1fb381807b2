/* SPDX-License-Identifier: MIT */
/*
 * draft.h - a record as it grows, while its call is made
 *
 * In the monitor, which reads what arguments point to by dune_copy_from_user().
 */
#ifndef _APPS_TRACE_DRAFT_H
#define _APPS_TRACE_DRAFT_H

#include "show.h"
#include "trace.h"

/* On the thread's stack. */
struct draft {
	struct trace_record	head;
	uint8_t			data[MAX_RECORD - sizeof(struct trace_record)];
	uint32_t		copy;		/* bytes of buffers wanted */
	uint32_t		length;		/* of an address, as the call begins */
	uint64_t		room;		/* for control messages, then */
	bool			has_length;
};

/* Before the call and after it; @nr is below MAX_NR. */
void draft_begin(struct draft *d, uint32_t nr, const uint64_t args[6]);
void draft_end(struct draft *d, int64_t result);

/* Arguments of the execve() that a program began with, in the monitor's own memory. */
void draft_start(struct draft *d, const char *path, char **argv);

/* draft.c: a piece is there once it has ended. */
struct trace_piece *piece_begin(struct draft *d, unsigned int arg);
void piece_end(struct draft *d, struct trace_piece *p);

/* gather.c: @bytes of what the iovecs point to, or less. */
void copy_iovecs(struct draft *d, unsigned int arg, uint64_t from, uint64_t count, uint64_t bytes);
void copy_message(struct draft *d, unsigned int arg, uint64_t from, uint64_t bytes);
void copy_message_length(struct draft *d, uint64_t from);
void copy_message_failed(struct draft *d, unsigned int arg);

/* sets.c */
void copy_set(struct draft *d, unsigned int arg);
void copy_selected(struct draft *d);
void copy_sixth(struct draft *d, unsigned int arg);
void copy_entries(struct draft *d, unsigned int arg);

#endif /* _APPS_TRACE_DRAFT_H */
