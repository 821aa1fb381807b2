/* SPDX-License-Identifier: MIT */
/*
 * compat_ring_test.c - ring 3 by the original's names: its system calls, faults,
 * FS base, and two of its contexts in turns
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libdune/dune.h"
#include "libdune/cpu-x86.h"
#include "check.h"

#define N		1000
#define END		1000	/* no system call of Linux's */
#define YIELD		1001

static char stacks[4][65536] __attribute__((aligned(16)));

static long call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 asm("r10") = d, r8 asm("r8") = e, r9 asm("r9") = f;

	asm volatile("syscall" : "+a" (nr) : "D" (a), "S" (b), "d" (c), "r" (r10), "r" (r8), "r" (r9)
		     : "rcx", "r11", "memory");
	return nr;
}

static int enter(void (*fn)(void), int stack)
{
	struct dune_tf *tf = calloc(1, sizeof(struct dune_tf));
	int ret;

	tf->rip = (unsigned long)fn;
	tf->rsp = (unsigned long)stacks[stack + 1] - 8;
	tf->rflags = 0x2;
	ret = dune_jump_to_user(tf);
	free(tf);
	return ret;
}

/* ---- system calls ---- */

static volatile unsigned long ring, args_seen[6];
static volatile long results[2];

static void on_syscall(struct dune_tf *tf)
{
	if (tf->rax == END)
		dune_ret_from_user(ARG0(tf));
	args_seen[0] = ARG0(tf);
	args_seen[1] = ARG1(tf);
	args_seen[2] = ARG2(tf);
	args_seen[3] = ARG3(tf);
	args_seen[4] = ARG4(tf);
	args_seen[5] = ARG5(tf);
	dune_passthrough_syscall(tf);
}

