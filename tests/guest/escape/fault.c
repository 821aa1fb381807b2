/* SPDX-License-Identifier: MIT */
/*
 * fault.c - which exception an attempt meets, and whether it is the one meant
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "escape.h"

static const int signals[] = { SIGSEGV, SIGILL, SIGBUS, SIGTRAP, SIGFPE, SIGSYS };

static sigjmp_buf out;
static struct {
	int		signal, vector;
	uint64_t	error, address, rip;
} seen;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	const greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	seen.signal = sig;
	seen.vector = r[REG_TRAPNO];
	seen.error = r[REG_ERR];
	seen.address = r[REG_CR2];
	seen.rip = r[REG_RIP];
	siglongjmp(out, 1);
}

/* On a stack of its own: the attempt's may be nowhere. */
static void catch_all(void)
{
	static char memory[65536];
	const stack_t stack = { .ss_sp = memory, .ss_size = sizeof(memory) };
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	unsigned int i;

	sigaltstack(&stack, NULL);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

int fault_of(void (*fn)(void), const void *at, uintptr_t address)
{
	bool meant;

	catch_all();
	if (!sigsetjmp(out, 1)) {
		fn();
		return 0;
	}
	meant = !at || seen.rip == (uintptr_t)at;
	if (address)	/* to the end of its page */
		meant &= seen.vector == 14 && seen.address >= address &&
			 seen.address <= (address | 0xfff);
	if (meant)
		return FAULT(seen.vector, seen.vector == 14 ? 0 : seen.error);
	printf("# signal %d, exception %d, error %#lx, address %#lx, rip %#lx, not %p\n", seen.signal,
	       seen.vector, seen.error, seen.address, seen.rip, at);
	return ELSEWHERE;
}
