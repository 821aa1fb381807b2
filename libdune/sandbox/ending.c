/* SPDX-License-Identifier: MIT */
/*
 * ending.c - a domain's end, and what is told of it
 */
#include <asm/signal.h>

#include "domain.h"

/* In which file @rip is; of what was loaded there last. */
static void find_module(struct dune_domain *d, uint64_t rip)
{
	unsigned int i = d->nr_modules;

	while (i--) {
		const struct dom_module *m = &d->modules[i];

		if (rip < m->start || rip >= m->end)
			continue;
		__builtin_memcpy(d->report.module, m->name, NAME_SIZE);
		d->report.offset = rip - m->start + m->offset;
		return;
	}
}

/* It has ended; of several reasons the first counts. */
void dune_dom_note(struct dom_call *c, const struct dune_tf *tf, enum dune_domain_cause cause,
		   int signal)
{
	struct dune_domain *d = c->d;
	struct dune_domain_report *report = &d->report;

	dom_lock(d);
	if (d->dead) {
		dom_unlock(d);
		return;
	}
	if (d->memory_refused && (cause == DUNE_DOMAIN_CRASHED || cause == DUNE_DOMAIN_ABORTED))
		cause = DUNE_DOMAIN_MEMORY;
	report->cause = cause;
	report->signal = signal;
	report->status = cause == DUNE_DOMAIN_EXITED ? (int)(tf->rdi & 0xff) : 0;
	report->rip = tf->rip;
	report->rsp = tf->rsp;
	find_module(d, tf->rip);
	__atomic_store_n(&d->dead, 1, __ATOMIC_SEQ_CST);
	dom_unlock(d);
	dune_deadline_kick(d);
}

void dune_dom_end(struct dom_call *c, const struct dune_tf *tf, enum dune_domain_cause cause,
		  int signal)
{
	dune_dom_note(c, tf, cause, signal);
	dune_dom_leave(c);
}

static int signal_of(uint64_t vector)
{
	switch (vector) {
	case TRAP_DE:
	case TRAP_MF:
	case TRAP_XM:
		return SIGFPE;
	case TRAP_DB:
	case TRAP_BP:
		return SIGTRAP;
	case TRAP_UD:
		return SIGILL;
	case TRAP_NP:
	case TRAP_SS:
	case TRAP_AC:
		return SIGBUS;
	}
	return SIGSEGV;
}

#define NEAR	65536UL

/* An access around the stack pointer to where nothing may be accessed. */
static bool stack_is_full(struct dune_domain *d, const struct dune_tf *tf, uint64_t addr)
{
	const struct extent *e = dune_extents_find(&d->extents, addr);

	return addr - (tf->rsp - NEAR) < 2 * NEAR && (!e || !e->prot) &&
	       dune_mem_inside(d, addr, 1);
}

/* From trap.c: an exception in a domain ends it. */
void dune_dom_trap(struct dom_call *c, struct dune_tf *tf, uintptr_t cr2)
{
	enum dune_domain_cause cause = DUNE_DOMAIN_CRASHED;
	struct dune_domain *d = c->d;

	asm volatile("cli" : : : "memory");
	dune_space_to_mirror(dune_this_thread());
	dom_lock(d);
	if (!d->dead) {
		d->report.vector = tf->vector;
		d->report.error = tf->error;
		d->report.address = cr2;
	}
	if (tf->vector == TRAP_PF && stack_is_full(d, tf, cr2))
		cause = DUNE_DOMAIN_STACK;
	dom_unlock(d);
	dune_dom_end(c, tf, cause, signal_of(tf->vector));
}

/* Nobody runs here for whom to tell where. */
DUNE_API int dune_domain_end(struct dune_domain *d)
{
	if (!dune_active())
		return -EPERM;
	dom_lock(d);
	if (!d->dead)
		d->report.cause = DUNE_DOMAIN_ENDED;
	__atomic_store_n(&d->dead, 1, __ATOMIC_SEQ_CST);
	dom_unlock(d);
	dune_deadline_kick(d);
	return 0;
}

DUNE_API int dune_domain_report(struct dune_domain *d, struct dune_domain_report *report)
{
	if (!dune_active())
		return -EPERM;
	dom_lock(d);
	*report = d->report;
	report->memory = d->extents.memory;
	dom_unlock(d);
	return 0;
}
