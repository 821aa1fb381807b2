/* SPDX-License-Identifier: MIT */
/*
 * work_hash.c - a hash map whose values are replaced at random
 */
#include <string.h>

#include "work.h"

#define BUCKET_BITS	14
#define KEYS		25000UL
#define OPERATIONS	1000000UL

struct entry {
	struct entry	*next;
	uint64_t	key;
	uint64_t	*value;
};

static struct entry *find(struct entry **map, uint64_t key)
{
	struct entry *e = map[key * 0x9e3779b97f4a7c15ULL >> (64 - BUCKET_BITS)];

	while (e && e->key != key)
		e = e->next;
	return e;
}

static struct entry *find_or_add(struct entry **map, uint64_t key)
{
	struct entry **bucket = &map[key * 0x9e3779b97f4a7c15ULL >> (64 - BUCKET_BITS)];
	struct entry *e = find(map, key);

	if (!e) {
		e = new_object(sizeof(*e), false);
		e->key = key;
		e->next = *bucket;
		*bucket = e;
	}
	return e;
}

/* Two reads to a write, as caches have it. */
static bool operate(struct entry **map, unsigned long keys, uint64_t *random)
{
	uint64_t key = next_random(random) % keys;
	struct entry *e;
	uint64_t *value;

	if (next_random(random) % 3) {
		e = find(map, key);
		return !e || e->value[0] == key;
	}
	value = new_object(40, true);
	value[0] = key;
	find_or_add(map, key)->value = value;
	return true;
}

static const char *run(int thread, int threads, double scale)
{
	struct entry **map = new_object(sizeof(*map) << BUCKET_BITS, false);
	unsigned long keys = KEYS / threads, n = OPERATIONS * scale / threads, i;
	uint64_t random = thread + 1;

	for (i = 0; i < n; i++)
		if (!operate(map, keys, &random))
			return "a key has the value of another";
	if (!thread)
		memory->collect();
	for (i = 0; i < keys; i++)
		if (find(map, i) && find(map, i)->value[0] != i)
			return "a key has the value of another";
	return NULL;
}

const struct workload work_hash = { "hash", run };
