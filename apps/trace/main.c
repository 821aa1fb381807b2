/* SPDX-License-Identifier: MIT */
/*
 * main.c - dune-trace: the system calls of a program, at a fraction of strace's cost
 *
 * The program runs under dune-run, whose monitor writes each call down in memory
 * shared with us; nothing stops for it. We read that from time to time, and say
 * it as strace does.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../bench/measure.h"
#include "classes.h"
#include "reader.h"

static struct {
	const char	*output;	/* file, NULL for standard error */
	bool		follow;		/* processes and threads that the first one makes */
	bool		summary;	/* counts in the place of lines */
	bool		json;
	bool		wanted[MAX_NR];	/* by -e */
} options;

static struct style style = { .string = 32 };

static uint64_t began;
static int out = STDERR_FILENO;
static char lines[256 << 10];
static struct text text = { lines, sizeof(lines), 0 };
static pid_t first;
static char **command;

/* trace=a,b,%c or trace=!a,b,%c; or without "trace=". */
static void parse_wanted(char *list, struct argp_state *state)
{
	const char *wrong;
	char known[512];

	if (!strncmp(list, "trace=", 6))
		list += 6;
	wrong = want_calls(list, options.wanted);
	if (!wrong)
		return;
	list_classes(known, sizeof(known));
	if (*wrong == '%')
		argp_error(state, "there is no class '%s'; there are%s", wrong, known);
	else
		argp_error(state, "there is no system call '%s'", wrong);
}

static uint32_t parse_size(const char *arg, struct argp_state *state)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(arg, &end, 10);
	if (errno || *end || *arg < '0' || *arg > '9' || n > MAX_COPY / 2)
		argp_error(state, "-s %s: a whole number of bytes, 0 to %d", arg, MAX_COPY / 2);
	return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'c':
		options.summary = true;
		return 0;
	case 'e':
		parse_wanted(arg, state);
		return 0;
	case 'f':
		options.follow = style.follow = true;
		return 0;
	case 'j':
		options.json = true;
		return 0;
	case 'o':
		options.output = arg;
		return 0;
	case 's':
		style.string = parse_size(arg, state);
		return 0;
	case 't':
		style.times = true;
		return 0;
	case 'T':
		style.durations = true;
		return 0;
	case ARGP_KEY_ARG:
		command = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!command)
			argp_error(state, "which program?");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option arguments[] = {
	{ "summary", 'c', NULL, 0, "Count calls, errors and time in the place of lines", 0 },
	{ "expression", 'e', "trace=[!]CALL[,CALL]...", 0,
	  "Only these calls, or all but these; %file and the like are classes of them", 0 },
	{ "follow", 'f', NULL, 0, "Threads and processes that it makes, too", 0 },
	{ "json", 'j', NULL, 0, "A JSON object to a line", 0 },
	{ "output", 'o', "FILE", 0, "Write to FILE, not to standard error", 0 },
	{ "string", 's', "SIZE", 0, "Show so much of a string [32]", 0 },
	{ "time", 't', NULL, 0, "Seconds since the beginning, before each line", 0 },
	{ "duration", 'T', NULL, 0, "Seconds in the call, behind each line", 0 },
	{ 0 }
};

static const struct argp argp = {
	arguments, parse, "PROGRAM [ARGUMENT]...",
	"Run PROGRAM in Dune mode and show its system calls. The exit status is the program's.",
	NULL, NULL, NULL,
};

/* What seconds are in ticks; takes 5 ms. */
static void calibrate(void)
{
	struct timespec t0, t1;
	uint64_t ticks;
	double seconds;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	ticks = ticks_now();
	do {
		clock_gettime(CLOCK_MONOTONIC, &t1);
		seconds = t1.tv_sec - t0.tv_sec + (t1.tv_nsec - t0.tv_nsec) / 1e9;
	} while (seconds < 0.005);
	style.frequency = (ticks_now() - ticks) / seconds;
}

/* What has been said so far. */
static void flush(void)
{
	size_t done = 0;
	ssize_t n;

	while (done < text.used) {
		n = write(out, text.data + done, text.used - done);
		if (n < 0 && errno != EINTR) {
			perror("dune-trace");
			exit(125);
		}
		done += n > 0 ? n : 0;
	}
	text.used = 0;
}

