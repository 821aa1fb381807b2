/* SPDX-License-Identifier: MIT */
/*
 * libdune_fake_sys.h - in place of libdune/sys.h: system calls go to the test
 *
 * Include it first, then the file under test.
 */
#ifndef _LIBDUNE_SYS_H
#define _LIBDUNE_SYS_H

#include <asm/unistd.h>

long fake_sys(long nr, long a, long b, long c, long d, long e, long f);

#define SYS_ARGS(nr, a, b, c, d, e, f, ...) \
	fake_sys(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define sys(nr, ...)	SYS_ARGS(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)

static inline int sys_failed(long ret)
{
	return (unsigned long)ret >= -4095UL;
}

/* In place of why.c. */
int dune_failed(const char *function, int error);
__attribute__((weak)) int dune_failed(const char *function, int error)
{
	return error;
}

#endif /* _LIBDUNE_SYS_H */
