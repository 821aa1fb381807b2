/* SPDX-License-Identifier: MIT */
/*
 * handler_test.c - handlers of every kind: what they see, what they may change,
 * whose they are
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handlers.h"

static const unsigned int kinds[] = { 0, DUNE_TRAP_GPRS_ONLY, DUNE_TRAP_ARGS_ONLY };

TEST(the_short_way)
{
	ENTER_OWN();
	ASSERT_EQ(0, dune_trap_set_pgflt_handler(mend, DUNE_TRAP_GPRS_ONLY));
	*forbid(PAGE + 5) = 7;
	EXPECT_EQ(1, faults);
	EXPECT_EQ((uintptr_t)area + PAGE + 5, seen_addr[0]);
	EXPECT_EQ(DUNE_PF_PRESENT | DUNE_PF_WRITE, seen_error);
	/* A page that is not there goes another way, to the same handler. */
	own_set(area + 2 * PAGE, DUNE_PTE_P, 0);
	*(volatile char *)(area + 2 * PAGE) = 1;
	EXPECT_EQ(2, faults);
	EXPECT_EQ(DUNE_PF_WRITE, seen_error);
}

/* r[0..14]: rax, rcx, rdx, rbx, rbp, rsi, rdi, r8 to r15; the write is by (%rax). */
static void write_with(uint64_t *r)
{
	asm volatile("push %%rbp\n\tpush %%rbx\n\tpush %%rdi\n\t"
		     "mov 0(%%rdi), %%rax\n\tmov 8(%%rdi), %%rcx\n\tmov 16(%%rdi), %%rdx\n\t"
		     "mov 24(%%rdi), %%rbx\n\tmov 32(%%rdi), %%rbp\n\tmov 40(%%rdi), %%rsi\n\t"
		     "mov 56(%%rdi), %%r8\n\tmov 64(%%rdi), %%r9\n\tmov 72(%%rdi), %%r10\n\t"
		     "mov 80(%%rdi), %%r11\n\tmov 88(%%rdi), %%r12\n\tmov 96(%%rdi), %%r13\n\t"
		     "mov 104(%%rdi), %%r14\n\tmov 112(%%rdi), %%r15\n\tmov 48(%%rdi), %%rdi\n\t"
		     "movb $1, (%%rax)\n\t"
		     "push %%rdi\n\tmov 8(%%rsp), %%rdi\n\t"
		     "mov %%rax, 0(%%rdi)\n\tmov %%rcx, 8(%%rdi)\n\tmov %%rdx, 16(%%rdi)\n\t"
		     "mov %%rbx, 24(%%rdi)\n\tmov %%rbp, 32(%%rdi)\n\tmov %%rsi, 40(%%rdi)\n\t"
		     "pop 48(%%rdi)\n\t"
		     "mov %%r8, 56(%%rdi)\n\tmov %%r9, 64(%%rdi)\n\tmov %%r10, 72(%%rdi)\n\t"
		     "mov %%r11, 80(%%rdi)\n\tmov %%r12, 88(%%rdi)\n\tmov %%r13, 96(%%rdi)\n\t"
		     "mov %%r14, 104(%%rdi)\n\tmov %%r15, 112(%%rdi)\n\t"
		     "pop %%rdi\n\tpop %%rbx\n\tpop %%rbp"
		     : : "D" (r) : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12",
		       "r13", "r14", "r15", "memory", "cc");
}

static uint64_t frame[15];

GPRS_ONLY static int mend_and_look(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	int i;

	for (i = 0; i < 15; i++)
		frame[i] = (&tf->rax)[i];
	tf->r13 = 1313;
	tf->rsi = 66;
	return mend(addr, error, tf);
}

TEST(registers_are_seen_kept_and_changed)
{
	uint64_t r[15], want[15];
	int i;

	ENTER_OWN();
	for (i = 0; i < 15; i++)
		r[i] = 0x1111111111111111UL * (i + 1);
	r[0] = (uintptr_t)forbid(3 * PAGE);
	memcpy(want, r, sizeof(r));
	ASSERT_EQ(0, dune_trap_set_pgflt_handler(mend_and_look, DUNE_TRAP_GPRS_ONLY));
	write_with(r);
	EXPECT_EQ(1, faults);
	EXPECT_EQ(0, memcmp(frame, want, sizeof(want)));
	want[5] = 66;
	want[12] = 1313;
	EXPECT_EQ(0, memcmp(r, want, sizeof(want)));
}

