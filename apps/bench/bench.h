/* SPDX-License-Identifier: MIT */
/*
 * bench.h - a figure is a row of a table; later figures join by a row
 */
#ifndef _APPS_BENCH_BENCH_H
#define _APPS_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#define NOT_MEASURED	(-1.0)
#define PAGE		4096L

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
	bool		native_path;	/* with the module's fast path off */
	bool		scale;		/* one of a series, measured where asked for */
	/*
	 * Each in a child of its own. Either one operation, made natively and in
	 * Dune mode: ticks each, and how many it was; or a measurement of Dune mode
	 * (0 or a negative errno) and one without.
	 */
	double		(*both)(long *n);
	int		(*dune)(struct sample *sample);
	double		(*native)(void);
};

extern const struct figure figures[];

/* measure.c */
uint64_t ticks_now(void);
uint64_t ticks_empty(void);
double median(double *values, long n);
char *map_pages(long n);

/* fig_*.c */
double getpid_native(void);
int getpid_dune(struct sample *sample);
int init_enter_dune(struct sample *sample);
int ept_violation_dune(struct sample *sample);
int ept_violation_around_dune(struct sample *sample);
int ept_violation_warm_dune(struct sample *sample);
double first_touch_4k(long *n);
double first_touch_thp(long *n);
double read_then_write(long *n);
double mprotect_one(long *n);
double fork_256m(long *n);
double munmap_1g(long *n);
double space_1(long *n);
double space_30(long *n);
double space_400(long *n);
double mappings_10(long *n);
double mappings_1000(long *n);
double mappings_10000(long *n);
double threads_1(long *n);
double threads_16(long *n);
double threads_128(long *n);

/* guest.c */
int enter(void);
void count_from(void);
void count_to(void);
int counted(struct sample *sample);
bool set_parameter(const char *name, bool on, bool *old);

/* output.c */
void table_head(void);
void table_row(const struct figure *f, double native, const struct sample *dune);
void json_row(const struct figure *f, double native, const struct sample *dune, bool first);

#endif /* _APPS_BENCH_BENCH_H */
