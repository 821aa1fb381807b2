/* SPDX-License-Identifier: MIT */
/*
 * enter_test.c - in and out of Dune mode, and what a program does inside
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <dune/dune.h>
#include <dune/vm.h>
#include <dune/trap.h>

#include "kselftest_harness.h"

#define ENTER() do { ASSERT_EQ(0, dune_init(0)); ASSERT_EQ(0, dune_enter()); } while (0)

TEST(enter_and_leave_again_and_again)
{
	int i, fd, first, rounds = getenv("SLOW_KERNEL") ? 50 : 1000;

	ASSERT_EQ(0, dune_init(0));
	first = dup(0);
	for (i = 0; i < rounds; i++) {
		ASSERT_FALSE(dune_active());
		ASSERT_EQ(0, dune_enter());
		ASSERT_TRUE(dune_active());
		ASSERT_EQ(0, dune_leave());
	}
	close(first);
	fd = dup(0);
	EXPECT_EQ(first, fd);
}

TEST(wrong_order)
{
	EXPECT_EQ(-EINVAL, dune_enter());
	EXPECT_EQ(-EINVAL, dune_leave());
	EXPECT_EQ(-EINVAL, dune_init(2));
	EXPECT_EQ(NULL, dune_info());
	ENTER();
	EXPECT_EQ(-EALREADY, dune_enter());
	EXPECT_EQ(0, dune_leave());
}

static char said[1024];

static void keep(void *data, const char *text)
{
	strncat(said, text, sizeof(said) - 1 - strlen(said));
}

/* A failed call names itself and the remedy; another says nothing. */
#define SAYS(call, name, words)						\
do {									\
	said[0] = 0;							\
	EXPECT_GT(0, (call));						\
	EXPECT_EQ(&said[0], strstr(said, "dune: " name ": ")) TH_LOG("%s", said); \
	EXPECT_NE(NULL, strstr(said, words)) TH_LOG("%s", said);	\
} while (0)

TEST(failures_are_explained)
{
	struct dune_root *root = dune_vm_mirror();
	static char page[4096] __attribute__((aligned(4096)));
	uintptr_t va = (uintptr_t)page;
	struct dune_tf away = { .rip = 1UL << 47 };
	double sum = 1;

	dune_set_log(keep, NULL);
	SAYS(dune_enter(), "dune_enter", "call it first");
	SAYS(dune_leave(), "dune_leave", "not in Dune mode");
	SAYS(dune_init(1U << 31), "dune_init", "unknown bit");
	SAYS(dune_set_arena(1, 1), "dune_set_arena", "multiples of 4096");
	said[0] = 0;
	ENTER();
	EXPECT_STREQ("", said);
	SAYS(dune_enter(), "dune_enter", "already");
	SAYS(dune_set_arena(0, 4096), "dune_set_arena", "before dune_init()");
	SAYS(dune_prefault(page, -1, 0), "dune_prefault", "2^47");
	SAYS(dune_trap_set_handler(2, NULL, 0), "dune_trap_set_handler", "cannot be handled");
	SAYS(dune_trap_allow_ring3(14, true), "dune_trap_allow_ring3", "32 to 254");
	SAYS(dune_thread_set_pgflt_handler(NULL, 1U << 31), "dune_thread_set_pgflt_handler", "flags");
	SAYS(dune_signal_set_handler(SIGSTOP, NULL, 0), "dune_signal_set_handler", "cannot be");
	SAYS(dune_signal_set_handler(SIGKILL, NULL, 4), "dune_signal_set_handler", "signal");
	SAYS(dune_vm_map(root, va, 4096, DUNE_PTE_P, DUNE_SHIFT_4K), "dune_vm_map",
	     "dune_vm_unmap() it first");
	SAYS(dune_vm_map(root, va + 1, 4096, DUNE_PTE_P, DUNE_SHIFT_4K), "dune_vm_map", "aligned");
	SAYS(dune_vm_protect(root, 1UL << 46, 8192, DUNE_PTE_P), "dune_vm_protect", "map it first");
	SAYS(dune_vm_slot_protect(4096, 4096, 0), "dune_vm_slot_protect", "1 GiB");
	SAYS(dune_ring3_enter(&away), "dune_ring3_enter", "lower half");
	SAYS(dune_ring3_enter_root(&away, root, 0), "dune_ring3_enter_root", "fs_base");
	SAYS(dune_root_free(root), "dune_root_free", "mirror root");
	SAYS(dune_vm_switch(NULL), "dune_vm_switch", "root");
	sum += strlen(said);
	EXPECT_LT(1.0, sum);
	EXPECT_EQ(0, dune_leave());
}

#define GIB	(1UL << 30)

