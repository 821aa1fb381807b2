/* SPDX-License-Identifier: MIT */
/*
 * barrier_userfaultfd.c - write protection by userfaultfd(2), and SIGBUS
 *
 * The signal comes to the thread that writes; so no other thread needs to be
 * woken for each page.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "barrier.h"

static char *heap;
static size_t heap_size, populated;
static uint8_t *written;
static int uffd;

static int protect(char *from, size_t size, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)from, size },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return ioctl(uffd, UFFDIO_WRITEPROTECT, &wp) ? -errno : 0;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	int saved = errno;
	size_t offset = (char *)info->si_addr - heap;

	if (offset >= heap_size) {
		signal(sig, SIG_DFL);
		return;
	}
	written[offset / GC_PAGE] = 1;
	__atomic_add_fetch(&barrier_userfaultfd.faults, 1, __ATOMIC_RELAXED);
	if (protect(heap + (offset & -GC_PAGE), GC_PAGE, false))
		abort();
	errno = saved;
}

static int init(char *base, size_t size)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_SIGBUS | UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	};
	struct uffdio_register reg = {
		.range = { (uintptr_t)base, size }, .mode = UFFDIO_REGISTER_MODE_WP,
	};

	heap = base;
	heap_size = size;
	written = calloc(size / GC_PAGE, 1);
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	if (!written)
		return -ENOMEM;
	return sigaction(SIGBUS, &action, NULL) ? -errno : 0;
}

/* Pages that are not present cannot be protected: Linux 6.1 would not tell of their first write. */
static int prepare(size_t used)
{
	if (used > populated) {
		if (madvise(heap + populated, used - populated, MADV_POPULATE_WRITE))
			return -errno;
		populated = used;
	}
	return 0;
}

static int start(size_t used)
{
	return prepare(used) ? : used ? protect(heap, used, true) : 0;
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
	return used ? protect(heap, used, false) : 0;
}

struct barrier barrier_userfaultfd = {
	.name = "userfaultfd", .init = init, .prepare = prepare, .start = start,
	.collect = collect, .stop = stop,
};
