/* SPDX-License-Identifier: MIT */
/*
 * pass.c - one figure: natively, in Dune mode, and once more to count
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static const struct sample nothing = {
	.ticks = NOT_MEASURED, .p10 = NOT_MEASURED, .p90 = NOT_MEASURED,
	.batch = NOT_MEASURED,
	.exits = NOT_MEASURED, .vmreads = NOT_MEASURED, .vmwrites = NOT_MEASURED,
	.bytes = NOT_MEASURED, .refs = NOT_MEASURED,
};

/* The operations of @f, in Dune mode: timed, then counted. */
static int both_in_dune(const struct figure *f, struct sample *sample)
{
	int r = enter();

	if (r)
		return r;
	sample->ticks = f->both(&sample->n);
	return sample->ticks == NOT_MEASURED ? 0 : counted(sample);
}

/* All that ran in Dune mode meanwhile is the program's. */
static int program_in_dune(const struct figure *f, struct sample *sample)
{
	double before = machine_exits(), after;

	sample->ticks = f->program(true, &sample->n);
	after = machine_exits();
	if (sample->ticks == NOT_MEASURED)
		return -ENOENT;
	if (before != NOT_MEASURED && after != NOT_MEASURED)
		sample->exits = (after - before) / sample->n;
	return 0;
}

static int in_dune(const struct figure *f, struct sample *sample)
{
	if (f->program)
		return program_in_dune(f, sample);
	return f->both ? both_in_dune(f, sample) : f->dune(sample);
}

static int natively(const struct figure *f, struct sample *sample)
{
	if (f->program)
		sample->ticks = f->program(false, &sample->n);
	else if (f->both)
		sample->ticks = f->both(&sample->n);
	else if (f->native)
		sample->ticks = f->native();
	return 0;
}

/* One pass in a child of its own: each begins as a fresh process. */
static int one_pass(const struct figure *f, struct sample *sample,
		    int (*pass)(const struct figure *f, struct sample *sample))
{
	struct { int r; struct sample s; } answer = { -EIO, nothing };
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		return -errno;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		answer.r = pass(f, &answer.s);
		details(&answer.s);
		_exit(write(fds[1], &answer, sizeof(answer)) != sizeof(answer));
	}
	close(fds[1]);
	if (pid < 0 || read(fds[0], &answer, sizeof(answer)) != sizeof(answer))
		answer.r = -EIO;
	close(fds[0]);
	waitpid(pid, NULL, 0);
	*sample = answer.s;
	return answer.r;
}

/* Time first, then count, so that counting costs the times nothing. */
static int measure_dune(const struct figure *f, struct sample *sample)
{
	struct sample counts;
	bool fast = true, count = false;
	int r;

	if (f->native_path && !set_parameter("fastcall", false, &fast))
		return -EACCES;
	r = one_pass(f, sample, in_dune);
	sample->vmreads = sample->vmwrites = NOT_MEASURED;
	if (!r && !f->program && set_parameter("count_vmcs", true, &count)) {
		if (!one_pass(f, &counts, in_dune)) {
			sample->vmreads = counts.vmreads;
			sample->vmwrites = counts.vmwrites;
		}
		set_parameter("count_vmcs", count, NULL);
	}
	if (f->native_path)
		set_parameter("fastcall", fast, NULL);
	return r;
}

/* The native side of each figure that another may share. */
static struct {
	const char	*name;
	struct sample	sample;
} kept[16];
static unsigned int nr_kept;

static bool find_native(const char *name, struct sample *sample)
{
	unsigned int i;

	for (i = 0; name && i < nr_kept; i++)
		if (!strcmp(kept[i].name, name)) {
			*sample = kept[i].sample;
			return true;
		}
	return false;
}

static void keep_native(const struct figure *f, const struct sample *sample)
{
	if (f->native_only || f->series != PROGRAMS || nr_kept == sizeof(kept) / sizeof(kept[0]))
		return;
	kept[nr_kept].name = f->native_as ? f->native_as : f->name;
	kept[nr_kept++].sample = *sample;
}

static int measure_native(const struct figure *f, struct sample *sample)
{
	int r;

	if (find_native(f->native_as, sample))
		return 0;
	r = one_pass(f, sample, natively);
	if (!r)
		keep_native(f, sample);
	return r;
}

int measure(const struct figure *f, struct result *result)
{
	int r;

	snprintf(result->name, sizeof(result->name), "%s", f->name);
	snprintf(result->what, sizeof(result->what), "%s", f->what);
	result->dune = nothing;
	r = measure_native(f, &result->native);
	if (!r && !f->native_only)
		r = measure_dune(f, &result->dune);
	return r;
}
