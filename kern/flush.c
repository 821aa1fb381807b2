// SPDX-License-Identifier: GPL-2.0-only
/*
 * flush.c - make vcpus forget translations
 *
 * What counts is which CPUs are in the guest, not how many vcpus there are: a
 * vcpu that is elsewhere passes the check of the generation before it enters.
 */
#include <linux/percpu.h>
#include <linux/smp.h>

#include "vmx.h"

DEFINE_PER_CPU(struct dune_vm *, dune_in_guest);

static bool is_in_guest(int cpu, void *vm)
{
	return READ_ONCE(*per_cpu_ptr(&dune_in_guest, cpu)) == vm;
}

static void nothing(void *unused)
{
}

/*
 * Make every vcpu of @vm that is in the guest leave it, and wait until it has:
 * whoever enters after this sees the new generation. Interrupts are on, and this
 * CPU is not in the guest.
 */
static void kick(struct dune_vm *vm)
{
	int cpu;

	WRITE_ONCE(vm->generation, vm->generation + 1);
	smp_mb();	/* pairs with the one between dune_in_guest and generation in run.c */

	for_each_cpu(cpu, &vm->cpus)
		if (is_in_guest(cpu, vm)) {
			vm->kicks++;
			on_each_cpu_cond_mask(is_in_guest, nothing, vm, true, &vm->cpus);
			return;
		}
}

void dune_vm_flush_ept(struct dune_vm *vm)
{
	lockdep_assert_held(&vm->ept_lock);
	WRITE_ONCE(vm->ept_generation, vm->ept_generation + 1);
	kick(vm);
}

void dune_vm_flush_guest(struct dune_vm *vm)
{
	lockdep_assert_held(&vm->ept_lock);
	kick(vm);
}
