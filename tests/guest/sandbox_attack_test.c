/* SPDX-License-Identifier: MIT */
/*
 * sandbox_attack_test.c - a plugin that attacks the program it is in
 *
 * Each attack ends its domain with a report, or does nothing; each time the
 * program goes on. What reads or writes memory is also called without a domain,
 * where it must succeed: else it would be no attack.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <dune/trap.h>
#include <dune/vm.h>

#include "sandbox.h"

static volatile long secret = 0x5ec2e7;

static void *outside(const char *name)
{
	void *handle = dlopen(plugin("wild"), RTLD_NOW);

	return handle ? dlsym(handle, name) : NULL;
}

TEST(the_attacks_work_without_a_domain)
{
	long (*read_at)(volatile long *p) = outside("read_at");
	void (*write_at)(volatile long *p, long v) = outside("write_at");
	long (*opened)(void) = outside("opened_while_loading");
	long (*mapped_wrongly)(void) = outside("mapped_wrongly");
	int (*instructions)(void) = outside("instructions");
	void (*instruction)(int) = outside("instruction");
	int status, i, signals = 0;

	ASSERT_NE(NULL, read_at);
	EXPECT_EQ(0x5ec2e7, read_at(&secret));
	write_at(&secret, 5);
	EXPECT_EQ(5, secret);
	EXPECT_NE(0, opened());
	EXPECT_EQ(0, mapped_wrongly());
	for (i = 0; i < instructions(); i++) {
		pid_t pid = fork();

		if (!pid) {
			instruction(i);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		signals += WIFSIGNALED(status);
	}
	EXPECT_LT(15, signals);
}

static void reads(struct __test_metadata *_metadata, const volatile void *p)
{
	struct dune_domain *d = DOMAIN(0);
	struct dune_domain_report report = FATAL(d, "read_at", (uint64_t)p);

	EXPECT_EQ(DUNE_DOMAIN_CRASHED, report.cause);
	EXPECT_EQ(SIGSEGV, report.signal);
	EXPECT_EQ((uint64_t)p, report.address);
	EXPECT_EQ(0, strcmp("plugin-wild.so", report.module));
	EXPECT_EQ(0, dune_domain_destroy(d));
	d = DOMAIN(0);
	report = FATAL(d, "write_at", (uint64_t)p, 1);
	EXPECT_EQ(DUNE_DOMAIN_CRASHED, report.cause);
	EXPECT_EQ(0, dune_domain_destroy(d));
}

TEST(memory_of_the_program)
{
	char here[64] = "";
	void *heap = malloc(100), *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	reads(_metadata, &secret);
	EXPECT_EQ(0x5ec2e7, secret);
	reads(_metadata, here);
	reads(_metadata, heap);
	reads(_metadata, map);
	reads(_metadata, stdout);
}

/* What other uses of ring 3 have: before the domain is made, and after. */
TEST(memory_of_the_programs_own_ring_3)
{
	uintptr_t at = 0x3a0000000000;
	struct dune_domain *d;
	int i;

	ASSERT_EQ(0, enter());
	for (i = 0; i < 2; i++, at += 1UL << 30) {
		d = i ? DOMAIN(0) : NULL;
		ASSERT_EQ(0, dune_vm_slot_protect(at, 1UL << 30, DUNE_PTE_U));
		ASSERT_EQ((void *)at, mmap((void *)at, 4096, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
		ASSERT_EQ(0, dune_copy_to_user(at, "x", 1));
		ASSERT_EQ(DUNE_PTE_U, *dune_vm_lookup(dune_vm_mirror(), at).pte & DUNE_PTE_U);
		if (d)
			EXPECT_EQ(DUNE_DOMAIN_CRASHED, FATAL(d, "read_at", at).cause);
		reads(_metadata, (void *)at);
	}
}

TEST(memory_of_libdune)
{
	uint64_t gs;

	ASSERT_EQ(0, enter());
	asm volatile("mov %%gs:0, %0" : "=r" (gs));	/* the thread's block */
	reads(_metadata, (void *)gs);
	reads(_metadata, (void *)dune_info());
	reads(_metadata, (void *)dune_domain_create);
}

TEST(addresses_around_the_domain)
{
	struct dune_domain *d = DOMAIN(0);
	uint64_t at = (uint64_t)dune_domain_alloc(d, 4096);
	const uint64_t places[] = {
		(at & -(1UL << 30)) - 8, (at & -(1UL << 30)) + (1UL << 30),
		(at & -(1UL << 39)), (at & -(1UL << 39)) - 8, (at | ((1UL << 39) - 1)) - 7,
		(at & -(1UL << 30)) + (2UL << 30), 0, 8, (1UL << 47) - 8, 1UL << 47, ~7UL,
		0xffff800000000000,
	};
	unsigned int i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		d = DOMAIN(0);
		EXPECT_EQ(SIGSEGV, FATAL(d, "read_at", places[i]).signal);
		EXPECT_EQ(0, dune_domain_destroy(d));
	}
}

static volatile int executed;

static void host_function(void)
{
	executed = 1;
}

TEST(jumps_into_the_program)
{
	struct dune_domain *d = DOMAIN(0);
	struct dune_domain_report report = FATAL(d, "jump_to", (uint64_t)host_function);

	EXPECT_EQ((uint64_t)host_function, report.rip);
	EXPECT_EQ((uint64_t)host_function, report.address);
	d = DOMAIN(0);
	EXPECT_EQ(SIGSEGV, FATAL(d, "jump_to", (uint64_t)dune_leave).signal);
	d = DOMAIN(0);
	EXPECT_EQ(SIGSEGV, FATAL(d, "jump_to", 1UL << 47).signal);
	d = DOMAIN(0);
	EXPECT_EQ(SIGSEGV, FATAL(d, "jump_to", (1UL << 47) - 1).signal);
	EXPECT_EQ(0, executed);
}

/* A function's address that is none: the program may have got it from the domain. */
TEST(symbols_that_lie)
{
	struct dune_domain_call c = { .arg = { 0 } };
	struct dune_domain *d = DOMAIN(0);

	EXPECT_EQ(-EOWNERDEAD, dune_domain_call(d, (uint64_t)host_function, &c));
	d = DOMAIN(0);
	EXPECT_EQ(-EOWNERDEAD, dune_domain_call(d, 0, &c));
	EXPECT_EQ(-EOWNERDEAD, dune_domain_call(d, 0, &c));
	EXPECT_EQ(0, executed);
}

TEST(instructions_that_are_not_for_ring_3)
{
	struct dune_domain *d = DOMAIN(0);
	int n = CALL(d, "instructions"), i;

	for (i = 0; i < n; i++) {
		struct dune_domain_report report;

		d = DOMAIN(0);
		report = FATAL(d, "instruction", i);
		if (report.cause != DUNE_DOMAIN_CRASHED || !report.signal)
			printf("# instruction %d: cause %u, signal %d\n", i, report.cause,
			       report.signal);
		EXPECT_EQ(DUNE_DOMAIN_CRASHED, report.cause);
		EXPECT_NE(0, report.signal);
		EXPECT_EQ(0, dune_domain_destroy(d));
	}
}

TEST(system_calls)
{
	static const int none[] = {
		SYS_open, SYS_stat, SYS_pipe, SYS_socket, SYS_connect, SYS_fork, SYS_vfork,
		SYS_clone3, SYS_execve, SYS_ptrace, SYS_process_vm_readv,
		SYS_process_vm_writev, SYS_userfaultfd, SYS_io_uring_setup, SYS_bpf,
		SYS_prctl, SYS_seccomp, SYS_memfd_create, SYS_shmget, SYS_shmat,
		SYS_remap_file_pages, SYS_mlockall, SYS_rt_sigaction, SYS_rt_sigreturn,
		SYS_sigaltstack, SYS_setitimer, SYS_timer_create, SYS_perf_event_open,
		SYS_modify_ldt, SYS_iopl, SYS_ioperm, SYS_pkey_mprotect, SYS_pidfd_open,
		SYS_mount, SYS_chroot, SYS_keyctl, SYS_openat2, SYS_open_by_handle_at,
		SYS_dup, SYS_fcntl, SYS_sendmsg, SYS_recvmsg, 0x40000000 | SYS_getpid, 1000,
		0x1001, 0x10ff, 0x1100, 0x1105, 0x111f, 0x1120, -1,
	};
	struct dune_domain *d = DOMAIN(0);
	struct dune_domain_report report;
	unsigned int i;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		EXPECT_EQ(-ENOSYS, (int)CALL(d, "any_call", none[i], 0, 0, 0, 0, 0));
	dune_domain_report(d, &report);
	EXPECT_LT(40, report.refused);
	/* A number's upper half is no way to a hypercall. */
	EXPECT_EQ(2, CALL(d, "any_call", 0x44554e4500000000 | SYS_getpid, 0, 0, 0, 0, 0));
	EXPECT_EQ(-ENOSYS, CALL(d, "any_call", 0x44554e4500000000 | 5000, 0, 0, 0, 0, 0));
	EXPECT_EQ(-EACCES, CALL(d, "any_call", SYS_openat, AT_FDCWD, (uint64_t)"/etc/passwd"));
}

TEST(descriptors_of_the_program)
{
	struct dune_domain *d = DOMAIN(0);
	uint64_t p = (uint64_t)dune_domain_alloc(d, 4096);
	int fd;

	for (fd = 0; fd < 40; fd++) {
		EXPECT_EQ(-EBADF, CALL(d, "any_call", SYS_read, fd, p, 10));
		EXPECT_EQ(-EBADF, CALL(d, "any_call", SYS_close, fd));
		EXPECT_EQ(-EBADF, CALL(d, "any_call", SYS_fstat, fd, p));
		EXPECT_EQ(-ENOTTY, CALL(d, "any_call", SYS_ioctl, fd, 0xde01));
		if (fd != 1 && fd != 2)
			EXPECT_EQ(-EBADF, CALL(d, "any_call", SYS_write, fd, p, 10));
	}
	EXPECT_EQ(10, CALL(d, "any_call", SYS_write, 1, p, 10));
}

TEST(pointers_into_the_program)
{
	struct dune_domain *d = DOMAIN(0);
	uint64_t inside = (uint64_t)dune_domain_alloc(d, 4096);
	const uint64_t bad[] = {
		(uint64_t)&secret, ~7UL, 1UL << 47, (inside & -(1UL << 30)) - 4,
		(inside & -(1UL << 30)) + (1UL << 30),
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t p = bad[i];

		EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_clock_gettime, 1, p));
		EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_gettimeofday, p, 0));
		EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_getrandom, p, 16, 0));
		EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_write, 1, p, 16));
		EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_writev, 1, p, 1));
		EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_prlimit64, 0, 3, 0, p));
		EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_rt_sigprocmask, 0, 0, p, 8));
		EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_sched_getaffinity, 0, 8, p));
		EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_nanosleep, p, 0));
		EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_futex, p, 1, 1));
		EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_futex, inside, 3, 1, 1, p));
		EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_futex, inside, 0, 0, p));
	}
	/* One that begins inside and runs out. */
	inside = (inside & -(1UL << 30)) + (1UL << 30) - 4;
	EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_clock_gettime, 1, inside));
	EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_write, 1, inside, 16));
	EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_getrandom, inside, 16, 0));
	EXPECT_EQ(0x5ec2e7, secret);
}

