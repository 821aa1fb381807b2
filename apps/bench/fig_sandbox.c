/* SPDX-License-Identifier: MIT */
/*
 * fig_sandbox.c - calls into a domain, and making one, beside what Linux offers
 */
#include <dlfcn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dune/dune.h>
#include <dune/sandbox.h>

#include "bench.h"

#define PLUGIN	"/lib/x86_64-linux-gnu/libm.so.6"
#define CALLS	2000
#define RESETS	51
#define ROUNDS	5

static double values[CALLS];
static struct dune_domain *domain;
static uint64_t function;

/* With the plugin and a function of libc's that does next to nothing. */
static int make_domain(void)
{
	int r = dune_domain_create(&domain, NULL);

	r = r ? r : dune_domain_load(domain, PLUGIN);
	return r ? r : dune_domain_symbol(domain, "gnu_get_libc_version", &function);
}

static int call_domain(void)
{
	static struct dune_domain_call call;

	return dune_domain_call(domain, function, &call);
}

int plugin_call_dune(struct sample *sample)
{
	uint64_t empty, t;
	int r = enter(), i;

	r = r ? r : make_domain();
	r = r ? r : call_domain();
	if (r)
		return r;
	empty = ticks_empty();
	count_from();
	for (i = 0; i < CALLS; i++) {
		t = ticks_now();
		call_domain();
		values[i] = ticks_now() - t - empty;
	}
	count_to();
	sample->ticks = median(values, CALLS);
	sample->n = CALLS;
	return counted(sample);
}

static void serve(int from, int to)
{
	char c;

	while (read(from, &c, 1) == 1 && write(to, &c, 1) == 1)
		;
	_exit(0);
}

/* The same by a process that answers: a pipe there and one back. */
double plugin_call_native(void)
{
	int there[2], back[2], i;
	uint64_t empty, t;
	pid_t pid;
	char c = 0;

	if (pipe(there) || pipe(back))
		return NOT_MEASURED;
	pid = fork();
	if (!pid) {
		close(there[1]);
		close(back[0]);
		serve(there[0], back[1]);
	}
	close(there[0]);
	empty = ticks_empty();
	for (i = 0; i < CALLS; i++) {
		t = ticks_now();
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			return NOT_MEASURED;
		values[i] = ticks_now() - t - empty;
	}
	close(there[1]);
	waitpid(pid, NULL, 0);
	return median(values, CALLS);
}

/* By a pointer, with nothing in between. */
double plugin_call_direct(long *n)
{
	void *plugin = dlopen(PLUGIN, RTLD_NOW);
	const char *(*call)(void) = plugin ? dlsym(plugin, "gnu_get_libc_version") : NULL;
	uint64_t empty = ticks_empty(), t;
	int i;

	for (i = 0; call && i < CALLS; i++) {
		t = ticks_now();
		call();
		values[i] = ticks_now() - t - empty;
	}
	*n = CALLS;
	return call ? median(values, CALLS) : NOT_MEASURED;
}

int plugin_create_dune(struct sample *sample)
{
	uint64_t t;
	int r = enter(), i;

	for (i = 0; !r && i < ROUNDS; i++) {
		t = ticks_now();
		r = dune_domain_create(&domain, NULL);
		r = r ? r : dune_domain_load(domain, PLUGIN);
		r = r ? r : dune_domain_destroy(domain);
		values[i] = ticks_now() - t;
	}
	sample->ticks = median(values, ROUNDS);
	sample->n = ROUNDS;
	sample->exits = sample->vmreads = sample->vmwrites = NOT_MEASURED;
	return r;
}

/*
 * A process instead: this program, with the plugin loaded first, and its end. Without
 * huge pages: whether its data can have one, half of all that work, is a matter of
 * where it happens to lie.
 */
double plugin_create_native(void)
{
	char *argv[] = { "dune-bench", "--list", NULL };
	char *envp[] = { "LD_PRELOAD=" PLUGIN, "LD_BIND_NOW=1", NULL };
	uint64_t t;
	int i, status;

	for (i = 0; i < ROUNDS; i++) {
		pid_t pid;

		t = ticks_now();
		pid = fork();
		if (!pid) {
			close(1);
			prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
			execve("/proc/self/exe", argv, envp);
			_exit(127);
		}
		waitpid(pid, &status, 0);
		values[i] = ticks_now() - t;
		if (!WIFEXITED(status) || WEXITSTATUS(status) == 127)
			return NOT_MEASURED;
	}
	return median(values, ROUNDS);
}

/* Back to a snapshot, after a call. */
int plugin_reset_dune(struct sample *sample)
{
	uint64_t t;
	int r = enter(), i;

	r = r ? r : make_domain();
	r = r ? r : call_domain();
	r = r ? r : dune_domain_snapshot(domain);
	for (i = 0; !r && i < RESETS; i++) {
		r = call_domain();
		t = ticks_now();
		r = r ? r : dune_domain_reset(domain);
		values[i] = ticks_now() - t;
	}
	sample->ticks = median(values, RESETS);
	sample->n = RESETS;
	sample->exits = sample->vmreads = sample->vmwrites = NOT_MEASURED;
	return r;
}
