/* SPDX-License-Identifier: MIT */
/*
 * init.c - dune_init(): the device, what it offers, and the process's tables
 */
#include <linux/fcntl.h>
#include <cpuid.h>

#include "lock.h"

struct dune_global dune_global;

/* The module must offer what the tables are built on. */
static bool usable(const struct dune_info *info)
{
	return info->nr_slots && info->run_size >= sizeof(struct dune_run);
}

/* A handle on this process's VM. Again in the child of a fork. */
int dune_open(void)
{
	long fd = sys(__NR_openat, AT_FDCWD, DUNE_DEVICE, O_RDWR | O_CLOEXEC, 0);

	if (sys_failed(fd))
		return fd;
	fd = dune_fd_take(fd);
	if (fd < 0)
		return fd;
	dune_global.fd = fd;
	return 0;
}

/*
 * In the child of a fork made outside Dune mode, the VM is the parent's: get one
 * of our own. @stale_fd: the handle that was refused. What else is inherited may
 * be closed and its number in other use by now: left as it is.
 */
int dune_reopen(int stale_fd)
{
	int r = 0;

	dune_locks_begin();
	while (__atomic_exchange_n(&dune_locks.reopen, 1, __ATOMIC_ACQUIRE))
		sys(__NR_sched_yield);
	if (dune_global.fd == stale_fd) {
		dune_handlers_after_fork();
		dune_spare_forget();
		dune_fd_forget_all(false);
		r = dune_open() ?: dune_root_rebuild();
	}
	__atomic_store_n(&dune_locks.reopen, 0, __ATOMIC_RELEASE);
	return r;
}

static uint32_t xsave_area_size(void)
{
	uint32_t a, b = 0, c, d;

	if (!(dune_global.info.cr4 & CR4_OSXSAVE))
		return 0;
	__cpuid_count(0xd, 0, a, b, c, d);
	return b;
}

/*
 * What of the vector registers goes into a signal frame, in XSAVE's standard
 * form: all there is but AMX, which the guest does not have.
 */
static void find_fpu_state(void)
{
	uint32_t a, b, c, d, i, fx[128] __attribute__((aligned(16)));

	asm volatile("fxsave64 %0" : "=m" (fx));
	dune_global.mxcsr_mask = fx[7] ?: 0xffbf;
	if (!dune_global.xsave_size)
		return;
	asm volatile("xgetbv" : "=a" (a), "=d" (d) : "c" (0));
	dune_global.fpu_mask = a & 0x2ff;
	dune_global.fpu_size = 576;
	for (i = 2; i < 10; i++) {
		if (!(dune_global.fpu_mask & 1U << i))
			continue;
		__cpuid_count(0xd, i, a, b, c, d);
		if (a + b > FPU_SIZE - 64)
			dune_global.fpu_mask &= ~(1UL << i);
		else if (a + b > dune_global.fpu_size)
			dune_global.fpu_size = a + b;
	}
}

DUNE_API int dune_init(unsigned int flags)
{
	int r;

	if (flags & ~DUNE_INIT_NO_SMEP_SMAP)
		return FAIL(-EINVAL);
	if (dune_global.ready)
		return 0;
	r = dune_open();
	if (r)
		return FAIL(r);
	r = sys(__NR_ioctl, dune_global.fd, DUNE_GET_INFO, &dune_global.info);
	if (!r && !usable(&dune_global.info))
		r = -EOPNOTSUPP;
	r = r ?: dune_root_init();
	if (r) {
		dune_fd_close(dune_global.fd);
		return FAIL(r);
	}
	if (flags & DUNE_INIT_NO_SMEP_SMAP)
		dune_global.vcpu_flags = DUNE_VCPU_NO_SMEP_SMAP;
	dune_global.smap = !flags && (dune_global.info.cr4 & CR4_SMAP);
	dune_global.xsave_size = xsave_area_size();
	find_fpu_state();
	dune_idt_init();
	dune_global.ready = true;
	return 0;
}

DUNE_API const struct dune_info *dune_info(void)
{
	return dune_global.ready ? &dune_global.info : NULL;
}
