/* SPDX-License-Identifier: MIT */
/*
 * spare.c - ended threads' blocks and vcpus, kept for the next ones
 *
 * Making a vcpu and touching fresh memory costs several times what Linux takes
 * for a whole thread.
 */
#include "priv.h"

#define NR_SPARE	16

#define FREE		0	/* a place for one; else a struct dune_thread's address */
#define TAKEN		1	/* a place that somebody is about to fill */
static uintptr_t spare[NR_SPARE];

static bool change(uintptr_t *place, uintptr_t from, uintptr_t to)
{
	return __atomic_compare_exchange_n(place, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* Where to write a thread's address once nobody uses it any more; NULL: nowhere. */
uintptr_t *dune_spare_place(void)
{
	unsigned int i;

	for (i = 0; i < NR_SPARE; i++)
		if (spare[i] == FREE && change(&spare[i], FREE, TAKEN))
			return &spare[i];
	return NULL;
}

struct dune_thread *dune_spare_take(void)
{
	unsigned int i;

	for (i = 0; i < NR_SPARE; i++) {
		uintptr_t t = __atomic_load_n(&spare[i], __ATOMIC_RELAXED);

		if (t > TAKEN && change(&spare[i], t, FREE))
			return (struct dune_thread *)t;
	}
	return NULL;
}

/* The process ends. */
void dune_spare_close(void)
{
	unsigned int i;

	for (i = 0; i < NR_SPARE; i++)
		if (spare[i] > TAKEN)
			dune_thread_close((struct dune_thread *)spare[i]);
}

/* In the child of a fork: their vcpus are the parent's VM's. */
void dune_spare_forget(void)
{
	unsigned int i;
	uintptr_t t;

	for (i = 0; i < NR_SPARE; i++) {
		t = spare[i];
		spare[i] = FREE;	/* first: this may be forked in its turn */
		if (t > TAKEN)
			dune_unmap(((struct dune_thread *)t)->block, BLOCK_SIZE);
	}
}