/* Whatever of them a handler sees. */
TEST(registers_are_kept_by_every_kind)
{
	uint64_t r[15], want[15];
	unsigned int i, k;

	ENTER_OWN();
	for (k = 0; k < 3; k++) {
		for (i = 0; i < 15; i++)
			r[i] = 0x1111111111111111UL * (i + k + 1);
		r[0] = (uintptr_t)forbid(3 * PAGE);
		memcpy(want, r, sizeof(r));
		ASSERT_EQ(0, dune_trap_set_pgflt_handler(mend, kinds[k]));
		write_with(r);
		EXPECT_EQ(0, memcmp(r, want, sizeof(want))) TH_LOG("kind %u", k);
		/* By the longer way, that a page takes which is not there. */
		own_set(area + 3 * PAGE, DUNE_PTE_P, 0);
		write_with(r);
		EXPECT_EQ(0, memcmp(r, want, sizeof(want))) TH_LOG("kind %u", k);
	}
	EXPECT_EQ(6, faults);
}

/* What would weaken the rings. */
GPRS_ONLY static int weaken(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	tf->cs = 0x33;
	tf->ss = 0x2b;
	tf->rflags |= 0x7000;		/* IOPL 3, NT */
	tf->rflags &= ~0x200UL;
	return mend(addr, error, tf);
}

static uint64_t flags_now(void)
{
	uint64_t flags;

	asm volatile("pushfq; pop %0" : "=r" (flags));
	return flags;
}

TEST(a_handler_cannot_weaken_the_rings)
{
	unsigned int k;

	ENTER_OWN();
	for (k = 0; k < 3; k++) {
		ASSERT_EQ(0, dune_trap_set_pgflt_handler(weaken, kinds[k]));
		*forbid(PAGE) = 1;
		EXPECT_EQ(k + 1, faults);
		EXPECT_EQ(0x200, flags_now() & 0x7200);
		EXPECT_TRUE(dune_active());
		EXPECT_EQ(getppid(), dune_syscall(110, 0, 0, 0, 0, 0, 0));
	}
}

/* Who has masked interrupts finds them masked after a system call, too. */
TEST(masked_stays_masked)
{
	uint64_t flags, nr = 39;

	ENTER();
	asm volatile("cli\n\tsyscall\n\tpushfq\n\tpop %0\n\tsti"
		     : "=r" (flags), "+a" (nr) : : "rcx", "r11", "memory");
	EXPECT_EQ(0, flags & 0x200);
	EXPECT_EQ(getpid(), nr);
}

GPRS_ONLY static int not_mine(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	if (addr == (uintptr_t)area + 100 * PAGE) {
		own_set((void *)addr, 0, DUNE_PTE_P);
		return DUNE_TRAP_DONE;
	}
	(void)*(volatile char *)(area + 100 * PAGE);	/* faults, and changes CR2 */
	return DUNE_TRAP_PASS;
}

static int by_vector(struct dune_tf *tf)
{
	traps++;
	own_set(area + PAGE, 0, W);
	return DUNE_TRAP_DONE;
}

TEST(passed_on_to_the_vectors_handler)
{
	unsigned int k;

	ENTER_OWN();
	ASSERT_EQ(0, dune_trap_set_handler(14, by_vector, 0));
	for (k = 0; k < 3; k++) {
		own_set(area + 100 * PAGE, DUNE_PTE_P, 0);
		ASSERT_EQ(0, dune_trap_set_pgflt_handler(not_mine, kinds[k]));
		*forbid(PAGE) = 1;
		EXPECT_EQ(k + 1, traps);
	}
}

static void check_address(int sig, siginfo_t *info, void *context)
{
	_exit(info->si_addr == area + PAGE + 3 ? 42 : 1);
}

