/* SPDX-License-Identifier: MIT */
/*
 * trap_test.c - exceptions: the program's handlers, and Linux's signals
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dune/dune.h>
#include <dune/trap.h>

#include "kselftest_harness.h"

#define ENTER() do { ASSERT_EQ(0, dune_init(0)); ASSERT_EQ(0, dune_enter()); } while (0)

static volatile int traps;
static volatile char *volatile nowhere = (char *)0x18;
static volatile uint64_t last_error, last_addr;

static int fix_divisor(struct dune_tf *tf)
{
	traps++;
	tf->rcx = 3;
	return DUNE_TRAP_DONE;
}

static int divide(int by)
{
	int q = 12;

	asm volatile("cltd; idivl %%ecx" : "+a" (q), "+c" (by) : : "edx");
	return q;
}

TEST(divide_error)
{
	ENTER();
	ASSERT_EQ(0, dune_trap_set_handler(0, fix_divisor, 0));
	EXPECT_EQ(4, divide(0));
	EXPECT_EQ(1, traps);
}

TEST(vectors_one_may_not_have)
{
	EXPECT_EQ(-EINVAL, dune_trap_set_handler(2, fix_divisor, 0));
	EXPECT_EQ(-EINVAL, dune_trap_set_handler(8, fix_divisor, 0));
	EXPECT_EQ(-EINVAL, dune_trap_set_handler(18, fix_divisor, 0));
	EXPECT_EQ(-EINVAL, dune_trap_set_handler(256, fix_divisor, 0));
	EXPECT_EQ(-EINVAL, dune_trap_set_handler(0, fix_divisor, 1U << 31));
}

static int skip_ud2(struct dune_tf *tf)
{
	traps++;
	tf->rip += 2;
	return DUNE_TRAP_DONE;
}

TEST(handlers_trap_themselves)
{
	ENTER();
	dune_trap_set_handler(6, skip_ud2, 0);
	asm volatile("ud2");
	EXPECT_EQ(1, traps);
}

static int nested_breakpoint(struct dune_tf *tf)
{
	int depth = ++traps;

	if (depth < 5)
		asm volatile("int3");
	asm volatile("ud2");
	return DUNE_TRAP_DONE;
}

TEST(traps_nest)
{
	ENTER();
	dune_trap_set_handler(6, skip_ud2, 0);
	dune_trap_set_handler(3, nested_breakpoint, 0);
	asm volatile("int3");
	EXPECT_EQ(10, traps);
}

/* A leaf function with data in its red zone takes a trap. */
TEST(red_zone_is_kept)
{
	uint64_t sum;

	ENTER();
	dune_trap_set_handler(6, skip_ud2, 0);
	asm volatile("movq $11, -8(%%rsp)\n\t"
		     "movq $22, -64(%%rsp)\n\t"
		     "movq $33, -128(%%rsp)\n\t"
		     "ud2\n\t"
		     "mov -8(%%rsp), %0\n\t"
		     "add -64(%%rsp), %0\n\t"
		     "add -128(%%rsp), %0" : "=r" (sum) : : "memory");
	EXPECT_EQ(66, sum);
}

/* A system call, too, leaves the red zone alone. */
TEST(red_zone_is_kept_by_system_calls)
{
	uint64_t value, nr = 39;

	ENTER();
	asm volatile("movq $77, -16(%%rsp)\n\t"
		     "syscall\n\t"
		     "mov -16(%%rsp), %0" : "=r" (value), "+a" (nr) : : "rcx", "r11", "memory");
	EXPECT_EQ(77, value);
	EXPECT_EQ(getpid(), nr);
}

static int clobber_vectors(struct dune_tf *tf)
{
	traps++;
	asm volatile("vpxor %%ymm0, %%ymm0, %%ymm0\n\t"
		     "vpxor %%ymm7, %%ymm7, %%ymm7\n\t"
		     "vpxor %%ymm15, %%ymm15, %%ymm15" : : : "memory");
	tf->rip += 2;
	return DUNE_TRAP_DONE;
}

