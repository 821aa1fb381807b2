/* SPDX-License-Identifier: MIT */
/*
 * handlers.h - handlers that several tests use, in a table of one's own
 */
#ifndef _TESTS_HANDLERS_H
#define _TESTS_HANDLERS_H

#include <sys/syscall.h>

#include <dune/dune.h>
#include <dune/trap.h>

#include "kselftest_harness.h"
#include "own_root.h"

#define GPRS_ONLY	__attribute__((target("general-regs-only")))
#define PAGE		4096UL
#define W		DUNE_PTE_W
#define EXIT_ELSEWHERE	77

#define ENTER() do { ASSERT_EQ(0, dune_init(0)); ASSERT_EQ(0, dune_enter()); } while (0)

static char *area;
static volatile int faults, traps;
static volatile uintptr_t seen_addr[256], seen_error, seen_rip, seen_sp;

/* In Dune mode, in a table in which single pages can lose their rights. */
#define ENTER_OWN() do { area = own_area(); ENTER(); own_switch(area); } while (0)

GPRS_ONLY static inline int mend(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	/* Elsewhere there is nothing to mend; a test would fault for ever. */
	if (addr - (uintptr_t)area >= OWN_AREA)
		dune_syscall(SYS_exit_group, EXIT_ELSEWHERE, 0, 0, 0, 0, 0);
	seen_addr[faults++ & 255] = addr;
	seen_error = error;
	seen_rip = tf->rip;
	seen_sp = (uintptr_t)__builtin_frame_address(0);
	own_set((void *)addr, 0, W | DUNE_PTE_P);
	return DUNE_TRAP_DONE;
}

static inline volatile char *forbid(size_t offset)
{
	own_set(area + offset, W, 0);
	return area + offset;
}

static inline int skip_ud2(struct dune_tf *tf)
{
	traps++;
	seen_rip = tf->rip;
	seen_sp = (uintptr_t)__builtin_frame_address(0);
	tf->rip += 2;
	return DUNE_TRAP_DONE;
}

#endif /* _TESTS_HANDLERS_H */
