/* SPDX-License-Identifier: MIT */
/*
 * compat_appel_test.c - Appel's and Li's figures, as a benchmark of 2013 would
 */
#include <string.h>
#include <sys/mman.h>

#include "libdune/dune.h"
#include "check.h"

#define PASSES	20
#define NRPGS	100
#define MEM	((char *)0x400000000000)

static unsigned long trap_tsc, trap_sum;
static int faults;

static void open_page(uintptr_t addr)
{
	ptent_t *pte;

	dune_vm_lookup(pgroot, (void *)addr, CREATE_NONE, &pte);
	*pte |= PTE_P | PTE_W | PTE_A | PTE_D;
}

static void one_for_one(uintptr_t addr, uint64_t fec, struct dune_tf *tf)
{
	uintptr_t other = addr + NRPGS * PGSIZE;
	ptent_t *pte;

	trap_sum += dune_get_ticks() - trap_tsc;
	faults++;
	open_page(addr);
	dune_vm_lookup(pgroot, (void *)other, CREATE_NONE, &pte);
	*pte = PTE_ADDR(*pte);
	dune_flush_tlb_one(other);
}

static void one(uintptr_t addr, uint64_t fec, struct dune_tf *tf)
{
	faults++;
	open_page(addr);
}

static void write_all(int pages)
{
	int i;

	for (i = 0; i < pages; i++) {
		trap_tsc = dune_get_ticks();
		MEM[i * PGSIZE] = i;
	}
}

static unsigned long pass(dune_pgflt_cb handler, int timed)
{
	unsigned long start;

	dune_register_pgflt_handler(handler);
	faults = 0;
	if (!timed) {
		dune_vm_mprotect(pgroot, MEM, 2 * NRPGS * PGSIZE, PERM_R | PERM_W);
		write_all(2 * NRPGS);
		start = dune_get_ticks();
		dune_vm_mprotect(pgroot, MEM, NRPGS * PGSIZE, PERM_R);
	} else {
		dune_vm_mprotect(pgroot, MEM, NRPGS * PGSIZE, PERM_R);
		start = dune_get_ticks();
	}
	write_all(NRPGS);
	return dune_get_ticks() - start;
}

static unsigned long best(dune_pgflt_cb handler, int timed)
{
	unsigned long best = ~0UL, t;
	int i;

	for (i = 0; i < PASSES; i++) {
		t = pass(handler, timed);
		if (t < best)
			best = t;
	}
	return best;
}

int main(int argc, char *argv[])
{
	int i, good = 1, ret = dune_init_and_enter();
	struct page *pg;

	if (ret) {
		printf("failed to initialize DUNE\n");
		return ret;
	}
	CHECK("dune_vm_map_pages", !dune_vm_map_pages(pgroot, MEM, 2 * NRPGS * PGSIZE, PERM_R | PERM_W));
	write_all(2 * NRPGS);
	dune_printf("# PROT1, TRAP, UNPROT: %lu ticks\n", best(one_for_one, 1));
	CHECK("a fault for each page", faults == NRPGS);
	dune_printf("# TRAP: %lu ticks\n", trap_sum / (PASSES * NRPGS));
	dune_printf("# PROTN, TRAP, UNPROT: %lu ticks\n", best(one, 0));
	CHECK("here too", faults == NRPGS);
	for (i = 0; i < NRPGS; i++)
		good &= MEM[i * PGSIZE] == (char)i;
	CHECK("all was written", good);
	/* Also those whose entries the handler has reduced to an address. */
	pg = dune_vm_lookup_page(pgroot, MEM + NRPGS * PGSIZE);
	dune_vm_unmap(pgroot, MEM, 2 * NRPGS * PGSIZE);
	CHECK("all is given back", pg && !dune_page_isfrompool(dune_page2pa(pg)));
	return done();
}
