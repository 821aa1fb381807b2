/* SPDX-License-Identifier: MIT */
/*
 * signal.c - what the program does with signals
 *
 * A handler of the program must never run outside the monitor. So its
 * sigactions are kept here; SIG_DFL and SIG_IGN are told to Linux, and a signal
 * with a handler makes the system call that it interrupts return, no more: the
 * handler is not called yet.
 */
#include <asm/signal.h>

#include "run.h"
#include "uaccess.h"

struct action {
	uint64_t handler, flags, restorer, mask;
};

static struct action actions[65];

#define HANDLER_IGN	1

static void on_signal(int sig)
{
	(void)sig;
}

void restore_signal(void);
asm(".text\n"
    "restore_signal:\n"
    "	mov	$15, %eax\n"
    "	syscall\n");

static long set_native(int sig, const struct action *action)
{
	struct action native = *action;

	if (native.handler > HANDLER_IGN) {
		native.handler = (uint64_t)on_signal;
		native.restorer = (uint64_t)restore_signal;
		native.flags |= SA_RESTORER;
		native.flags &= ~(uint64_t)SA_ONSTACK;
	}
	return sys(__NR_rt_sigaction, sig, &native, NULL, 8);
}

long do_sigaction(struct dune_tf *tf)
{
	struct action new, old;
	uint64_t sig = tf->rdi;
	long r = 0;

	if (sig < 1 || sig > 64 || tf->r10 != 8)
		return -EINVAL;
	old = actions[sig];
	if (tf->rsi) {
		if (copy_from_user(&new, tf->rsi, sizeof(new)))
			return -EFAULT;
		r = set_native(sig, &new);
		if (!r)
			actions[sig] = new;
	}
	if (!r && tf->rdx)
		r = copy_to_user(tf->rdx, &old, sizeof(old));
	return r;
}
