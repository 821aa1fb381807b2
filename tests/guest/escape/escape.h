/* SPDX-License-Identifier: MIT */
/*
 * escape.h - attempts to get out of the sandbox, one function each
 *
 * An attempt returns 0 if it did what a sandbox must not let it, else an errno
 * (or another number that is not 0). Natively nearly all of them return 0: they
 * are known to be attempts.
 */
#ifndef _PROGS_ESCAPE_H
#define _PROGS_ESCAPE_H

#include <errno.h>
#include <stdint.h>

/* The monitor's memory; natively a page of our own is put there. */
#define TARGET		0x10000000000UL
#define TARGET_PAGE	(TARGET + 0x1000)
/* Memory that the monitor itself may write, and without --learn never reads. */
#define TARGET_DATA	(TARGET + 0x3f830000UL)

struct attempt {
	const char	*name;
	int		(*fn)(void);
};

extern const struct attempt pointer_attempts[], memory_attempts[], file_attempts[],
	process_attempts[], network_attempts[], cpu_attempts[];

#define A(name)	{ #name, name }
#define FAILED(call)	((call) == -1 ? errno : 0)

/* Files that the sandbox gives (work), gives to read, and does not (secret). */
#define WORK	"/tmp/work"
#define READ_ONLY "/tmp/read-only"
#define SECRET	"/tmp/secret"

/* 0 if @fd reads what is in SECRET/file. */
int reads_secret(int fd);

#endif /* _PROGS_ESCAPE_H */
