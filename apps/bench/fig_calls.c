/* SPDX-License-Identifier: MIT */
/*
 * fig_calls.c - system calls of different lengths, made as libc makes them
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS	2000

static double values[ROUNDS];
static int null, zero;

static void call_getpid(void)
{
	syscall(SYS_getpid);
}

static void call_read(void)
{
	char c;

	if (read(zero, &c, 1) != 1)
		_exit(1);
}

static void call_write(void)
{
	if (write(null, "x", 1) != 1)
		_exit(1);
}

static void call_stat(void)
{
	struct stat st;

	if (stat("/proc/self", &st))
		_exit(1);
}

static void call_mmap(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || munmap(p, PAGE))
		_exit(1);
}

/* The vDSO's: no system call at all. */
static void call_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
}

static double time_each(void (*call)(void), long *n)
{
	uint64_t empty = ticks_empty(), t;
	int i;

	*n = ROUNDS;
	null = open("/dev/null", O_WRONLY);
	zero = open("/dev/zero", O_RDONLY);
	for (i = 0; i < ROUNDS; i++)
		values[i] = 0;
	call();
	count_from();
	for (i = 0; i < ROUNDS; i++) {
		t = ticks_now();
		call();
		values[i] = ticks_now() - t - empty;
	}
	count_to();
	return median(values, ROUNDS);
}

double call_getpid_libc(long *n) { return time_each(call_getpid, n); }
double call_read_1(long *n) { return time_each(call_read, n); }
double call_write_1(long *n) { return time_each(call_write, n); }
double call_stat_proc(long *n) { return time_each(call_stat, n); }
double call_mmap_munmap(long *n) { return time_each(call_mmap, n); }
double call_clock_gettime(long *n) { return time_each(call_clock, n); }
