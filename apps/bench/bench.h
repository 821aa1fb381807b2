/* SPDX-License-Identifier: MIT */
/*
 * bench.h - a figure is a row of a table; later figures join by a row
 */
#ifndef _APPS_BENCH_BENCH_H
#define _APPS_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "measure.h"

#define NOT_MEASURED	(-1.0)
#define PAGE		4096L

/* Where written pages are looked for, one in so many having been written. */
#define HEAP_PAGES	65536L	/* 256 MiB */
#define HEAP_WRITTEN	8

/* What one pass found, per operation. */
struct sample {
	double	ticks;		/* median */
	double	p10, p90;	/* where it is a median */
	double	batch;		/* and of how many operations each of its values is the mean */
	double	exits, vmreads, vmwrites;
	double	bytes;		/* memory taken, where that is the point */
	double	refs;		/* memory references of a page walk, where that is */
	long	n;
};

/* The usual figures, or others, which are measured where asked for. */
enum series { USUAL, SCALE, PARALLEL, PROGRAMS };

struct figure {
	const char	*name;
	const char	*what;
	bool		native_path;	/* with the module's fast path off */
	enum series	series;
	bool		native_only;	/* what Linux has for the same purpose */
	const char	*native_as;	/* figure whose native side is the same: not taken twice */
	/*
	 * Each in a child of its own. Either one operation, made natively and in
	 * Dune mode: ticks each, and how many it was; or a measurement of Dune mode
	 * (0 or a negative errno) and one without; or a program, run both ways.
	 */
	double		(*both)(long *n);
	int		(*dune)(struct sample *sample);
	double		(*native)(void);
	double		(*program)(bool in_dune, long *n);
};

extern const struct figure figures[];

/* A figure as measured, here or earlier. */
struct result {
	char		name[64], what[128];
	struct sample	native, dune;
};

/* measure.c; more in measure.h */
void references(double refs);
void details(struct sample *sample);
void say_values(double value);
double hear_values(FILE *from);
char *map_pages(long n);

/* pass.c */
int measure(const struct figure *f, struct result *result);

/* machine.c */
const char *machine_text(void);

/* earlier.c */
int earlier_read(const char *file, struct result **results, char *machine, int size);
const struct result *earlier_find(const struct result *results, int n, const char *name);

/* fig_*.c */
double getpid_native(void);
int getpid_dune(struct sample *sample);
double trap_native(void);
int trap_dune(struct sample *sample);
int trap_frame_dune(struct sample *sample);
double trap_round_trip_native(void);
int trap_round_trip_dune(struct sample *sample);
double appel1_native(void);
int appel1_dune(struct sample *sample);
double appel2_native(void);
int appel2_dune(struct sample *sample);
double ring3_native(void);
int ring3_answered_dune(struct sample *sample);
int ring3_answered_frame_dune(struct sample *sample);
int ring3_forwarded_dune(struct sample *sample);
double thread_create(long *n);
int init_enter_dune(struct sample *sample);
int ept_violation_dune(struct sample *sample);
int ept_violation_around_dune(struct sample *sample);
int ept_violation_warm_dune(struct sample *sample);
double first_touch_4k(long *n);
double first_touch_thp(long *n);
double read_then_write(long *n);
double first_touch_2m(long *n);
double first_touch_hugetlb_2m(long *n);
double first_touch_hugetlb_1g(long *n);
double page_walk_mirror_4k(long *n);
double page_walk_mirror_2m(long *n);
double page_walk_4k(long *n);
double page_walk_2m(long *n);
double call_getpid_libc(long *n);
double call_read_1(long *n);
double call_write_1(long *n);
double call_stat_proc(long *n);
double call_mmap_munmap(long *n);
double call_clock_gettime(long *n);
double interpose_ptrace(long *n);
double interpose_sysemu(long *n);
double interpose_seccomp(long *n);
double interpose_dispatch(long *n);
double run_sqlite3(bool in_dune, long *n);
double run_gzip(bool in_dune, long *n);
double run_python3(bool in_dune, long *n);
double run_lighttpd_1(bool in_dune, long *n);
double run_lighttpd_20(bool in_dune, long *n);
double traced_getpids(long n);
double run_plugin_png(bool in_dune, long *n);
double sandbox_sqlite3(bool in_dune, long *n);
double sandbox_gzip(bool in_dune, long *n);
double sandbox_python3(bool in_dune, long *n);
double sandbox_sqlite3_ptrace(bool in_dune, long *n);
double sandbox_gzip_ptrace(bool in_dune, long *n);
double sandbox_python3_ptrace(bool in_dune, long *n);
double run_true(bool in_dune, long *n);
double sandbox_true_pure(bool in_dune, long *n);
double sandbox_true_workdir(bool in_dune, long *n);
double policy_time(const char *name);
double policy_getpid(bool in_dune, long *n);
double policy_deny(bool in_dune, long *n);
double policy_openat(bool in_dune, long *n);
double policy_getpid_ptrace(bool in_dune, long *n);
double policy_getpid_notify(bool in_dune, long *n);
double policy_deny_ptrace(bool in_dune, long *n);
double policy_deny_notify(bool in_dune, long *n);
double policy_openat_ptrace(bool in_dune, long *n);
double policy_openat_notify(bool in_dune, long *n);
double policy_openat_landlock(bool in_dune, long *n);
double trace_getpid(bool in_dune, long *n);
double trace_whole(bool in_dune, long *n);
double traced_find(bool in_dune, long *n);
double traced_sqlite3(bool in_dune, long *n);
double traced_python3(bool in_dune, long *n);
double soft_dirty_scan(long *n);
double soft_dirty_write(long *n);
double userfaultfd_scan(long *n);
double userfaultfd_write(long *n);
double pagemap_scan(long *n);
double pagemap_scan_write(long *n);
double mprotect_first(long *n);
double mprotect_middle(long *n);
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
double parallel_getpid_1(long *n);
double parallel_getpid_2(long *n);
double parallel_touch_1(long *n);
double parallel_touch_2(long *n);
int plugin_call_dune(struct sample *sample);
double plugin_call_native(void);
double plugin_call_direct(long *n);
int plugin_create_dune(struct sample *sample);
double plugin_create_native(void);
int plugin_reset_dune(struct sample *sample);
int pte_lookup_dune(struct sample *sample);
int protect_1_dune(struct sample *sample);
double protect_1_native(void);
int protect_100_dune(struct sample *sample);
double protect_100_native(void);
int dirty_scan_dune(struct sample *sample);
int dirty_scan_all_dune(struct sample *sample);
int dirty_scan_none_dune(struct sample *sample);
double pthread_native(void);
double fork_native(void);
double process_switch_native(void);
int sthread_create_dune(struct sample *sample);
int sthread_fresh_dune(struct sample *sample);
int root_switch_dune(struct sample *sample);
int root_switch_flushed_dune(struct sample *sample);

/* guest.c */
int enter(void);
void count_from(void);
void count_to(void);
int counted(struct sample *sample);
double machine_exits(void);
bool set_parameter(const char *name, bool on, bool *old);

/* output.c: what is not known is a dash, and NOT_MEASURED */
void cell(double v, int width, int decimals);
double ratio(double a, double b);

struct format {
	void	(*head)(const char *machine);
	void	(*row)(const struct result *r, bool first, const char *machine);
	void	(*tail)(void);
};

extern const struct format format_table, format_json, format_csv;
extern const struct format format_model;	/* model.c */
void compare_head(const char *machine);
void compare_row(const struct result *now, const struct result *before);
void compare_gone(const struct result *before);

#endif /* _APPS_BENCH_BENCH_H */