TEST(vector_registers_are_kept)
{
	uint64_t in[4] = { 1, 2, 3, 4 }, out[3][4];

	if (!__builtin_cpu_supports("avx2"))
		SKIP(return, "no AVX2");
	ENTER();
	dune_trap_set_handler(6, clobber_vectors, 0);
	asm volatile("vmovdqu (%0), %%ymm0\n\t"
		     "vmovdqu (%0), %%ymm7\n\t"
		     "vmovdqu (%0), %%ymm15\n\t"
		     "ud2\n\t"
		     "vmovdqu %%ymm0, (%1)\n\t"
		     "vmovdqu %%ymm7, 32(%1)\n\t"
		     "vmovdqu %%ymm15, 64(%1)\n\t"
		     "vzeroupper" : : "r" (in), "r" (out) : "memory", "xmm0", "xmm7", "xmm15");
	EXPECT_EQ(1, traps);
	EXPECT_EQ(0, memcmp(in, out[0], 32));
	EXPECT_EQ(0, memcmp(in, out[1], 32));
	EXPECT_EQ(0, memcmp(in, out[2], 32));
}

static int allow_page(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	traps++;
	last_addr = addr;
	last_error = error;
	mprotect((void *)(addr & ~4095UL), 4096, PROT_READ | PROT_WRITE);
	return DUNE_TRAP_DONE;
}

TEST(page_fault_that_linux_refuses)
{
	volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ENTER();
	ASSERT_EQ(0, dune_trap_set_pgflt_handler(allow_page, 0));
	p[5] = 1;
	EXPECT_EQ(1, traps);
	EXPECT_EQ((uintptr_t)p + 5, last_addr);
	EXPECT_EQ(DUNE_PF_LINUX | DUNE_PF_WRITE | DUNE_PF_PRESENT, last_error);
}

static int pass(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	traps++;
	return DUNE_TRAP_PASS;
}

TEST_SIGNAL(page_fault_passed_on, SIGSEGV)
{
	ENTER();
	dune_trap_set_pgflt_handler(pass, 0);
	*nowhere = 1;
}

static void grow(int n)
{
	volatile char page[4096];

	page[0] = n;
	if (n)
		grow(n - 1);
	page[4095] = page[0];
}

TEST(the_stack_grows_inside)
{
	ENTER();
	dune_trap_set_pgflt_handler(pass, 0);
	grow(500);
	EXPECT_EQ(0, traps);
}

/* ---- the signal Linux would have sent ---------------------------------- */

static int info_fd;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	_exit(write(info_fd, info, sizeof(*info)) != sizeof(*info));
}

enum { WRITE_NULL, READ_PROT_NONE, WRITE_READ_ONLY, EXEC_DATA, BEYOND_FILE, DIVIDE, UD2,
       INT3, HLT_INSN, NON_CANONICAL, NR_FAULTS };

static char *address;

static void do_fault(int which)
{
	switch (which) {
	case WRITE_NULL:
		*nowhere = 1;
		break;
	case READ_PROT_NONE:
		(void)*(volatile char *)address;
		break;
	case WRITE_READ_ONLY:
		*(volatile char *)(address + 4096) = 1;
		break;
	case EXEC_DATA:
		((void (*)(void))(address + 8192))();
		break;
	case BEYOND_FILE:
		*(volatile char *)(address + 12288 + 4096) = 1;
		break;
	case DIVIDE:
		divide(0);
		break;
	case UD2:
		asm volatile("ud2");
		break;
	case INT3:
		asm volatile("int3");
		break;
	case HLT_INSN:
		asm volatile("hlt");
		break;
	case NON_CANONICAL:
		*(volatile char *)0x1234567890abcdef = 1;
		break;
	}
}

static void prepare(void)
{
	int fd = memfd_create("f", 0);

	address = mmap(NULL, 32768, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(address + 4096, 4096, PROT_READ);
	mprotect(address + 8192, 4096, PROT_READ | PROT_WRITE);
	address[8192] = 0xc3;
	(void)!ftruncate(fd, 4096);
	mmap(address + 12288, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
}

/* What a handler is told of a fault; in Dune mode, or outside. */
static int fault_info(int which, bool inside, siginfo_t *info)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	int pipes[2], status, sig;
	pid_t pid;

	if (pipe(pipes))
		return -1;
	pid = fork();
	if (!pid) {
		for (sig = 1; sig < 32; sig++)
			sigaction(sig, &sa, NULL);
		info_fd = pipes[1];
		if (inside && (dune_init(0) || dune_enter()))
			_exit(9);
		do_fault(which);
		_exit(8);
	}
	close(pipes[1]);
	if (read(pipes[0], info, sizeof(*info)) != sizeof(*info))
		memset(info, 0, sizeof(*info));
	close(pipes[0]);
	waitpid(pid, &status, 0);
	return status;
}

/* Without a handler: how the process ends. */
static int fault_status(int which, bool inside)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (inside && (dune_init(0) || dune_enter()))
			_exit(9);
		do_fault(which);
		_exit(8);
	}
	waitpid(pid, &status, 0);
	return status & 0x7f;		/* without the core dump's bit */
}

