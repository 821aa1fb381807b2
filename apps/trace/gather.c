/* SPDX-License-Identifier: MIT */
/*
 * gather.c - what an iovec and a msghdr point to, put into a record
 *
 * Each piece stays within MAX_COPY bytes, whatever counts and lengths the program gives.
 */
#include <dune/trap.h>

#include "draft.h"

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* There is room for a trace_iov. */
static bool gather_one(struct draft *d, struct trace_piece *p, uint64_t from, uint64_t *bytes)
{
	struct trace_iov *to = (struct trace_iov *)((uint8_t *)(p + 1) + p->size);
	uint32_t room = MAX_COPY - p->size - sizeof(*to);
	uint64_t iov[2], there, n;

	if (dune_copy_from_user(iov, from, sizeof(iov)))
		return false;
	there = least(iov[1], *bytes);
	*bytes -= there;
	n = least(least(there, d->copy), room & ~7u);
	*to = (struct trace_iov){ .base = iov[0], .len = iov[1], .size = n, .more = there > n };
	to->held = iov[0] && !(n && dune_copy_from_user(to + 1, iov[0], n));
	if (!to->held)
		to->size = 0;
	p->size += sizeof(*to) + ((to->size + 7) & ~7u);
	return true;
}

/* False: not even the first one can be read. */
static bool gather(struct draft *d, struct trace_piece *p, uint64_t from, uint64_t count,
		   uint64_t bytes)
{
	uint64_t i;

	for (i = 0; i < count; i++, from += 16) {
		p->more = i == MAX_ELEMENTS || p->size + sizeof(struct trace_iov) > MAX_COPY;
		if (p->more)
			break;
		if (gather_one(d, p, from, &bytes))
			continue;
		p->more = true;
		return i;
	}
	return true;
}

void copy_iovecs(struct draft *d, unsigned int arg, uint64_t from, uint64_t count, uint64_t bytes)
{
	struct trace_piece *p = piece_begin(d, arg);

	if (from && gather(d, p, from, count, bytes))
		piece_end(d, p);
}

/* Not more than there was room for. */
static void copy_control(const struct draft *d, struct trace_message *m)
{
	uint64_t n = least(least(m->words[5], d->room), sizeof(m->control));

	if (m->words[4] && n && !dune_copy_from_user(m->control, m->words[4], n))
		m->control_size = n;
}

/* The name is as long as there is room for it, which the kernel may say to be less. */
void copy_message(struct draft *d, unsigned int arg, uint64_t from, uint64_t bytes)
{
	struct trace_piece *p = piece_begin(d, arg);
	struct trace_message *m = (struct trace_message *)(p + 1);
	uint32_t n;

	*m = (struct trace_message){ 0 };
	if (!from || dune_copy_from_user(m->words, from, sizeof(m->words)))
		return;
	n = (uint32_t)m->words[1];
	m->namelen = d->has_length ? d->length : n;
	n = least(least(n, m->namelen), 110);
	if (m->words[0] && n && !dune_copy_from_user(m->name, m->words[0], n))
		m->name_size = n;
	copy_control(d, m);
	p->size = sizeof(*m);
	m->held = gather(d, p, m->words[2], m->words[3], bytes);
	piece_end(d, p);
}

void copy_message_length(struct draft *d, uint64_t from)
{
	uint64_t words[5];		/* from the length of the name to that of control messages */

	d->has_length = from && !dune_copy_from_user(words, from + 8, sizeof(words));
	d->length = d->has_length ? (uint32_t)words[0] : 0;
	d->room = d->has_length ? words[4] : 0;
}

void copy_message_failed(struct draft *d, unsigned int arg)
{
	struct trace_piece *p = piece_begin(d, arg);

	if (!d->has_length)
		return;
	__builtin_memcpy(p + 1, &d->length, sizeof(d->length));
	p->size = sizeof(d->length);
	piece_end(d, p);
}
