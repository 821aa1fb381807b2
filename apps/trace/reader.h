/* SPDX-License-Identifier: MIT */
/*
 * reader.h - dune-trace's own: the ring read, calls counted
 */
#ifndef _APPS_TRACE_READER_H
#define _APPS_TRACE_READER_H

#include <stdio.h>

#include "trace.h"

/* ring.c */
struct trace_ring *ring_new(int *fd);
void ring_close(struct trace_ring *ring);
void ring_wake(struct trace_ring *ring);
void ring_will_wait(struct trace_ring *ring);
void ring_wait(struct trace_ring *ring);
void ring_read(struct trace_ring *ring, void (*fn)(const struct call *call));

/* summary.c */
void count_call(const struct call *call);
void print_summary(FILE *f, const struct style *style);

#endif /* _APPS_TRACE_READER_H */
