/* SPDX-License-Identifier: MIT */
/*
 * programs.h - whole programs, and how to run them
 */
#ifndef _APPS_BENCH_PROGRAMS_H
#define _APPS_BENCH_PROGRAMS_H

#include <stdbool.h>
#include <sys/types.h>

#define MOST_ROUNDS	15

extern const char *const program_sqlite3[], *const program_gzip[], *const program_python3[];
extern const char *const program_true[], *const program_find[];

/* Before a program: commands that take one. */
extern const char *const natively[], *const by_dune[];

/* Its output goes nowhere. */
pid_t program_start(const char *const *argv, const char *const *with);

/* Waits for its end. */
bool program_ended_well(pid_t pid);

/* From its start to its end, the median of @rounds; NOT_MEASURED if it does not run. */
double program_ticks(const char *const *argv, const char *const *with, int rounds);

#endif /* _APPS_BENCH_PROGRAMS_H */
