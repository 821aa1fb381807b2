/* SPDX-License-Identifier: MIT */
/*
 * calls.c - the table of calls.def
 */
#include <stddef.h>
#include <asm/unistd.h>

#include "calls.h"

#define INT		{ ARG_INT, 0 }
#define HEX		{ ARG_HEX, 0 }
#define LONG		{ ARG_LONG, 0 }
#define LHEX		{ ARG_LHEX, 0 }
#define OCT		{ ARG_OCT, 0 }
#define OPEN		{ ARG_OPEN, 0 }
#define PROT		{ ARG_PROT, 0 }
#define MAP		{ ARG_MAP, 0 }
#define AF		{ ARG_AF, 0 }
#define FD		{ ARG_FD, 0 }
#define AT		{ ARG_AT, 0 }
#define PATH		{ ARG_PATH, 0 }
#define STR		{ ARG_STR, 0 }
#define ADDR		{ ARG_ADDR, 0 }
#define IN(n)		{ ARG_IN, n }
#define OUT(n)		{ ARG_OUT, n }
#define INS(size)	{ ARG_INS, size }
#define OUTS(size)	{ ARG_OUTS, size }
#define ARRAY(n, size)	{ ARG_ARRAY, (size) * 8 + (n) }
#define BITS(n)		{ ARG_BITS, n }

#define CALL(name, group, handler, ...) \
	[__NR_##name] = { #name, GROUP_##group, DO_##handler, { __VA_ARGS__ } },

const struct call calls[NR_CALLS] = {
#include "calls.def"
};

const char *const call_groups[NR_GROUPS] = {
	NULL, "basic", "io", "files", "memory", "process", "signal", "time", "net",
};