TEST(signals_are_as_outside)
{
	siginfo_t in, out;
	int i;

	prepare();
	for (i = 0; i < NR_FAULTS; i++) {
		ASSERT_EQ(0, fault_info(i, false, &out)) TH_LOG("fault %d outside", i);
		ASSERT_EQ(0, fault_info(i, true, &in)) TH_LOG("fault %d inside", i);
		EXPECT_EQ(out.si_signo, in.si_signo) TH_LOG("fault %d", i);
		EXPECT_EQ(out.si_code, in.si_code) TH_LOG("fault %d", i);
		EXPECT_EQ(out.si_addr, in.si_addr) TH_LOG("fault %d", i);
		EXPECT_EQ(fault_status(i, false), fault_status(i, true)) TH_LOG("fault %d", i);
	}
}

/*
 * Real NMIs and machine checks are the host's (handler_test.nmis): what comes by these
 * vectors is a call of the program's own, and ends it, whatever handlers it has.
 */
TEST_SIGNAL(an_nmi_of_the_programs_own, SIGSEGV)
{
	ENTER();
	asm volatile("int $2");
}

TEST_SIGNAL(a_machine_check_of_the_programs_own, SIGSEGV)
{
	ENTER();
	asm volatile("int $18");
}

/* A fault cannot be hidden from: not by ignoring, not by blocking. */
TEST_SIGNAL(an_ignored_exception_kills, SIGFPE)
{
	signal(SIGFPE, SIG_IGN);
	ENTER();
	divide(0);
}

TEST_SIGNAL(a_blocked_exception_kills, SIGILL)
{
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	ENTER();
	asm volatile("ud2");
}

/* ---- signals as interrupts ---------------------------------------------- */

static volatile uint64_t seen_vector, seen_rip, seen_cs;

static int on_interrupt(struct dune_tf *tf)
{
	traps++;
	seen_vector = tf->vector;
	seen_rip = tf->rip;
	seen_cs = tf->cs;
	tf->rbx = 0;
	asm volatile("vpxor %%ymm0, %%ymm0, %%ymm0" : : : "memory");
	return DUNE_TRAP_DONE;
}

/* Wait in a loop that only the handler's change of a register ends. */
static void wait_for_interrupt(uint64_t *start, uint64_t *end)
{
	asm volatile("mov $1, %%ebx\n\t"
		     "lea 1f(%%rip), %%rax\n\tmov %%rax, %0\n\t"
		     "lea 2f(%%rip), %%rax\n\tmov %%rax, %1\n"
		     "1:	test %%ebx, %%ebx\n\t"
		     "jnz 1b\n"
		     "2:" : "=m" (*start), "=m" (*end) : : "rax", "rbx", "memory");
}

TEST(a_signal_as_an_interrupt)
{
	struct itimerval soon = { .it_value = { 0, 50000 } };
	uint64_t start, end;

	ENTER();
	EXPECT_EQ(-EINVAL, dune_signal_set_handler(0, on_interrupt, 0));
	EXPECT_EQ(-EINVAL, dune_signal_set_handler(65, on_interrupt, 0));
	EXPECT_EQ(-EINVAL, dune_signal_set_handler(SIGKILL, on_interrupt, 0));
	EXPECT_EQ(-EINVAL, dune_signal_set_handler(SIGALRM, on_interrupt, 1U << 31));
	ASSERT_EQ(0, dune_signal_set_handler(SIGALRM, on_interrupt, 0));
	setitimer(ITIMER_REAL, &soon, NULL);
	wait_for_interrupt(&start, &end);
	EXPECT_EQ(1, traps);
	EXPECT_EQ(200 + SIGALRM, seen_vector);
	EXPECT_TRUE(seen_rip >= start && seen_rip < end);
	EXPECT_EQ(0x10, seen_cs);

	/* And in a system call, which goes on. */
	setitimer(ITIMER_REAL, &soon, NULL);
	while (traps == 1)
		usleep(10000);
	EXPECT_EQ(2, traps);
	EXPECT_EQ(0, dune_signal_set_handler(SIGALRM, NULL, 0));
	EXPECT_EQ(SIG_DFL, signal(SIGALRM, SIG_IGN));
	EXPECT_EQ(0, dune_leave());
	/* Outside Dune mode too. */
	ASSERT_EQ(0, dune_signal_set_handler(SIGALRM, on_interrupt, 0));
	raise(SIGALRM);
	EXPECT_EQ(3, traps);
	EXPECT_EQ(0x33, seen_cs);
}

