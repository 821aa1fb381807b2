/* SPDX-License-Identifier: MIT */
/*
 * handler.c - the program's handlers, of a thread and of the process
 *
 * A thread's own come first; what they pass on goes to the process's.
 */
#include "lock.h"

struct dune_handlers {
	struct dune_handler of[NR_HANDLERS];
};

static struct dune_handlers process;

/*
 * What the entries call without a look at anything else: the process's handler, if
 * it is of the kind for that, no thread has one of its own, and libdune need not
 * look whether it is its own to handle.
 */
void *dune_short_pgflt = dune_no_short_pgflt;
void *dune_args_pgflt = dune_no_args_pgflt;
void *dune_short_syscall = dune_no_short_syscall;
void *dune_ring3_syscall = dune_long_syscall_entry;

static unsigned int own_pgflts, own_syscalls;	/* handlers that are threads' own */
static bool long_pgflts, long_syscalls;
static uint32_t lock;

/* Each of the two entries has a function to call whichever is in the IDT. */
static void choose_pgflt(const struct dune_handler *h)
{
	bool is_short = h->fn && (h->flags & DUNE_TRAP_GPRS_ONLY) && !own_pgflts && !long_pgflts;
	bool args_only = is_short && (h->flags & DUNE_TRAP_ARGS_ONLY);

	__atomic_store_n(&dune_short_pgflt, is_short ? h->fn : dune_no_short_pgflt,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&dune_args_pgflt, args_only ? h->fn : dune_no_args_pgflt,
			 __ATOMIC_RELEASE);
	dune_idt_set_pgflt(args_only);
}

/* The function first: who is in the entry already has one to call. */
static void choose_syscall(const struct dune_handler *h)
{
	bool args_only = h->fn && (h->flags & DUNE_TRAP_ARGS_ONLY) && !own_syscalls &&
			 !long_syscalls;

	__atomic_store_n(&dune_short_syscall, args_only ? h->fn : dune_no_short_syscall,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&dune_ring3_syscall,
			 args_only ? dune_args_syscall_entry : dune_long_syscall_entry,
			 __ATOMIC_RELEASE);
}

static void choose_short(void)
{
	choose_pgflt(&process.of[HANDLER_PGFLT]);
	choose_syscall(&process.of[HANDLER_SYSCALL]);
}

/* From now on those of @which kind may be libdune's own to handle: a look is needed. */
void dune_handlers_lengthen(unsigned int which)
{
	struct dune_held held;

	dune_lock(&lock, &held);
	if (which == HANDLER_PGFLT)
		long_pgflts = true;
	else
		long_syscalls = true;
	choose_short();
	dune_unlock(&lock, &held);
}

/* In the child: a thread that it does not have may have held the lock. */
void dune_handlers_after_fork(void)
{
	lock = 0;
}

/* @flags first: a reader that sees the function sees its flags. */
int dune_handler_set(struct dune_handler *h, void *fn, unsigned int flags)
{
	if (flags & ~DUNE_TRAP_GPRS_ONLY)
		return -EINVAL;
	__atomic_store_n(&h->fn, NULL, __ATOMIC_RELEASE);
	h->flags = flags;
	__atomic_store_n(&h->fn, fn, __ATOMIC_RELEASE);
	return 0;
}

static unsigned int *own_count(unsigned int which)
{
	return which == HANDLER_PGFLT ? &own_pgflts :
	       which == HANDLER_SYSCALL ? &own_syscalls : NULL;
}

static void count_own(unsigned int which, int change)
{
	unsigned int *count = own_count(which);

	if (count)
		*count += change;
}

static int set(struct dune_handlers *handlers, unsigned int which, void *fn, unsigned int flags)
{
	struct dune_handler *h = &handlers->of[which];
	unsigned int args_only = which >= HANDLER_PGFLT ? flags & DUNE_TRAP_ARGS_ONLY : 0;
	struct dune_held held;
	int r;

	if (args_only)
		flags = (flags & ~args_only) | DUNE_TRAP_GPRS_ONLY;
	dune_lock(&lock, &held);
	if (handlers != &process)
		count_own(which, !!fn - !!h->fn);
	r = dune_handler_set(h, fn, flags);
	if (!r)
		h->flags |= args_only;
	choose_short();
	dune_unlock(&lock, &held);
	return r;
}

