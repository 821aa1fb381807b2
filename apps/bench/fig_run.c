/* SPDX-License-Identifier: MIT */
/*
 * fig_run.c - whole programs, natively and under dune-run
 *
 * The machine must have the programs; one that is missing is no figure.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "programs.h"
#include "watch.h"

#define ROUNDS		3
#define SHORT_ROUNDS	MOST_ROUNDS	/* of a program that takes no time: where it lies says much */
#define REQUESTS	300
#define PORT		7790
#define FILES		WORKLOAD_FILES

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

/* The ways to run a program, beside those of programs.h. */
static const char *const pure[] = { "dune-run", "--policy=pure", NULL };
static const char *const read_only[] = { "dune-run", "--policy=read-only:" FILES, NULL };
static const char *const workdir[] = { "dune-run", "--policy=workdir:" FILES, NULL };
static const char *const by_ptrace[] = { "dune-bench", "--watch=ptrace", "--", NULL };

static double run(const char *const *argv, const char *const *with, long *n)
{
	*n = ROUNDS;
	return program_ticks(argv, with, ROUNDS);
}

double run_sqlite3(bool in_dune, long *n) { return run(program_sqlite3, in_dune ? by_dune : natively, n); }
double run_gzip(bool in_dune, long *n) { return run(program_gzip, in_dune ? by_dune : natively, n); }
double run_python3(bool in_dune, long *n) { return run(program_python3, in_dune ? by_dune : natively, n); }
double sandbox_sqlite3(bool in_dune, long *n) { return run(program_sqlite3, in_dune ? workdir : natively, n); }
double sandbox_gzip(bool in_dune, long *n) { return run(program_gzip, in_dune ? read_only : natively, n); }
double sandbox_python3(bool in_dune, long *n) { return run(program_python3, in_dune ? pure : natively, n); }
double sandbox_sqlite3_ptrace(bool in_dune, long *n) { return run(program_sqlite3, by_ptrace, n); }
double sandbox_gzip_ptrace(bool in_dune, long *n) { return run(program_gzip, by_ptrace, n); }
double sandbox_python3_ptrace(bool in_dune, long *n) { return run(program_python3, by_ptrace, n); }

static double begin_and_end(const char *const *with, long *n)
{
	*n = SHORT_ROUNDS;
	return program_ticks(program_true, with, SHORT_ROUNDS);
}

double run_true(bool in_dune, long *n)
{
	return begin_and_end(in_dune ? by_dune : natively, n);
}

double sandbox_true_pure(bool in_dune, long *n)
{
	return begin_and_end(in_dune ? pure : natively, n);
}

double sandbox_true_workdir(bool in_dune, long *n)
{
	return begin_and_end(in_dune ? workdir : natively, n);
}

/* dune-plugin times the decoding itself. */
double run_plugin_png(bool in_dune, long *n)
{
	const char *const sample[] = { "dune-plugin", "--sample", "1024x1024", FILES "/large.png",
				       NULL };
	double ticks;
	FILE *f;

	*n = 1;
	mkdir(FILES, 0755);
	if (!program_ended_well(program_start(sample, natively)))
		return NOT_MEASURED;
	f = popen(in_dune ? "dune-plugin --ticks " FILES "/large.png" :
			    "dune-plugin --direct --ticks " FILES "/large.png", "r");
	if (!f)
		return NOT_MEASURED;
	if (fscanf(f, "%lf", &ticks) != 1)
		ticks = NOT_MEASURED;
	return pclose(f) ? NOT_MEASURED : ticks;
}

static const char *const lighttpd[] = { "/usr/sbin/lighttpd", "-D", "-f", FILES "/conf", NULL };

static bool answers(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int s = socket(AF_INET, SOCK_STREAM, 0);
	bool ok = s >= 0 && !connect(s, (struct sockaddr *)&to, sizeof(to));

	close(s);
	return ok;
}

static pid_t start_server(bool in_dune)
{
	char conf[512];
	pid_t pid;
	int i;

	mkdir(FILES, 0755);
	snprintf(conf, sizeof(conf),
		 "server.document-root = \"%s\"\nserver.port = %d\nserver.bind = \"127.0.0.1\"\n"
		 "server.modules = ( \"mod_staticfile\" )\n"
		 "server.compat-module-load = \"disable\"\n"
		 "mimetype.assign = ( \"\" => \"text/plain\" )\n", FILES, PORT);
	write_text(FILES "/conf", conf);
	write_text(FILES "/page", "A small page.\n");
	pid = program_start(lighttpd, in_dune ? by_dune : natively);
	for (i = 0; i < 100 && !answers(); i++)
		usleep(50000);
	return pid;
}

/* Per request; the server natively or in Dune mode, the clients always natively. */
static double serve(const char *clients, bool in_dune, long *n)
{
	const char *const ab[] = { "ab", "-q", "-n", "300", "-c", clients,
				   "http://127.0.0.1:7790/page", NULL };
	pid_t pid = start_server(in_dune);
	uint64_t empty = ticks_empty(), t;
	double values[ROUNDS];
	bool ok = answers();
	int i;

	for (i = 0; ok && i < ROUNDS; i++) {
		t = ticks_now();
		ok = program_ended_well(program_start(ab, natively));
		values[i] = (double)(ticks_now() - t - empty) / REQUESTS;
	}
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	*n = REQUESTS * ROUNDS;
	return ok ? median_of_batches(values, ROUNDS, REQUESTS) : NOT_MEASURED;
}

double run_lighttpd_1(bool in_dune, long *n) { return serve("1", in_dune, n); }
double run_lighttpd_20(bool in_dune, long *n) { return serve("20", in_dune, n); }
