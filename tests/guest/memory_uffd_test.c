/* SPDX-License-Identifier: MIT */
/*
 * memory_uffd_test.c - userfaultfd in its other modes: write protection, pages that
 * are there but not mapped, and signals while a thread waits for a page
 */
#include <errno.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "mm.h"

#define NR	8

/* What the pager is to do, and what it saw. */
struct pager {
	int		fd;
	char		*at, *other;	/* another mapping of the same pages */
	pthread_t	thread, faulting;
	atomic_int	faults;
	int		seen[NR];	/* the page's first byte at the fault */
	uint64_t	flags[NR];
	void		(*resolve)(struct pager *pager, char *page);
};

static atomic_bool handled;

static void *run_pager(void *arg)
{
	struct pager *pager = arg;
	struct uffd_msg msg;
	char *page;
	int n;

	for (;;) {
		if (read(pager->fd, &msg, sizeof(msg)) != sizeof(msg))
			return NULL;
		page = (char *)(uintptr_t)(msg.arg.pagefault.address & ~(PAGE - 1));
		n = atomic_load(&pager->faults);
		if (n < NR) {
			pager->flags[n] = msg.arg.pagefault.flags;
			pager->seen[n] = pager->other ? pager->other[page - pager->at] : -1;
		}
		atomic_fetch_add(&pager->faults, 1);
		pager->resolve(pager, page);
	}
}

/* 0, or the errno of what this kernel lacks. */
static int begin(struct pager *pager, uint64_t features, uint64_t mode, char *p, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	struct uffdio_register reg = { .range = { (uintptr_t)p, size }, .mode = mode };

	pager->at = p;
	pager->faulting = pthread_self();
	pager->fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (pager->fd < 0 || ioctl(pager->fd, UFFDIO_API, &api) ||
	    ioctl(pager->fd, UFFDIO_REGISTER, &reg))
		return errno;
	return pthread_create(&pager->thread, NULL, run_pager, pager);
}

static int protect(struct pager *pager, char *page, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)page, PAGE },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return ioctl(pager->fd, UFFDIO_WRITEPROTECT, &wp);
}

static void unprotect(struct pager *pager, char *page)
{
	if (protect(pager, page, false))
		abort();
}

/* Reads go on, the first write waits; each time anew. */
static void write_protection(struct __test_metadata *_metadata, char *p)
{
	static struct pager pager = { .resolve = unprotect };
	int i;

	for (i = 0; i < NR; i++)
		p[i * PAGE] = i;
	if (begin(&pager, UFFD_FEATURE_PAGEFAULT_FLAG_WP, UFFDIO_REGISTER_MODE_WP, p, NR * PAGE))
		SKIP(return, "no write protection by userfaultfd");
	ENTER();
	for (i = 0; i < NR; i++)
		ASSERT_EQ(i, mm_read(p + i * PAGE));
	ASSERT_EQ(0, mm_write(p, 0));
	for (i = 1; i < 4; i++) {
		/* The guest has written to it just now. */
		ASSERT_EQ(0, mm_write(p + PAGE, i));
		ASSERT_EQ(i - 1, pager.faults);
		ASSERT_EQ(0, protect(&pager, p + PAGE, true));
		EXPECT_EQ(i, mm_read(p + PAGE));
		EXPECT_EQ(0, mm_write(p + 2 * PAGE, 2));
		EXPECT_EQ(i - 1, pager.faults);
		EXPECT_EQ(0, mm_write(p + PAGE, i + 100));
		EXPECT_EQ(i, pager.faults);
		EXPECT_TRUE(pager.flags[i - 1] & UFFD_PAGEFAULT_FLAG_WP);
		EXPECT_EQ(i + 100, mm_read(p + PAGE));
	}
}

TEST(write_protection_of_small_pages)
{
	char *p = mm_map(NR * PAGE, RW);

	madvise(p, NR * PAGE, MADV_NOHUGEPAGE);
	write_protection(_metadata, p);
}

