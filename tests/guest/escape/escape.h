/* SPDX-License-Identifier: MIT */
/*
 * escape.h - attempts to get out of the sandbox, one function each
 *
 * Each is made twice: in the sandbox, where exactly the answer of its table must
 * come, and with the guard removed, natively or at ring 0, where it must get
 * through. So it is known to be an attempt, and to have been made.
 */
#ifndef _PROGS_ESCAPE_H
#define _PROGS_ESCAPE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

/* The monitor's memory; natively memory of our own is put there. */
#define TARGET		0x10000000000UL
#define TARGET_PAGE	(TARGET + 0x1000)
#define TARGET_SIZE	0x5000UL
/* The last page before the monitor's guard page: ours, natively and inside. */
#define BEFORE		(TARGET - 0x2000)
/* Memory that the monitor itself may write, and without --learn never reads. */
#define TARGET_DATA	(TARGET + 0x3f830000UL)

/* Where an attempt is made with the guard removed. */
enum where {
	NATIVE,
	RING0,		/* in Dune mode, by a program of its own */
	NOWHERE,
};

/*
 * What an attempt returns: 0 if it did what a sandbox must not let it, else how it
 * was refused: an errno, or FAULT(). Where it was not even made, UNTRIED.
 */
struct attempt {
	const char	*name;
	int		(*fn)(void);
	const char	*answer;	/* in the sandbox; several with | between */
	const char	*free;		/* with the guard removed */
	enum where	where;
};

extern const struct attempt pointer_attempts[], memory_attempts[], race_attempts[],
	file_attempts[], file_race_attempts[], process_attempts[], terminal_attempts[],
	network_attempts[], vdso_attempts[], cpu_attempts[], state_attempts[], frame_attempts[],
	room_attempts[];

#define A(name, answer)		{ #name, name, #answer, "done", NATIVE }
#define A0(name, answer)	{ #name, name, answer, "done", RING0 }
/* One that does not get through even so: @free. */
#define AX(name, answer, free, where)	{ #name, name, answer, free, where }
#define FAILED(call)	((call) == -1 ? errno : 0)

/* An exception where it was meant to be. */
#define FAULT(vector, error)	(1 << 24 | (vector) << 16 | ((error) & 0xffff))
#define UNTRIED			(1 << 25)
#define ELSEWHERE		(1 << 26)

/*
 * Runs @fn: 0, or FAULT() if an exception came at the instruction @at (NULL: any)
 * and, for a page fault, of an address from @address to a page's end (0: any). Other
 * exceptions are described on standard output, and are ELSEWHERE.
 */
int fault_of(void (*fn)(void), const void *at, uintptr_t address);

/* The sandbox's memory is really there, as ours: not in the sandbox. */
extern bool target_is_ours;

/* Files that the sandbox gives (work), gives to read, and does not (secret). */
#define WORK	"/tmp/work"
#define READ_ONLY "/tmp/read-only"
#define SECRET	"/tmp/secret"

/* How many times to try what takes @n on a kernel that is not slow. */
int rounds(int n);

/* 0 if @fd reads what is in SECRET/file. */
int reads_secret(int fd);

/* How a child ended: what it gave to _exit(), or EINTR after a signal. */
int answer_of(int pid);

#endif /* _PROGS_ESCAPE_H */
