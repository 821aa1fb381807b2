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
};

/* Before the call and after it; @nr is below MAX_NR. */
void draft_begin(struct draft *d, uint32_t nr, const uint64_t args[6]);
void draft_end(struct draft *d, int64_t result);

/* Arguments of the execve() that a program began with, in the monitor's own memory. */
void draft_start(struct draft *d, const char *path, char **argv);

#endif /* _APPS_TRACE_DRAFT_H */