static int status_passed_on(unsigned int kind)
{
	struct sigaction sa = { .sa_sigaction = check_address, .sa_flags = SA_SIGINFO };
	int status;
	pid_t pid = fork();

	if (!pid) {
		sigaction(SIGSEGV, &sa, NULL);
		area = own_area();
		if (dune_init(0) || dune_enter())
			_exit(9);
		own_switch(area);
		own_set(area + 100 * PAGE, DUNE_PTE_P, 0);
		dune_trap_set_pgflt_handler(not_mine, kind);
		*forbid(PAGE + 3) = 1;
		_exit(8);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* The address of the fault, though the handler had one of its own meanwhile. */
TEST(passed_on_to_linux)
{
	unsigned int k;

	for (k = 0; k < 3; k++)
		EXPECT_EQ(42 << 8, status_passed_on(kinds[k])) TH_LOG("kind %u", k);
}

/* Each fault's handler faults on the next page, 200 deep. */
GPRS_ONLY static int fault_again(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	if (faults++ < 199)
		*(volatile char *)(addr + PAGE) = faults;
	own_set((void *)addr, 0, W);
	return DUNE_TRAP_DONE;
}

TEST(faults_within_handlers)
{
	unsigned int k, i;

	ENTER_OWN();
	for (k = 0; k < 3; k++) {
		for (i = 0; i < 201; i++)
			forbid(i * PAGE);
		faults = 0;
		ASSERT_EQ(0, dune_trap_set_pgflt_handler(fault_again, kinds[k]));
		*(volatile char *)area = 100 + k;
		EXPECT_EQ(200, faults);
		EXPECT_EQ(100 + k, area[0]);
		EXPECT_EQ(1, area[PAGE]);
		EXPECT_EQ((char)199, area[199 * PAGE]);
	}
}

TEST(the_red_zone)
{
	uint64_t sum;

	ENTER_OWN();
	dune_trap_set_pgflt_handler(mend, DUNE_TRAP_GPRS_ONLY);
	asm volatile("movq $11, -8(%%rsp)\n\t"
		     "movq $22, -64(%%rsp)\n\t"
		     "movq $33, -128(%%rsp)\n\t"
		     "movb $1, (%1)\n\t"
		     "mov -8(%%rsp), %0\n\t"
		     "add -64(%%rsp), %0\n\t"
		     "add -128(%%rsp), %0" : "=&r" (sum) : "r" (forbid(PAGE)) : "memory");
	EXPECT_EQ(66, sum);
	EXPECT_EQ(1, faults);
}

/* Flags of the interrupted code: the handler has DF clear, and they come back. */
GPRS_ONLY static int mend_upwards(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	if (flags_now() & 0x400)
		return DUNE_TRAP_PASS;
	return mend(addr, error, tf);
}

TEST(the_direction_flag)
{
	uint64_t flags;

	ENTER_OWN();
	dune_trap_set_pgflt_handler(mend_upwards, DUNE_TRAP_GPRS_ONLY);
	asm volatile("std\n\tmovb $1, (%1)\n\tpushfq\n\tpop %0\n\tcld"
		     : "=r" (flags) : "r" (forbid(PAGE)) : "memory");
	EXPECT_EQ(0x600, flags & 0x600);
	/* The overflow flag has company in the byte that is looked at. */
	asm volatile("mov $0x7fffffff, %%eax\n\tinc %%eax\n\tmovb $1, (%1)\n\tpushfq\n\tpop %0"
		     : "=r" (flags) : "r" (forbid(PAGE)) : "rax", "memory");
	EXPECT_EQ(0xa00, flags & 0xe00);
	EXPECT_EQ(2, faults);
}

static int step(struct dune_tf *tf)
{
	traps++;
	return DUNE_TRAP_DONE;
}

TEST(single_steps_over_a_fault)
{
	ENTER_OWN();
	dune_trap_set_handler(1, step, 0);
	dune_trap_set_pgflt_handler(mend, DUNE_TRAP_GPRS_ONLY);
	asm volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\t"
		     "nop\n\tmovb $1, (%0)\n\tnop\n\t"
		     "pushfq\n\tandl $~0x100, (%%rsp)\n\tpopfq"
		     : : "r" (forbid(PAGE)) : "memory");
	EXPECT_EQ(1, faults);
	EXPECT_EQ(6, traps);
}

static sigjmp_buf back;

GPRS_ONLY static int jump_out(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	faults++;
	siglongjmp(back, faults);
}

static int jump_out_of_trap(struct dune_tf *tf)
{
	traps++;
	siglongjmp(back, traps);
}

/* Many times: nothing of the way in is left behind. */
TEST(siglongjmp_out_of_handlers)
{
	volatile int i;

	ENTER_OWN();
	forbid(PAGE);
	dune_trap_set_pgflt_handler(jump_out, DUNE_TRAP_GPRS_ONLY);
	dune_trap_set_handler(6, jump_out_of_trap, 0);
	for (i = 0; i < 1000; i++) {
		if (!sigsetjmp(back, 1))
			*(volatile char *)(area + PAGE) = 1;
		if (!sigsetjmp(back, 1))
			asm volatile("ud2");
	}
	EXPECT_EQ(1000, faults);
	EXPECT_EQ(1000, traps);
	dune_trap_set_pgflt_handler(mend, DUNE_TRAP_GPRS_ONLY);
	*(volatile char *)(area + PAGE) = 1;
	EXPECT_EQ(1001, faults);
}

/* ---- of a thread and of the process ---------------------------------------- */

static volatile int own_traps, others_traps;

static int own_ud2(struct dune_tf *tf)
{
	own_traps++;
	tf->rip += 2;
	return DUNE_TRAP_DONE;
}

static int pass_ud2(struct dune_tf *tf)
{
	own_traps++;
	return DUNE_TRAP_PASS;
}

GPRS_ONLY static int own_mend(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	others_traps++;
	own_set((void *)addr, 0, W);
	return DUNE_TRAP_DONE;
}

static void *thread_with_own(void *arg)
{
	asm volatile("ud2");		/* the process's */
	dune_thread_set_trap_handler(6, own_ud2, DUNE_TRAP_GPRS_ONLY);
	asm volatile("ud2");
	dune_thread_set_trap_handler(6, pass_ud2, 0);
	asm volatile("ud2");		/* both */
	dune_thread_set_pgflt_handler(own_mend, DUNE_TRAP_GPRS_ONLY);
	*forbid(PAGE) = 1;
	dune_thread_set_trap_handler(6, NULL, 0);
	asm volatile("ud2");		/* the process's */
	return NULL;
}

static void *idle(void *arg)
{
	return arg;
}

TEST(handlers_of_a_thread)
{
	pthread_t thread;
	int i;

	EXPECT_EQ(-EINVAL, dune_thread_set_trap_handler(6, own_ud2, 0));
	area = own_area();
	ENTER();
	/* A thread's memory, which later ones take over, is in the table, too. */
	ASSERT_EQ(0, pthread_create(&thread, NULL, idle, NULL));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	own_switch(area);
	EXPECT_EQ(-EINVAL, dune_thread_set_trap_handler(8, own_ud2, 0));
	EXPECT_EQ(-EINVAL, dune_thread_set_trap_handler(255, own_ud2, 0));
	EXPECT_EQ(-EINVAL, dune_thread_set_trap_handler(6, own_ud2, DUNE_TRAP_ARGS_ONLY));
	dune_trap_set_handler(6, skip_ud2, 0);
	dune_trap_set_pgflt_handler(mend, DUNE_TRAP_GPRS_ONLY);
	for (i = 1; i <= 3; i++) {
		ASSERT_EQ(0, pthread_create(&thread, NULL, thread_with_own, NULL));
		ASSERT_EQ(0, pthread_join(thread, NULL));
		EXPECT_EQ(3 * i, traps);
		EXPECT_EQ(2 * i, own_traps);
		EXPECT_EQ(i, others_traps);
		EXPECT_EQ(0, faults);
	}
	asm volatile("ud2");
	EXPECT_EQ(10, traps);
	EXPECT_EQ(6, own_traps);
	*forbid(PAGE) = 1;
	EXPECT_EQ(1, faults);
}

TEST_SIGNAL(a_handler_given_back, SIGILL)
{
	ENTER();
	dune_trap_set_handler(6, skip_ud2, 0);
	asm volatile("ud2");
	dune_trap_set_handler(6, NULL, 0);
	asm volatile("ud2");
}

/* ---- while another thread replaces it ------------------------------------------ */

static volatile int swaps_done;

/* Leaves nothing of the vector registers, as one without flags may. */
static int skip_with_vectors(struct dune_tf *tf)
{
	asm volatile("pcmpeqd %%xmm7, %%xmm7" : : : "xmm7");
	tf->rip += 2;
	return DUNE_TRAP_DONE;
}

GPRS_ONLY static int skip_without(struct dune_tf *tf)
{
	tf->rip += 2;
	return DUNE_TRAP_DONE;
}

static void *swap_handlers(void *arg)
{
	while (!swaps_done) {
		dune_trap_set_handler(6, skip_with_vectors, 0);
		dune_trap_set_handler(6, skip_without, DUNE_TRAP_GPRS_ONLY);
	}
	return arg;
}

/* There is one at any time, and the flags are its own. */
TEST(a_handler_replaced_while_it_is_called)
{
	uint64_t kept, bad = 0;
	pthread_t thread;
	int i;

	ENTER();
	dune_trap_set_handler(6, skip_without, DUNE_TRAP_GPRS_ONLY);
	ASSERT_EQ(0, pthread_create(&thread, NULL, swap_handlers, NULL));
	for (i = 0; i < 200000; i++) {
		asm volatile("movq %1, %%xmm7\n\tud2\n\tmovq %%xmm7, %0"
			     : "=r" (kept) : "r" (0x1234UL) : "xmm7", "memory");
		bad += kept != 0x1234;
	}
	swaps_done = 1;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, bad);
}

