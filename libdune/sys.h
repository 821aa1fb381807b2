/* SPDX-License-Identifier: MIT */
/*
 * sys.h - system calls without libc
 *
 * libdune's code runs where libc's thread-local data may belong to somebody
 * else, and inside Dune mode as well as outside: the instruction works in both.
 */
#ifndef _LIBDUNE_SYS_H
#define _LIBDUNE_SYS_H

#include <asm/unistd.h>

static inline long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;
	long ret;

	asm volatile("syscall" : "=a" (ret)
		     : "a" (nr), "D" (a), "S" (b), "d" (c), "r" (r10), "r" (r8), "r" (r9)
		     : "rcx", "r11", "memory");
	return ret;
}

#define SYS_ARGS(nr, a, b, c, d, e, f, ...) \
	sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* sys(nr, up to six arguments) */
#define sys(nr, ...)	SYS_ARGS(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)

static inline int sys_failed(long ret)
{
	return (unsigned long)ret >= -4095UL;
}

#endif /* _LIBDUNE_SYS_H */
