/* SPDX-License-Identifier: MIT */
/*
 * sandbox_host.c - what the sandbox's checks want of Dune and of libseccomp, here
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../apps/sandbox/box.h"
#include "sandbox_host.h"

int known_call(const char *name)
{
	int nr;

	for (nr = 0; nr < NR_CALLS; nr++)
		if (calls[nr].name && !strcmp(calls[nr].name, name))
			return nr;
	return -1;
}

uint64_t dune_own_fds_from(uint64_t wanted)
{
	return OWN_FDS_FROM;
}

int dune_fmt(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