/* Libdune's own copying never asks the program's handler. */
TEST(copies_are_not_the_handlers)
{
	char buffer[16] = "";

	ENTER_OWN();
	memset(area + PAGE, 7, 16);
	if (dune_vm_slot_protect((uintptr_t)area & ~((1UL << 30) - 1), 1UL << 30, DUNE_PTE_U))
		SKIP(return, "the area is beside memory that stays ring 0's");
	dune_trap_set_pgflt_handler(mend, DUNE_TRAP_GPRS_ONLY);
	forbid(PAGE);
	EXPECT_EQ(-EFAULT, dune_copy_to_user((uintptr_t)area + PAGE, buffer, 16));
	EXPECT_EQ(0, dune_copy_from_user(buffer, (uintptr_t)area + PAGE, 16));
	EXPECT_EQ(7, buffer[0]);
	EXPECT_EQ(7, buffer[15]);
	own_set(area + PAGE, DUNE_PTE_P, 0);
	EXPECT_EQ(-EFAULT, dune_copy_from_user(buffer, (uintptr_t)area + PAGE, 16));
	EXPECT_EQ(0, faults);
	EXPECT_EQ(0x200, flags_now() & 0x40200);
}

/* ---- the host's own interruptions --------------------------------------------- */

struct shared {
	volatile int ready, stop;
	volatile uint64_t rounds;
};

