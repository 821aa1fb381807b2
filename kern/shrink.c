// SPDX-License-Identifier: GPL-2.0-only
/*
 * shrink.c - give EPT tables back when memory is short
 *
 * They are a copy, made again on the next violation. Tables that nothing went
 * through since the last look go first.
 */
#include <linux/shrinker.h>

#include "dune.h"
#include "vms.h"

static unsigned long count(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long n = 0;
	struct dune_vm *vm;

	spin_lock(&dune_vms_lock);
	list_for_each_entry(vm, &dune_vms, in_all)
		n += READ_ONCE(vm->ept.nr_tables);
	spin_unlock(&dune_vms_lock);
	return n ?: SHRINK_EMPTY;
}

static void shrink_vm(struct dune_vm *vm, struct ept_cold *c)
{
	unsigned long before = c->cut;

	if (!spin_trylock(&vm->ept_lock))
		return;
	ept_zap_cold(&vm->ept, c);
	if (c->cut != before)
		dune_vm_flush_ept(vm);
	spin_unlock(&vm->ept_lock);
	ept_free_removed(&c->removed, false);	/* under dune_vms_lock */
}

/* Each VM once, and the one asked first comes last the next time. */
static unsigned long scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct ept_cold c = { .look = sc->nr_to_scan };
	struct dune_vm *vm;

	spin_lock(&dune_vms_lock);
	list_for_each_entry(vm, &dune_vms, in_all) {
		shrink_vm(vm, &c);
		if (!c.look)
			break;
	}
	list_rotate_left(&dune_vms);
	spin_unlock(&dune_vms_lock);
	if (c.look && !c.cut)
		return SHRINK_STOP;
	return c.cut;
}

#ifdef HAVE_SHRINKER_ALLOC
static struct shrinker *shrinker;

int __init dune_shrink_init(void)
{
	int r = dune_fail_step();

	shrinker = r ? NULL : shrinker_alloc(0, "dune-ept");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker_register(shrinker);
	return 0;
}

void dune_shrink_exit(void)
{
	shrinker_free(shrinker);
}
#else
static struct shrinker shrinker = {
	.count_objects	= count,
	.scan_objects	= scan,
	.seeks		= DEFAULT_SEEKS,
};

int __init dune_shrink_init(void)
{
	return dune_fail_step() ?: register_shrinker(&shrinker, "dune-ept");
}

void dune_shrink_exit(void)
{
	unregister_shrinker(&shrinker);
}
#endif
