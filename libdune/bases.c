/* SPDX-License-Identifier: MIT */
/*
 * bases.c - one FS and one GS base, though the guest and Linux keep one each
 *
 * Inside, the guest's count (WRFSBASE changes them with no exit); arch_prctl(2)
 * is to set and get those, and a thread that leaves Dune mode keeps them. The
 * process's GS base is in KERNEL_GS_BASE while the guest is at CPL 0.
 */
#include <asm/prctl.h>

#include "priv.h"

static long get(struct dune_thread *t, uint64_t code, uint64_t arg)
{
	struct dune_sregs s;
	long r = dune_get_sregs(t, &s);

	/* Linux has written there a moment ago. */
	if (!r)
		*(uint64_t *)arg = code == ARCH_GET_FS ? s.fs_base : s.kernel_gs_base;
	return r;
}

static long set(struct dune_thread *t, uint64_t code, uint64_t arg)
{
	struct dune_sregs s;
	long r = dune_get_sregs(t, &s);

	if (r)
		return r;
	if (code == ARCH_SET_FS)
		s.fs_base = arg;
	else
		s.kernel_gs_base = arg;
	return dune_set_sregs(t, &s);
}

/* Linux judges the arguments, and does all that is not about the bases. */
long dune_arch_prctl(struct dune_thread *t, uint64_t code, uint64_t arg)
{
	long r = sys(__NR_arch_prctl, code, arg);

	if (r)
		return r;
	switch ((uint32_t)code) {
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		return get(t, (uint32_t)code, arg);
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		return set(t, (uint32_t)code, arg);
	}
	return 0;
}

static void to_linux(long get_code, long set_code, uint64_t base)
{
	uint64_t now = 0;

	sys(__NR_arch_prctl, get_code, &now);
	if (now != base)
		sys(__NR_arch_prctl, set_code, base);
}

/* Before the thread goes on outside. */
void dune_bases_to_linux(struct dune_thread *t)
{
	struct dune_sregs s;

	if (dune_get_sregs(t, &s))
		return;
	to_linux(ARCH_GET_FS, ARCH_SET_FS, s.fs_base);
	to_linux(ARCH_GET_GS, ARCH_SET_GS, s.kernel_gs_base);
}
