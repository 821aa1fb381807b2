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
};

#define MAX_COPY	1024			/* bytes of one argument, but for a vector's last string */
#define MAX_RECORD	8192			/* so that six such arguments fit */

/* Of a signal, nr is its number, and args are the first words of its siginfo. */
enum record_type { RECORD_CALL, RECORD_EXEC, RECORD_SIGNAL };

/* Followed by pieces; all is rounded up to 8 bytes. */
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
	uint8_t		arg;
	uint8_t		more;			/* that was not all */
};

enum copy_how { COPY_NO, COPY_IN, COPY_OUT, COPY_STRING, COPY_BUFFER_IN, COPY_BUFFER_OUT,
		COPY_SIZED_IN, COPY_SIZED_OUT, COPY_ARRAY_BOTH, COPY_ARRAY_OUT,
		COPY_VECTOR, COPY_IOVEC_IN, COPY_IOVEC_OUT, COPY_MESSAGE_IN, COPY_MESSAGE_OUT };

#define MAX_VECTORS	4
#define VECTOR_BYTES	96

/* An element of an array of struct iovec, and the first bytes of what it points to. */
struct trace_vector {
	uint64_t	base, len;
	uint16_t	size;			/* of data */
	uint8_t		copied, more;
	uint8_t		data[VECTOR_BYTES];
} __attribute__((packed, aligned(4)));	/* as behind the head of a piece */

/* A struct msghdr, the address it names, and its vectors, as many as the piece has. */
struct trace_message {
	uint64_t		name;
	uint32_t		name_size, unused;
	uint64_t		iov, iovlen, control, controllen, flags;
	uint8_t			address[112];	/* name_size of it, or 0 */
	struct trace_vector	vector[];
} __attribute__((packed, aligned(4)));
#define MESSAGE_HEAD	56			/* struct msghdr */

#define KIND(name, how, bytes) KIND_##name,
enum arg_kind {
	KIND_NONE,
#include "kinds.def"
	NR_KINDS
};
#undef KIND

#define MAX_NR	512

#endif /* _APPS_TRACE_RECORD_H */
