/* SPDX-License-Identifier: MIT */
/*
 * kinds.c - which arguments a call has; of some that depends on what it is to do
 */
#include <asm/prctl.h>
#include <asm/unistd_64.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "trace.h"

#define K(kind)		KIND_##kind
#define NONE		NONE
#define ROW(...)	{ { ARGS(__VA_ARGS__) }, true }
#define ARGS(...)	ARGS_(__VA_ARGS__ __VA_OPT__(,) NONE, NONE, NONE, NONE, NONE, NONE)
#define ARGS_(a, b, c, d, e, f, ...) K(a), K(b), K(c), K(d), K(e), K(f)

const struct kinds kinds_by_call[MAX_NR] = {
#define CALL(name, ...)	[__NR_##name] = ROW(__VA_ARGS__),
#include "calls.def"
#undef CALL
};

/* By the operation, one of the arguments. */
struct variant {
	uint64_t	operation;
	struct kinds	kinds;
};

#define V(operation, ...) { operation, ROW(__VA_ARGS__) }

static const struct variant futexes[] = {
	V(FUTEX_WAIT, PTR, FUTEX, UINT, TIMESPEC_IN),
	V(FUTEX_WAKE, PTR, FUTEX, UINT),
	V(FUTEX_REQUEUE, PTR, FUTEX, UINT, UINT, PTR),
	V(FUTEX_CMP_REQUEUE, PTR, FUTEX, UINT, UINT, PTR, UINT),
	V(FUTEX_WAKE_OP, PTR, FUTEX, UINT, UINT, PTR, WAKEOP),
	V(FUTEX_LOCK_PI, PTR, FUTEX, HIDDEN, TIMESPEC_IN),
	V(FUTEX_UNLOCK_PI, PTR, FUTEX),
	V(FUTEX_TRYLOCK_PI, PTR, FUTEX),
	V(FUTEX_WAIT_BITSET, PTR, FUTEX, UINT, TIMESPEC_IN, HIDDEN, BITSET),
	V(FUTEX_WAKE_BITSET, PTR, FUTEX, UINT, HIDDEN, HIDDEN, BITSET),
	V(FUTEX_WAIT_REQUEUE_PI, PTR, FUTEX, UINT, TIMESPEC_IN, PTR),
	V(FUTEX_CMP_REQUEUE_PI, PTR, FUTEX, UINT, UINT, PTR, UINT),
	V(13 /* FUTEX_LOCK_PI2 */, PTR, FUTEX, HIDDEN, TIMESPEC_IN),
	{ 0 } };

static const struct variant fcntls[] = {
	V(F_GETFD, FD, FCNTL), V(F_GETFL, FD, FCNTL), V(F_GETOWN, FD, FCNTL), V(F_GETSIG, FD, FCNTL),
	V(F_GETLEASE, FD, FCNTL), V(F_GETPIPE_SZ, FD, FCNTL), V(F_GET_SEALS, FD, FCNTL),
	V(F_DUPFD, FD, FCNTL, INT), V(F_DUPFD_CLOEXEC, FD, FCNTL, INT), V(F_SETOWN, FD, FCNTL, INT),
	V(F_SETPIPE_SZ, FD, FCNTL, INT), V(F_SETFD, FD, FCNTL, FDBITS), V(F_SETFL, FD, FCNTL, OPEN),
	V(F_SETLK, FD, FCNTL, LOCK_IN), V(F_SETLKW, FD, FCNTL, LOCK_IN),
	V(F_OFD_SETLK, FD, FCNTL, LOCK_IN), V(F_OFD_SETLKW, FD, FCNTL, LOCK_IN),
	V(F_GETLK, FD, FCNTL, LOCK_OUT), V(F_OFD_GETLK, FD, FCNTL, LOCK_OUT),
	{ 0 } };

static const struct variant ioctls[] = {
	V(TIOCGWINSZ, FD, IOCTL, WINDOW), V(FIONREAD, FD, IOCTL, NUMBER_OUT),
	V(TIOCGPGRP, FD, IOCTL, NUMBER_OUT), V(TIOCSPGRP, FD, IOCTL, NUMBER_IN),
	V(FIONBIO, FD, IOCTL, NUMBER_IN), V(FIOASYNC, FD, IOCTL, NUMBER_IN),
	V(FIOCLEX, FD, IOCTL), V(FIONCLEX, FD, IOCTL),
	{ 0 } };

static const struct variant prctls[] = {
	V(PR_SET_NAME, PRCTL, STR), V(PR_GET_NAME, PRCTL, TASKNAME),
	V(PR_GET_DUMPABLE, PRCTL), V(PR_GET_KEEPCAPS, PRCTL), V(PR_GET_SECCOMP, PRCTL),
	V(PR_GET_TIMERSLACK, PRCTL), V(PR_GET_SECUREBITS, PRCTL),
	V(PR_SET_DUMPABLE, PRCTL, DUMPABLE), V(PR_SET_PDEATHSIG, PRCTL, SIGNAL),
	V(PR_GET_PDEATHSIG, PRCTL, NUMBER_OUT), V(PR_SET_KEEPCAPS, PRCTL, ULONG),
	V(PR_SET_TIMERSLACK, PRCTL, ULONG), V(PR_CAPBSET_READ, PRCTL, CAPABILITY),
	V(PR_CAPBSET_DROP, PRCTL, CAPABILITY), V(PR_SET_NO_NEW_PRIVS, PRCTL, ULONG, LHEX, LHEX, LHEX),
	{ 0 } };

static const struct kinds *find(const struct variant *v, uint64_t operation, unsigned int nr)
{
	for (; v->kinds.known; v++)
		if (v->operation == operation)
			return &v->kinds;
	return &kinds_by_call[nr];
}

const struct kinds *kinds_by_operation(unsigned int nr, const uint64_t args[6])
{
	switch (nr) {
	case __NR_futex:
		return find(futexes, (uint32_t)args[1] & FUTEX_CMD_MASK, nr);
	case __NR_fcntl:
		return find(fcntls, (uint32_t)args[1], nr);
	case __NR_ioctl:
		return find(ioctls, (uint32_t)args[1], nr);
	default:
		return find(prctls, (uint32_t)args[0], nr);
	}
}
