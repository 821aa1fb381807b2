/* SPDX-License-Identifier: MIT */
/*
 * libdune_fds_test.c - which descriptors are libdune's own
 */
#include "libdune_fake_sys.h"
#include "../../libdune/fds.c"

#include "libdune_tap.h"

static uint64_t limit;
static long next_fd, asked_from;
static long closed[8];
static int nr_closed;

long fake_sys(long nr, long a, long b, long c, long d, long e, long f)
{
	switch (nr) {
	case __NR_prlimit64:
		((uint64_t *)d)[0] = limit;
		return 0;
	case __NR_fcntl:
		asked_from = c;
		return next_fd ?: c;
	case __NR_close:
		closed[nr_closed++ & 7] = a;
		return 0;
	}
	return -ENOSYS;
}

int main(void)
{
	limit = 1024;
	ok(dune_fd_take(3) == 768 && closed[0] == 3, "a descriptor goes far up");
	ok(dune_owns_fd(768) && !dune_owns_fd(3) && !dune_owns_fd(769), "and is ours");
	ok(dune_owns_fd(768 | 1ULL << 32), "a number has 32 bits");
	limit = 1 << 30;
	ok(dune_fd_take(4) < DUNE_MAX_OWN_FD && asked_from < DUNE_MAX_OWN_FD,
	   "not beyond what is kept track of");
	limit = 20;
	next_fd = -EMFILE;
	ok(dune_fd_take(5) == 5 && dune_owns_fd(5), "none free there: it stays");
	ok(!dune_owns_fd(~0ULL) && !dune_owns_fd(DUNE_MAX_OWN_FD), "the ends");

	dune_fd_close(5);
	ok(!dune_owns_fd(5), "a closed one is nobody's");
	nr_closed = 0;
	dune_fd_forget_all(true);
	ok(nr_closed == 2 && closed[0] == 768 && closed[1] == 4096 - ROOM &&
	   !dune_owns_fd(768), "a child closes all");
	next_fd = 0;
	limit = 1024;
	ok(dune_own_fds_from(0) == 768 && dune_fd_take(3) == 768, "a fixed start");
	limit = 64;
	ok(dune_own_fds_from(20) == 768 && dune_fd_take(3) == 768,
	   "stays when the limit changes, or the wish");
	next_fd = -EINVAL;
	nr_closed = 0;
	ok(dune_fd_take(3) == -EMFILE && nr_closed == 1 && closed[0] == 3 && !dune_owns_fd(3),
	   "none free there: not at a low number");
	dune_fd_forget_all(false);
	next_fd = 0;
	ok(dune_fd_take(3) == 32, "a child begins anew");
	dune_fd_forget_all(false);
	limit = 264;
	ok(dune_own_fds_from(200) == 200 && dune_fd_take(3) == 200, "a wish is fulfilled");
	dune_fd_forget_all(false);
	ok(dune_own_fds_from(201) == 132, "not without room");
	dune_fd_forget_all(false);
	limit = 1 << 30;
	ok(dune_own_fds_from(DUNE_MAX_OWN_FD - 63) == 4096 - ROOM, "nor out of reach");
	dune_fd_forget_all(false);
	ok(dune_own_fds_from(~0ULL) == 4096 - ROOM, "however far");
	dune_fd_forget_all(false);
	limit = 1024;
	dune_fd_take(3);
	nr_closed = 0;
	dune_fd_forget_all(false);
	ok(!nr_closed && !dune_owns_fd(768), "or only forgets them");
	return tap_end();
}
