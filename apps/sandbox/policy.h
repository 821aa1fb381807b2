/* SPDX-License-Identifier: MIT */
/*
 * policy.h - a compiled policy: what dune-policy makes and the sandbox goes by
 *
 * One flat structure without pointers, handed on in a memory file. dune-policy(1)
 * makes it from the text that dune-policy(5) describes.
 */
#ifndef _APPS_SANDBOX_POLICY_H
#define _APPS_SANDBOX_POLICY_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "calls.h"

#define POLICY_MAGIC	0x31796c6f70656e75ULL	/* "unepoly1" */

#define MAX_RULES	2048
#define MAX_CONDITIONS	2048
#define MAX_PATHS	128
#define MAX_PEERS	128
#define MAX_FILTER	2048
#define TEXT_SIZE	16384

enum action_kind {
	ACTION_ALLOW, ACTION_LOG, ACTION_ERRNO, ACTION_EMULATE, ACTION_KILL,
};

struct policy_action {
	uint32_t	kind;
	int32_t		value;		/* a positive errno, or what the call returns */
};

enum condition_op {
	OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_CLASS,
};

/* What a descriptor can be; OP_CLASS compares with a set of these. */
#define CLASS_STDIN	(1U << 0)
#define CLASS_STDOUT	(1U << 1)
#define CLASS_STDERR	(1U << 2)
#define CLASS_FILE	(1U << 3)
#define CLASS_DIR	(1U << 4)
#define CLASS_PIPE	(1U << 5)
#define CLASS_SOCKET	(1U << 6)
#define CLASS_DEVICE	(1U << 7)
#define CLASS_BY_NUMBER	(CLASS_STDIN | CLASS_STDOUT | CLASS_STDERR)

struct policy_condition {
	uint8_t		arg, op;
	uint64_t	mask, value;	/* (argument & mask) op value */
};

/* A call's rules are a list in the order of the text. */
struct policy_rule {
	struct policy_action action;
	uint16_t	next;		/* index + 1, 0: the last */
	uint16_t	condition, nr_conditions;
	uint16_t	line;
};

#define RIGHT_READ	(1U << 0)
#define RIGHT_WRITE	(1U << 1)	/* contents of files that are there */
#define RIGHT_CREATE	(1U << 2)	/* entries of directories */
#define RIGHT_EXEC	(1U << 3)
#define RIGHT_HIDE	(1U << 4)	/* none at all, whatever other rules say */
#define RIGHTS		(RIGHT_READ | RIGHT_WRITE | RIGHT_CREATE | RIGHT_EXEC)

struct policy_path {
	uint32_t	rights;
	uint16_t	text;		/* the path, in policy.text */
	uint16_t	line;
};

enum peer_kind {
	PEER_CONNECT, PEER_BIND, PEER_ACCEPT,
};

struct policy_peer {
	uint8_t		kind, family;	/* family 0: IPv4 and IPv6 */
	uint8_t		bits;		/* of @address that count */
	uint8_t		address[16];
	uint16_t	first_port, last_port;
	uint16_t	line;
};

enum limit {
	LIMIT_MEMORY, LIMIT_CPU, LIMIT_TIME, LIMIT_FILES, LIMIT_PROCESSES, LIMIT_OUTPUT,
	NR_LIMITS,
};

#define NO_LIMIT	(~0ULL)

enum second_line {
	SECOND_FULL, SECOND_LANDLOCK, SECOND_OFF,
};

struct policy {
	uint64_t	magic;
	uint32_t	size;		/* sizeof(struct policy) */
	uint16_t	name;		/* of its file, in @text */
	uint16_t	default_line;
	struct policy_action default_action;
	uint32_t	second_line;
	uint32_t	deny_wx;	/* memory both writable and executable */
	uint64_t	limit[NR_LIMITS];

	uint32_t	nr_rules, nr_conditions, nr_paths, nr_peers, nr_text, nr_filter;
	uint16_t	first[NR_CALLS], last[NR_CALLS];	/* rule's index + 1 */
	struct policy_rule rule[MAX_RULES];
	struct policy_condition condition[MAX_CONDITIONS];
	struct policy_path path[MAX_PATHS];
	struct policy_peer peer[MAX_PEERS];
	char		text[TEXT_SIZE];
	struct sock_filter filter[MAX_FILTER];	/* for seccomp(2) */
};

/*
 * judge.c: pure
 */

struct verdict {
	struct policy_action action;
	uint16_t	line;
	int8_t		arg;		/* whose condition decided, or -1 */
};

/* A descriptor's class; called for conditions that ask for one. */
typedef uint32_t (*class_fn)(void *data, uint64_t fd);

struct verdict policy_judge(const struct policy *p, uint32_t nr, const uint64_t args[6],
			    class_fn class_of, void *data);

/* Whether every call @nr is decided alike, whatever its arguments. */
bool policy_is_constant(const struct policy *p, uint32_t nr);

/* The peer rule that lets @address (as in struct sockaddr) through, or NULL. */
const struct policy_peer *policy_peer(const struct policy *p, enum peer_kind kind,
				      const void *address, uint32_t size);

/* Whether @path is @dir or below it. */
bool path_below(const char *path, const char *dir);

/* 0, or -EINVAL: not one of dune-policy's. */
int policy_check(const struct policy *p, uint64_t size);

#endif /* _APPS_SANDBOX_POLICY_H */
