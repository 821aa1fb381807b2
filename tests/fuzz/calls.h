/* SPDX-License-Identifier: MIT */
/*
 * calls.h - what the files of the target "calls" share
 */
#ifndef _TESTS_FUZZ_CALLS_H
#define _TESTS_FUZZ_CALLS_H

#include <stdbool.h>

#include "../../apps/sandbox/box.h"
#include "fuzz.h"

/* Ring 3's memory, which is mapped from USER on; all behind it is the monitor's. */
#define USER		0x20000000UL
#define USER_SIZE	0x10000UL
#define HIDDEN_FROM	500
#define HIDDEN_TO	700
#define NR_FDS		1024
#define FD_NAME		"/proc/thread-self/fd/"
#define OWN_PID		1000

static inline bool in_user(uint64_t at, uint64_t size)
{
	return at <= USER + USER_SIZE && size <= USER + USER_SIZE - at;
}

static inline bool is_mapped(uint64_t at, uint64_t size)
{
	return at >= USER && in_user(at, size);
}

/* calls.c: the rest of the input; zeros at its end */
uint8_t next_byte(void);
uint64_t next_bytes(unsigned int n);
void end_process(void) __attribute__((noreturn));

/* linux.c: descriptors, and the files behind them */
struct file_name {
	const char	*text;
	uint32_t	rights;		/* that the policy gives, reckoned by hand */
	uint32_t	mode;
};

struct descriptor {
	bool		open, hidden;
	bool		temporary;	/* the sandbox's own, to be closed by it; or a slot in use */
	bool		unbound;	/* a socket without an address, as it was said last */
	uint32_t	flags;
	const struct file_name *name;
};

extern struct descriptor fds[NR_FDS];
void linux_begin(bool shared);
long linux_open(uint64_t flags, bool temporary);
long linux_result(uint32_t nr, const uint64_t a[6]);

/* arrives.c: whether a call may reach Linux as it is */
void arrives(const struct dune_tf *tf, uint32_t nr, const uint64_t a[6]);

#endif /* _TESTS_FUZZ_CALLS_H */
