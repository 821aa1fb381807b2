/* SPDX-License-Identifier: MIT */
/*
 * sets.c - sets of descriptors, and other things of which a part is looked for, put into a record
 */
#include <dune/trap.h>

#include "draft.h"

#define DIRENT_HEAD	19		/* of struct linux_dirent64 */

/* Whole words, as the kernel reads and writes them; 0: nobody would. */
static uint32_t set_size(const struct draft *d)
{
	int n = (int)d->head.args[0];

	return n <= 0 || n > MAX_SET * 8 ? 0 : (n + 63) / 64 * 8;
}

void copy_set(struct draft *d, unsigned int arg)
{
	struct trace_piece *p = piece_begin(d, arg);

	p->size = set_size(d);
	if (d->head.args[arg] && (uint32_t)d->head.args[0] <= MAX_SET * 8 &&
	    (!p->size || !dune_copy_from_user(p + 1, d->head.args[arg], p->size)))
		piece_end(d, p);
}

/* What select() made of the sets, and of its time. */
void copy_selected(struct draft *d)
{
	struct trace_piece *p = piece_begin(d, OF_RESULT);
	struct trace_selected *s = (struct trace_selected *)(p + 1);
	unsigned int i;

	*s = (struct trace_selected){ .size = set_size(d) };
	for (i = 0; i < 3; i++)
		s->there[i] = d->head.args[i + 1] &&
			!dune_copy_from_user(s->set[i], d->head.args[i + 1], s->size);
	s->there[3] = d->head.args[4] && !dune_copy_from_user(s->left, d->head.args[4], 16);
	p->size = sizeof(*s);
	piece_end(d, p);
}

/* The sixth of pselect6(): where a set of signals is. */
void copy_sixth(struct draft *d, unsigned int arg)
{
	struct trace_piece *p = piece_begin(d, arg);
	struct trace_sixth *s = (struct trace_sixth *)(p + 1);

	*s = (struct trace_sixth){ 0 };
	if (!d->head.args[arg] || dune_copy_from_user(&s->where, d->head.args[arg], 16))
		return;
	s->there = s->where && !dune_copy_from_user(&s->set, s->where, 8);
	p->size = sizeof(*s);
	piece_end(d, p);
}

/* How many entries of a directory there are; another thread may write there. */
void copy_entries(struct draft *d, unsigned int arg)
{
	uint64_t from = d->head.args[arg], left = d->head.result;
	struct trace_piece *p = piece_begin(d, arg);
	uint32_t n = 0;
	uint16_t size;

	for (; left >= DIRENT_HEAD; n++, from += size, left -= size)
		if (dune_copy_from_user(&size, from + 16, sizeof(size)) || size < DIRENT_HEAD ||
		    size > left)
			return;
	__builtin_memcpy(p + 1, &n, sizeof(n));
	p->size = sizeof(n);
	piece_end(d, p);
}