static int set_own(unsigned int which, void *fn, unsigned int flags)
{
	struct dune_thread *t;

	if (!dune_active())
		return -EINVAL;
	t = dune_this_thread();
	if (!t->handlers) {
		struct dune_handlers *handlers = dune_map(sizeof(*handlers));

		if (!handlers)
			return -ENOMEM;
		t->handlers = handlers;
	}
	return set(t->handlers, which, fn, flags);
}

void dune_handlers_free(struct dune_thread *t)
{
	if (!t->handlers)
		return;
	set(t->handlers, HANDLER_PGFLT, NULL, 0);
	set(t->handlers, HANDLER_SYSCALL, NULL, 0);
	dune_unmap(t->handlers, sizeof(*t->handlers));
	t->handlers = NULL;
}

static bool is_programs(unsigned int vector)
{
	return vector < VECTOR_SIGNAL && vector != TRAP_NMI && vector != TRAP_DF &&
	       vector != TRAP_MC;
}

DUNE_API int dune_trap_set_handler(unsigned int vector, dune_trap_fn fn, unsigned int flags)
{
	int r = is_programs(vector) ? set(&process, vector, fn, flags) : -EINVAL;

	return r ? FAIL(r) : 0;
}

DUNE_API int dune_trap_set_pgflt_handler(dune_pgflt_fn fn, unsigned int flags)
{
	return set(&process, HANDLER_PGFLT, fn, flags) ? FAIL(-EINVAL) : 0;
}

DUNE_API int dune_trap_set_syscall_handler(dune_syscall_fn fn, unsigned int flags)
{
	return set(&process, HANDLER_SYSCALL, fn, flags) ? FAIL(-EINVAL) : 0;
}

DUNE_API int dune_thread_set_trap_handler(unsigned int vector, dune_trap_fn fn,
					  unsigned int flags)
{
	int r = is_programs(vector) ? set_own(vector, fn, flags) : -EINVAL;

	return r ? FAIL(r) : 0;
}

DUNE_API int dune_thread_set_pgflt_handler(dune_pgflt_fn fn, unsigned int flags)
{
	int r = set_own(HANDLER_PGFLT, fn, flags);

	return r ? FAIL(r) : 0;
}

DUNE_API int dune_thread_set_syscall_handler(dune_syscall_fn fn, unsigned int flags)
{
	int r = set_own(HANDLER_SYSCALL, fn, flags);

	return r ? FAIL(r) : 0;
}

static bool has(const struct dune_thread *t, unsigned int which)
{
	return process.of[which].fn || (t->handlers && t->handlers->of[which].fn);
}

bool dune_pgflt_claimed(const struct dune_thread *t)
{
	return has(t, HANDLER_PGFLT) || has(t, TRAP_PF);
}

/* Whether there is a handler and it took the trap. */
bool dune_handler_claims(struct dune_handler *h, uint64_t a, uint64_t b, uint64_t c)
{
	int (*fn)(uint64_t a, uint64_t b, uint64_t c) =
		__atomic_load_n(&h->fn, __ATOMIC_ACQUIRE);

	if (!fn)
		return false;
	if (h->flags & DUNE_TRAP_GPRS_ONLY)
		return fn(a, b, c) == DUNE_TRAP_DONE;
	return (int)dune_call_saving_vectors(fn, a, b, c) == DUNE_TRAP_DONE;
}

bool dune_handlers_claim(unsigned int which, uint64_t a, uint64_t b, uint64_t c)
{
	struct dune_handlers *own = dune_this_thread()->handlers;

	return (own && dune_handler_claims(&own->of[which], a, b, c)) ||
	       dune_handler_claims(&process.of[which], a, b, c);
}

struct dune_handler *dune_syscall_handler(void)
{
	struct dune_handlers *own = dune_this_thread()->handlers;

	return own && own->of[HANDLER_SYSCALL].fn ? &own->of[HANDLER_SYSCALL] :
	       &process.of[HANDLER_SYSCALL];
}
