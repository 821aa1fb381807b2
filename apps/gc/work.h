/* SPDX-License-Identifier: MIT */
/*
 * work.h - programs for the collector to serve
 */
#ifndef _APPS_GC_WORK_H
#define _APPS_GC_WORK_H

#include "memory.h"

/*
 * One thread's share of the work, of @threads. Returns NULL, or what was wrong:
 * each checks its own data, the first after a collection.
 */
struct workload {
	const char	*name;
	const char	*(*run)(int thread, int threads, double scale);
};

extern const struct workload work_gcbench, work_list, work_hash, work_xml;

/* A number that another call does not repeat soon. */
static inline uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

#endif /* _APPS_GC_WORK_H */
