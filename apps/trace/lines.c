/* SPDX-License-Identifier: MIT */
/*
 * lines.c - a call as a line of text, or of JSON
 */
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

#include <asm/unistd_64.h>

#include "trace.h"

#define COLUMN	39		/* where results begin, as in strace */

/* Calls whose results are addresses. */
static bool result_is_address(unsigned int nr)
{
	return nr == __NR_mmap || nr == __NR_brk || nr == __NR_mremap || nr == __NR_shmat;
}

static bool has_no_result(const struct trace_record *r)
{
	return r->nr == __NR_exit || r->nr == __NR_exit_group;
}

/* Some calls have fewer arguments than they could have. */
static unsigned int shown_arguments(const struct trace_record *r)
{
	unsigned int n = nr_arguments(r->nr);

	if ((r->nr == __NR_open || r->nr == __NR_openat) &&
	    !(r->args[r->nr == __NR_openat ? 2 : 1] & 0100))
		n--;				/* no O_CREAT: no mode */
	if (r->nr == __NR_fcntl && (r->args[1] == 1 || r->args[1] == 3))
		n--;				/* F_GETFD, F_GETFL */
	if (r->nr == __NR_mremap && !(r->args[3] & 2))
		n--;				/* no MREMAP_FIXED */
	return n;
}

static void print_arguments(FILE *f, const struct call *call)
{
	unsigned int n = shown_arguments(call->r), i;

	for (i = 0; i < n; i++) {
		fputs(i ? ", " : "", f);
		if (call->r->type == RECORD_EXEC && i == 2)
			fprintf(f, "%#lx /* %lu vars */", call->r->args[2], call->r->args[3]);
		else
			print_argument(f, call, i);
	}
}

static void print_result(FILE *f, const struct trace_record *r)
{
	const char *name;

	if (has_no_result(r)) {
		fputs("?", f);
	} else if (r->result < 0 && r->result >= -4095) {
		name = error_name(-r->result);
		fprintf(f, "-1 %s (%s)", name ? name : "E?", strerror(-r->result));
	} else if (result_is_address(r->nr)) {
		fprintf(f, "%#lx", r->result);
	} else {
		fprintf(f, "%ld", r->result);
	}
}

/* Name and arguments; the text stays until the next call. Its length, or -1. */
static long call_text(const struct call *call, char **text)
{
	static char *line;
	static size_t size;
	static FILE *memory;

	if (!memory)
		memory = open_memstream(&line, &size);
	if (!memory)
		return -1;
	rewind(memory);
	fputs(call_name(call->r->nr), memory);
	fputc('(', memory);
	print_arguments(memory, call);
	fputc(')', memory);
	fflush(memory);
	*text = line;
	return size;
}

void print_call(FILE *f, const struct call *call)
{
	static const char spaces[COLUMN + 1] = "                                       ";
	const struct trace_record *r = call->r;
	char *text;
	long length = call_text(call, &text);

	if (length < 0)
		return;
	if (options.follow)
		fprintf(f, "%-5u ", r->tid);
	if (options.times)
		fprintf(f, "%.6f ", r->start / ticks_per_second);
	fwrite(text, 1, length, f);
	if (length < COLUMN)
		fwrite(spaces, 1, COLUMN - length, f);
	fwrite(" = ", 1, 3, f);
	print_result(f, r);
	if (options.durations && !has_no_result(r))
		fprintf(f, " <%.6f>", (r->end - r->start) / ticks_per_second);
	fputc('\n', f);
}

/* @text as a JSON string. */
static void print_quoted(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', f);
		fputc(*text, f);
	}
	fputc('"', f);
}

void print_json(FILE *f, const struct call *call)
{
	const struct trace_record *r = call->r;
	unsigned int n = shown_arguments(r), i;
	char *text;
	size_t size;
	FILE *memory;

	fprintf(f, "{\"pid\": %u, \"tid\": %u, \"time\": %.6f, \"name\": \"%s\", \"args\": [",
		r->pid, r->tid, r->start / ticks_per_second, call_name(r->nr));
	for (i = 0; i < n; i++) {
		memory = open_memstream(&text, &size);
		if (!memory)
			return;
		print_argument(memory, call, i);
		fclose(memory);
		fputs(i ? ", " : "", f);
		print_quoted(f, text);
		free(text);
	}
	fprintf(f, "], \"result\": %ld, ", has_no_result(r) ? 0 : r->result);
	if (r->result < 0 && r->result >= -4095 && error_name(-r->result))
		fprintf(f, "\"error\": \"%s\", ", error_name(-r->result));
	fprintf(f, "\"ticks\": %lu}\n", r->end - r->start);
}
