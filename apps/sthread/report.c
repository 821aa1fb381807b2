/* SPDX-License-Identifier: MIT */
/*
 * report.c - how an sthread ended, in words
 */
#include <stdio.h>

#include "priv.h"

static const char *const exceptions[32] = {
	[0] = "division error", [1] = "debug exception", [3] = "breakpoint", [4] = "overflow",
	[5] = "bounds", [6] = "undefined instruction", [7] = "no coprocessor",
	[10] = "invalid TSS", [11] = "segment not present", [12] = "stack fault",
	[13] = "privileged instruction or wrong address", [16] = "x87 exception",
	[17] = "alignment", [19] = "SIMD exception", [21] = "control protection",
};

static const char *verb(char access)
{
	return access == 'x' ? "executed" : access == 'w' ? "wrote" : "read";
}

static int about_access(const struct sthread_report *r, char *text, size_t size)
{
	const char *of = r->where[0] ? " of tag " : "";

	return snprintf(text, size, "it %s address %#lx%s%s without the right to, at %#lx",
			verb(r->access), r->address, of, r->where, r->rip);
}

static int about_pointer(const struct sthread_report *r, char *text, size_t size)
{
	const char *of = r->where[0] ? " of tag " : "";

	return snprintf(text, size,
			"it passed address %#lx%s%s as argument %d of %s without the right to, at %#lx",
			r->address, of, r->where, r->argument + 1, calls_name(r->nr), r->rip);
}

static int about_call(const struct sthread_report *r, char *text, size_t size)
{
	const char *name = calls_name(r->nr);

	return snprintf(text, size, "it made system call %ld%s%s%s, not granted, at %#lx", r->nr,
			name ? " (" : "", name ? name : "", name ? ")" : "", r->rip);
}

static int about_trap(const struct sthread_report *r, char *text, size_t size)
{
	const char *name = r->vector < 32 ? exceptions[r->vector] : NULL;

	return snprintf(text, size, "exception %u (%s) at %#lx", r->vector, name ? name : "?",
			r->rip);
}

int sthread_report_text(const struct sthread_report *r, char *text, size_t size)
{
	switch (r->end) {
	case STHREAD_RETURNED:
		return snprintf(text, size, "it returned");
	case STHREAD_ACCESS:
		return about_access(r, text, size);
	case STHREAD_TRAP:
		return about_trap(r, text, size);
	case STHREAD_CALL:
		return about_call(r, text, size);
	case STHREAD_FD:
		return snprintf(text, size, "it used descriptor %d in %s, not granted, at %#lx",
				r->fd, calls_name(r->nr), r->rip);
	case STHREAD_TIME:
		return snprintf(text, size, "its time was over, at %#lx", r->rip);
	case STHREAD_POINTER:
		return about_pointer(r, text, size);
	}
	return snprintf(text, size, "unknown");
}