static volatile int handled;

static void count_signal(int sig)
{
	handled++;
}

static volatile int forks_done;

static void *take_signals(void *unused)
{
	while (!forks_done)
		pthread_kill(pthread_self(), SIGUSR1);
	return NULL;
}

static void note_signal(int sig)
{
	traps++;
}

/* What a signal takes is let go of in a child whose parent's other threads held it. */
TEST(forks_while_signals_come)
{
	int i, status = 0, forks = getenv("SLOW_KERNEL") ? 20 : 300;
	pthread_t t;

	signal(SIGUSR1, note_signal);
	ENTER();
	ASSERT_EQ(0, pthread_create(&t, NULL, take_signals, NULL));
	for (i = 0; i < forks && !status; i++) {
		pid_t pid = fork();

		if (!pid) {
			traps = 0;
			raise(SIGUSR1);
			_exit(traps != 1);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
	}
	EXPECT_EQ(0, status) TH_LOG("fork %d", i);
	forks_done = 1;
	pthread_join(t, NULL);
}

static void exit_well(int sig)
{
	_exit(42);
}

static void *change_handlers(void *unused)
{
	while (!forks_done) {
		signal(SIGUSR2, exit_well);
		signal(SIGUSR2, SIG_DFL);
		dune_trap_set_handler(6, fix_divisor, 0);
	}
	return NULL;
}

/* Of a child that may wait for ever, with all signals blocked. */
static int status_within_seconds(pid_t pid, int seconds)
{
	int status, i;

	for (i = 0; i < seconds * 100; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		usleep(10000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return status;
}

/*
 * The same of a child that was made outside Dune mode and has not entered it; and what
 * Linux knows of a handler goes with what libdune knows.
 */
TEST(forks_outside_while_handlers_change)
{
	int i, status, forks = getenv("SLOW_KERNEL") ? 20 : 200;
	pthread_t t;

	ENTER();
	ASSERT_EQ(0, pthread_create(&t, NULL, change_handlers, NULL));
	ASSERT_EQ(0, dune_leave());
	for (i = 0; i < forks; i++) {
		pid_t pid = fork();

		if (!pid) {
			raise(SIGUSR2);
			_exit(1);
		}
		status = status_within_seconds(pid, 10);
		ASSERT_TRUE(status == SIGUSR2 || status == 42 << 8)
			TH_LOG("fork %d: %#x", i, status);
		pid = fork();
		if (!pid)
			_exit(!!dune_trap_set_handler(0, fix_divisor, 0));
		status = status_within_seconds(pid, 10);
		ASSERT_EQ(0, status) TH_LOG("fork %d", i);
	}
	forks_done = 1;
	pthread_join(t, NULL);
}

static void *take_one_and_write(void *fd)
{
	usleep(20000);
	raise(SIGUSR1);
	return (void *)write(*(int *)fd, "", 1);
}

/* While a thread waits for its child to end, others take signals: the child waits for it. */
TEST(signals_come_beside_a_vfork)
{
	int status = 0, pipes[2];
	pthread_t t;
	pid_t pid;
	char c;

	signal(SIGUSR1, note_signal);
	ENTER();
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, pthread_create(&t, NULL, take_one_and_write, &pipes[1]));
	pid = syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		alarm(10);
		_exit(read(pipes[0], &c, 1) != 1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	pthread_join(t, NULL);
}

TEST(handlers_stay_the_programs_outside)
{
	stack_t mine = { .ss_sp = malloc(65536), .ss_size = 65536 }, now;

	signal(SIGUSR1, count_signal);
	sigaltstack(&mine, NULL);
	ENTER();
	raise(SIGUSR1);
	sigaltstack(NULL, &now);
	EXPECT_EQ(mine.ss_sp, now.ss_sp);
	ASSERT_EQ(0, dune_leave());
	raise(SIGUSR1);
	EXPECT_EQ(2, handled);
	sigaltstack(NULL, &now);
	EXPECT_EQ(mine.ss_sp, now.ss_sp);
}

TEST(restartable_sequences_are_off)
{
	ENTER();
	EXPECT_EQ(-ENOSYS, dune_syscall(__NR_rseq, 0, 32, 0, 0x53053053, 0, 0));
	EXPECT_LE(0, sched_getcpu());
}

TEST_HARNESS_MAIN