TEST(mappings_over_the_program)
{
	struct dune_domain *d = DOMAIN(0);
	char *buffer = dune_domain_alloc(d, 8192);
	uint64_t b = (uint64_t)buffer, host = (uint64_t)&secret & -4096UL;
	uint64_t base = b & -(1UL << 30), top = base + (1UL << 30);
	const int fixed = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
	long r;

	buffer[0] = 'a';
	EXPECT_EQ(-ENOMEM, CALL(d, "mmap_call", host, 4096, 3, fixed));
	EXPECT_EQ(-ENOMEM, CALL(d, "mmap_call", base - 4096, 8192, 3, fixed));
	EXPECT_EQ(-ENOMEM, CALL(d, "mmap_call", top - 4096, 8192, 3, fixed));
	EXPECT_EQ(-ENOMEM, CALL(d, "mmap_call", b, 4096, 3, fixed));
	EXPECT_EQ(-ENOMEM, CALL(d, "mmap_call", b - 4096, 16384, 3, fixed));
	EXPECT_EQ(-ENOMEM, CALL(d, "mmap_call", b + 1, 4096, 3, fixed));
	EXPECT_EQ(-EINVAL, CALL(d, "mmap_call", 0, 0, 3, MAP_PRIVATE | MAP_ANONYMOUS));
	EXPECT_EQ(-EINVAL, CALL(d, "mmap_call", 0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS));
	EXPECT_EQ(-EINVAL, CALL(d, "mmap_call", 0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS |
				MAP_GROWSDOWN));
	EXPECT_EQ(-ENOMEM, CALL(d, "mmap_call", 0, 1UL << 40, 3, MAP_PRIVATE | MAP_ANONYMOUS));
	EXPECT_EQ(-ENOMEM, CALL(d, "mmap_call", 0, ~0UL, 3, MAP_PRIVATE | MAP_ANONYMOUS));
	EXPECT_EQ(-EBADF, CALL(d, "mmap_call", 0, 4096, 3, MAP_PRIVATE));
	/* A hint is no order. */
	r = CALL(d, "mmap_call", host, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS);
	EXPECT_LE((long)base, r);
	EXPECT_GT((long)top, r);

	EXPECT_EQ(-EINVAL, CALL(d, "any_call", SYS_munmap, host, 4096));
	EXPECT_EQ(-EINVAL, CALL(d, "any_call", SYS_munmap, base - 4096, 8192));
	EXPECT_EQ(-EINVAL, CALL(d, "any_call", SYS_munmap, base, ~0UL));
	EXPECT_EQ(-EPERM, CALL(d, "any_call", SYS_munmap, b, 4096));
	EXPECT_EQ(-ENOMEM, CALL(d, "any_call", SYS_mprotect, host, 4096, 0));
	EXPECT_EQ(-EPERM, CALL(d, "any_call", SYS_mprotect, b, 4096, 0));
	EXPECT_EQ(-EACCES, CALL(d, "any_call", SYS_mprotect, r, 4096, 1 << 24));
	EXPECT_EQ(-EINVAL, CALL(d, "any_call", SYS_madvise, host, 4096, MADV_DONTNEED));
	EXPECT_EQ(-EINVAL, CALL(d, "any_call", SYS_madvise, b, 4096, MADV_DONTNEED));
	EXPECT_EQ(-EINVAL, CALL(d, "any_call", SYS_madvise, r, 4096, MADV_HWPOISON));
	EXPECT_EQ(-EINVAL, CALL(d, "any_call", SYS_mremap, host, 4096, 8192, 1, 0));
	EXPECT_EQ(-EFAULT, CALL(d, "any_call", SYS_mremap, b, 4096, 8192, 1, 0));
	EXPECT_EQ(-EINVAL, CALL(d, "any_call", SYS_mremap, r, 4096, 4096, 3, host));
	EXPECT_EQ(-ENOMEM, CALL(d, "any_call", SYS_mremap, r, 4096, 1UL << 41, 1, 0));
	EXPECT_EQ(CALL(d, "any_call", SYS_brk, 0), CALL(d, "any_call", SYS_brk, host));
	EXPECT_EQ(CALL(d, "any_call", SYS_brk, 0), CALL(d, "any_call", SYS_brk, ~0UL));
	EXPECT_EQ('a', buffer[0]);
	EXPECT_EQ(0x5ec2e7, secret);
	/* What is unmapped in a domain stays the domain's: Linux puts nothing there. */
	EXPECT_EQ(0, CALL(d, "any_call", SYS_munmap, r, 4096));
	EXPECT_EQ(MAP_FAILED, mmap((void *)r, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
				   MAP_FIXED_NOREPLACE, -1, 0));
}

