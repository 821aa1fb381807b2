/* SPDX-License-Identifier: MIT */
/*
 * arguments.c - an argument as strace shows it
 */
#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include <asm/unistd_64.h>

#include "trace.h"

static const uint8_t kinds[MAX_NR][7] = {
#define K(kind)		KIND_##kind
#define NONE		NONE
#define ARGS(...)	ARGS_(__VA_ARGS__ __VA_OPT__(,) NONE, NONE, NONE, NONE, NONE, NONE)
#define ARGS_(a, b, c, d, e, f, ...) K(a), K(b), K(c), K(d), K(e), K(f)
#define CALL(name, ...)	[__NR_##name] = { ARGS(__VA_ARGS__), true },
#include "calls.def"
#undef CALL
#undef NONE
};

unsigned int nr_arguments(unsigned int nr)
{
	unsigned int n = 0;

	if (nr >= MAX_NR || !kinds[nr][6])
		return 6;
	while (n < 6 && kinds[nr][n])
		n++;
	return n;
}

static void print_byte(FILE *f, const uint8_t *p, bool last)
{
	static const char escapes[] = "\a\b\t\n\v\f\r";
	const char *e = *p ? strchr(escapes, *p) : NULL;

	if (*p == '"' || *p == '\\')
		fprintf(f, "\\%c", *p);
	else if (e && *p != '\a' && *p != '\b')
		fprintf(f, "\\%c", "abtnvfr"[e - escapes]);
	else if (*p >= 32 && *p < 127)
		fputc(*p, f);
	else if (!last && isdigit(p[1]))	/* octal digits would run together */
		fprintf(f, "\\%03o", *p);
	else
		fprintf(f, "\\%o", *p);
}

void print_bytes(FILE *f, const uint8_t *p, unsigned int size, bool more)
{
	unsigned int i;

	fputc('"', f);
	for (i = 0; i < size; i++)
		print_byte(f, p + i, i + 1 == size);
	fputs(more ? "\"..." : "\"", f);
}

static void print_piece(FILE *f, const struct trace_piece *p, bool path)
{
	unsigned int size = p->size;
	bool more = p->more;

	if (!path && size > options.string) {
		size = options.string;
		more = true;
	}
	print_bytes(f, (const uint8_t *)(p + 1), size, more);
}

/* Strings one after the other, each with its NUL. */
static void print_vector(FILE *f, const struct trace_piece *p)
{
	const char *at = (const char *)(p + 1), *end = at + p->size;
	const char *between = "";

	fputc('[', f);
	while (at < end) {
		unsigned int size = strnlen(at, end - at);

		fputs(between, f);
		print_bytes(f, (const uint8_t *)at,
			    size < options.string ? size : options.string,
			    size > options.string);
		at += size + 1;
		between = ", ";
	}
	fputs(p->more ? ", ...]" : "]", f);
}

static void print_pointer(FILE *f, uint64_t v)
{
	if (v)
		fprintf(f, "%#lx", v);
	else
		fputs("NULL", f);
}

static void print_signal(FILE *f, int sig)
{
	const char *name = sigabbrev_np(sig);

	if (name)
		fprintf(f, "SIG%s", name);
	else if (sig >= SIGRTMIN - 2 && sig <= SIGRTMAX)
		fprintf(f, sig == 32 ? "SIGRTMIN" : "SIGRT_%d", sig - 32);
	else
		fprintf(f, "%d", sig);
}

/* What a number says by itself; the rest are names. */
static void print_number(FILE *f, enum arg_kind kind, uint64_t v)
{
	switch (kind) {
	case KIND_NONE:
	case KIND_LHEX:
		fprintf(f, "%#lx", v);
		break;
	case KIND_INT:
	case KIND_FD:
		fprintf(f, "%d", (int)v);
		break;
	case KIND_LONG:
		fprintf(f, "%ld", v);
		break;
	case KIND_ULONG:
		fprintf(f, "%lu", v);
		break;
	case KIND_HEX:
		fprintf(f, "%#x", (unsigned int)v);
		break;
	case KIND_MODE:
		fprintf(f, "%#03o", (unsigned int)v);
		break;
	case KIND_DIRFD:
		if ((int)v == AT_FDCWD)
			fputs("AT_FDCWD", f);
		else
			fprintf(f, "%d", (int)v);
		break;
	case KIND_SIGNAL:
		print_signal(f, v);
		break;
	default:
		print_flags(f, kind, (uint32_t)v);
	}
}

void print_argument(FILE *f, const struct call *call, unsigned int i)
{
	const struct trace_record *r = call->r;
	const struct trace_piece *p = call->piece[i];
	enum arg_kind kind = r->nr < MAX_NR ? kinds[r->nr][i] : KIND_NONE;

	switch (kind) {
	case KIND_PATH:
	case KIND_STR:
	case KIND_BUF_IN:
	case KIND_BUF_OUT:
		if (p)
			print_piece(f, p, kind == KIND_PATH);
		else
			print_pointer(f, r->args[i]);
		break;
	case KIND_ARGV:
		if (p)
			print_vector(f, p);
		else
			print_pointer(f, r->args[i]);
		break;
	case KIND_PTR:
		print_pointer(f, r->args[i]);
		break;
	default:
		if (kind < KIND_STAT)
			print_number(f, kind, r->args[i]);
		else if (p)
			print_memory(f, kind, p + 1, p->size);
		else
			print_pointer(f, r->args[i]);
	}
}
