/* SPDX-License-Identifier: MIT */
/*
 * trapped.c - for a debugger: handlers of traps, and functions that they interrupt
 *
 * Each way to a handler has entry code of its own, through which a backtrace goes.
 */
#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>
#include <stdio.h>
#include <sys/mman.h>

#define GPRS_ONLY	__attribute__((target("general-regs-only")))

static volatile int handled, returned;
static char *page;

__attribute__((noinline)) GPRS_ONLY static int on_trap(struct dune_tf *tf)
{
	handled++;
	tf->rip += 2;
	return DUNE_TRAP_DONE;
}

__attribute__((noinline)) GPRS_ONLY static int on_fault(uintptr_t addr, uint64_t error,
							struct dune_tf *tf)
{
	handled++;
	dune_vm_protect(dune_vm_mirror(), addr & -4096UL, 4096, DUNE_PTE_P | DUNE_PTE_W);
	return DUNE_TRAP_DONE;
}

__attribute__((noinline)) static void trap(void)
{
	asm volatile("ud2" : : : "memory");
	returned++;
}

__attribute__((noinline)) static void fault(void)
{
	*(volatile char *)page = 1;
	returned++;
}

/* Something of its own that it wants back, in a register that a trap saves. */
__attribute__((noinline)) static void call(int n, void (*function)(void))
{
	function();
	returned += n;
}

int main(void)
{
	static const unsigned int ways[] = { 0, DUNE_TRAP_GPRS_ONLY, DUNE_TRAP_ARGS_ONLY };
	int i;

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || dune_init(0) || dune_enter())
		return 1;
	for (i = 0; i < 2; i++) {
		dune_trap_set_handler(6, on_trap, ways[i]);
		call(10 + i, trap);
	}
	*(volatile char *)page = 0;
	for (i = 0; i < 3; i++) {
		if (dune_vm_protect(dune_vm_mirror(), (uintptr_t)page, 4096, DUNE_PTE_P))
			return 1;
		dune_trap_set_pgflt_handler(on_fault, ways[i]);
		call(20 + i, fault);
	}
	dune_leave();
	printf("handled %d, returned %d\n", handled, returned);
	return 0;
}
