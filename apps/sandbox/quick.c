/* SPDX-License-Identifier: MIT */
/*
 * quick.c - the rule that a path plainly keeps to
 *
 * Most paths begin with the name of a rule's directory. Then Linux can be asked to
 * stay below that, and nobody has to look where the path leads.
 */
#include "rules.h"

/* Eight bytes that may be beyond the end of a string, but not of its memory. */
static uint64_t word_at(const char *s)
{
	uint64_t v;

	__builtin_memcpy(&v, s, sizeof(v));
	return v;
}

/*
 * What is left of @path behind the rule's name, of which it has the first eight
 * bytes; NULL: it leads elsewhere. The name has no 0 in it, so what equals a part
 * of it is not yet the path's end.
 */
static const char *below_rule(const char *path, const struct quick_rule *q)
{
	uint32_t i;

	for (i = 8; i + 8 <= q->size; i += 8)
		if (word_at(path + i) != word_at(q->name + i))
			return NULL;
	if (q->size > 8 && word_at(path + q->size - 8) != word_at(q->name + q->size - 8))
		return NULL;
	path += q->size;
	if (*path && *path != '/')
		return NULL;
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

/* The first eight bytes of a name, and which of them it has. */
static uint64_t begin_of(const char *name, uint64_t *mask)
{
	uint64_t v = 0;
	unsigned int i;

	*mask = 0;
	for (i = 0; i < 64 && *name; i += 8, name++) {
		v |= (uint64_t)(uint8_t)*name << i;
		*mask |= 0xffUL << i;
	}
	return v;
}

/*
 * A rule that gives @need to all below its directory, to which @path plainly
 * leads; *@rest: from there. Linux will keep to it. @path's memory, if it begins
 * with '/', has seven bytes or more behind its end.
 */
long rule_for(struct request *r, const char *path, uint32_t need, const char **rest)
{
	const struct box *b = r->box;
	const struct quick_rule *q = b->quick;
	const struct quick_rule *end = q + b->nr_quick;
	uint64_t begins;

	if (*path != '/')
		return NO_FD;
	begins = word_at(path);
	for (; q < end; q++) {
		if (((begins ^ q->begins) & q->mask) || (need & ~RIGHT_SEE & ~q->rights))
			continue;
		*rest = below_rule(path, q);
		if (*rest)
			return q->fd;
	}
	return NO_FD;
}

/* Each process: which rules rule_for() may choose. */
void rules_index(struct box *b)
{
	unsigned int i;

	b->nr_quick = 0;
	b->hides = false;
	for (i = 0; i < b->policy->nr_paths; i++)
		b->hides |= is_hide(b, i);
	for (i = 0; i < b->policy->nr_paths && !b->learn; i++) {
		const struct shared_path *p = &b->shared->path[i];
		struct quick_rule *q = &b->quick[b->nr_quick];

		if (p->fd == NO_FD || !p->is_dir || p->hides || *rule_name(b, i) != '/' ||
		    (b->policy->path[i].rights & RIGHT_HIDE))
			continue;
		q->name = rule_name(b, i);
		q->size = text_length(q->name);
		q->begins = begin_of(q->name, &q->mask);
		q->rights = b->policy->path[i].rights;
		q->fd = p->fd;
		if (q->size == 1)
			q->size = q->mask = 0;
		b->nr_quick++;
	}
}