/* Ring 3's code and data, used at CPL 0. */
static int use_ring3s_memory(unsigned int flags)
{
	char *p = mmap(NULL, 2 * GIB, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int (*volatile fn)(void);

	p += -(uintptr_t)p & (GIB - 1);
	memcpy(p, "\xb8\x2a\x00\x00\x00\xc3", 6);	/* mov $42, %eax; ret */
	fn = (int (*)(void))p;
	if (dune_init(flags) || dune_enter() || dune_vm_slot_protect((uintptr_t)p, GIB, DUNE_PTE_U))
		return 1;
	*(volatile char *)(p + 4096) = 1;
	return fn();
}

TEST(rings_share_memory_if_asked)
{
	EXPECT_EQ(42, use_ring3s_memory(DUNE_INIT_NO_SMEP_SMAP));
}

TEST_SIGNAL(rings_share_no_memory, SIGSEGV)
{
	use_ring3s_memory(0);
}

TEST(libc_works_inside)
{
	struct timespec a, b;
	char *p, line[64];
	FILE *f;

	ENTER();
	p = malloc(100 << 20);
	ASSERT_NE(NULL, p);
	memset(p, 7, 100 << 20);
	EXPECT_EQ(7, p[50 << 20]);
	free(p);
	clock_gettime(CLOCK_MONOTONIC, &a);
	usleep(2000);
	clock_gettime(CLOCK_MONOTONIC, &b);
	EXPECT_LT(1999999, (b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec);
	EXPECT_NE(NULL, getenv("PATH"));
	f = fopen("/tmp/enter_test", "w+");
	fprintf(f, "%d %s\n", 42, "lines");
	rewind(f);
	EXPECT_NE(NULL, fgets(line, sizeof(line), f));
	EXPECT_STREQ("42 lines\n", line);
	fclose(f);
	EXPECT_EQ(getpid(), syscall(SYS_getpid));
}

TEST(memory_anywhere)
{
	uintptr_t va;

	ENTER();
	for (va = 0x10000000000UL; va < 0x700000000000UL; va += 0x123456789000UL & ~4095UL) {
		char *p = mmap((void *)va, 8192, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		ASSERT_EQ((void *)va, p);
		p[4095] = 1;
		p[4096] = 2;
		EXPECT_EQ(3, p[4095] + p[4096]);
		munmap(p, 8192);
	}
}

TEST(mappings_change_and_the_guest_sees_it)
{
	char *p, *q, c;
	int fd, i;

	ENTER();
	fd = memfd_create("x", 0);
	ASSERT_EQ(0, ftruncate(fd, 4 << 20));
	for (i = 0; i < 50; i++) {
		p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memset(p, i, 1 << 20);
		q = mremap(p, 1 << 20, 2 << 20, MREMAP_MAYMOVE);
		ASSERT_NE(MAP_FAILED, q);
		ASSERT_EQ(i, q[(1 << 20) - 1]);
		ASSERT_EQ(0, q[2 << 20 >> 1]);
		ASSERT_EQ(0, madvise(q, 1 << 20, MADV_DONTNEED));
		ASSERT_EQ(0, q[4096]);
		/* Another page at the same address. */
		ASSERT_EQ(q, mmap(q, 2 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0));
		q[0] = i;
		ASSERT_EQ(1, pread(fd, &c, 1, 0));
		ASSERT_EQ(i, c);
		munmap(q, 2 << 20);
	}
}

TEST(writes_reach_the_file)
{
	int fd;
	char *p, c;

	ENTER();
	fd = open("/tmp/enter_file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	ASSERT_EQ(0, ftruncate(fd, 8192));
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	c = p[4096];
	p[4096] = 'x';
	EXPECT_EQ(0, c);
	EXPECT_EQ(1, pread(fd, &c, 1, 4096));
	EXPECT_EQ('x', c);
	EXPECT_EQ(1, pwrite(fd, "y", 1, 4096));
	EXPECT_EQ('y', p[4096]);
}

TEST(fork_copies_memory)
{
	volatile char *p;
	int status, pipes[2];
	pid_t pid;
	char c = 0;

	ENTER();
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*p = 1;
	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	if (!pid) {
		/* Still in Dune mode, with memory of its own. */
		int bad = !dune_active() || *p != 1;

		*p = 2;
		(void)!write(pipes[1], "x", 1);
		usleep(10000);
		_exit(bad || *p != 2);
	}
	ASSERT_EQ(1, read(pipes[0], &c, 1));
	EXPECT_EQ(1, *p);
	*p = 3;
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(3, *p);
}

TEST(other_programs_run)
{
	ENTER();
	EXPECT_EQ(0, system("exit 0"));
	EXPECT_EQ(7, WEXITSTATUS(system("exit 7")));
}

static int counter;

static void *count(void *arg)
{
	int i;

	for (i = 0; i < 1000; i++)
		__atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
	return (void *)(long)dune_active();
}

TEST(threads_run_inside)
{
	pthread_t t[20];
	void *inside;
	int i;

	ENTER();
	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, count, NULL));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, pthread_join(t[i], &inside));
		EXPECT_EQ(1, (long)inside);
	}
	EXPECT_EQ(20000, counter);
}

static volatile int signals;

static void on_signal(int sig)
{
	signals++;
}

static void handle_alarm(int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	sigaction(SIGALRM, &sa, NULL);
}

static void alarm_soon(void)
{
	struct itimerval it = { .it_value.tv_usec = 20000 };

	setitimer(ITIMER_REAL, &it, NULL);
}

