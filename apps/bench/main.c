/* SPDX-License-Identifier: MIT */
/*
 * main.c - dune-bench: what Dune costs, beside what Linux costs
 */
#include <argp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dune/dune.h>

#include "bench.h"
#include "watch.h"

/* Options of fig_trace.c's, fig_policy.c's and fig_run.c's. */
#define TIME_GETPIDS	256
#define TIME_POLICY	257
#define WATCH		258

static const struct format *format;
static const char *compare_file, *from_file;
static bool want_list, want_progress;
static enum series series;
static char **chosen;
static int nr_chosen;
static int (*watch)(char *const *argv);	/* the arguments are a command */

static const struct figure *find_figure(const char *name)
{
	const struct figure *f;

	for (f = figures; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

static void set_format(const struct format *wanted, struct argp_state *state)
{
	if (format && format != wanted)
		argp_error(state, "--json, --csv and --model: one of them");
	format = wanted;
}

static void set_series(enum series wanted, struct argp_state *state)
{
	if (series != USUAL && series != wanted)
		argp_error(state, "--scale, --parallel and --programs: one of them");
	series = wanted;
}

static void check_options(struct argp_state *state)
{
	if (compare_file && format)
		argp_error(state, "--compare prints a table only");
	if (from_file && series != USUAL)
		argp_error(state, "--from measures nothing: without --scale, --parallel, --programs");
	if (!format)
		format = &format_table;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'j':
		set_format(&format_json, state);
		return 0;
	case 'v':
		set_format(&format_csv, state);
		return 0;
	case 'm':
		set_format(&format_model, state);
		return 0;
	case 'c':
		compare_file = arg;
		return 0;
	case 'f':
		from_file = arg;
		return 0;
	case TIME_GETPIDS:
		say_values(traced_getpids(atol(arg)));
		exit(0);
	case TIME_POLICY:
		say_values(policy_time(arg));
		exit(0);
	case WATCH:
		watch = strcmp(arg, "ptrace") ? watch_by_notification : watch_by_ptrace;
		return 0;
	case 'p':
		want_progress = true;
		return 0;
	case 'P':
		set_series(PARALLEL, state);
		return 0;
	case 'r':
		set_series(PROGRAMS, state);
		return 0;
	case 'l':
		want_list = true;
		return 0;
	case 's':
		set_series(SCALE, state);
		return 0;
	case ARGP_KEY_ARG:
		chosen[nr_chosen++] = arg;
		return 0;
	case ARGP_KEY_END:
		check_options(state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "Print an array of JSON objects", 0 },
	{ "csv", 'v', NULL, 0, "Print comma-separated values", 0 },
	{ "compare", 'c', "FILE", 0, "Show what changed since FILE, printed by --json", 0 },
	{ "from", 'f', "FILE", 0, "Measure nothing: take the figures of FILE, printed by --json", 0 },
	{ "scale", 's', NULL, 0, "Measure one operation in larger and larger processes", 0 },
	{ "model", 'm', NULL, 0, "Print cycles that a CPU might take: a model", 0 },
	{ "parallel", 'P', NULL, 0, "Measure the same work on one CPU and on two at a time", 0 },
	{ "programs", 'r', NULL, 0, "Measure whole programs, natively and under dune-run", 0 },
	{ "progress", 'p', NULL, 0, "Name each figure on standard error as it is measured", 0 },
	{ "list", 'l', NULL, 0, "Print the figures' names", 0 },
	{ "time-getpids", TIME_GETPIDS, "CALLS", OPTION_HIDDEN, NULL, 0 },
	{ "time-policy", TIME_POLICY, "FIGURE", OPTION_HIDDEN, NULL, 0 },
	{ "watch", WATCH, "HOW", OPTION_HIDDEN, NULL, 0 },
	{ 0 }
};

static const struct argp argp = {
	options, parse, "[FIGURE]...",
	"Measure what Dune costs, beside what Linux costs. Ticks are those of the TSC:"
	" instructions in the emulated machine. VMREADs and VMWRITEs are counted in a pass"
	" of their own, which needs root.", NULL, NULL, NULL,
};

static bool is_named(const char *name)
{
	int i;

	for (i = 0; i < nr_chosen; i++)
		if (!strcmp(chosen[i], name))
			return true;
	return false;
}

static bool is_chosen(const struct figure *f)
{
	if (nr_chosen)
		return is_named(f->name);
	return f->series == series;
}

static void pin_to_first_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static struct result *before;
static int nr_before, nr_shown;

static void show(const struct result *r, const char *machine)
{
	if (compare_file)
		compare_row(r, earlier_find(before, nr_before, r->name));
	else
		format->row(r, !nr_shown, machine);
	nr_shown++;
}

static int measure_figures(void)
{
	const struct figure *f;
	int status = 0, r;

	pin_to_first_cpu();
	for (f = figures; f->name; f++) {
		struct result result;

		if (!is_chosen(f))
			continue;
		if (want_progress)
			fprintf(stderr, "dune-bench: %s\n", f->name);
		r = measure(f, &result);
		if (r) {
			fprintf(stderr, "dune-bench: %s: %s\n", f->name, f->program ?
				"a program is missing, or does not run" : dune_strerror(r));
			status = 1;
			continue;
		}
		show(&result, machine_text());
	}
	return status;
}

/* The figures in the file, or those chosen. */
static void show_earlier(const struct result *results, int n, const char *machine)
{
	int i;

	for (i = 0; i < n; i++)
		if (!nr_chosen || is_named(results[i].name))
			show(&results[i], machine);
	for (i = 0; i < nr_before && !nr_chosen; i++)
		if (!earlier_find(results, n, before[i].name))
			compare_gone(&before[i]);
}

/* Each figure that is chosen is there. */
static bool check_earlier(const struct result *results, int n)
{
	int i;

	for (i = 0; i < nr_chosen; i++) {
		if (earlier_find(results, n, chosen[i]))
			continue;
		fprintf(stderr, "dune-bench: %s has no figure '%s'\n", from_file, chosen[i]);
		return false;
	}
	return true;
}

/* A table, or whatever it is to be; a file that cannot be read leaves nothing of it. */
static int run(void)
{
	struct result *results = NULL;
	char machine[1024] = "", machine_before[1024];
	int n = 0, status = 0;

	if (compare_file) {
		nr_before = earlier_read(compare_file, &before, machine_before,
					 sizeof(machine_before));
		if (nr_before < 0)
			return 1;
	}
	if (from_file) {
		n = earlier_read(from_file, &results, machine, sizeof(machine));
		if (n < 0)
			return 1;
		if (!check_earlier(results, n))
			return 2;
	} else {
		snprintf(machine, sizeof(machine), "%s", machine_text());
	}
	if (compare_file)
		compare_head(machine_before);
	else
		format->head(machine);
	if (from_file)
		show_earlier(results, n, machine);
	else
		status = measure_figures();
	if (!compare_file)
		format->tail();
	free(results);
	free(before);
	return status;
}

/* All of it has been written: the disk may be full. */
static int written(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "dune-bench: not all could be written to standard output\n");
	return 1;
}

int main(int argc, char **argv)
{
	const struct figure *f;
	int i;

	chosen = calloc(argc, sizeof(*chosen));
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (watch)
		return watch(chosen);
	for (i = 0; i < nr_chosen && !from_file; i++) {
		if (find_figure(chosen[i]))
			continue;
		fprintf(stderr, "dune-bench: there is no figure '%s'; --list names them\n",
			chosen[i]);
		return 2;
	}
	if (want_list) {
		for (f = figures; f->name; f++)
			puts(f->name);
		return written(0);
	}
	return written(run());
}