/* The vDSO is the program's: its libc calls it, at ring 0. */
TEST(the_vdso_of_the_program)
{
	struct dune_domain *d = DOMAIN(0);
	uint64_t v = getauxval(AT_SYSINFO_EHDR), free = 0x20000000;
	long (*any_call)(long nr, ...) = outside("any_call");
	long (*mmap_call)(uint64_t at, ...) = outside("mmap_call");
	const int fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	uint64_t size = 4096;

	ASSERT_NE(0, v);
	ASSERT_EQ('E', ((char *)v)[1]);
	EXPECT_EQ(-ENOMEM, CALL(d, "any_call", SYS_mprotect, v, size, 7));
	EXPECT_EQ(-EINVAL, CALL(d, "any_call", SYS_munmap, v, size));
	EXPECT_EQ(-EINVAL, CALL(d, "any_call", SYS_mremap, v, size, size, 3, free));
	EXPECT_EQ(-EINVAL, CALL(d, "any_call", SYS_madvise, v, size, MADV_DONTNEED));
	EXPECT_EQ(-ENOMEM, CALL(d, "mmap_call", v, size, 7, fixed));
	reads(_metadata, (void *)v);
	EXPECT_EQ('E', ((char *)v)[1]);
	/* Without a domain each of them is done, for the whole of it. */
	while (any_call(SYS_mprotect, v, size, 7L) && size < 65536)
		size += 4096;
	EXPECT_EQ(0, any_call(SYS_mprotect, v, size, 5L));
	EXPECT_EQ((long)free, any_call(SYS_mremap, v, size, size, 3L, free));
	EXPECT_EQ((long)v, mmap_call(v, size, 7L, (long)fixed));
	EXPECT_EQ(0, any_call(SYS_munmap, free, size));
	EXPECT_EQ(0, any_call(SYS_munmap, v, size));
}

