/* SPDX-License-Identifier: MIT */
/*
 * memory_io_test.c - memory that others write while the guest has it mapped: direct
 * I/O, io_uring's buffers, pipes, a tracer
 */
#include <errno.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "mm.h"

#define PAGES	16

/* A disk that takes direct I/O, and how to give it back. */
static int open_disk(const char **release)
{
	int fd = -1;

	*release = NULL;
	if (!system("modprobe brd rd_nr=1 rd_size=16384 2>/dev/null")) {
		*release = "rmmod brd";
		fd = open("/dev/ram0", O_RDWR | O_DIRECT);
	} else if (mm_write_file("/sys/block/zram0/disksize", "16M")) {
		*release = "echo 1 >/sys/block/zram0/reset";
		fd = open("/dev/zram0", O_RDWR | O_DIRECT);
	}
	return fd;
}

FIXTURE(disk) {
	int		fd;
	const char	*release;
	char		*p;
};

FIXTURE_SETUP(disk)
{
	char *block = aligned_alloc(PAGE, PAGE);
	int i;

	self->fd = open_disk(&self->release);
	if (self->fd < 0)
		SKIP(return, "no disk for direct I/O");
	/* Page i of it is full of i + 1. */
	for (i = 0; i < PAGES; i++) {
		memset(block, i + 1, PAGE);
		ASSERT_EQ((ssize_t)PAGE, pwrite(self->fd, block, PAGE, i * PAGE));
	}
	self->p = mm_map(PAGES * PAGE, RW);
	madvise(self->p, PAGES * PAGE, MADV_NOHUGEPAGE);
	ENTER();
}

FIXTURE_TEARDOWN(disk)
{
	if (self->fd >= 0)
		close(self->fd);
	if (self->release)
		EXPECT_EQ(0, system(self->release));
}

/* Into pages the guest maps as the zero page, its own, and not yet. */
TEST_F(disk, direct_reads_are_seen)
{
	char *p = self->p;
	int i;

	for (i = 0; i < 8; i++)
		ASSERT_EQ(0, mm_read(p + i * PAGE));
	for (i = 4; i < 8; i++)
		ASSERT_EQ(0, mm_write(p + i * PAGE, 99));
	ASSERT_EQ((ssize_t)(12 * PAGE), pread(self->fd, p, 12 * PAGE, 0));
	for (i = 0; i < 12; i++) {
		ASSERT_EQ(i + 1, mm_read(p + i * PAGE));
		ASSERT_EQ(i + 1, mm_read(p + i * PAGE + PAGE - 1));
	}
}

TEST_F(disk, direct_writes_have_what_the_guest_wrote)
{
	char *p = self->p, *block = aligned_alloc(PAGE, PAGE);
	int i;

	for (i = 0; i < PAGES; i++) {
		ASSERT_EQ(0, mm_write(p + i * PAGE, i + 50));
		ASSERT_EQ((ssize_t)PAGE, pwrite(self->fd, p + i * PAGE, PAGE, 0));
		ASSERT_EQ((ssize_t)PAGE, pread(self->fd, block, PAGE, 0));
		ASSERT_EQ(i + 50, block[0]);
	}
}

/* ---- io_uring, by its system calls ---- */

struct uring {
	int			fd;
	struct io_uring_params	params;
	char			*sq, *cq;
	struct io_uring_sqe	*sqes;
};

static uint32_t *word(char *ring, uint32_t offset)
{
	return (uint32_t *)(ring + offset);
}

/* 0, or errno. */
static int uring_open(struct uring *u, void *buffer, size_t size)
{
	struct iovec iov = { buffer, size };

	memset(u, 0, sizeof(*u));
	u->fd = syscall(SYS_io_uring_setup, 4, &u->params);
	if (u->fd < 0)
		return errno;
	u->sq = mmap(NULL, u->params.sq_off.array + 4 * 4, RW, MAP_SHARED, u->fd,
		     IORING_OFF_SQ_RING);
	u->cq = mmap(NULL, u->params.cq_off.cqes + 8 * sizeof(struct io_uring_cqe), RW,
		     MAP_SHARED, u->fd, IORING_OFF_CQ_RING);
	u->sqes = mmap(NULL, 4 * sizeof(struct io_uring_sqe), RW, MAP_SHARED, u->fd,
		       IORING_OFF_SQES);
	if (u->sq == MAP_FAILED || u->cq == MAP_FAILED || u->sqes == MAP_FAILED)
		return errno;
	return syscall(SYS_io_uring_register, u->fd, IORING_REGISTER_BUFFERS, &iov, 1) ?
	       errno : 0;
}

