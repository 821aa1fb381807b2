/* SPDX-License-Identifier: MIT */
/*
 * sigdeliver.c - hand the signals in the queue to the program's handlers
 *
 * In the guest half. To handlers at CPL 0, where VECTOR_SIGNAL has interrupted
 * it; where the program is in ring 3, on the way back there.
 */
#include <linux/types.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/sigcontext.h>

#include "priv.h"

void (*dune_signal_seen)(uint32_t sig, const void *info);

static struct dune_handler vectors[NR_SIGNALS];

DUNE_API int dune_signal_set_handler(int sig, dune_trap_fn fn, unsigned int flags)
{
	struct dune_action action = { .handler = fn ? HANDLER_VECTOR : HANDLER_DFL };
	int r;

	if (sig < 1 || sig > NR_SIGNALS || (flags & ~DUNE_TRAP_GPRS_ONLY))
		return FAIL(-EINVAL);
	/* One that is given back stays: what Linux has delivered is on its way to it. */
	if (fn && dune_handler_set(&vectors[sig - 1], fn, flags))
		return FAIL(-EINVAL);
	action.flags = SA_RESTART;
	if (dune_active())	/* where special.c does the same for this thread */
		r = sys(__NR_rt_sigaction, sig, &action, NULL, 8);
	else
		r = dune_sigaction(&dune_sighand_main, sig, &action, NULL);
	return r ? FAIL(r) : 0;
}

static void call_vector(struct dune_tf *tf, int sig)
{
	tf->vector = DUNE_VECTOR_SIGNAL(sig);
	tf->error = 0;
	dune_handler_claims(&vectors[sig - 1], (uintptr_t)tf, 0, 0);
}

/* In a thread that is not in Dune mode: the same handler, the same frame. */
void dune_signal_vector_outside(int sig, struct sigcontext *mc)
{
	struct dune_tf tf;

	dune_tf_from_context(&tf, mc);
	tf.cs = mc->cs;
	tf.ss = mc->ss;
	call_vector(&tf, sig);
	dune_tf_to_context(mc, &tf);
}

/* As the kernel's force_sigsegv(): there is no place for the frame. */
static void no_frame(int sig)
{
	if (sig == SIGSEGV)
		dune_raise_fatal(SIGSEGV, SI_KERNEL, 0);
	else
		dune_raise(SIGSEGV, SI_KERNEL, 0);
}

static void deliver_queue(struct dune_thread *t, struct dune_tf *tf)
{
	struct dune_sigstate *s = &t->sig;
	uint64_t saved = s->saved_mask, mask = s->mask;
	const struct dune_signal *signal;
	bool pushed = false;
	uint32_t i;

	/* The last one's handler runs first, as with Linux. */
	for (i = 0; i < s->count; i++) {
		signal = &s->queue[i];
		if (signal->action.handler == HANDLER_VECTOR) {
			call_vector(tf, signal->sig);
			continue;
		}
		if (dune_signal_seen)
			dune_signal_seen(signal->sig, signal->info);
		if (!dune_sigframe_push(t, tf, signal, saved)) {
			no_frame(signal->sig);
			continue;
		}
		mask |= signal->action.mask;
		if (!(signal->action.flags & SA_NODEFER))
			mask |= SIG_BIT(signal->sig);
		saved = mask;
		pushed = true;
	}
	/* With no frame to bring the mask back by, it is back now. */
	if (!pushed)
		mask = saved;
	s->count = 0;
	dune_sigmask_set(mask);
}

/* Until there is none, with interrupts off: the next comes behind the return. */
void dune_signal_deliver(struct dune_thread *t, struct dune_tf *tf)
{
	struct dune_sigstate *s = &t->sig;

	if (s->delivering)
		return;
	s->delivering = 1;
	for (;;) {
		asm volatile("cli" : : : "memory");
		if (!s->count)
			break;
		deliver_queue(t, tf);
	}
	s->delivering = 0;
}

/* On the way to ring 3: see ring.S. */
void dune_signal_to_ring3(struct dune_tf *tf)
{
	dune_signal_deliver(dune_this_thread(), tf);
}

DUNE_API void dune_signals_to_ring3(bool on)
{
	dune_global.ring3_signals = on;
}

/* rt_sigreturn(2) of ring 3's; the others' is in special.c. */
void dune_signal_return(struct dune_tf *tf)
{
	uint64_t mask;

	if (dune_sigframe_pop(dune_this_thread(), tf, true, &mask))
		dune_raise(SIGSEGV, SI_KERNEL, 0);
	else
		dune_sigmask_set(mask);
}
