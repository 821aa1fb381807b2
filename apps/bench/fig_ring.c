/* SPDX-License-Identifier: MIT */
/*
 * fig_ring.c - a system call of ring 3, seen by ring 0 first
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#include "bench.h"

#define CALLS		1000
#define RING3_BASE	0x400000000000UL
#define RING3_SIZE	(1UL << 30)

#define GPRS_ONLY	__attribute__((target("general-regs-only")))

static double values[CALLS];

/* %r13 calls of number %r14, the ticks of each to (%rbx); then a breakpoint. */
asm(".pushsection .rodata\n"
    "ring3_code:\n"
    "1:	lfence\n"
    "	rdtsc\n"
    "	shl	$32, %rdx\n"
    "	or	%rax, %rdx\n"
    "	mov	%rdx, %r12\n"
    "	mov	%r14, %rax\n"
    "	syscall\n"
    "	lfence\n"
    "	rdtsc\n"
    "	shl	$32, %rdx\n"
    "	or	%rdx, %rax\n"
    "	sub	%r12, %rax\n"
    "	mov	%rax, (%rbx)\n"
    "	add	$8, %rbx\n"
    "	dec	%r13\n"
    "	jnz	1b\n"
    "	int3\n"
    "ring3_code_end:\n"
    ".popsection");
extern const char ring3_code[], ring3_code_end[];

GPRS_ONLY static void answer(struct dune_tf *tf)
{
	tf->rax = 42;
}

GPRS_ONLY static void forward(struct dune_tf *tf)
{
	dune_passthrough_syscall(tf);
}

GPRS_ONLY static int leave(struct dune_tf *tf)
{
	dune_ring3_exit(0);
}

/* Code, ticks and stack in a block of ring 3's. */
static int make_ring3(struct dune_tf *tf)
{
	size_t size = 16 * PAGE;
	char *p = mmap((void *)RING3_BASE, size, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		return -1;
	memcpy(p, ring3_code, ring3_code_end - ring3_code);
	*tf = (struct dune_tf) {
		.rip = RING3_BASE,
		.rsp = RING3_BASE + size - 64,
		.rflags = 2,
		.rbx = RING3_BASE + PAGE,
		.r13 = CALLS,
		.r14 = SYS_getpid,
	};
	return dune_vm_slot_protect(RING3_BASE, RING3_SIZE, DUNE_PTE_U);
}

static int ring3_calls(struct sample *sample, dune_syscall_fn fn, unsigned int flags)
{
	static uint64_t ticks[CALLS];
	uint64_t empty = ticks_empty();
	struct dune_tf tf;
	int r = enter(), i;

	r = r ? r : make_ring3(&tf);
	r = r ? r : dune_trap_set_handler(3, leave, DUNE_TRAP_GPRS_ONLY);
	r = r ? r : dune_trap_set_syscall_handler(fn, flags);
	r = r ? r : dune_ring3_enter(&tf);	/* warm */
	if (r)
		return r;
	count_from();
	r = dune_ring3_enter(&tf);
	count_to();
	r = r ? r : dune_copy_from_user(ticks, RING3_BASE + PAGE, sizeof(ticks));
	for (i = 0; i < CALLS; i++)
		values[i] = (double)ticks[i] - empty;
	sample->ticks = median(values, CALLS);
	sample->n = CALLS;
	return r ? r : counted(sample);
}

int ring3_answered_dune(struct sample *sample)
{
	return ring3_calls(sample, answer, DUNE_TRAP_ARGS_ONLY);
}

int ring3_answered_frame_dune(struct sample *sample)
{
	return ring3_calls(sample, answer, DUNE_TRAP_GPRS_ONLY);
}

int ring3_forwarded_dune(struct sample *sample)
{
	return ring3_calls(sample, forward, DUNE_TRAP_ARGS_ONLY);
}

/* The same by ptrace(2): two stops for each call. */
double ring3_native(void)
{
	long n;

	return interpose_ptrace(&n);
}
