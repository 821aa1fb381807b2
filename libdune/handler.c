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

/* Each of the two entries has a function to call whichever is in the IDT. */
static void choose_pgflt(uint64_t word)
{
	bool is_short = dune_handler_is(word, DUNE_TRAP_GPRS_ONLY) && !own_pgflts && !long_pgflts;
	bool args_only = is_short && dune_handler_is(word, DUNE_TRAP_ARGS_ONLY);

	__atomic_store_n(&dune_short_pgflt,
			 is_short ? dune_handler_fn(word) : dune_no_short_pgflt,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&dune_args_pgflt,
			 args_only ? dune_handler_fn(word) : dune_no_args_pgflt,
			 __ATOMIC_RELEASE);
	dune_idt_set_pgflt(args_only);
}

/* The function first: who is in the entry already has one to call. */
static void choose_syscall(uint64_t word)
{
	bool args_only = dune_handler_is(word, DUNE_TRAP_ARGS_ONLY) && !own_syscalls &&
			 !long_syscalls;

	__atomic_store_n(&dune_short_syscall,
			 args_only ? dune_handler_fn(word) : dune_no_short_syscall,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&dune_ring3_syscall,
			 args_only ? dune_args_syscall_entry : dune_long_syscall_entry,
			 __ATOMIC_RELEASE);
}

static void choose_short(void)
{
	choose_pgflt(process.of[HANDLER_PGFLT].word);
	choose_syscall(process.of[HANDLER_SYSCALL].word);
}

static void lock_handlers(struct dune_held *held)
{
	dune_locks_begin();
	dune_lock(&dune_locks.handlers, held);
}

/* From now on those of @which kind may be libdune's own to handle: a look is needed. */
void dune_handlers_lengthen(unsigned int which)
{
	struct dune_held held;

	lock_handlers(&held);
	if (which == HANDLER_PGFLT)
		long_pgflts = true;
	else
		long_syscalls = true;
	choose_short();
	dune_unlock(&dune_locks.handlers, &held);
}

/* In the child of a fork: of the threads that have handlers of their own, @t is left. */
void dune_handlers_count_again(const struct dune_thread *t)
{
	const struct dune_handler *own = t && t->handlers ? t->handlers->of : NULL;
	struct dune_held held;

	lock_handlers(&held);
	own_pgflts = own && own[HANDLER_PGFLT].word;
	own_syscalls = own && own[HANDLER_SYSCALL].word;
	choose_short();
	dune_unlock(&dune_locks.handlers, &held);
}

void dune_handlers_after_fork(void)
{
	dune_handlers_count_again(NULL);
}

/* False: @fn or @flags, which may be some of @allowed, cannot be a handler's. */
static bool make_word(uint64_t *word, void *fn, unsigned int flags, unsigned int allowed)
{
	if ((flags & ~allowed) || (uintptr_t)fn >> 47)
		return false;
	if (flags & DUNE_TRAP_ARGS_ONLY)
		flags |= DUNE_TRAP_GPRS_ONLY;
	*word = fn ? (uintptr_t)fn | (uint64_t)flags << HANDLER_FLAGS : 0;
	return true;
}

int dune_handler_set(struct dune_handler *h, void *fn, unsigned int flags)
{
	uint64_t word;

	if (!make_word(&word, fn, flags, DUNE_TRAP_GPRS_ONLY))
		return -EINVAL;
	__atomic_store_n(&h->word, word, __ATOMIC_RELEASE);
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
	unsigned int allowed = DUNE_TRAP_GPRS_ONLY |
			       (which >= HANDLER_PGFLT ? DUNE_TRAP_ARGS_ONLY : 0);
	struct dune_handler *h = &handlers->of[which];
	struct dune_held held;
	uint64_t word;

	if (!make_word(&word, fn, flags, allowed))
		return -EINVAL;
	lock_handlers(&held);
	if (handlers != &process)
		count_own(which, !!word - !!h->word);
	__atomic_store_n(&h->word, word, __ATOMIC_RELEASE);
	choose_short();
	dune_unlock(&dune_locks.handlers, &held);
	return 0;
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
	return process.of[which].word || (t->handlers && t->handlers->of[which].word);
}

bool dune_pgflt_claimed(const struct dune_thread *t)
{
	return has(t, HANDLER_PGFLT) || has(t, TRAP_PF);
}

/* Whether there is a handler and it took the trap. */
bool dune_handler_claims(const struct dune_handler *h, uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t word = dune_handler_get(h);
	int (*fn)(uint64_t a, uint64_t b, uint64_t c) = dune_handler_fn(word);

	if (!word)
		return false;
	if (dune_handler_is(word, DUNE_TRAP_GPRS_ONLY))
		return fn(a, b, c) == DUNE_TRAP_DONE;
	return (int)dune_call_saving_vectors(fn, a, b, c) == DUNE_TRAP_DONE;
}

bool dune_handlers_claim(unsigned int which, uint64_t a, uint64_t b, uint64_t c)
{
	struct dune_handlers *own = dune_this_thread()->handlers;

	return (own && dune_handler_claims(&own->of[which], a, b, c)) ||
	       dune_handler_claims(&process.of[which], a, b, c);
}

/* As one word, see struct dune_handler. */
uint64_t dune_syscall_handler(void)
{
	const struct dune_handlers *own = dune_this_thread()->handlers;
	uint64_t word = own ? dune_handler_get(&own->of[HANDLER_SYSCALL]) : 0;

	return word ?: dune_handler_get(&process.of[HANDLER_SYSCALL]);
}
