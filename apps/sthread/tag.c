/* SPDX-License-Identifier: MIT */
/*
 * tag.c - memory that can be granted, and an allocator within it
 *
 * What is allocated is noted outside of the tag, where sthreads cannot write: a
 * word for each 64 bytes. That of an allocation's first unit says how many it
 * has, those of the others are INSIDE; 0 is free.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "priv.h"

#define UNIT	64UL
#define INSIDE	(~0U)

static struct sthread_tag *all;
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;

/* Between pages without access: what runs over the end finds nobody else's. */
static void *map_between_guards(size_t size)
{
	char *p = mmap(NULL, size + 2 * PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (mprotect(p + PAGE_SIZE, size, PROT_READ | PROT_WRITE)) {
		munmap(p, size + 2 * PAGE_SIZE);
		return NULL;
	}
	return p + PAGE_SIZE;
}

static void unmap_between_guards(uintptr_t start, size_t size)
{
	munmap((void *)(start - PAGE_SIZE), size + 2 * PAGE_SIZE);
}

static void link_tag(struct sthread_tag *tag)
{
	pthread_mutex_lock(&all_lock);
	tag->next = all;
	all = tag;
	pthread_mutex_unlock(&all_lock);
}

int sthread_tag_new(struct sthread_tag **tag, const char *name, size_t size)
{
	struct sthread_tag *t;

	if (!size || size >> 40)
		return size ? -ENOMEM : -EINVAL;
	size = PAGE_UP(size);
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->size = size;
	t->start = (uintptr_t)map_between_guards(size);
	t->units = calloc(size / UNIT, sizeof(*t->units));
	if (!t->start || !t->units) {
		if (t->start)
			unmap_between_guards(t->start, size);
		free(t->units);
		free(t);
		return -ENOMEM;
	}
	strncpy(t->name, name, STHREAD_NAME - 1);
	pthread_mutex_init(&t->lock, NULL);
	link_tag(t);
	*tag = t;
	return 0;
}

int sthread_tag_delete(struct sthread_tag *tag)
{
	struct sthread_tag **p;

	pthread_mutex_lock(&all_lock);
	if (tag->users) {
		pthread_mutex_unlock(&all_lock);
		return -EBUSY;
	}
	for (p = &all; *p != tag; p = &(*p)->next)
		;
	*p = tag->next;
	pthread_mutex_unlock(&all_lock);
	unmap_between_guards(tag->start, tag->size);
	pthread_mutex_destroy(&tag->lock);
	free(tag->units);
	free(tag);
	return 0;
}

void tag_hold(struct sthread_tag *tag)
{
	pthread_mutex_lock(&all_lock);
	tag->users++;
	pthread_mutex_unlock(&all_lock);
}

void tag_put(struct sthread_tag *tag)
{
	pthread_mutex_lock(&all_lock);
	tag->users--;
	pthread_mutex_unlock(&all_lock);
}

/* STHREAD_NAME bytes; empty if it is no tag's. */
void tag_name_at(uintptr_t address, char *name)
{
	struct sthread_tag *t;

	memset(name, 0, STHREAD_NAME);
	pthread_mutex_lock(&all_lock);
	for (t = all; t; t = t->next)
		if (address - t->start < t->size)
			memcpy(name, t->name, STHREAD_NAME);
	pthread_mutex_unlock(&all_lock);
}

/* The first of @need free units within [from, to), or @to. */
static size_t find_free(const struct sthread_tag *tag, size_t from, size_t to, size_t need)
{
	size_t i, run = 0;

	for (i = from; i < to; i++) {
		run = tag->units[i] ? 0 : run + 1;
		if (run == need)
			return i + 1 - need;
	}
	return to;
}

static void *take(struct sthread_tag *tag, size_t at, size_t need)
{
	size_t i;

	tag->units[at] = need;
	for (i = 1; i < need; i++)
		tag->units[at + i] = INSIDE;
	tag->hint = at + need;
	return memset((void *)(tag->start + at * UNIT), 0, need * UNIT);
}

void *sthread_smalloc(struct sthread_tag *tag, size_t size)
{
	size_t nr = tag->size / UNIT, need, at;
	void *p = NULL;

	if (size > tag->size)
		return NULL;
	need = size ? (size + UNIT - 1) / UNIT : 1;
	pthread_mutex_lock(&tag->lock);
	at = find_free(tag, tag->hint, nr, need);
	if (at == nr)
		at = find_free(tag, 0, nr, need);
	if (at < nr)
		p = take(tag, at, need);
	pthread_mutex_unlock(&tag->lock);
	return p;
}

int sthread_sfree(struct sthread_tag *tag, void *p)
{
	uintptr_t offset = (uintptr_t)p - tag->start;
	size_t at = offset / UNIT, n = 0;

	if (!p)
		return 0;
	if (offset >= tag->size || offset % UNIT)
		return -EINVAL;
	pthread_mutex_lock(&tag->lock);
	if (tag->units[at] != INSIDE)
		n = tag->units[at];
	memset(&tag->units[at], 0, n * sizeof(*tag->units));
	pthread_mutex_unlock(&tag->lock);
	return n ? 0 : -EINVAL;
}
