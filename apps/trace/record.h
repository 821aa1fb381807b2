/* SPDX-License-Identifier: MIT */
/*
 * record.h - what the monitor writes down for each call, and where dune-trace reads it
 *
 * A ring in memory that both share, with the monitors of all processes traced as
 * its writers. They take turns; the lock's owner is known, so that one who was
 * killed while he had it stops nobody. What he wrote was not there yet: a record
 * is there once head has moved on.
 */
#ifndef _APPS_TRACE_RECORD_H
#define _APPS_TRACE_RECORD_H

#include <stdint.h>

#define RING_SIZE	(4UL << 20)		/* of the whole mapping */
#define RING_DATA	(RING_SIZE - 4096)
#define RING_MAGIC	0x3165636172742d64UL

struct trace_ring {
	uint64_t	magic;
	uint32_t	owner;			/* thread that writes, 0: nobody */
	uint32_t	copy;			/* bytes of strings and buffers wanted */
	uint64_t	head, tail;		/* bytes ever written, read */
	uint32_t	wanted;			/* a futex: the reader has made room */
	uint32_t	reader;			/* its process */
	uint32_t	closed;			/* it reads no more */
	uint32_t	idle;			/* a futex: it waits, for a while */
};

#define MAX_COPY	1024			/* bytes of one argument, but for a vector's last string */
#define MAX_RECORD	8192			/* so that six such arguments fit */
#define MAX_PATH	4096			/* of a file's name with its NUL, where there is room */
#define MAX_PIECE	(MAX_COPY + 576)	/* of any other argument, with its head */

/* Of a signal, nr is its number, and args are the first words of its siginfo. */
enum record_type { RECORD_CALL, RECORD_EXEC, RECORD_SIGNAL };

/* Followed by pieces; of multiples of 4 bytes. */
struct trace_record {
	uint32_t	size;			/* with everything */
	uint16_t	nr;
	uint8_t		type;
	uint8_t		pieces;
	uint32_t	pid, tid;
	uint64_t	start, end;		/* ticks */
	uint64_t	args[6];
	int64_t		result;
};

/* What an argument points to, or as much as is wanted of it. */
struct trace_piece {
	uint16_t	size;			/* bytes, padded to 8 in the record */
	uint8_t		arg;			/* 0 to 5, or OF_RESULT */
	uint8_t		more;			/* that was not all */
};

#define OF_RESULT	6			/* what the call made of an argument shown as it was */
#define MAX_ELEMENTS	32			/* of an array */

/* What is in a piece lies at a multiple of 4 only. */
#define IN_PIECE	__attribute__((packed, aligned(4)))

/* Of an iovec, followed by the bytes, padded to 8. */
struct trace_iov {
	uint64_t	base, len;
	uint32_t	size;			/* bytes that follow */
	uint16_t	held;			/* they could be read */
	uint16_t	more;			/* that was not all */
} IN_PIECE;

/* A msghdr, followed by its iovecs. */
struct trace_message {
	uint64_t	words[7];		/* as in memory */
	uint32_t	namelen;		/* before the call */
	uint16_t	name_size;		/* bytes of the name here */
	uint16_t	held;			/* its iovecs could be read */
	uint8_t		name[112];
	uint32_t	control_size, unused;	/* bytes of control here */
	uint8_t		control[128];
} IN_PIECE;

#define MAX_SET		128			/* bytes of a set of descriptors: 1024 of them */

/* Of select(): what it wrote. */
struct trace_selected {
	uint32_t	size;			/* of each set */
	uint8_t		there[4];		/* sets, and the time left */
	uint8_t		set[3][MAX_SET];
	uint64_t	left[2];
} IN_PIECE;

struct trace_sixth {
	uint64_t	where, size, set;
	uint32_t	there, unused;
} IN_PIECE;

/* Where the kernel says how much it wrote, or would have written. */
struct trace_length {
	uint32_t	before, after;
};

enum copy_how { COPY_NO, COPY_IN, COPY_OUT, COPY_STRING, COPY_BUFFER_IN, COPY_BUFFER_OUT,
		COPY_VECTOR, COPY_SIZED_IN, COPY_LENGTH_OUT, COPY_ARRAY_OUT, COPY_POLL,
		COPY_GATHER_IN, COPY_GATHER_OUT, COPY_MESSAGE_IN, COPY_MESSAGE_OUT,
		COPY_SOME_OUT, COPY_NAME_OUT, COPY_STRING_OUT, COPY_SET, COPY_SIXTH, COPY_ENTRIES };

#define KIND(name, how, bytes) KIND_##name,
enum arg_kind {
	KIND_NONE,
#include "kinds.def"
	NR_KINDS
};
#undef KIND

#define MAX_NR	512

#endif /* _APPS_TRACE_RECORD_H */
