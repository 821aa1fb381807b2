/* SPDX-License-Identifier: MIT */
/*
 * main.c - dune-stat: what processes in Dune mode do, as the module counts it
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stat.h"

#define FILE_NAME	"/sys/kernel/debug/dune/stats"

static struct {
	const char	*file;
	bool		json;
	double		interval;	/* seconds; 0: once, since the beginning */
	unsigned long	samples;	/* 0: until interrupted */
} options = { .file = FILE_NAME };

static struct view view;

static double number(const char *text, struct argp_state *state, const char *what)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !(v > 0) || v > 1e6)
		argp_error(state, "%s: not a %s", text, what);
	return v;
}

static int whole(const char *text, struct argp_state *state, const char *what)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !v || v > INT_MAX)
		argp_error(state, "%s: not a %s", text, what);
	return v;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'f':
		options.file = arg;
		return 0;
	case 'i':
		options.interval = number(arg, state, "number of seconds");
		return 0;
	case 'j':
		options.json = true;
		return 0;
	case 'n':
		options.samples = whole(arg, state, "number of samples");
		return 0;
	case 'p':
		view.pid = whole(arg, state, "process");
		return 0;
	case 't':
		view.threads = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: no argument is known", arg);
		return 0;
	case ARGP_KEY_END:
		if (options.samples && !options.interval)
			argp_error(state, "-n needs -i");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option arguments[] = {
	{ "file", 'f', "FILE", 0, "Read FILE, not " FILE_NAME, 0 },
	{ "interval", 'i', "SECONDS", 0, "Show again and again what was counted in between", 0 },
	{ "json", 'j', NULL, 0, "A JSON object to a line, with processes and threads", 0 },
	{ "samples", 'n', "N", 0, "End after so many intervals", 0 },
	{ "pid", 'p', "PID", 0, "Only this process", 0 },
	{ "threads", 't', NULL, 0, "Threads too", 0 },
	{ 0 }
};

static const struct argp argp = {
	arguments, parse, NULL,
	"Show what processes in Dune mode do: VM exits by reason, system calls by path, EPT "
	"violations, invalidations.",
	NULL, NULL, NULL,
};

static const char *remedy(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return "run it as root";
	case ENOENT:
		return "is the module loaded, and debugfs mounted? "
		       "modprobe dune; mount -t debugfs debugfs /sys/kernel/debug";
	}
	return NULL;
}

static bool take(struct sample *s)
{
	FILE *f = fopen(options.file, "re");
	const char *what;

	if (!f) {
		what = remedy(errno);
		fprintf(stderr, "dune-stat: %s: %s%s%s\n", options.file, strerror(errno),
			what ? "; " : "", what ? what : "");
		return false;
	}
	if (!sample_read(s, f)) {
		fprintf(stderr, "dune-stat: %s: not what this program reads\n", options.file);
		fclose(f);
		return false;
	}
	fclose(f);
	return true;
}

static bool has_process(const struct sample *s, int pid)
{
	unsigned int i;

	for (i = 0; i < s->nr; i++)
		if (s->counts[i].subject == PROCESS && s->counts[i].pid == pid)
			return true;
	return false;
}

static int show(const struct sample *s)
{
	if (view.pid && !has_process(s, view.pid)) {
		fprintf(stderr, "dune-stat: process %d is not in Dune mode\n", view.pid);
		return 1;
	}
	(options.json ? print_json : print_text)(stdout, s, &view);
	return fflush(stdout) ? 1 : 0;
}

static void wait_interval(void)
{
	struct timespec t = {
		.tv_sec = options.interval,
		.tv_nsec = (options.interval - (long)options.interval) * 1e9,
	};

	nanosleep(&t, NULL);
}

static int show_once(void)
{
	struct sample s;
	int r;

	if (!take(&s))
		return 1;
	r = show(&s);
	sample_free(&s);
	return r;
}

static int show_intervals(void)
{
	struct sample before, now, change;
	unsigned long i;
	int r = 0;

	/* Without a limit it ends by a signal, or because something went wrong. */
	if (!take(&before))
		return 1;
	for (i = 0; !r && (!options.samples || i < options.samples); i++) {
		wait_interval();
		if (!take(&now))
			break;
		change = now;
		change.counts = malloc(now.nr * sizeof(*now.counts));
		if (!change.counts) {
			fprintf(stderr, "dune-stat: %s\n", strerror(errno));
			sample_free(&now);
			break;
		}
		memcpy(change.counts, now.counts, now.nr * sizeof(*now.counts));
		sample_subtract(&change, &before);
		view.seconds = now.time - before.time;
		if (i && !options.json)
			putchar('\n');
		r = show(&change);
		sample_free(&change);
		sample_free(&before);
		before = now;
	}
	sample_free(&before);
	return r || !options.samples || i < options.samples;
}

int main(int argc, char **argv)
{
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	return options.interval ? show_intervals() : show_once();
}
