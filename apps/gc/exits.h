/* SPDX-License-Identifier: MIT */
/*
 * exits.h - VM exits of the calling thread; 0 outside Dune mode
 */
#ifndef _APPS_GC_EXITS_H
#define _APPS_GC_EXITS_H

#include <sys/ioctl.h>

#include <dune/dune.h>

static inline uint64_t own_exits(void)
{
	struct dune_stats s;

	if (!dune_active() || ioctl(dune_vcpu_fd(), DUNE_GET_STATS, &s))
		return 0;
	return s.exits;
}

#endif /* _APPS_GC_EXITS_H */