/* A read that a signal interrupts: by the fast path, then by the native one. */
static void check_interrupts(struct __test_metadata *_metadata)
{
	struct timespec ts = { 0, 200000000 }, rem = { 0 };
	int pipes[2];
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(pipes));
	signals = 0;
	handle_alarm(0);
	alarm_soon();
	EXPECT_EQ(-1, read(pipes[0], &c, 1));
	EXPECT_EQ(EINTR, errno);
	EXPECT_EQ(1, signals);

	alarm_soon();
	EXPECT_EQ(-1, nanosleep(&ts, &rem));
	EXPECT_EQ(EINTR, errno);
	EXPECT_LT(0, rem.tv_nsec);

	handle_alarm(SA_RESTART);
	alarm_soon();
	pid = fork();
	if (!pid) {
		usleep(100000);
		_exit(write(pipes[1], "z", 1) != 1);
	}
	EXPECT_EQ(1, read(pipes[0], &c, 1));
	EXPECT_EQ('z', c);
	EXPECT_EQ(3, signals);
	waitpid(pid, NULL, 0);
}

TEST(interrupted_calls)
{
	ENTER();
	check_interrupts(_metadata);
}

static int filter(unsigned int nr, unsigned int action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 4, code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

/* With any filter, calls take the native path: all must be as before. */
TEST(interrupted_calls_on_the_native_path)
{
	ENTER();
	ASSERT_EQ(0, filter(9999, SECCOMP_RET_KILL_PROCESS));
	check_interrupts(_metadata);
}

TEST(seccomp_is_obeyed_inside)
{
	ENTER();
	EXPECT_EQ(getpid(), syscall(SYS_getpid));
	ASSERT_EQ(0, filter(SYS_getppid, SECCOMP_RET_ERRNO | 77));
	EXPECT_EQ(-1, syscall(SYS_getppid));
	EXPECT_EQ(77, errno);
	EXPECT_EQ(-77, dune_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0));
	EXPECT_LT(0, getpid());
}

TEST_SIGNAL(seccomp_kills_inside, SIGSYS)
{
	ENTER();
	ASSERT_EQ(0, filter(SYS_getppid, SECCOMP_RET_KILL_PROCESS));
	syscall(SYS_getppid);
}

/* Numbers mean inside what they mean outside. */
TEST(system_call_numbers)
{
	const long odd[] = { -1, -4096, 512, 548, 1024, 9999, 0x40000027, 0x7fffffff, 0x80000000L };
	long outside[9];
	unsigned int i;

	for (i = 0; i < 9; i++)
		outside[i] = syscall(odd[i], 0, 0, 0) == -1 ? -errno : 0;
	ENTER();
	for (i = 0; i < 9; i++)
		EXPECT_EQ(outside[i], syscall(odd[i], 0, 0, 0) == -1 ? -errno : 0);
}

/* The same calls outside, by the fast path, and by the native path. */
static void some_calls(long *results)
{
	char buf[64];
	int n = 0;

	results[n++] = syscall(SYS_getuid);
	results[n++] = syscall(SYS_close, -1) == -1 ? -errno : 0;
	results[n++] = syscall(SYS_open, "/nonexistent", O_RDONLY) == -1 ? -errno : 0;
	results[n++] = syscall(SYS_read, 0, NULL, -1L) == -1 ? -errno : 0;
	results[n++] = syscall(SYS_write, -5, buf, 3) == -1 ? -errno : 0;
	results[n++] = syscall(SYS_mmap, 1, 1, 1, 0, 0, 0) == -1 ? -errno : 0;
	results[n++] = syscall(SYS_munmap, 1, 1) == -1 ? -errno : 0;
	results[n++] = syscall(SYS_fcntl, 0, F_GETFD);
	results[n++] = syscall(SYS_lseek, -1, 0, 9) == -1 ? -errno : 0;
	results[n++] = syscall(SYS_getcwd, buf, sizeof(buf));
	results[n++] = syscall(SYS_getcwd, buf, 1) == -1 ? -errno : 0;
	results[n++] = syscall(SYS_futex, 0, 99, 0, 0, 0, 0) == -1 ? -errno : 0;
	results[n++] = syscall(SYS_nanosleep, NULL, NULL) == -1 ? -errno : 0;
	results[n++] = syscall(SYS_getrandom, buf, 16, 0);
	results[n++] = syscall(SYS_uname, NULL) == -1 ? -errno : 0;
	results[n++] = syscall(SYS_umask, 022);
}

TEST(fast_native_and_outside_agree)
{
	long outside[16], fast[16], native[16];

	syscall(SYS_umask, 022);
	some_calls(outside);
	ENTER();
	some_calls(fast);
	ASSERT_EQ(0, filter(9999, SECCOMP_RET_KILL_PROCESS));
	some_calls(native);
	EXPECT_EQ(0, memcmp(outside, fast, sizeof(fast)));
	EXPECT_EQ(0, memcmp(outside, native, sizeof(native)));
}

TEST_HARNESS_MAIN
