/* SPDX-License-Identifier: MIT */
/*
 * memory.c - put other memory where the monitor is, or take the monitor's away
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "escape.h"

#define T	((void *)TARGET_PAGE)
#define MAP	(MAP_PRIVATE | MAP_ANONYMOUS)
#define RW	(PROT_READ | PROT_WRITE)

static int result(void *p)
{
	return p == MAP_FAILED ? errno : 0;
}

static int map_over(void)
{
	return result(mmap(T, 4096, RW, MAP | MAP_FIXED, -1, 0));
}

static int map_over_guard(void)
{
	return result(mmap((void *)(TARGET - 0x1000), 0x3000, RW, MAP | MAP_FIXED, -1, 0));
}

/* A huge page at the last place before: of a page's size, it takes two MiB. */
static int map_huge_before(void)
{
	return result(mmap((void *)(TARGET - (2UL << 20)), 4096, PROT_NONE,
			   MAP | MAP_FIXED | MAP_HUGETLB | MAP_NORESERVE, -1, 0));
}

static int map_grows_down(void)
{
	return result(mmap((void *)(TARGET + (1UL << 30) - 0x1000), 0x2000, RW,
			   MAP | MAP_GROWSDOWN | MAP_FIXED, -1, 0));
}

static int map_wrapping(void)
{
	void *p = mmap((void *)(TARGET - 0x1000), 0x8000000000UL, PROT_NONE,
		       MAP | MAP_FIXED | MAP_NORESERVE, -1, 0);

	return result(p);
}

static int unmap(void)
{
	return FAILED(munmap(T, 4096));
}

static int unmap_all(void)
{
	return FAILED(munmap((void *)(TARGET - (1UL << 30)), 3UL << 30));
}

static int protect(void)
{
	return FAILED(mprotect(T, 4096, PROT_NONE));
}

static int advise(void)
{
	return FAILED(madvise(T, 4096, MADV_DONTNEED));
}

static int move_away(void)
{
	return result(mremap(T, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, 0x20000000UL));
}

static int move_over(void)
{
	void *p = mmap(NULL, 4096, RW, MAP, -1, 0);

	return result(mremap(p, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, T));
}

static int grow_into(void)
{
	void *p = mmap((void *)(TARGET - 0x10000), 0x1000, RW, MAP | MAP_FIXED, -1, 0);

	munmap((void *)(TARGET - 0xf000), 0xf000);
	munmap((void *)TARGET, TARGET_SIZE);	/* natively: ours */
	if (p == MAP_FAILED)
		return errno;
	return result(mremap(p, 0x1000, 0x12000, 0));
}

static int attach_segment(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600), e;
	void *p;

	if (id < 0)
		return errno;
	p = shmat(id, T, SHM_REMAP);
	e = p == (void *)-1 ? errno : 0;
	shmctl(id, IPC_RMID, NULL);
	return e;
}

