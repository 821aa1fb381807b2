/* SPDX-License-Identifier: MIT */
/*
 * fig_run.c - whole programs, natively and under dune-run
 *
 * The machine must have the programs; one that is missing is no figure.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "watch.h"

#define ROUNDS		3
#define SHORT_ROUNDS	15	/* of a program that takes no time: where it lies says much */
#define REQUESTS	300
#define PORT		7790
#define FILES		WORKLOAD_FILES
#define INPUT_SIZE	(512UL << 10)

static double values[SHORT_ROUNDS];

/* Text of a few thousand different words. */
static void write_input(const char *path)
{
	uint64_t random = 1;
	FILE *f = fopen(path, "w");

	while (f && ftell(f) < (long)INPUT_SIZE) {
		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		fprintf(f, "%lx%c", (unsigned long)(random >> 52), random >> 40 & 7 ? ' ' : '\n');
	}
	if (f)
		fclose(f);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

/* By @with, a command that takes commands; its output goes nowhere. */
static pid_t start(const char *const *argv, const char *const *with)
{
	const char *command[16] = { NULL };
	int null, i = 0;
	pid_t pid;

	while (*with)
		command[i++] = *with++;
	while (*argv && i < 15)
		command[i++] = *argv++;
	pid = fork();
	if (pid)
		return pid;
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execvp(command[0], (char *const *)command);
	_exit(127);
}

static bool ended_well(pid_t pid)
{
	int status;

	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       !WEXITSTATUS(status);
}

/* From its start to its end. */
static double run_rounds(const char *const *argv, const char *const *with, int rounds, long *n)
{
	uint64_t empty = ticks_empty(), t;
	int i;

	mkdir(FILES, 0755);
	write_input(FILES "/input");
	for (i = 0; i < rounds; i++) {
		t = ticks_now();
		if (!ended_well(start(argv, with)))
			return NOT_MEASURED;
		values[i] = ticks_now() - t - empty;
	}
	*n = rounds;
	return median(values, rounds);
}

static double run(const char *const *argv, const char *const *with, long *n)
{
	return run_rounds(argv, with, ROUNDS, n);
}

static const char *const sqlite3[] = {
	"sqlite3", ":memory:",
	"create table t(a integer primary key, b text, c);"
	"with recursive n(i) as (select 1 union all select i + 1 from n where i < 6000)"
	" insert into t select i, 'row ' || (i * 7919 % 20011), i % 97 from n;"
	"create index b on t(b);"
	"select c, count(*), max(b) from t group by c order by 2, 3;"
	"select count(*) from t x join t y on x.b = y.b;", NULL };
static const char *const gzip[] = { "/usr/bin/gzip", "-c", FILES "/input", NULL };
static const char *const python3[] = {
	"python3.11", "-I", "-S", "-c",
	"import json, zlib\n"
	"d = {str(i): [i, i * i, {'x': str(i) * 3}] for i in range(1000)}\n"
	"for _ in range(3): d = json.loads(json.dumps(d))\n"
	"print(zlib.crc32(json.dumps(d, sort_keys=True).encode()), sum(i % 7 for i in range(60000)))",
	NULL };
static const char *const busybox_true[] = { "/bin/busybox", "true", NULL };

/* The ways to run a program. */
static const char *const natively[] = { NULL };
static const char *const by_dune[] = { "dune-run", NULL };
static const char *const pure[] = { "dune-run", "--policy=pure", NULL };
static const char *const read_only[] = { "dune-run", "--policy=read-only:" FILES, NULL };
static const char *const workdir[] = { "dune-run", "--policy=workdir:" FILES, NULL };
static const char *const by_ptrace[] = { "dune-bench", "--watch=ptrace", "--", NULL };

double run_sqlite3(bool in_dune, long *n) { return run(sqlite3, in_dune ? by_dune : natively, n); }
double run_gzip(bool in_dune, long *n) { return run(gzip, in_dune ? by_dune : natively, n); }
double run_python3(bool in_dune, long *n) { return run(python3, in_dune ? by_dune : natively, n); }
double sandbox_sqlite3(bool in_dune, long *n) { return run(sqlite3, in_dune ? workdir : natively, n); }
double sandbox_gzip(bool in_dune, long *n) { return run(gzip, in_dune ? read_only : natively, n); }
double sandbox_python3(bool in_dune, long *n) { return run(python3, in_dune ? pure : natively, n); }
double sandbox_sqlite3_ptrace(bool in_dune, long *n) { return run(sqlite3, by_ptrace, n); }
double sandbox_gzip_ptrace(bool in_dune, long *n) { return run(gzip, by_ptrace, n); }
double sandbox_python3_ptrace(bool in_dune, long *n) { return run(python3, by_ptrace, n); }

static double begin_and_end(const char *const *with, long *n)
{
	return run_rounds(busybox_true, with, SHORT_ROUNDS, n);
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
	if (!ended_well(start(sample, natively)))
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
	pid = start(lighttpd, in_dune ? by_dune : natively);
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
	bool ok = answers();
	int i;

	for (i = 0; ok && i < ROUNDS; i++) {
		t = ticks_now();
		ok = ended_well(start(ab, natively));
		values[i] = (double)(ticks_now() - t - empty) / REQUESTS;
	}
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	*n = REQUESTS * ROUNDS;
	return ok ? median_of_batches(values, ROUNDS, REQUESTS) : NOT_MEASURED;
}

double run_lighttpd_1(bool in_dune, long *n) { return serve("1", in_dune, n); }
double run_lighttpd_20(bool in_dune, long *n) { return serve("20", in_dune, n); }
