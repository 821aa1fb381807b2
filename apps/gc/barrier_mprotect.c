/* SPDX-License-Identifier: MIT */
/*
 * barrier_mprotect.c - read-only pages, and SIGSEGV for the first write to each
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "barrier.h"

static char *heap;
static size_t heap_size;
static uint8_t *written;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	int saved = errno;
	size_t offset = (char *)info->si_addr - heap;

	if (offset >= heap_size) {
		signal(sig, SIG_DFL);		/* not ours: the same again ends the program */
		return;
	}
	written[offset / GC_PAGE] = 1;
	__atomic_add_fetch(&barrier_mprotect.faults, 1, __ATOMIC_RELAXED);
	if (mprotect(heap + (offset & -GC_PAGE), GC_PAGE, PROT_READ | PROT_WRITE))
		abort();
	errno = saved;
}

static int init(char *base, size_t size)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	heap = base;
	heap_size = size;
	written = calloc(size / GC_PAGE, 1);
	if (!written)
		return -ENOMEM;
	return sigaction(SIGSEGV, &action, NULL) ? -errno : 0;
}

static int start(size_t used)
{
	return used && mprotect(heap, used, PROT_READ) ? -errno : 0;
}

static int collect(size_t used, uint8_t *dirty)
{
	size_t i;

	for (i = 0; i < used / GC_PAGE; i++) {
		dirty[i] = written[i];
		written[i] = 0;
	}
	return 0;
}

static int stop(size_t used)
{
	return used && mprotect(heap, used, PROT_READ | PROT_WRITE) ? -errno : 0;
}

struct barrier barrier_mprotect = {
	.name = "mprotect", .init = init, .start = start, .collect = collect, .stop = stop,
};
