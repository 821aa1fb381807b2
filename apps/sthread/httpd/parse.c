/* SPDX-License-Identifier: MIT */
/*
 * parse.c - HTTP/1.1 requests, from a connection
 *
 * It works on its argument alone and makes one system call, read(2): it can run
 * as an sthread that has the exchange, the connection and that call.
 *
 * PLANTED: with --planted, the query's note is decoded without a look at the room
 * there is for it, and what lies behind it is the sender's. That is the classic
 * mistake, put here on purpose, to show what it is worth in each mode.
 */
#include <string.h>
#include <sys/syscall.h>

#include "../sthread.h"
#include "httpd.h"

#define NOTE_SIZE	64

/* What a query says: /file?note=TEXT */
struct query {
	char		note[NOTE_SIZE];
	const char	*language;
	size_t		language_len;
	bool		*noted;
};

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 32) >= 'a' && (c | 32) <= 'f')
		return (c | 32) - 'a' + 10;
	return -1;
}

/* Percent-decoded, at most @room bytes; how many, or -1: not decodable, no room. */
static long decode(char *to, size_t room, const char *from, const char *end)
{
	size_t n = 0;

	for (; from < end; from++) {
		int c = *from;

		if (c == '%') {
			if (end - from < 3 || hex(from[1]) < 0 || hex(from[2]) < 0)
				return -1;
			c = hex(from[1]) << 4 | hex(from[2]);
			from += 2;
		}
		if (n == room)
			return -1;
		to[n++] = c;
	}
	return n;
}

static int parse_query(struct exchange *x, const char *from, const char *end)
{
	struct query q = { .language = "en", .language_len = 2, .noted = &x->noted };
	size_t room = x->planted ? (size_t)-1 : sizeof(q.note) - 1;	/* PLANTED */
	char *note = q.note;
	long n;

	if (end - from < 5 || memcmp(from, "note=", 5))
		return 0;
	/* The compiler is not to know what @note has room for. */
	asm("" : "+r" (note) : : "memory");
	n = decode(note, room, from + 5, end);
	asm("" : : : "memory");
	if (n < 0)
		return 400;
	x->language_len = q.language_len < TEXT_SIZE ? q.language_len : TEXT_SIZE;
	memcpy(x->language, q.language, x->language_len);
	memcpy(x->note, q.note, sizeof(q.note));
	x->note[sizeof(q.note)] = 0;
	*q.noted = true;
	return 0;
}

static int parse_target(struct exchange *x, const char *from, const char *end)
{
	const char *query = memchr(from, '?', end - from);
	long n;

	if (from == end || *from != '/')
		return 400;
	n = decode(x->path, PATH_SIZE - 1, from, query ? query : end);
	if (n < 0)
		return 414;
	x->path[n] = 0;
	if (memchr(x->path, 0, n))
		return 400;
	return query ? parse_query(x, query + 1, end) : 0;
}

/* In either case; @word is letters and what differs by more than their case. */
static bool is(const char *from, const char *end, const char *word)
{
	for (; from < end && *word && (*from | 32) == (*word | 32); from++, word++)
		;
	return from == end && !*word;
}

/* "METHOD TARGET VERSION" */
static int parse_first_line(struct exchange *x, const char *from, const char *end)
{
	const char *target = memchr(from, ' ', end - from), *version;

	if (!target)
		return 400;
	version = memchr(target + 1, ' ', end - target - 1);
	if (!version)
		return 400;
	if (is(version + 1, end, "HTTP/1.0"))
		x->close = true;
	else if (!is(version + 1, end, "HTTP/1.1"))
		return 505;
	x->head = is(from, target, "HEAD");
	if (!x->head && !is(from, target, "GET"))
		return 501;
	return parse_target(x, target + 1, version);
}

static int parse_field(struct exchange *x, const char *from, const char *end, bool *host)
{
	const char *colon = memchr(from, ':', end - from), *value;

	if (!colon || colon == from)
		return 400;
	for (value = colon + 1; value < end && (*value == ' ' || *value == '\t'); value++)
		;
	if (is(from, colon, "Host"))
		*host = true;
	if (is(from, colon, "Connection") && is(value, end, "close"))
		x->close = true;
	/* Requests with a body are not for us; where the next begins is unknown. */
	if (is(from, colon, "Transfer-Encoding"))
		return 501;
	if (is(from, colon, "Content-Length") && !is(value, end, "0"))
		return 413;
	return 0;
}

/* A line's end; the next begins two bytes on. */
static const char *line_end(const char *from, const char *end)
{
	return memmem(from, end - from, "\r\n", 2);
}

static int parse_lines(struct exchange *x, const char *from, const char *end)
{
	const char *stop = line_end(from, end);
	bool host = false;
	int status = parse_first_line(x, from, stop);

	for (from = stop + 2; !status && from < end; from = stop + 2) {
		stop = line_end(from, end);
		status = parse_field(x, from, stop, &host);
	}
	if (!status && !host && !x->close)
		status = 400;
	return status ? status : 200;
}

/* Behind the empty line that ends the request's head, or NULL: it is not whole. */
static const char *head_end(const struct exchange *x)
{
	const char *p = memmem(x->buffer, x->used, "\r\n\r\n", 4);

	return p ? p + 4 : NULL;
}

static long read_more(struct exchange *x)
{
	long n = sthread_syscall(SYS_read, x->fd, (long)(x->buffer + x->used),
				 (long)(BUFFER_SIZE - x->used), 0);

	if (n > 0)
		x->used += n;
	return n;
}

void *parse_request(void *exchange)
{
	struct exchange *x = exchange;
	const char *end;

	x->used -= x->done;
	memmove(x->buffer, x->buffer + x->done, x->used);
	x->done = 0;
	x->status = 0;
	x->head = x->close = x->noted = false;
	while (!(end = head_end(x))) {
		if (x->used == BUFFER_SIZE) {
			x->status = 431;
			return NULL;
		}
		if (read_more(x) <= 0)
			return NULL;
	}
	x->done = end - x->buffer;
	x->status = parse_lines(x, x->buffer, end - 2);
	return NULL;
}
