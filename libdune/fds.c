/* SPDX-License-Identifier: MIT */
/*
 * fds.c - libdune's own descriptors, out of the program's way
 *
 * A program counts on the next free number being low: ours go far up.
 */
#include <linux/fcntl.h>
#include <linux/resource.h>

#include "priv.h"

uint8_t dune_own_fds[DUNE_MAX_OWN_FD / 8] LARGE;

/* Room for this many descriptors at the upper end of what the limit allows. */
#define ROOM	256
/* With less than this few threads could enter Dune mode. */
#define LEAST_ROOM	64

static long fixed_start;

static long highest_start(void)
{
	uint64_t limit[2] = { 0 };

	if (fixed_start)
		return fixed_start;
	if (sys(__NR_prlimit64, 0, RLIMIT_NOFILE, NULL, limit))
		return 0;
	/* The kernel's table is as long as the highest number, and fork copies it. */
	if (limit[0] > 4096)
		limit[0] = 4096;
	return limit[0] > 2 * ROOM ? limit[0] - ROOM : limit[0] / 2;
}

DUNE_API uint64_t dune_own_fds_from(uint64_t wanted)
{
	uint64_t limit[2] = { 0 };

	if (!fixed_start && wanted && wanted <= DUNE_MAX_OWN_FD - LEAST_ROOM &&
	    !sys(__NR_prlimit64, 0, RLIMIT_NOFILE, NULL, limit) &&
	    wanted + LEAST_ROOM <= limit[0])
		fixed_start = wanted;
	else
		fixed_start = highest_start();
	return fixed_start;
}

/*
 * @fd under its final number, which is @fd itself if there is no better. With a
 * fixed start there has to be: else -EMFILE, and @fd is closed.
 */
int dune_fd_take(int fd)
{
	long high = sys(__NR_fcntl, fd, F_DUPFD_CLOEXEC, highest_start());

	if (!sys_failed(high) && high < DUNE_MAX_OWN_FD) {
		sys(__NR_close, fd);
		fd = high;
	} else if (fixed_start) {
		if (!sys_failed(high))
			sys(__NR_close, high);
		sys(__NR_close, fd);
		return -EMFILE;
	}
	if (fd < DUNE_MAX_OWN_FD)
		__atomic_fetch_or(&dune_own_fds[fd / 8], 1 << fd % 8, __ATOMIC_RELAXED);
	return fd;
}

void dune_fd_close(int fd)
{
	if (fd < DUNE_MAX_OWN_FD)
		__atomic_fetch_and(&dune_own_fds[fd / 8], ~(1 << fd % 8), __ATOMIC_RELAXED);
	sys(__NR_close, fd);
}

/* In a child of fork: they are of no use any more. */
void dune_fd_forget_all(bool close)
{
	int fd;

	fixed_start = 0;
	for (fd = 0; fd < DUNE_MAX_OWN_FD; fd++) {
		if (!dune_own_fds[fd / 8])
			fd |= 7;
		else if (!(dune_own_fds[fd / 8] & 1 << fd % 8))
			continue;
		else if (close)
			sys(__NR_close, fd);
	}
	for (fd = 0; fd < DUNE_MAX_OWN_FD / 8; fd++)
		if (dune_own_fds[fd])
			dune_own_fds[fd] = 0;
}

DUNE_API bool dune_owns_fd(uint64_t fd)
{
	fd = (uint32_t)fd;
	return fd < DUNE_MAX_OWN_FD &&
	       (__atomic_load_n(&dune_own_fds[fd / 8], __ATOMIC_RELAXED) & 1 << fd % 8);
}