static int remap_pages(void)
{
	if (target_is_ours)	/* shared, or there would be nothing to rearrange */
		mmap(T, 0x2000, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	return FAILED(syscall(SYS_remap_file_pages, T, 4096, 0, 1, 0));
}

/*
 * Through /proc
 */

static int write_by(const char *path, int dir)
{
	int fd = openat(dir, path, O_RDWR);

	if (fd < 0)
		return errno;
	return pwrite(fd, "x", 1, TARGET_PAGE) == 1 ? 0 : errno;
}

static int proc_mem(void)
{
	return write_by("/proc/self/mem", AT_FDCWD);
}

static int proc_thread_mem(void)
{
	return write_by("/proc/thread-self/mem", AT_FDCWD);
}

static int proc_pid_mem(void)
{
	char path[64];

	sprintf(path, "/proc/%d/task/%d/mem", getpid(), (int)syscall(SYS_gettid));
	return write_by(path, AT_FDCWD);
}

static int proc_mem_by_dir(void)
{
	return write_by("mem", open("/proc/self", O_PATH));
}

static int proc_mem_by_link(void)
{
	unlink(WORK "/link");
	if (symlink("/proc/self", WORK "/link"))
		return errno;
	return write_by(WORK "/link/mem", AT_FDCWD);
}

static int proc_mem_by_cwd(void)
{
	if (chdir("/proc/self/task"))
		return errno;
	return write_by("../mem", AT_FDCWD);
}

static int proc_mem_by_root(void)
{
	return write_by("/proc/self/root/proc/self/mem", AT_FDCWD);
}

static int proc_mem_of_parent(void)
{
	char path[64];

	sprintf(path, "/proc/%d/mem", getppid());
	return write_by(path, AT_FDCWD);
}

static int proc_pagemap(void)
{
	return open("/proc/self/pagemap", O_RDONLY) < 0 ? errno : 0;
}

static int proc_clear_refs(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	return fd < 0 ? errno : FAILED(write(fd, "4", 1));
}

/*
 * By calls that reach into processes
 */

static int vm_writev(void)
{
	struct iovec own = { "x", 1 }, other = { T, 1 };

	return FAILED(syscall(SYS_process_vm_writev, getpid(), &own, 1, &other, 1, 0));
}

static int vm_readv(void)
{
	char byte;
	struct iovec own = { &byte, 1 }, other = { T, 1 };

	return FAILED(syscall(SYS_process_vm_readv, getpid(), &own, 1, &other, 1, 0));
}

static int trace_parent(void)
{
	pid_t parent = getpid(), pid = fork();
	int status;

	if (!pid) {
		int e = FAILED(ptrace(PTRACE_ATTACH, parent, NULL, NULL));

		/* Not stopped yet, it could not be let go, and would stay stopped. */
		if (!e && waitpid(parent, NULL, __WALL) == parent)
			ptrace(PTRACE_DETACH, parent, NULL, NULL);
		_exit(e);
	}
	if (pid < 0)
		return errno;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static int trace_me(void)
{
	return FAILED(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int user_faults(void)
{
	return FAILED(syscall(SYS_userfaultfd, O_CLOEXEC));
}

static int ring(void)
{
	char parameters[256] = "";

	return FAILED(syscall(SYS_io_uring_setup, 1, parameters));
}

static int old_aio(void)
{
	unsigned long context = 0;

	return FAILED(syscall(SYS_io_setup, 1, &context));
}

/* /proc/self/cmdline is then read from there. */
static int arguments_address(void)
{
	return FAILED(prctl(PR_SET_MM, PR_SET_MM_ARG_START, TARGET_PAGE, 0, 0));
}

static void read_by_gs(void)
{
	unsigned long v;

	asm volatile("mov %%gs:0, %0" : "=r" (v));
}

static int gs_base(void)
{
	/* Not an escape by itself: what counts is the access. */
	if (syscall(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, TARGET_PAGE))
		return errno;
	return fault_of(read_by_gs, NULL, TARGET_PAGE);
}

static void read_it(void)
{
	*(volatile char *)T;
}

static int plain_read(void)
{
	return fault_of(read_it, NULL, TARGET_PAGE);
}

static void write_it(void)
{
	*(volatile char *)T = 1;
}

static int plain_write(void)
{
	return fault_of(write_it, NULL, TARGET_PAGE);
}

static void jump_there(void)
{
	((void (*)(void))T)();
}

static int plain_jump(void)
{
	if (target_is_ours)
		*(volatile unsigned char *)T = 0xc3;	/* ret */
	return fault_of(jump_there, T, TARGET_PAGE);
}

/* Linux itself ends a process whose signals have no stack. */
static int signal_stack(void)
{
	stack_t stack = { .ss_sp = T, .ss_size = 0x3000 };
	struct sigaction action = { .sa_handler = (void (*)(int))abs, .sa_flags = SA_ONSTACK };

	if (sigaltstack(&stack, NULL) || sigaction(SIGUSR1, &action, NULL))
		return errno;
	return FAILED(raise(SIGUSR1));
}

const struct attempt memory_attempts[] = {
	A(map_over, ENOMEM), A(map_over_guard, ENOMEM), A(map_huge_before, ENOMEM),
	A(map_grows_down, ENOMEM),
	A(map_wrapping, ENOMEM), A(unmap, ENOMEM), A(unmap_all, ENOMEM), A(protect, ENOMEM),
	A(advise, ENOMEM), A(move_away, EFAULT), A(move_over, ENOMEM), A(grow_into, EFAULT),
	A(attach_segment, ENOSYS), A(remap_pages, ENOSYS), A(proc_mem, EACCES),
	A(proc_thread_mem, EACCES), A(proc_pid_mem, EACCES), A(proc_mem_by_dir, EACCES),
	A(proc_mem_by_link, EACCES), A(proc_mem_by_cwd, EACCES), A(proc_mem_by_root, EACCES),
	A(proc_mem_of_parent, EACCES), A(proc_pagemap, EACCES), A(proc_clear_refs, EACCES),
	A(vm_writev, ENOSYS), A(vm_readv, ENOSYS), A(trace_parent, ENOSYS), A(trace_me, ENOSYS),
	A(user_faults, ENOSYS), A(ring, ENOSYS), A(old_aio, ENOSYS), A(arguments_address, EPERM),
	A(gs_base, #PF), A(plain_read, #PF), A(plain_write, #PF), A(plain_jump, #PF),
	A(signal_stack, SIGSEGV),
	{ 0 },
};