/* Traps without end, on the second CPU; how many were not as they should be. */
static int trap_until(struct shared *shared)
{
	cpu_set_t set;
	int bad = 0;

	CPU_ZERO(&set);
	CPU_SET(1, &set);
	area = own_area();
	if (sched_setaffinity(0, sizeof(set), &set) || dune_init(0) || dune_enter())
		return 99;
	own_switch(area);
	dune_trap_set_handler(6, skip_ud2, 0);
	dune_trap_set_pgflt_handler(mend, DUNE_TRAP_GPRS_ONLY);
	shared->ready = 1;
	while (!shared->stop) {
		int traps_before = traps, faults_before = faults;

		*forbid(PAGE) = 1;
		asm volatile("ud2");
		bad += traps != traps_before + 1 || faults != faults_before + 1;
		shared->rounds++;
	}
	return bad > 98 ? 98 : bad;
}

/* An NMI ends a stay in the guest at any instruction, and is the host's. */
TEST(nmis)
{
	struct shared *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = open("/proc/sysrq-trigger", O_WRONLY), i, status;
	uint64_t rounds;
	pid_t pid;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "no second CPU to send NMIs to");
	if (fd < 0)
		SKIP(return, "no sysrq-trigger to send NMIs with");
	pid = fork();
	if (!pid)
		_exit(trap_until(shared));
	while (!shared->ready && !waitpid(pid, &status, WNOHANG))
		usleep(1000);
	for (i = 0; i < 10; i++) {
		rounds = shared->rounds;
		ASSERT_EQ(1, write(fd, "l", 1));	/* a backtrace of every CPU */
		usleep(10000);
		EXPECT_NE(rounds, shared->rounds);
	}
	shared->stop = 1;
	waitpid(pid, &status, 0);
	EXPECT_TRUE(WIFEXITED(status)) TH_LOG("status %#x", status);
	EXPECT_EQ(0, WEXITSTATUS(status));
}

TEST_HARNESS_MAIN
