/* SPDX-License-Identifier: MIT */
/*
 * vm.h - guest page tables as the CPU finds them: reads and writes that may fault
 */
#ifndef _TESTS_GUEST_VM_H
#define _TESTS_GUEST_VM_H

#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#define ENTER() do { ASSERT_EQ(0, dune_init(0)); ASSERT_EQ(0, dune_enter()); } while (0)

#define PAGE	4096UL
#define MIB	(1UL << 20)
#define GIB	(1UL << 30)
/* Where Linux has nothing. */
#define FREE	0x210000000000UL

#define R	DUNE_PTE_P
#define RW	(DUNE_PTE_P | DUNE_PTE_W)

static __thread sigjmp_buf back;
static __thread volatile uint64_t fault_error, fault_at;
static volatile int faults;

static inline int on_fault(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	faults++;
	fault_at = addr;
	fault_error = error;
	siglongjmp(back, 1);
}

/* The byte, or -1 for a page fault. */
static inline int peek(uintptr_t at)
{
	if (sigsetjmp(back, 0))
		return -1;
	return *(volatile unsigned char *)at;
}

static inline int poke(uintptr_t at, int value)
{
	if (sigsetjmp(back, 0))
		return -1;
	*(volatile unsigned char *)at = value;
	return 0;
}

static inline char *memory(size_t size)
{
	char *p = mmap(NULL, size + 2 * MIB, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : (char *)(((uintptr_t)p + 2 * MIB - 1) & ~(2 * MIB - 1));
}

static inline void begin(void)
{
	dune_trap_set_pgflt_handler(on_fault, 0);
}

#endif /* _TESTS_GUEST_VM_H */
