/* SPDX-License-Identifier: MIT */
/*
 * bench.h - a figure is a row of a table; later figures join by a row
 */
#ifndef _APPS_BENCH_BENCH_H
#define _APPS_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#define NOT_MEASURED	(-1.0)

/* What one pass in Dune mode found, per operation. */
struct sample {
	double	ticks;		/* median */
	double	exits, vmreads, vmwrites;
	double	bytes;		/* memory taken, where that is the point */
	long	n;
};

struct figure {
	const char	*name;
	const char	*what;
	const char	*unit;
	bool		native_path;	/* with the module's fast path off */
	double		(*native)(void);
	/* In a child of its own; 0 or a negative errno. */
	int		(*dune)(struct sample *sample);
};

extern const struct figure figures[];

/* measure.c */
uint64_t ticks_now(void);
uint64_t ticks_empty(void);
double median(double *values, long n);

/* fig_*.c */
double getpid_native(void);
int getpid_dune(struct sample *sample);
int init_enter_dune(struct sample *sample);
int ept_violation_dune(struct sample *sample);

/* guest.c */
int enter(void);
int count_begin(struct sample *sample);
int count_end(struct sample *sample);
bool set_parameter(const char *name, bool on, bool *old);

/* output.c */
void table_head(void);
void table_row(const struct figure *f, double native, const struct sample *dune);
void json_row(const struct figure *f, double native, const struct sample *dune, bool first);

#endif /* _APPS_BENCH_BENCH_H */