/* One operation on the registered buffer: its result. */
static int uring_do(struct uring *u, int op, int fd, void *at, size_t size, off_t offset)
{
	uint32_t *tail = word(u->sq, u->params.sq_off.tail), *head;
	uint32_t i = *tail & *word(u->sq, u->params.sq_off.ring_mask);
	struct io_uring_cqe *cqes = (struct io_uring_cqe *)(u->cq + u->params.cq_off.cqes);
	int r;

	u->sqes[i] = (struct io_uring_sqe) { .opcode = op, .fd = fd, .off = offset,
					     .addr = (uintptr_t)at, .len = size };
	word(u->sq, u->params.sq_off.array)[i] = i;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, u->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	head = word(u->cq, u->params.cq_off.head);
	if (*head == __atomic_load_n(word(u->cq, u->params.cq_off.tail), __ATOMIC_ACQUIRE))
		return -EAGAIN;
	r = cqes[*head & *word(u->cq, u->params.cq_off.ring_mask)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return r;
}

/*
 * The kernel holds on to the pages it got at first. What the guest writes must go
 * there, after a fork too, which makes it want a copy of every page.
 */
TEST_F(disk, fixed_buffers_stay_the_guests)
{
	char *p = self->p, value;
	struct uring u;
	int i, status;
	pid_t pid;

	for (i = 0; i < PAGES; i++)
		ASSERT_EQ(0, mm_read(p + i * PAGE));
	i = uring_open(&u, p, PAGES * PAGE);
	if (i == ENOSYS || i == EPERM)
		SKIP(return, "no io_uring");
	ASSERT_EQ(0, i);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ((int)PAGE, uring_do(&u, IORING_OP_READ_FIXED, self->fd, p, PAGE,
					      i * PAGE));
		EXPECT_EQ(i + 1, mm_read(p));
		ASSERT_EQ(0, mm_write(p + PAGE, i + 60));
		ASSERT_EQ((int)PAGE, uring_do(&u, IORING_OP_WRITE_FIXED, self->fd, p + PAGE, PAGE,
					      8 * PAGE));
		ASSERT_EQ((int)PAGE, uring_do(&u, IORING_OP_READ_FIXED, self->fd, p + 2 * PAGE,
					      PAGE, 8 * PAGE));
		EXPECT_EQ(i + 60, mm_read(p + 2 * PAGE));

		pid = fork();
		if (!pid) {
			value = mm_read(p + PAGE);
			mm_write(p + PAGE, 1);
			_exit(value != i + 60);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(0, status);
	}
	close(u.fd);
}

TEST_F(disk, what_a_pipe_was_given_is_the_page_itself)
{
	char *p = self->p, got[PAGE];
	struct iovec iov = { p, PAGE };
	int fds[2], sector, at;

	ASSERT_EQ(0, ioctl(self->fd, BLKSSZGET, &sector));
	at = sector < (int)PAGE ? sector : 0;	/* what cannot be less than a page is all of it */
	ASSERT_EQ(0, pipe(fds));
	memset(p, 1, PAGE);
	ASSERT_EQ((ssize_t)PAGE, vmsplice(fds[1], &iov, 1, 0));
	/* By the guest, and by a disk, below a page that is in a pipe. */
	ASSERT_EQ(0, mm_write(p, 2));
	ASSERT_EQ(sector, pread(self->fd, p + at, sector, 3 * PAGE));
	ASSERT_EQ((ssize_t)PAGE, read(fds[0], got, PAGE));
	EXPECT_EQ(at ? 2 : 4, got[0]);
	EXPECT_EQ(at ? 1 : 4, got[1]);
	EXPECT_EQ(4, got[at]);
	EXPECT_EQ(4, mm_read(p + at));
}

/* ---- a tracer ---- */

/* In Dune mode: looks at *@p until it is @value. */
static void wait_for(volatile char *p, int value, atomic_int *stage)
{
	while (*p != value)
		;
	atomic_fetch_add(stage, 1);
}

static bool poke(pid_t pid, const void *at, long value)
{
	int status;
	bool ok;

	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) || waitpid(pid, &status, __WALL) != pid)
		return false;
	ok = !ptrace(PTRACE_POKEDATA, pid, at, value);
	return !ptrace(PTRACE_CONT, pid, 0, 0) && ok;
}

static bool reaches(atomic_int *stage, int value)
{
	int i;

	for (i = 0; i < 1000 && *stage < value; i++)
		usleep(10000);
	return *stage == value;
}

/* Into a page of its own, one it only may read, and a file's page it shares. */
TEST(a_tracer_pokes)
{
	atomic_int *stage = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = memfd_create("traced", 0), mem, status;
	char *own, *constant, path[32], value = 7;
	struct iovec here = { &value, 1 }, there;
	pid_t pid;

	ASSERT_EQ(0, ftruncate(fd, PAGE));
	own = mm_map(PAGE, RW);
	constant = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	pid = fork();
	if (!pid) {
		if (dune_init(0) || dune_enter())
			_exit(1);
		*own = 1;
		atomic_fetch_add(stage, 1);
		wait_for(own, 2, stage);
		wait_for(constant, 3, stage);
		wait_for(own, 7, stage);
		wait_for(own, 8, stage);
		_exit(*(char *)constant != 3);
	}
	EXPECT_TRUE(reaches(stage, 1));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL));
	EXPECT_TRUE(poke(pid, own, 2));
	EXPECT_TRUE(reaches(stage, 2));
	EXPECT_TRUE(poke(pid, constant, 3));
	EXPECT_TRUE(reaches(stage, 3));

	there = (struct iovec) { own, 1 };
	EXPECT_EQ(1, process_vm_writev(pid, &here, 1, &there, 1, 0));
	EXPECT_TRUE(reaches(stage, 4));
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_WRONLY);
	value = 8;
	EXPECT_EQ(1, pwrite(mem, &value, 1, (uintptr_t)own));
	EXPECT_TRUE(reaches(stage, 5));
	ASSERT_EQ(pid, waitpid(pid, &status, __WALL));
	/* A stop of the tracer's making may come before the end. */
	while (WIFSTOPPED(status)) {
		ptrace(PTRACE_CONT, pid, 0, 0);
		ASSERT_EQ(pid, waitpid(pid, &status, __WALL));
	}
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, pread(fd, &value, 1, 0));
	EXPECT_EQ(0, value);
}

TEST_HARNESS_MAIN
