/* SPDX-License-Identifier: MIT */
/*
 * programs.c - whole programs, and how to run them
 *
 * The machine must have them; one that is missing is no figure.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "programs.h"
#include "watch.h"

#define FILES		WORKLOAD_FILES
#define INPUT_SIZE	(512UL << 10)

/*
 * Where memory with an MMU notifier goes, as at execve(2), Linux waits for readers of the
 * list (synchronize_srcu()), 12 ms longer if it has just done so. Nobody's work.
 */
#define BETWEEN		100000		/* microseconds */

const char *const program_sqlite3[] = {
	"sqlite3", ":memory:",
	"create table t(a integer primary key, b text, c);"
	"with recursive n(i) as (select 1 union all select i + 1 from n where i < 6000)"
	" insert into t select i, 'row ' || (i * 7919 % 20011), i % 97 from n;"
	"create index b on t(b);"
	"select c, count(*), max(b) from t group by c order by 2, 3;"
	"select count(*) from t x join t y on x.b = y.b;", NULL };
const char *const program_gzip[] = { "/usr/bin/gzip", "-c", FILES "/input", NULL };
const char *const program_python3[] = {
	"python3.11", "-I", "-S", "-c",
	"import json, zlib\n"
	"d = {str(i): [i, i * i, {'x': str(i) * 3}] for i in range(1000)}\n"
	"for _ in range(3): d = json.loads(json.dumps(d))\n"
	"print(zlib.crc32(json.dumps(d, sort_keys=True).encode()), sum(i % 7 for i in range(60000)))",
	NULL };
const char *const program_true[] = { "/bin/busybox", "true", NULL };

const char *const program_find[] = { "/bin/busybox", "find", "/proc/sys", NULL };

/* The ways to run a program. */
const char *const natively[] = { NULL };
const char *const by_dune[] = { "dune-run", NULL };
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

/* By @with, a command that takes commands; its output goes nowhere. */
pid_t program_start(const char *const *argv, const char *const *with)
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

bool program_ended_well(pid_t pid)
{
	int status;

	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       !WEXITSTATUS(status);
}

/* From its start to its end. */
double program_ticks(const char *const *argv, const char *const *with, int rounds)
{
	uint64_t empty = ticks_empty(), t;
	double values[MOST_ROUNDS];
	int i;

	mkdir(FILES, 0755);
	write_input(FILES "/input");
	for (i = 0; i < rounds; i++) {
		usleep(BETWEEN);
		t = ticks_now();
		if (!program_ended_well(program_start(argv, with)))
			return NOT_MEASURED;
		values[i] = ticks_now() - t - empty;
	}
	return median(values, rounds);
}