TEST(write_protection_in_a_huge_page)
{
	char *p = mm_map_aligned(HUGE_PAGE);

	madvise(p, HUGE_PAGE, MADV_HUGEPAGE);
	write_protection(_metadata, p);
}

static void fill_and_map(struct pager *pager, char *page)
{
	struct uffdio_continue go = { .range = { (uintptr_t)page, PAGE } };

	pager->other[page - pager->at] += 100;
	if (ioctl(pager->fd, UFFDIO_CONTINUE, &go))
		abort();
}

/* The page is in the page cache; the pager changes it before the program sees it. */
TEST(minor_faults)
{
	static struct pager pager = { .resolve = fill_and_map };
	int fd = memfd_create("minor", 0), i;
	char *p;

	ASSERT_EQ(0, ftruncate(fd, NR * PAGE));
	p = mmap(NULL, NR * PAGE, RW, MAP_SHARED, fd, 0);
	pager.other = mmap(NULL, NR * PAGE, RW, MAP_SHARED, fd, 0);
	for (i = 0; i < NR; i++)
		pager.other[i * PAGE] = i;
	if (begin(&pager, UFFD_FEATURE_MINOR_SHMEM, UFFDIO_REGISTER_MODE_MINOR, p, NR * PAGE))
		SKIP(return, "no minor faults of shared memory");
	ENTER();
	for (i = 0; i < NR; i++) {
		if (i & 1)
			EXPECT_EQ(0, mm_write(p + i * PAGE + 1, i));
		EXPECT_EQ(100 + i, mm_read(p + i * PAGE));
		EXPECT_EQ(i + 1, pager.faults);
		EXPECT_EQ(i, pager.seen[i]);
		EXPECT_TRUE(pager.flags[i] & UFFD_PAGEFAULT_FLAG_MINOR);
	}
	/* Taken away and mapped again: the pager is asked again. */
	ASSERT_EQ(0, madvise(p, PAGE, MADV_DONTNEED));
	EXPECT_EQ(200, mm_read(p));
	EXPECT_EQ(NR + 1, pager.faults);
}

static void on_usr1(int sig)
{
	handled = true;
}

/* Sends the thread that waits a signal, and has the page come after its handler. */
static void interrupt_then_fill(struct pager *pager, char *page)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)page, PAGE } };
	int i;

	pthread_kill(pager->faulting, SIGUSR1);
	for (i = 0; i < 300 && !handled; i++)
		usleep(10000);
	/* A signal makes Linux ask again: the second time the page may be there. */
	ioctl(pager->fd, UFFDIO_ZEROPAGE, &zero);
	if (!handled)
		pager->seen[0] = -2;
}

TEST(a_handler_runs_while_its_thread_waits)
{
	static struct pager pager = { .resolve = interrupt_then_fill };
	struct sigaction sa = { .sa_handler = on_usr1, .sa_flags = SA_RESTART };
	char *p = mm_map(PAGE, RW);

	sigaction(SIGUSR1, &sa, NULL);
	if (begin(&pager, 0, UFFDIO_REGISTER_MODE_MISSING, p, PAGE))
		SKIP(return, "no userfaultfd");
	ENTER();
	EXPECT_EQ(0, mm_read(p));
	EXPECT_TRUE(handled);
	EXPECT_EQ(-1, pager.seen[0]);
}

static void never(struct pager *pager, char *page)
{
	raise(SIGKILL);
}

/* A thread that waits for ever can be killed. */
TEST_SIGNAL(a_thread_that_waits_can_be_killed, SIGKILL)
{
	static struct pager pager = { .resolve = never };
	char *p = mm_map(PAGE, RW);

	ASSERT_EQ(0, begin(&pager, 0, UFFDIO_REGISTER_MODE_MISSING, p, PAGE));
	ENTER();
	mm_read(p);
}

TEST_HARNESS_MAIN
