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

/*
 * gate.S: the one SYSCALL instruction for calls of libdune's own, by whose address
 * seccomp.c knows them from the program's.
 */
long dune_sys6(long nr, long a, long b, long c, long d, long e, long f);

#define SYS_ARGS(nr, a, b, c, d, e, f, ...) \
	dune_sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* sys(nr, up to six arguments) */
#define sys(nr, ...)	SYS_ARGS(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)

static inline int sys_failed(long ret)
{
	return (unsigned long)ret >= -4095UL;
}

#endif /* _LIBDUNE_SYS_H */
