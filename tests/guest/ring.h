/* SPDX-License-Identifier: MIT */
/*
 * ring.h - what the tests of ring 3 share: programs for it, handlers, what they saw
 */
#ifndef _TESTS_GUEST_RING_H
#define _TESTS_GUEST_RING_H

#include <errno.h>
#include <sys/mman.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#include "kselftest_harness.h"

#define RING3		0x400000000000UL
#define SIZE		(64 * 1024UL)
#define NR_LEAVE	1000
#define GPRS_ONLY	__attribute__((target("general-regs-only")))

#define ENTER() do { ASSERT_EQ(0, dune_init(0)); ASSERT_EQ(0, dune_enter()); } while (0)

/* Ring 3's programs: position-independent, copied to where it may run. */
#define PROGRAM(name, code)						\
	asm(".pushsection .rodata\n" #name ":\n" code			\
	    "\n	mov	%rax, %rdi\n	mov	$1000, %eax\n	syscall\n" #name "_end:\n.popsection"); \
	extern const char name[], name##_end[]

static char *memory;
static volatile long calls, traps;
static volatile uint64_t seen_vector, seen_error, seen_rip, seen_rax, seen_cs, seen_flags;

static void prepare(void)
{
	memory = mmap((void *)RING3, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	dune_vm_slot_protect(RING3, 1UL << 30, DUNE_PTE_U);
}

static struct dune_tf begin(const char *program, const char *end)
{
	/* SMAP: not by ring 0's own hands. */
	dune_copy_to_user(RING3, program, end - program);
	return (struct dune_tf) { .rip = RING3, .rsp = RING3 + SIZE - 64, .rflags = 2 };
}
#define BEGIN(name)	begin(name, name##_end)

GPRS_ONLY static void answer(struct dune_tf *tf)
{
	calls++;
	if (tf->rax == NR_LEAVE)
		dune_ring3_exit(tf->rdi);
	tf->rax = tf->rax + tf->rdi + tf->rsi + tf->rdx + tf->r10 + tf->r8 + tf->r9;
}

GPRS_ONLY static int count(struct dune_tf *tf)
{
	traps++;
	seen_vector = tf->vector;
	seen_error = tf->error;
	seen_rip = tf->rip;
	seen_rax = tf->rax;
	seen_cs = tf->cs;
	tf->rax = 4;
	if (tf->vector == 13)
		tf->rip += 2;		/* INT n, SYSENTER */
	return DUNE_TRAP_DONE;
}

/* Of handlers of system calls. */
static const unsigned int kinds[] = { 0, DUNE_TRAP_GPRS_ONLY, DUNE_TRAP_ARGS_ONLY };

#endif /* _TESTS_GUEST_RING_H */
