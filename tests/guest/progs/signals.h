/* SPDX-License-Identifier: MIT */
/*
 * signals.h - what signals.c and waits.c share
 *
 * Both tell rules about signals as lines of text. Nothing in them depends on
 * addresses or time: the same lines must come natively, under dune-run, and (with
 * INSIDE) at CPL 0 in Dune mode.
 */
#ifndef _PROGS_SIGNALS_H
#define _PROGS_SIGNALS_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef INSIDE
#include <dune/dune.h>
#endif

#define say(...) do { printf(__VA_ARGS__); putchar('\n'); } while (0)

static volatile int came, depth, last;
static volatile uintptr_t handler_sp;

static inline void handle(int sig, void (*fn)(int sig, siginfo_t *info, void *uc), int flags)
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = flags | SA_SIGINFO };

	sigaction(sig, &sa, NULL);
}

static inline void count(int sig, siginfo_t *info, void *uc)
{
	char here;

	came++;
	last = sig;
	handler_sp = (uintptr_t)&here;
}

static inline uint64_t mask_now(void)
{
	uint64_t mask = 0;

	syscall(SYS_rt_sigprocmask, 0, NULL, &mask, 8);
	return mask;
}

static inline void order(int sig, siginfo_t *info, void *uc)
{
	say("  signal %d value %d code %d, from here %d", sig == SIGUSR1 ? sig : sig - SIGRTMIN,
	    info->si_value.sival_int, info->si_code, info->si_pid == getpid());
}

struct part {
	const char	*name;
	void		(*fn)(void);
};

#define PART(name)	{ #name, name }

/* The environment's WITHOUT names one to be left out. */
static inline int run_parts(const struct part *parts, unsigned int nr)
{
	const char *without = getenv("WITHOUT") ?: "";
	unsigned int i;

#ifdef INSIDE
	handle(SIGUSR1, count, 0);	/* set before, taken over */
	if (dune_init(0) || dune_enter())
		return 125;
#endif
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < nr; i++) {
		if (!strcmp(parts[i].name, without))
			continue;
		say("-- %s", parts[i].name);
		parts[i].fn();
	}
	return 0;
}

#endif /* _PROGS_SIGNALS_H */
