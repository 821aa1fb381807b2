/* SPDX-License-Identifier: MIT */
/*
 * sigaction.c - what the program wants done with each signal
 *
 * Linux knows whether a signal is ignored, kills, or has a handler; which
 * handler is kept here, and Linux calls dune_sigcatch() in its place, with all
 * signals blocked. In the host half.
 */
#include <asm/signal.h>

#include "lock.h"

struct dune_sighand dune_sighand_main;

/* Linux drops the rest from what it keeps. */
#define KNOWN_FLAGS	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | \
			 SA_NODEFER | SA_RESETHAND | SA_EXPOSE_TAGBITS | SA_RESTORER)
#define UNBLOCKABLE	(SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP))

/* Set the calling thread's mask; returns what it was. */
uint64_t dune_sigmask_set(uint64_t mask)
{
	uint64_t old = 0;

	sys(__NR_rt_sigprocmask, SIG_SETMASK, &mask, &old, 8);
	return old;
}

/* Only who is in Dune mode has another than the process's. */
static uint32_t *lock_of(struct dune_sighand *hand)
{
	return hand == &dune_sighand_main ? &dune_locks.sighand : &hand->lock;
}

/*
 * Held with all signals blocked: dune_sigcatch() takes it too. And across a fork, as
 * the child has no other thread that would let go of it.
 */
void dune_sighand_lock(struct dune_sighand *hand)
{
	dune_locks_begin();
	while (__atomic_exchange_n(lock_of(hand), 1, __ATOMIC_ACQUIRE))
		sys(__NR_sched_yield);
}

void dune_sighand_unlock(struct dune_sighand *hand)
{
	__atomic_store_n(lock_of(hand), 0, __ATOMIC_RELEASE);
}

static long set_linux(int sig, const struct dune_action *action)
{
	struct dune_action linux_action = *action;

	if (action->handler > HANDLER_IGN) {
		linux_action.handler = (uintptr_t)dune_sigcatch;
		linux_action.restorer = (uintptr_t)dune_sigcatch_return;
		linux_action.flags |= SA_SIGINFO | SA_RESTORER;
		linux_action.mask = ~0ULL;
	}
	return sys(__NR_rt_sigaction, sig, &linux_action, NULL, 8);
}

/*
 * A handler is in our table first: whenever Linux calls dune_sigcatch(), in the child of
 * a fork too that was made meanwhile, there is one. With another action it calls no more;
 * but what it has called already may still look for the handler that was.
 */
static long set_both(struct dune_action *ours, int sig, const struct dune_action *new)
{
	struct dune_action was = *ours;
	long r;

	if (new->handler > HANDLER_IGN) {
		*ours = *new;
		ours->flags &= KNOWN_FLAGS;
		ours->mask &= ~UNBLOCKABLE;
	}
	r = set_linux(sig, new);
	if (r)
		*ours = was;
	return r;
}

/*
 * rt_sigaction(2) for a program in Dune mode; with @new and @old in memory of
 * our own. A handler that somebody set outside Dune mode is told as it is.
 */
long dune_sigaction(struct dune_sighand *hand, int sig, const struct dune_action *new,
		    struct dune_action *old)
{
	struct dune_action was;
	uint64_t mask;
	long r;

	if (sig < 1 || sig > NR_SIGNALS)
		return -EINVAL;
	mask = dune_sigmask_set(~0ULL);
	dune_sighand_lock(hand);
	r = sys(__NR_rt_sigaction, sig, NULL, &was, 8);
	if (!r && was.handler == (uintptr_t)dune_sigcatch)
		was = hand->action[sig - 1];
	if (!r && new)
		r = set_both(&hand->action[sig - 1], sig, new);
	dune_sighand_unlock(hand);
	dune_sigmask_set(mask);
	if (!r && old)
		*old = was;
	return r;
}

/* Handlers set outside Dune mode become ours to call. */
void dune_sighand_adopt(void)
{
	struct dune_action action;
	int sig;

	for (sig = 1; sig <= NR_SIGNALS; sig++)
		if (!sys(__NR_rt_sigaction, sig, NULL, &action, 8) &&
		    action.handler > HANDLER_IGN && action.handler != (uintptr_t)dune_sigcatch)
			dune_sigaction(&dune_sighand_main, sig, &action, NULL);
}

/*
 * What to do with a signal that has just arrived; a handler for one time is
 * used up. All signals are blocked.
 */
struct dune_action dune_sighand_take(struct dune_sighand *hand, int sig)
{
	struct dune_action *action = &hand->action[sig - 1], taken;

	dune_sighand_lock(hand);
	taken = *action;
	if (taken.flags & SA_RESETHAND)
		action->handler = HANDLER_DFL;
	dune_sighand_unlock(hand);
	return taken;
}

/*
 * For a child that shares memory but not handlers (vfork); all signals are blocked.
 * NULL: no memory.
 */
struct dune_sighand *dune_sighand_copy(struct dune_sighand *hand)
{
	struct dune_sighand *copy = dune_map(sizeof(*copy));

	if (!copy)
		return NULL;
	dune_sighand_lock(hand);
	__builtin_memcpy(copy->action, hand->action, sizeof(copy->action));
	dune_sighand_unlock(hand);
	copy->users = 1;
	return copy;
}

/* CLONE_CLEAR_SIGHAND: what is not ignored gets its default action. */
void dune_sighand_reset(struct dune_sighand *hand)
{
	int i;

	for (i = 0; i < NR_SIGNALS; i++)
		if (hand->action[i].handler != HANDLER_IGN)
			hand->action[i].handler = HANDLER_DFL;
}

void dune_sighand_put(struct dune_sighand *hand)
{
	if (hand->users && !__atomic_sub_fetch(&hand->users, 1, __ATOMIC_ACQ_REL))
		dune_unmap(hand, sizeof(*hand));
}

/* ---- the alternate stack ------------------------------------------------ */

#define MIN_SIZE	2048UL

bool dune_on_altstack(const struct dune_altstack *alt, uint64_t sp)
{
	return sp > alt->sp && sp - alt->sp <= alt->size;
}

/* sigaltstack(2) for a thread whose stack pointer is @sp. */
long dune_sigaltstack(struct dune_thread *t, uint64_t sp, const struct dune_altstack *new,
		      struct dune_altstack *old)
{
	struct dune_altstack *alt = &t->sig.altstack;
	bool on_it = dune_on_altstack(alt, sp) && !(alt->flags & ALTSTACK_AUTODISARM);
	struct dune_altstack was = *alt;
	uint32_t mode;

	was.flags &= ALTSTACK_AUTODISARM;
	if (!alt->size)
		was.flags |= ALTSTACK_DISABLE;
	else if (on_it)
		was.flags |= ALTSTACK_ONSTACK;
	if (new) {
		mode = new->flags & ~ALTSTACK_AUTODISARM;
		if (on_it)
			return -EPERM;
		if (mode != ALTSTACK_DISABLE && mode != ALTSTACK_ONSTACK && mode)
			return -EINVAL;
		if (mode != ALTSTACK_DISABLE && new->size < MIN_SIZE &&
		    !(new->sp == alt->sp && new->size == alt->size && new->flags == alt->flags))
			return -ENOMEM;
		*alt = *new;
		alt->reserved = 0;
		if (mode == ALTSTACK_DISABLE)
			alt->sp = alt->size = 0;
	}
	if (old)
		*old = was;
	return 0;
}
