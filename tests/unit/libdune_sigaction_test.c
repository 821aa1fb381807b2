/* SPDX-License-Identifier: MIT */
/*
 * libdune_sigaction_test.c - what the program wants done with signals, here and in Linux
 */
#include "libdune_fake_sys.h"
#include "../../libdune/sigaction.c"

#include "libdune_tap.h"

struct dune_locks dune_locks;

#define A	0x1000UL
#define B	0x2000UL

static struct dune_action linux_has;
static long refusal;
static uint64_t handler_when_set;
static struct dune_sighand *to_unlock;

void dune_locks_begin(void) { }
void dune_sigcatch(int sig, void *info, void *context) { }
void dune_sigcatch_return(void) { }
void *dune_map(size_t size) { return __builtin_calloc(1, size); }
void dune_unmap(void *p, size_t size) { __builtin_free(p); }

static long action(int sig, const struct dune_action *new, struct dune_action *old)
{
	if (old)
		*old = linux_has;
	if (!new)
		return 0;
	handler_when_set = dune_sighand_main.action[sig - 1].handler;
	if (refusal)
		return refusal;
	linux_has = *new;
	return 0;
}

/* The lock's holder goes on when it is waited for. */
static void let_run(void)
{
	if (!to_unlock)
		__builtin_exit(1);
	to_unlock->action[9] = (struct dune_action) { .handler = B, .mask = B };
	dune_sighand_unlock(to_unlock);
	to_unlock = NULL;
}

long fake_sys(long nr, long a, long b, long c, long d, long e, long f)
{
	if (nr == __NR_rt_sigaction)
		return action(a, (void *)b, (void *)c);
	if (nr == __NR_sched_yield)
		let_run();
	return 0;
}

static long set(uint64_t handler, struct dune_action *old)
{
	const struct dune_action new = { .handler = handler };

	return dune_sigaction(&dune_sighand_main, 10, &new, old);
}

static void test_both(void)
{
	struct dune_action old;

	ok(!set(A, &old) && old.handler == HANDLER_DFL &&
	   linux_has.handler == (uintptr_t)dune_sigcatch && handler_when_set == A,
	   "a handler is in the table when Linux hears of it");
	ok(!set(B, &old) && old.handler == A && handler_when_set == B, "so is the next");
	refusal = -EINVAL;
	ok(set(A, NULL) == -EINVAL && dune_sighand_main.action[9].handler == B,
	   "one that Linux refuses has changed nothing");
	refusal = 0;
	ok(!set(HANDLER_DFL, &old) && old.handler == B && linux_has.handler == HANDLER_DFL &&
	   handler_when_set == B, "it stays until Linux calls it no more");
	ok(!set(HANDLER_IGN, &old) && old.handler == HANDLER_DFL &&
	   !dune_sigaction(&dune_sighand_main, 10, NULL, &old) && old.handler == HANDLER_IGN,
	   "and is then told no more");
}

static void test_copy(void)
{
	struct dune_sighand *copy;

	set(A, NULL);
	dune_sighand_lock(&dune_sighand_main);
	to_unlock = &dune_sighand_main;
	copy = dune_sighand_copy(&dune_sighand_main);
	ok(!to_unlock && copy->action[9].handler == B && copy->action[9].mask == B,
	   "a copy waits for who is changing an action");
	ok(!dune_locks.sighand && !copy->lock, "and leaves nothing locked");
	to_unlock = copy;
	dune_sighand_lock(copy);
	dune_sighand_lock(copy);
	ok(!to_unlock && copy->lock && !dune_locks.sighand, "a copy has a lock of its own");
	dune_sighand_unlock(copy);
	dune_sighand_put(copy);
}

int main(void)
{
	test_both();
	test_copy();
	return tap_end();
}
