/* SPDX-License-Identifier: MIT */
/*
 * apic.c - numbers of local APICs; interrupts between threads there are none
 *
 * Posted interrupts are not used: what would send or end one says -EOPNOTSUPP.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <errno.h>
#include <sched.h>

#include "compat.h"

#define MAX_CPUS	4096

static uint32_t apic_ids[MAX_CPUS];	/* + 1; 0: not known */

/* Of the CPU that runs us now: 32 bits where the CPU says so many. */
uint32_t dune_compat_apic_id(void)
{
	uint32_t a, b, c, d;

	if (__get_cpuid_count(0xb, 0, &a, &b, &c, &d) && b)
		return d;
	__cpuid(1, a, b, c, d);
	return b >> 24;
}

/* Keep the number of this CPU for dune_apic_id_for_cpu(). */
void dune_compat_apic_init_rt_entry(void)
{
	unsigned int cpu;
	uint32_t id;

	do {
		cpu = sched_getcpu();
		id = dune_compat_apic_id();
	} while (cpu != (unsigned int)sched_getcpu());
	if (cpu < MAX_CPUS)
		__atomic_store_n(&apic_ids[cpu], id + 1, __ATOMIC_RELAXED);
}

uint32_t dune_compat_apic_id_for_cpu(uint32_t cpu, bool *error)
{
	uint32_t id = cpu < MAX_CPUS ? __atomic_load_n(&apic_ids[cpu], __ATOMIC_RELAXED) : 0;

	if (!id && error)
		*error = true;
	return id ? id - 1 : 0;
}

int dune_compat_apic_send_ipi(uint8_t vector, uint32_t dest_apic_id)
{
	return -EOPNOTSUPP;
}

int dune_compat_apic_eoi(void)
{
	return -EOPNOTSUPP;
}
