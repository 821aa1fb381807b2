/* SPDX-License-Identifier: MIT */
/*
 * main.c - dune-bench: what Dune costs, beside what Linux costs
 */
#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dune/dune.h>

#include "bench.h"

const struct figure figures[] = {
	{ .name = "getpid", .what = "getpid by VMCALL, fast path, whole loop",
	  .native = getpid_native, .dune = getpid_dune },
	{ .name = "getpid-native-path", .what = "getpid by VMCALL, fast path off",
	  .native_path = true, .native = getpid_native, .dune = getpid_dune },
	{ .name = "init-enter", .what = "dune_init and dune_enter", .dune = init_enter_dune },
	{ .name = "ept-violation", .what = "first touch in Dune mode, host page present",
	  .dune = ept_violation_dune },
	{ .name = "ept-violation-around", .what = "the same, seven pages around it present too",
	  .dune = ept_violation_around_dune },
	{ .name = "ept-violation-warm", .what = "the same, page after page, each",
	  .dune = ept_violation_warm_dune },
	{ .name = "first-touch-4k", .what = "first touch of anonymous memory, write",
	  .both = first_touch_4k },
	{ .name = "first-touch-thp", .what = "the same in huge pages, per 4 KiB",
	  .both = first_touch_thp },
	{ .name = "read-then-write", .what = "first touch to read, then to write",
	  .both = read_then_write },
	{ .name = "mprotect-1", .what = "mprotect of a page in 20 MiB, and its next use",
	  .both = mprotect_one },
	{ .name = "fork-256m", .what = "fork with 256 MiB, and writing it all again",
	  .both = fork_256m },
	{ .name = "munmap-1g", .what = "munmap of 1 GiB, a page in each 2 MiB used",
	  .both = munmap_1g },
	{ .name = "space-1", .what = "mprotect of a page, in 1 GiB used here and there",
	  .scale = true, .both = space_1 },
	{ .name = "space-30", .what = "in 30 GiB", .scale = true, .both = space_30 },
	{ .name = "space-400", .what = "in 400 GiB", .scale = true, .both = space_400 },
	{ .name = "mappings-10", .what = "among 10 mappings", .scale = true,
	  .both = mappings_10 },
	{ .name = "mappings-1000", .what = "among 1000 mappings", .scale = true,
	  .both = mappings_1000 },
	{ .name = "mappings-10000", .what = "among 10000 mappings", .scale = true,
	  .both = mappings_10000 },
	{ .name = "threads-1", .what = "beside 1 waiting thread", .scale = true,
	  .both = threads_1 },
	{ .name = "threads-16", .what = "beside 16 waiting threads", .scale = true,
	  .both = threads_16 },
	{ .name = "threads-128", .what = "beside 128 waiting threads", .scale = true,
	  .both = threads_128 },
	{ NULL }
};

static bool want_json, want_list, want_scale;
static const char **chosen;
static int nr_chosen;

static const struct figure *find_figure(const char *name)
{
	const struct figure *f;

	for (f = figures; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'j':
		want_json = true;
		return 0;
	case 'l':
		want_list = true;
		return 0;
	case 's':
		want_scale = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!find_figure(arg))
			argp_error(state, "there is no figure '%s'; --list names them", arg);
		chosen[nr_chosen++] = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "Print an array of JSON objects", 0 },
	{ "scale", 's', NULL, 0, "Measure one operation in larger and larger processes", 0 },
	{ "list", 'l', NULL, 0, "Print the figures' names", 0 },
	{ 0 }
};

static const struct argp argp = {
	options, parse, "[FIGURE]...",
	"Measure what Dune costs, beside what Linux costs. Ticks are those of the TSC:"
	" instructions in the emulated machine. VMREADs and VMWRITEs are counted in a pass"
	" of their own, which needs root.", NULL, NULL, NULL,
};

/* The operations of @f, in Dune mode: timed, then counted. */
static int both_in_dune(const struct figure *f, struct sample *sample)
{
	int r = enter();

	if (r)
		return r;
	sample->ticks = f->both(&sample->n);
	return counted(sample);
}

static int in_dune(const struct figure *f, struct sample *sample)
{
	return f->both ? both_in_dune(f, sample) : f->dune(sample);
}

static int natively(const struct figure *f, struct sample *sample)
{
	if (f->both)
		sample->ticks = f->both(&sample->n);
	else if (f->native)
		sample->ticks = f->native();
	return 0;
}

/* One pass in a child of its own: each begins as a fresh process. */
static int one_pass(const struct figure *f, struct sample *sample,
		    int (*pass)(const struct figure *f, struct sample *sample))
{
	struct { int r; struct sample s; } answer = {
		-EIO, { NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, 0 } };
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		return -errno;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		answer.r = pass(f, &answer.s);
		_exit(write(fds[1], &answer, sizeof(answer)) != sizeof(answer));
	}
	close(fds[1]);
	if (read(fds[0], &answer, sizeof(answer)) != sizeof(answer))
		answer.r = -EIO;
	close(fds[0]);
	waitpid(pid, NULL, 0);
	*sample = answer.s;
	return answer.r;
}

/* Time first, then count, so that counting costs the times nothing. */
static int measure(const struct figure *f, struct sample *sample)
{
	struct sample counted;
	bool fast = true, count = false;
	int r;

	if (f->native_path && !set_parameter("fastcall", false, &fast))
		return -EACCES;
	r = one_pass(f, sample, in_dune);
	sample->vmreads = sample->vmwrites = NOT_MEASURED;
	if (!r && set_parameter("count_vmcs", true, &count)) {
		if (!one_pass(f, &counted, in_dune)) {
			sample->vmreads = counted.vmreads;
			sample->vmwrites = counted.vmwrites;
		}
		set_parameter("count_vmcs", count, NULL);
	}
	if (f->native_path)
		set_parameter("fastcall", fast, NULL);
	return r;
}

static bool is_chosen(const struct figure *f)
{
	int i;

	for (i = 0; i < nr_chosen; i++)
		if (!strcmp(chosen[i], f->name))
			return true;
	return !nr_chosen && f->scale == want_scale;
}

static void pin_to_first_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int run_figures(void)
{
	const struct figure *f;
	bool first = true;
	int status = 0;

	if (want_json)
		printf("[");
	else
		table_head();
	for (f = figures; f->name; f++) {
		struct sample sample, native;
		int r;

		if (!is_chosen(f))
			continue;
		r = one_pass(f, &native, natively);
		r = r ? r : measure(f, &sample);
		if (r) {
			fprintf(stderr, "dune-bench: %s: %s\n", f->name, dune_strerror(r));
			status = 1;
			continue;
		}
		if (want_json)
			json_row(f, native.ticks, &sample, first);
		else
			table_row(f, native.ticks, &sample);
		first = false;
	}
	if (want_json)
		printf("\n]\n");
	return status;
}

int main(int argc, char **argv)
{
	const struct figure *f;

	chosen = calloc(argc, sizeof(*chosen));
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (want_list) {
		for (f = figures; f->name; f++)
			puts(f->name);
		return 0;
	}
	pin_to_first_cpu();
	return run_figures();
}
