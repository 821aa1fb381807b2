/* SPDX-License-Identifier: MIT */
/*
 * signals.c - a signal that a handler of the program's gets
 */
#include <signal.h>

#include "trace.h"

struct code {
	int		code;
	const char	*name;
};

#define N(x)	{ x, #x }
#define END	{ 0, NULL }

static const struct code any[] = {
	N(SI_USER), { 0x80, "SI_KERNEL" }, N(SI_QUEUE), N(SI_TIMER), N(SI_MESGQ), N(SI_ASYNCIO),
	N(SI_SIGIO), N(SI_TKILL), END };
static const struct code segv[] = { N(SEGV_MAPERR), N(SEGV_ACCERR), END };
static const struct code bus[] = { N(BUS_ADRALN), N(BUS_ADRERR), N(BUS_OBJERR), END };
static const struct code ill[] = { N(ILL_ILLOPC), N(ILL_ILLOPN), N(ILL_PRVOPC), END };
static const struct code fpe[] = {
	N(FPE_INTDIV), N(FPE_INTOVF), N(FPE_FLTDIV), N(FPE_FLTOVF), N(FPE_FLTUND), N(FPE_FLTRES),
	N(FPE_FLTINV), END };
static const struct code trap[] = { N(TRAP_BRKPT), N(TRAP_TRACE), END };
static const struct code chld[] = {
	N(CLD_EXITED), N(CLD_KILLED), N(CLD_DUMPED), N(CLD_TRAPPED), N(CLD_STOPPED),
	N(CLD_CONTINUED), END };

/* Its own codes; those of faults come with an address. */
static const struct code *codes_of(int sig)
{
	switch (sig) {
	case SIGSEGV:
		return segv;
	case SIGBUS:
		return bus;
	case SIGILL:
		return ill;
	case SIGFPE:
		return fpe;
	case SIGTRAP:
		return trap;
	case SIGCHLD:
		return chld;
	}
	return NULL;
}

static bool put_code(struct text *t, const struct code *list, int code)
{
	for (; list && list->name; list++) {
		if (list->code != code)
			continue;
		put_string(t, list->name);
		return true;
	}
	return false;
}

void put_child_code(struct text *t, int code)
{
	if (!put_code(t, chld, code))
		put_signed(t, code);
}

static void put_sender(struct text *t, uint64_t word)
{
	put_string(t, ", si_pid=");
	put_signed(t, (int)word);
	put_string(t, ", si_uid=");
	put_unsigned(t, word >> 32);
}

/* siginfo: number and errno, code, then what depends on them. */
static void put_rest(struct text *t, int sig, int code, const uint64_t *word)
{
	if (sig == SIGCHLD && code > 0) {
		put_sender(t, word[2]);
		put_string(t, ", si_status=");
		if (code == CLD_EXITED)
			put_signed(t, (int)word[3]);
		else
			put_signal(t, (int)word[3], "SIG");
	} else if (codes_of(sig) && code > 0 && code < SI_KERNEL) {
		put_string(t, ", si_addr=");
		if (word[2])
			put_hex(t, word[2]);
		else
			put_string(t, "NULL");
	} else if (code <= 0 && code != SI_TIMER) {
		put_sender(t, word[2]);
	}
}

void put_siginfo(struct text *t, const struct trace_record *r)
{
	int sig = r->nr, code = (int)r->args[1];

	put_string(t, "{si_signo=");
	put_signal(t, sig, "SIG");
	put_string(t, ", si_code=");
	if (!put_code(t, code > 0 && code < SI_KERNEL ? codes_of(sig) : any, code))
		put_signed(t, code);
	put_rest(t, sig, code, r->args);
	put_char(t, '}');
}
