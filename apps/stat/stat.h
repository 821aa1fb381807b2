/* SPDX-License-Identifier: MIT */
/*
 * stat.h - what dune-stat's files share
 */
#ifndef _APPS_STAT_STAT_H
#define _APPS_STAT_STAT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum counter {
#define COUNTER(name, text) CNT_##name,
#include "counters.def"
#undef COUNTER
	NR_COUNTERS
};

#define CNT_FIRST_STATE	CNT_SLOTS	/* from here on no sums */

extern const char *const counter_names[NR_COUNTERS];

#define NR_REASONS	80

enum subject { VCPU, PROCESS, MACHINE };

/* A line of the module's file. */
struct counts {
	enum subject	subject;
	int		pid, tid;
	unsigned int	id;		/* of a vcpu */
	uint64_t	vm;		/* another one for the same process after execve(2) */
	uint64_t	value[NR_COUNTERS];
	uint64_t	by_reason[NR_REASONS];
};

/* All of it at one moment: each process behind its vcpus, the machine last. */
struct sample {
	double		time;		/* seconds */
	unsigned int	nr;
	struct counts	*counts;
};

/* read.c */
bool sample_read(struct sample *s, FILE *f);
void sample_free(struct sample *s);

/* change.c: @s becomes what was counted since @before. */
void sample_subtract(struct sample *s, const struct sample *before);

/* text.c, json.c */
struct view {
	int		pid;		/* of the only process to show, or 0 */
	bool		threads;
	double		seconds;	/* that the counts are of; 0: since the beginning */
};

void print_text(FILE *f, const struct sample *s, const struct view *v);
void print_json(FILE *f, const struct sample *s, const struct view *v);

/* names.c */
const char *reason_name(unsigned int reason);
const char *command_of(int pid);
bool is_shown(const struct counts *c, const struct view *v);

#endif /* _APPS_STAT_STAT_H */
