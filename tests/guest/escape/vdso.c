/* SPDX-License-Identifier: MIT */
/*
 * vdso.c - code of our own in place of the vDSO, for somebody of ring 0 to run
 *
 * The vDSO is the program's, and it may do with it what it likes: what counts is that
 * its code is never run but at ring 3. It writes down at which rings it is.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "escape.h"

#define RWX	(PROT_READ | PROT_WRITE | PROT_EXEC)
#define MAP	(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)

static volatile unsigned char rings;	/* a bit for each */
static char *vdso;
static size_t size;

/* Notes the ring; returns -ENOSYS, and whoever called makes the system call. */
extern const char stub[], stub_address[], stub_end[];
asm(".pushsection .rodata\n"
    "stub:	movabs $0, %r11\n"
    "stub_address:\n"
    "	mov %cs, %ecx\n"
    "	and $3, %ecx\n"
    "	mov $1, %eax\n"
    "	shl %cl, %eax\n"
    "	or %al, (%r11)\n"
    "	mov $-38, %rax\n"
    "	ret\n"
    "stub_end:\n"
    ".popsection");

static bool find(void)
{
	unsigned long from, to;
	char line[256];
	FILE *f = fopen("/proc/self/maps", "r");

	vdso = (char *)getauxval(AT_SYSINFO_EHDR);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from == (unsigned long)vdso)
			size = to - from;
	if (f)
		fclose(f);
	return vdso && size;
}

/* From wherever it is entered, to the stub. */
static void fill(void)
{
	volatile unsigned char *address = &rings;
	size_t n = stub_end - stub;

	memset(vdso, 0x90, size);
	memcpy(vdso + size - n, stub, n);
	memcpy(vdso + size - n + (stub_address - stub) - 8, &address, 8);
}

static void on_signal(int sig)
{
}

static void *nothing(void *unused)
{
	return NULL;
}

/* All that somebody might ask the time, or the CPU's number, for. */
static void provoke(void)
{
	struct itimerval soon = { .it_value.tv_usec = 1000 };
	struct timespec t = { 0, 5000000 };
	pthread_t thread;
	int i;

	signal(SIGALRM, on_signal);
	for (i = 0; i < 20; i++) {
		syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
		syscall(SYS_gettimeofday, &soon, NULL);
		syscall(SYS_getcpu, NULL, NULL, NULL);
		syscall(SYS_time, NULL);
		syscall(SYS_sched_yield);
		raise(SIGALRM);
	}
	soon = (struct itimerval){ .it_value.tv_usec = 1000 };
	t = (struct timespec){ 0, 5000000 };
	setitimer(ITIMER_REAL, &soon, NULL);
	syscall(SYS_nanosleep, &t, NULL);
	if (!pthread_create(&thread, NULL, nothing, NULL))
		pthread_join(thread, NULL);
	i = fork();
	if (!i)
		_exit(0);
	waitpid(i, NULL, 0);
}

static int result(void)
{
	struct timespec t;

	fill();
	provoke();
	clock_gettime(CLOCK_MONOTONIC, &t);	/* by the vDSO, at our own ring */
	if (rings & 1)
		return 0;
	return rings == 1 << 3 ? EPERM : UNTRIED;
}

static int vdso_written(void)
{
	if (!find() || mprotect(vdso, size, RWX))
		return errno;
	return result();
}

static int vdso_mapped_over(void)
{
	if (!find() || mmap(vdso, size, RWX, MAP, -1, 0) != vdso)
		return errno;
	return result();
}

static int vdso_replaced(void)
{
	if (!find() || munmap(vdso, size))
		return errno;
	provoke();
	if (mmap(vdso, size, RWX, MAP, -1, 0) != vdso)
		return errno;
	return result();
}

static int vdso_moved(void)
{
	void *to = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!find() || mremap(vdso, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		return errno;
	if (mmap(vdso, size, RWX, MAP, -1, 0) != vdso)
		return errno;
	return result();
}

/* Into the monitor's place, for its own code there. */
static int vdso_moved_into_monitor(void)
{
	if (!find())
		return UNTRIED;
	return mremap(vdso, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)TARGET_PAGE) ==
	       MAP_FAILED ? errno : 0;
}

const struct attempt vdso_attempts[] = {
	A0(vdso_written, "EPERM"), A0(vdso_mapped_over, "EPERM"), A0(vdso_replaced, "EPERM"),
	A0(vdso_moved, "EPERM"), A(vdso_moved_into_monitor, ENOMEM),
	{ 0 },
};
