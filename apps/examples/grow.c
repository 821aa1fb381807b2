/* SPDX-License-Identifier: MIT */
/*
 * grow.c - an array that grows when it is used: a page-fault handler at work
 *
 * The program reserves 64 MiB of addresses and uses them as if they were memory.
 * Each fault makes the array twice as long, without a signal and without a check
 * at any access.
 */
#include <stdio.h>
#include <stdint.h>
#include <sys/mman.h>

#include <dune/dune.h>
#include <dune/trap.h>

#define RESERVED	(64UL << 20)

static char *array;
static size_t length = 4096;
static int faults;

static int on_page_fault(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	size_t wanted = addr - (uintptr_t)array;

	/* Whatever is not the array's gets its SIGSEGV, as without us. */
	if (addr < (uintptr_t)array || wanted >= RESERVED)
		return DUNE_TRAP_PASS;
	while (length <= wanted)
		length *= 2;
	if (mprotect(array, length, PROT_READ | PROT_WRITE))
		return DUNE_TRAP_PASS;
	faults++;
	return DUNE_TRAP_DONE;
}

static int enter(void)
{
	int r = dune_init(0);

	if (!r)
		r = dune_enter();
	if (r)
		fprintf(stderr, "grow: %s\n", dune_strerror(r));
	return r;
}

int main(void)
{
	size_t i, n = 40 << 20;

	array = mmap(NULL, RESERVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (array == MAP_FAILED) {
		perror("grow: mmap");
		return 1;
	}
	if (enter())
		return 1;
	dune_trap_set_pgflt_handler(on_page_fault, 0);

	for (i = 0; i < n; i += 64)
		array[i] = i >> 12;
	printf("grow: %zu MiB used, %zu MiB long, %d faults\n", n >> 20, length >> 20, faults);
	return dune_leave() ? 1 : 0;
}