static void user_calls(void)
{
	unsigned long cs;

	asm volatile("mov %%cs, %0" : "=r" (cs));
	ring = cs & 3;
	results[0] = call(SYS_mmap, 0, PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	results[1] = call(SYS_getpid, 1, 2, 3, 4, 5, 6);
	call(END, 42, 0, 0, 0, 0, 0);
}

static void check_calls(void)
{
	dune_register_syscall_handler(on_syscall);
	CHECK("dune_jump_to_user, dune_ret_from_user", enter(user_calls, 0) == 42);
	CHECK("it ran in ring 3", ring == 3);
	CHECK("a system call of six arguments", results[0] > 0);
	CHECK("getpid", results[1] == getpid());
	CHECK("ARG0 to ARG5", args_seen[0] == 1 && args_seen[1] == 2 && args_seen[2] == 3 &&
	      args_seen[3] == 4 && args_seen[4] == 5 && args_seen[5] == 6);
}

/* ---- the cost of one ---- */

static unsigned long tsc;

static void count_syscalls(struct dune_tf *tf)
{
	static int count;

	if (++count == N) {
		tsc = (dune_get_ticks() - tsc) / N;
		dune_ret_from_user(0);
	}
	dune_passthrough_syscall(tf);
}

static void user_loop(void)
{
	for (;;)
		syscall(SYS_getpid);
}

static void check_cost(void)
{
	dune_register_syscall_handler(count_syscalls);
	tsc = dune_get_ticks();
	CHECK("system calls through libc", enter(user_loop, 0) == 0);
	printf("# a getpid of ring 3's: %lu ticks\n", tsc);
}

/* ---- faults ---- */

static volatile uint64_t fault_error;
static volatile uintptr_t fault_addr;
static volatile char *page;

static void on_fault(uintptr_t addr, uint64_t fec, struct dune_tf *tf)
{
	ptent_t *pte;

	fault_addr = addr;
	fault_error = fec;
	if (!dune_vm_lookup(pgroot, (void *)addr, CREATE_NONE, &pte))
		*pte |= PTE_P | PTE_W | PTE_U | PTE_A | PTE_D;
	dune_flush_tlb_one(addr);
}

static void user_fault(void)
{
	page[5] = 7;
	call(END, page[5], 0, 0, 0, 0, 0);
}

static void check_fault(void)
{
	page = (char *)0x400000000000;
	CHECK("dune_vm_map_pages", !dune_vm_map_pages(pgroot, (void *)page, 1, PERM_R));
	dune_register_pgflt_handler(on_fault);
	dune_register_syscall_handler(on_syscall);
	CHECK("a page fault of ring 3's", enter(user_fault, 0) == 7);
	CHECK("its address", fault_addr == (uintptr_t)page + 5);
	CHECK("its error code", fault_error == (FEC_P | FEC_W | FEC_U));
	dune_register_pgflt_handler(NULL);
}

/* ---- FS ---- */

static unsigned long other_tls[8];
static volatile unsigned long fs_value;

static void user_fs(void)
{
	unsigned long v;

	asm volatile("mov %%fs:0, %0" : "=r" (v));
	fs_value = v;
	call(SYS_getppid, 0, 0, 0, 0, 0, 0);
	call(END, 0, 0, 0, 0, 0, 0);
}

static void on_fs_syscall(struct dune_tf *tf)
{
	/* libc's own FS is there, or this would not do. */
	errno = 0;
	if (tf->rax == END)
		dune_ret_from_user(close(-1) == -1 && errno == EBADF);
	dune_passthrough_syscall(tf);
}

static void check_fs(void)
{
	unsigned long old = dune_get_user_fs();

	other_tls[0] = 0x1234;
	dune_set_user_fs((unsigned long)other_tls);
	dune_register_syscall_handler(on_fs_syscall);
	CHECK("handlers have libc's FS", enter(user_fs, 0) == 1);
	CHECK("ring 3 has its own", fs_value == 0x1234);
	CHECK("dune_get_user_fs", dune_get_user_fs() == (unsigned long)other_tls);
	dune_set_user_fs(old);
}

/* ---- two contexts, by dune_pop_trap_frame() ---- */

static struct dune_tf contexts[2];
static int current, order[8], turns;

static void on_yield(struct dune_tf *tf)
{
	if (tf->rax == END)
		dune_ret_from_user(turns);
	order[turns++ & 7] = current;
	contexts[current] = *tf;
	current = !current;
	dune_pop_trap_frame(&contexts[current]);
}

static void user_turns(void)
{
	int i;

	for (i = 0; i < 3; i++)
		call(YIELD, 0, 0, 0, 0, 0, 0);
	call(END, 0, 0, 0, 0, 0, 0);
}

static void check_contexts(void)
{
	contexts[1].rip = (unsigned long)user_turns;
	contexts[1].rsp = (unsigned long)stacks[3] - 8;
	contexts[1].rflags = 0x2;
	contexts[1].cs = GD_UT | 3;
	dune_register_syscall_handler(on_yield);
	CHECK("dune_pop_trap_frame", enter(user_turns, 0) == 6);
	CHECK("contexts take turns", order[0] == 0 && order[1] == 1 && order[2] == 0 &&
	      order[3] == 1 && order[4] == 0 && order[5] == 1);
}

/* ---- ring 0's traps ---- */

static volatile int breakpoints;

static void on_breakpoint(struct dune_tf *tf)
{
	breakpoints++;
	dune_dump_trap_frame(tf);
}

static void on_divide(struct dune_tf *tf)
{
	struct dune_tf copy = *tf;

	copy.rcx = 2;
	dune_pop_trap_frame(&copy);
}

static void check_traps(void)
{
	int a = 84;

	CHECK("dune_register_intr_handler", !dune_register_intr_handler(T_BRKPT, on_breakpoint));
	asm volatile("int3");
	CHECK("a breakpoint", breakpoints == 1);
	dune_register_intr_handler(T_DIVIDE, on_divide);
	asm volatile("cltd; idivl %%ecx" : "+a" (a) : "c" (0) : "edx");
	CHECK("dune_pop_trap_frame to ring 0", a == 42);
	CHECK("no such vector", dune_register_intr_handler(256, on_divide) == -EINVAL &&
	      dune_register_intr_handler(-1, on_divide) == -EINVAL);
}

/* ---- nested ---- */

static void on_outer(struct dune_tf *tf)
{
	if (tf->rax == END)
		dune_ret_from_user(ARG0(tf));
	tf->rax = enter(user_calls, 1);
}

static void user_outer(void)
{
	long r = call(YIELD, 0, 0, 0, 0, 0, 0);

	call(END, r, 0, 0, 0, 0, 0);
}

static void on_nested(struct dune_tf *tf)
{
	if (tf->rax == YIELD) {
		on_outer(tf);
		return;
	}
	on_syscall(tf);
}

int main(int argc, char *argv[])
{
	int ret = dune_init_and_enter();

	if (ret) {
		printf("failed to initialize DUNE\n");
		return ret;
	}
	check_traps();
	check_calls();
	check_cost();
	check_fs();
	check_contexts();
	dune_register_syscall_handler(on_nested);
	CHECK("nested", enter(user_outer, 0) == 42);
	check_fault();
	return done();
}
