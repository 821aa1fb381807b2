/* SPDX-License-Identifier: MIT */
/*
 * events.c - what poll(2) and epoll(7) wait for, and what has come
 */
#include <poll.h>

#include "trace.h"

static void put_pollfd(struct text *t, const struct pollfd *p, const char *name, short events)
{
	put_numbers(t, "{fd=#d, ", (uint64_t[]){ p->fd });
	put_string(t, name);
	put_flags(t, KIND_POLLBITS, (uint16_t)events);
	put_char(t, '}');
}

void put_pollfds(struct text *t, const struct trace_piece *piece)
{
	const uint8_t *at = (const uint8_t *)(piece + 1);
	struct pollfd p;
	unsigned int i;

	put_char(t, '[');
	for (i = 0; i < piece->size / sizeof(p); i++) {
		READ(p, at + i * sizeof(p));
		put_string(t, i ? ", " : "");
		put_pollfd(t, &p, "events=", p.events);
	}
	put_string(t, piece->more ? ", ...]" : "]");
}

/* Behind the result of the call, those that something has come from. */
void put_poll_results(struct text *t, const struct trace_piece *piece)
{
	const uint8_t *at = (const uint8_t *)(piece + 1);
	const char *between = " ([";
	struct pollfd p;
	unsigned int i;

	for (i = 0; i < piece->size / sizeof(p); i++) {
		READ(p, at + i * sizeof(p));
		if (!p.revents)
			continue;
		put_string(t, between);
		put_pollfd(t, &p, "revents=", p.revents);
		between = ", ";
	}
	if (*between == ',')
		put_string(t, piece->more ? ", ...])" : "])");
}

/* The kernel's, which is packed. */
void put_epoll_event(struct text *t, const void *p)
{
	uint32_t events;
	uint64_t data;

	READ(events, p);
	READ(data, (const uint8_t *)p + sizeof(events));
	put_string(t, "{events=");
	put_flags(t, KIND_EPOLLBITS, events);
	put_numbers(t, ", data={u32=#u, u64=#u}}", (uint64_t[]){ (uint32_t)data, data });
}

void put_epoll_events(struct text *t, const struct trace_piece *piece)
{
	const uint8_t *at = (const uint8_t *)(piece + 1);
	unsigned int i;

	put_char(t, '[');
	for (i = 0; i < piece->size / 12; i++) {
		put_string(t, i ? ", " : "");
		put_epoll_event(t, at + i * 12);
	}
	put_string(t, piece->more ? ", ...]" : "]");
}
