/* SPDX-License-Identifier: MIT */
/*
 * events.c - what poll() and epoll wait for, and what happened
 */
#include <asm/unistd_64.h>
#include <poll.h>
#include <sys/epoll.h>

#include "trace.h"

static void put_poll(struct text *t, int fd, const char *what, unsigned int bits)
{
	put_string(t, "{fd=");
	put_signed(t, fd);
	put_string(t, what);
	put_flags(t, KIND_POLLBITS, bits);
	put_char(t, '}');
}

/* All of them as the call began, or those to which something happened. */
static void put_list(struct text *t, const struct trace_piece *p, bool happened, bool more)
{
	unsigned int n = p->size / sizeof(struct pollfd), i;
	const char *between = "";
	struct pollfd poll;

	put_char(t, '[');
	for (i = 0; i < n; i++) {
		__builtin_memcpy(&poll, (const uint8_t *)(p + 1) + i * sizeof(poll), sizeof(poll));
		if (happened && !poll.revents)
			continue;
		put_string(t, between);
		if (happened)
			put_poll(t, poll.fd, ", revents=", (uint16_t)poll.revents);
		else
			put_poll(t, poll.fd, ", events=", (uint16_t)poll.events);
		between = ", ";
	}
	if (more) {
		put_string(t, between);
		put_string(t, "...");
	}
	put_char(t, ']');
}

void put_polls(struct text *t, const struct trace_piece *p)
{
	put_list(t, p, false, p->more);
}

/* There is a piece of the result. */
void put_polled(struct text *t, const struct call *call)
{
	put_list(t, call->piece[OF_RESULT], true, call->piece[OF_RESULT]->more);
}

void put_epoll(struct text *t, const void *p)
{
	struct epoll_event event;

	__builtin_memcpy(&event, p, sizeof(event));
	put_string(t, "{events=");
	put_flags(t, KIND_EPOLLBITS, event.events);
	put_numbers(t, ", data={u32=#u, u64=#u}}", (uint64_t[]){ event.data.u32, event.data.u64 });
}

void put_epolls(struct text *t, const struct trace_piece *p)
{
	unsigned int n = p->size / sizeof(struct epoll_event), i;

	put_char(t, '[');
	for (i = 0; i < n; i++) {
		put_string(t, i ? ", " : "");
		put_epoll(t, (const uint8_t *)(p + 1) + i * sizeof(struct epoll_event));
	}
	put_string(t, p->more ? ", ...]" : "]");
}

static bool has(const uint8_t *set, unsigned int fd)
{
	return set[fd / 8] >> fd % 8 & 1;
}

/* Those below @n, with @before the first of them; false: none. */
static bool put_members(struct text *t, const uint8_t *set, unsigned int n, const char *before)
{
	bool any = false;
	unsigned int fd;

	for (fd = 0; fd < n; fd++) {
		if (!has(set, fd))
			continue;
		put_string(t, any ? " " : before);
		put_unsigned(t, fd);
		any = true;
	}
	return any;
}

static unsigned int members(const struct trace_record *r, unsigned int size)
{
	unsigned int n = (uint32_t)r->args[0];

	return n < 8 * size ? n : 8 * size;
}

void put_set(struct text *t, const struct trace_record *r, const struct trace_piece *p)
{
	put_char(t, '[');
	put_members(t, (const uint8_t *)(p + 1), members(r, p->size), "");
	put_char(t, ']');
}

/* Behind the result of select() and pselect6(). */
void put_selected(struct text *t, const struct call *call)
{
	static const char *const names[] = { "in [", "out [", "except [" };
	bool precise = call->r->nr == __NR_pselect6;
	const char *between = " (";
	struct trace_selected s;
	char before[16];
	struct text b;
	unsigned int i;

	if (call->piece[OF_RESULT]->size < sizeof(s))
		return;
	READ(s, call->piece[OF_RESULT] + 1);
	for (i = 0; i < 3; i++) {
		b = (struct text){ before, sizeof(before) - 1, 0 };
		put_string(&b, between);
		put_string(&b, names[i]);
		before[b.used] = '\0';
		if (!s.there[i] ||
		    !put_members(t, s.set[i], members(call->r, s.size < MAX_SET ? s.size : MAX_SET), before))
			continue;
		put_char(t, ']');
		between = ", ";
	}
	if (s.there[3]) {
		put_string(t, between);
		put_numbers(t, precise ? "left {tv_sec=#d, tv_nsec=#d}" : "left {tv_sec=#d, tv_usec=#d}",
			    (uint64_t[]){ s.left[0], s.left[1] });
		between = ", ";
	}
	put_string(t, *between == ',' ? ")" : "");
}

void put_sixth(struct text *t, const struct trace_piece *p)
{
	struct trace_sixth s;

	READ(s, p + 1);
	put_string(t, "{sigmask=");
	if (s.there)
		put_sigset(t, &s.set);
	else
		put_pointer(t, s.where);
	put_numbers(t, ", sigsetsize=#u}", (uint64_t[]){ s.size });
}