TEST(writable_code)
{
	struct dune_domain *d = DOMAIN(0);
	struct dune_domain_report report;

	CALL(d, "write_code", 0);
	d = DOMAIN(.flags = DUNE_DOMAIN_W_XOR_X);
	CALL(d, "write_code", 0);		/* could not be mapped */
	report = FATAL(d, "write_code", 1);
	EXPECT_EQ(SIGSEGV, report.signal);
}

TEST(files_while_it_is_loaded)
{
	struct dune_domain *d = DOMAIN(0);

	EXPECT_EQ(0, CALL(d, "opened_while_loading"));
	EXPECT_EQ(0, CALL(d, "mapped_wrongly"));
}

static uint64_t called_back(void *data, const uint64_t arg[6])
{
	return arg[0] + 1;
}

/* Stack, mail and the ends of calls: the host relies on them. */
TEST(held_memory_stays)
{
	struct dune_domain *d = DOMAIN(0);
	const int fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	uint64_t fn, start, page;

	ASSERT_EQ(0, dune_domain_callback(d, called_back, NULL, &fn));
	/* The stack ends two pages below the page with the ends of calls. */
	start = (fn & -4096UL) - 8 * 4096;
	for (page = start; page < start + 10 * 4096; page += 4096) {
		EXPECT_EQ(-EPERM, CALL(d, "any_call", SYS_munmap, page, 4096));
		EXPECT_EQ(-EPERM, CALL(d, "any_call", SYS_mprotect, page, 4096, 3));
		EXPECT_EQ(-EINVAL, CALL(d, "any_call", SYS_madvise, page, 4096, MADV_DONTNEED));
		EXPECT_EQ(-ENOMEM, CALL(d, "mmap_call", page, 4096, 3, fixed));
	}
	EXPECT_EQ(8, CALL(d, "attack_callback", fn, 7));
}

