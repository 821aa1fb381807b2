/* SPDX-License-Identifier: MIT */
/*
 * hello.c - into Dune mode, a look around, and out again
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <dune/dune.h>
#include <dune/trap.h>

/* Linux refuses this page: allow it and let the instruction run again. */
static int on_page_fault(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	printf("page fault at %#lx, error code %#lx, rip %#lx\n", addr, error, tf->rip);
	mprotect((void *)(addr & ~4095UL), 4096, PROT_READ | PROT_WRITE);
	return DUNE_TRAP_DONE;
}

/* The divisor is in ECX (see below). */
static int on_divide_error(struct dune_tf *tf)
{
	printf("divide error at rip %#lx: dividing by 2 instead\n", tf->rip);
	tf->rcx = 2;
	return DUNE_TRAP_DONE;
}

int main(void)
{
	volatile int *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long cs, cr3;
	char line[80] = "";
	int r, quotient;
	FILE *file;

	r = dune_init(0);
	r = r ? r : dune_enter();
	if (r) {
		fprintf(stderr, "dune-hello: %s\n", dune_strerror(r));
		return 1;
	}
	asm volatile("mov %%cs, %0" : "=r" (cs));
	asm volatile("mov %%cr3, %0" : "=r" (cr3));
	printf("hello from Dune mode: CPL %lu, CR3 %#lx\n", cs & 3, cr3);

	dune_trap_set_pgflt_handler(on_page_fault, 0);
	*page = 42;
	dune_trap_set_handler(0, on_divide_error, 0);
	asm volatile("cltd; idivl %%ecx" : "=a" (quotient) : "a" (*page), "c" (0) : "edx");
	printf("42 / 2 = %d\n", quotient);

	file = fopen("/proc/version", "r");
	if (file && fgets(line, sizeof(line), file))
		printf("/proc/version: %s\n", line);
	r = dune_leave();
	asm volatile("mov %%cs, %0" : "=r" (cs));
	printf("left Dune mode: CPL %lu\n", cs & 3);
	return r ? 1 : 0;
}
