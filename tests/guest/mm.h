/* SPDX-License-Identifier: MIT */
/*
 * mm.h - memory as a thread in Dune mode finds it: reads and writes that may fail
 */
#ifndef _TESTS_GUEST_MM_H
#define _TESTS_GUEST_MM_H

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <dune/dune.h>

#define PAGE		4096UL
#define HUGE_PAGE	(2UL << 20)
#define REFUSED		(-1)

/* In a TEST of the harness. */
#define ENTER() do { ASSERT_EQ(0, dune_init(0)); ASSERT_EQ(0, dune_enter()); \
		     mm_catch_signals(); } while (0)

#define RW	(PROT_READ | PROT_WRITE)

static __thread sigjmp_buf mm_back;
static __thread volatile int mm_signal, mm_code;

static inline void mm_on_signal(int sig, siginfo_t *info, void *context)
{
	mm_signal = sig;
	mm_code = info->si_code;
	siglongjmp(mm_back, 1);
}

static inline void mm_catch_signals(void)
{
	struct sigaction sa = { .sa_sigaction = mm_on_signal,
				.sa_flags = SA_NODEFER | SA_SIGINFO };

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

/* The byte, or REFUSED with mm_signal and mm_code set. */
static inline int mm_read(const void *at)
{
	mm_signal = 0;
	if (sigsetjmp(mm_back, 0))
		return REFUSED;
	return *(volatile const unsigned char *)at;
}

static inline int mm_write(void *at, int value)
{
	mm_signal = 0;
	if (sigsetjmp(mm_back, 0))
		return REFUSED;
	*(volatile unsigned char *)at = value;
	return 0;
}

static inline char *mm_map(size_t size, int prot)
{
	char *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Aligned to 2 MiB. */
static inline char *mm_map_aligned(size_t size)
{
	char *p = mm_map(size + HUGE_PAGE, PROT_READ | PROT_WRITE), *a;

	if (!p)
		return NULL;
	a = (char *)(((unsigned long)p + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
	munmap(p, a - p);
	munmap(a + size, p + HUGE_PAGE - a);
	return a;
}

static inline bool mm_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

/* EPT violations of the calling thread. */
static inline unsigned long mm_violations(void)
{
	struct dune_stats stats;

	if (ioctl(dune_vcpu_fd(), DUNE_GET_STATS, &stats))
		return 0;
	return stats.by_reason[48];
}

#endif /* _TESTS_GUEST_MM_H */
