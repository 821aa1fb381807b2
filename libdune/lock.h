/* SPDX-License-Identifier: MIT */
/*
 * lock.h - locks that signal handlers and trap handlers may want, too
 *
 * While one is held no signal interrupts the thread: in Dune mode interrupts are
 * off, outside signals are blocked. So the holder must not trap or make system
 * calls, but for those that lock.c makes itself.
 */
#ifndef _LIBDUNE_LOCK_H
#define _LIBDUNE_LOCK_H

#include "priv.h"

/* What was before the lock was taken: RFLAGS, or the signal mask. */
struct dune_held {
	uint64_t	flags, mask;
	bool		inside;
};

static inline bool dune_inside(void)
{
	uint32_t cs;

	asm volatile("mov %%cs, %0" : "=r" (cs));
	return cs == SEL_KERNEL_CS;
}

/* Whether the calling thread is on @root; in Dune mode. */
static inline bool dune_on_root(const struct dune_root *root)
{
	bool on;

	asm volatile("cmpq %%gs:%c2, %1" : "=@cce" (on)
		     : "r" (root), "i" (offsetof(struct dune_thread, root)));
	return on;
}

static inline uint64_t dune_irq_off(void)
{
	uint64_t flags;

	asm volatile("pushfq\n\tpop %0\n\tcli" : "=r" (flags) : : "memory");
	return flags;
}

static inline void dune_irq_restore(uint64_t flags)
{
	asm volatile("push %0\n\tpopfq" : : "r" (flags) : "memory", "cc");
}

static inline bool dune_try_lock(uint32_t *lock)
{
	bool held;

	asm volatile("lock btsl $0, %1" : "=@ccc" (held), "+m" (*lock) : : "memory");
	return !held;
}

/*
 * Locks that a child of fork() may want before it is in Dune mode again. Linux wipes
 * their page for it: threads that it does not have may have held them.
 */
struct dune_locks {
	uint32_t	sighand, handlers, reopen, output;
} __attribute__((aligned(PAGE_SIZE)));
extern struct dune_locks dune_locks;

/* Before one of them is taken. */
void dune_locks_begin(void);

void dune_lock(uint32_t *lock, struct dune_held *held);
void dune_unlock(uint32_t *lock, const struct dune_held *held);

/* In the host half with all signals blocked. */
void dune_lock_wait(uint32_t *lock);

/* Already under another lock of this kind, which goes before. */
void dune_lock_nested(uint32_t *lock);

static inline void dune_unlock_nested(uint32_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

#endif /* _LIBDUNE_LOCK_H */