/* The program's memory is data to it, and the domain's is no code of its. */
TEST(the_program_does_not_execute_the_domain)
{
	struct dune_domain *d = DOMAIN(0);
	uint64_t fn;
	int status;
	pid_t pid;

	ASSERT_EQ(0, dune_domain_symbol(d, "instructions", &fn));
	EXPECT_EQ(0, dune_leave());
	pid = fork();
	if (!pid) {
		if (enter())
			_exit(1);
		((int (*)(void))fn)();
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static uint64_t picky(void *data, const uint64_t arg[6])
{
	char c;

	/* A hostile pointer: a copy says no, nothing more. */
	return dune_domain_read(data, &c, arg[0], 1) ? 1 : 2;
}

TEST(callbacks_with_hostile_arguments)
{
	struct dune_domain *d = DOMAIN(0);
	uint64_t fn, ok = (uint64_t)dune_domain_alloc(d, 4096);

	ASSERT_EQ(0, dune_domain_callback(d, picky, d, &fn));
	EXPECT_EQ(2, CALL(d, "attack_callback", fn, ok));
	EXPECT_EQ(1, CALL(d, "attack_callback", fn, (uint64_t)&secret));
	EXPECT_EQ(1, CALL(d, "attack_callback", fn, ~0UL));
	EXPECT_EQ(1, CALL(d, "attack_callback", fn, ok + 4096));
	/* One that has not been declared. */
	EXPECT_EQ(-ENOSYS, CALL(d, "attack_callback", fn + 16, ok));
	EXPECT_EQ(-ENOSYS, CALL(d, "any_call", 0x1101, 0));
}

TEST_HARNESS_MAIN
