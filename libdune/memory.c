/* SPDX-License-Identifier: MIT */
/*
 * memory.c - the host half at the guest's memory
 *
 * Linux copies, so that a bad address is an error and not a signal. Where the
 * call is ring 3's, so must the memory be.
 */
#include "priv.h"

struct piece {
	uint64_t base, len;
};

static long copy(long nr, void *own, uint64_t other, uint64_t size)
{
	struct piece here = { (uintptr_t)own, size }, there = { other, size };
	long pid = sys(__NR_getpid);

	return sys(nr, pid, &here, 1, &there, 1, 0);
}

/* A kernel without the call, or a filter that forbids it: trust the address. */
static bool unavailable(long r)
{
	return sys_failed(r) && r != -EFAULT;
}

static bool may_access(const struct dune_thread *t, uint64_t at, uint64_t size)
{
	return !t || !dune_global.ring3_signals || !dune_ring3_call(t) || dune_user_range(at, size);
}

/* 0 or -EFAULT. @t: whose call it is about; NULL: memory of CPL 0's own. */
long dune_read_guest(const struct dune_thread *t, void *to, uint64_t from, uint64_t size)
{
	long r;

	if (!may_access(t, from, size))
		return -EFAULT;
	r = copy(__NR_process_vm_readv, to, from, size);
	if (unavailable(r)) {
		__builtin_memcpy(to, (const void *)from, size);
		return 0;
	}
	return r == (long)size ? 0 : -EFAULT;
}

long dune_write_guest(const struct dune_thread *t, uint64_t to, const void *from, uint64_t size)
{
	long r;

	if (!may_access(t, to, size))
		return -EFAULT;
	r = copy(__NR_process_vm_writev, (void *)from, to, size);
	if (unavailable(r)) {
		__builtin_memcpy((void *)to, from, size);
		return 0;
	}
	return r == (long)size ? 0 : -EFAULT;
}