static void on_call(const struct call *call)
{
	struct trace_record *r = call->r;

	if (r->type == RECORD_SIGNAL ? options.summary : r->nr >= MAX_NR || !options.wanted[r->nr])
		return;
	if (!options.follow && r->tid != (uint32_t)first)
		return;
	r->start -= began;
	r->end -= began;
	if (options.summary)
		count_call(call);
	else if (options.json)
		put_json(&text, &style, call);
	else
		put_line(&text, &style, call);
	if (text.size - text.used < LINE_SIZE)
		flush();
}

/* dune-run beside us, or on the PATH. */
static void run_program(char *ring)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 16);
	char *slash, *before[] = { "dune-run", "--record", ring, "--" };
	int size = 0;
	char **argv;

	while (command[size])
		size++;
	argv = calloc(size + 5, sizeof(*argv));
	if (!argv)
		_exit(125);
	memcpy(argv, before, sizeof(before));
	memcpy(argv + 4, command, size * sizeof(*argv));
	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash) {
		strcpy(slash + 1, "dune-run");
		execv(path, argv);
	}
	execvp("dune-run", argv);
	fprintf(stderr, "dune-trace: dune-run: %s\n", strerror(errno));
	_exit(125);
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* As strace ends, of the first process. */
static void say_end(int status)
{
	if (options.summary || options.json)
		return;
	if (options.follow) {
		put_unsigned(&text, first);
		put_char(&text, ' ');
	}
	if (WIFSIGNALED(status)) {
		put_string(&text, "+++ killed by ");
		put_signal(&text, WTERMSIG(status), "SIG");
		put_string(&text, WCOREDUMP(status) ? " (core dumped) +++\n" : " +++\n");
	} else {
		put_string(&text, "+++ exited with ");
		put_unsigned(&text, WEXITSTATUS(status));
		put_string(&text, " +++\n");
	}
}

static struct trace_ring *ring;
static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	stopped = sig;
	ring_wake(ring);
}

static void child_changed(int sig)
{
	ring_wake(ring);
}

/* What is known then is shown; the program goes on, and nobody listens. */
static void stop_by_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	action.sa_handler = child_changed;
	sigaction(SIGCHLD, &action, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
}

static void end_by_signal(void)
{
	signal(stopped, SIG_DFL);
	raise(stopped);
}

/* Until the program has ended, and with -f all that it made; its exit status. */
static int follow(void)
{
	int status, end = 125 << 8;
	bool ended = false;
	pid_t pid;

	while (!ended && !stopped) {
		ring_will_wait(ring);
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid != first)
				continue;
			end = status;
			ended = !options.follow;
		}
		ended |= pid < 0;
		ring_read(ring, on_call);
		flush();
		if (!ended && !stopped)
			ring_wait(ring);
	}
	ring_close(ring);
	ring_read(ring, on_call);
	if (ended)
		say_end(end);
	flush();
	return status_of(end);
}

static void summary(void)
{
	FILE *f = fdopen(out, "w");

	if (!f)
		return;
	print_summary(f, &style);
	fclose(f);
}

int main(int argc, char **argv)
{
	char path[64];
	int fd, result;

	memset(options.wanted, true, sizeof(options.wanted));
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, NULL);
	if (options.output)
		out = open(options.output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	ring = ring_new(&fd);
	if (out < 0 || !ring) {
		fprintf(stderr, "dune-trace: %s: %s\n", out < 0 ? options.output : "no memory",
			strerror(errno));
		return 125;
	}
	ring->copy = options.summary ? 0 : style.string;
	if (style.times || style.durations || options.summary || options.json)
		calibrate();
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	prctl(PR_SET_CHILD_SUBREAPER, options.follow);
	began = ticks_now();
	first = fork();
	if (!first)
		run_program(path);
	stop_by_signals();
	result = first > 0 ? follow() : 125;
	if (options.summary)
		summary();
	if (stopped)
		end_by_signal();
	return result;
}
