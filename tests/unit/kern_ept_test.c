/* SPDX-License-Identifier: MIT */
/*
 * kern_ept_test.c - map, zap and age in the module's EPT, against a plain list
 *
 * SOURCES: kern/ept.c
 * CFLAGS: -Ikern -Itests/unit/stubs -Wno-unused-parameter
 */
#include <errno.h>
#include <string.h>

#include "ept.h"
#include "tap.h"

int stub_allocations_left = -1;
long stub_pages;

static struct ept ept = { .ad_bits = true };
static struct ept_cache cache;

/* What a walk by hardware would find; 0: nothing. */
static u64 walk(u64 gpa, int *level)
{
	u64 *table = ept.root;
	int l;

	for (l = EPT_LEVELS; l >= 1; l--) {
		u64 e = table[gpa >> (12 + 9 * (l - 1)) & 511];

		if (!(e & EPTE_RWX))
			return 0;
		if (l == 1 || (e & EPTE_PS)) {
			*level = l;
			return e;
		}
		table = __va(e & EPTE_ADDR);
	}
	return 0;
}

static int map(u64 gpa, int level, u64 epte)
{
	if (ept_cache_fill(&cache))
		return -ENOMEM;
	return ept_map(&ept, &cache, gpa, level, epte);
}

/* As the module does it, but that nobody has to be told. */
static bool zap(u64 start, u64 end)
{
	struct ept_removed removed = { 0 };
	bool any = ept_zap(&ept, start, end, &removed);

	ept_free_removed(&removed, true);
	return any;
}

static void leaves_of_every_size(void)
{
	int level = 0;

	CHECK(map(0x1000, 1, 0xabc000 | EPTE_R) == 0);
	CHECK(walk(0x1000, &level) == (0xabc000 | EPTE_R) && level == 1);
	CHECK(walk(0x2000, &level) == 0);
	CHECK(map(0x200000, 2, 0x400000 | EPTE_R | EPTE_W) == 0);
	CHECK(walk(0x3ff000, &level) == (0x400000 | EPTE_R | EPTE_W | EPTE_PS) && level == 2);
	CHECK(map(0x40000000, 3, 0x80000000 | EPTE_R) == 0);
	CHECK(walk(0x7ffff000, &level) == (0x80000000 | EPTE_R | EPTE_PS) && level == 3);

	/* Replaced in place; not under, nor over, another size. */
	CHECK(map(0x1000, 1, 0xdef000 | EPTE_R | EPTE_W) == 0);
	CHECK(walk(0x1000, &level) == (0xdef000 | EPTE_R | EPTE_W));
	CHECK(map(0x201000, 1, 0x1000 | EPTE_R) == -EEXIST);
	CHECK(map(0, 2, 0x200000 | EPTE_R) == -EEXIST);
	CHECK(walk(0x1000, &level) == (0xdef000 | EPTE_R | EPTE_W));
}

static void zap_takes_whole_leaves(void)
{
	int level;

	CHECK(!zap(0x2000, 0x200000));
	CHECK(zap(0x3ff000, 0x400000));
	CHECK(walk(0x200000, &level) == 0);
	CHECK(zap(0x1000, 0x2000));
	CHECK(!zap(0x1000, 0x2000));
	CHECK(walk(0x40000000, &level));
	CHECK(zap(0, ~0ULL));
	CHECK(!zap(0, ~0ULL));
}

/* Tables without a leaf go, at every level; their number is known throughout. */
static void empty_tables_are_freed(void)
{
	unsigned long n;
	u64 gpa;
	int level;

	CHECK(ept.nr_tables == 0 && stub_pages == 1 + cache.nr);
	CHECK(map(0x1000, 1, 0xabc000 | EPTE_R) == 0);
	CHECK(map(0x200000, 1, 0xabc000 | EPTE_R) == 0);
	CHECK(ept.nr_tables == 4);
	CHECK(zap(0x200000, 0x201000) && ept.nr_tables == 3);
	CHECK(zap(0x1000, 0x2000) && ept.nr_tables == 0);
	CHECK(walk(0x1000, &level) == 0);

	/* A range over many tables, of which the ends stay. */
	for (gpa = 0; gpa < 3ULL << 30; gpa += 1ULL << 20)
		CHECK(map(gpa, 1, 0xabc000 | EPTE_R) == 0);
	n = ept.nr_tables;
	CHECK(n == 3 * 512 + 3 + 1);
	CHECK(zap((1ULL << 20) + 4096, (3ULL << 30) - (1ULL << 20)));
	CHECK(ept.nr_tables == 2 + 2 + 1);
	CHECK(walk(0, &level) && walk(1ULL << 20, &level));
	CHECK(walk((3ULL << 30) - (1ULL << 20), &level));
	CHECK(!walk(2ULL << 20, &level));
	CHECK(zap(0, ~0ULL) && ept.nr_tables == 0);
	ept_cache_drain(&cache);
	CHECK(stub_pages == 1);
}

/* A 2 MiB leaf may take the place of a table once that is empty. */
static void leaves_grow_where_tables_were(void)
{
	int level = 0;

	CHECK(map(0x1000, 1, 0xabc000 | EPTE_R) == 0);
	CHECK(map(0, 2, 0x200000 | EPTE_R) == -EEXIST);
	CHECK(zap(0, 0x200000));
	CHECK(map(0, 2, 0x200000 | EPTE_R) == 0);
	CHECK(walk(0x1000, &level) && level == 2);
	CHECK(zap(0x5000, 0x6000));
	CHECK(ept.nr_tables == 0);
}

static u64 *table_entry(u64 gpa)
{
	u64 *table = ept.root;
	int l;

	for (l = EPT_LEVELS; l > 2; l--)
		table = __va(table[gpa >> (12 + 9 * (l - 1)) & 511] & EPTE_ADDR);
	return &table[gpa >> 21 & 511];
}

/* The tables cut off by one look at @look tables. */
static unsigned long zap_cold(unsigned long look)
{
	struct ept_cold c = { .look = look };

	ept_zap_cold(&ept, &c);
	CHECK(c.look <= look);
	CHECK(ept_free_removed(&c.removed, true) == c.cut && !c.removed.first);
	return c.cut;
}

static void cold_tables_go_first(void)
{
	u64 i;
	int level;

	for (i = 0; i < 8; i++)
		CHECK(map(i << 21, 1, 0xabc000 | EPTE_R) == 0);
	*table_entry(3ULL << 21) |= EPTE_A;
	/* Two are above. */
	CHECK(zap_cold(4) == 2);
	CHECK(!walk(1ULL << 21, &level) && walk(2ULL << 21, &level));
	CHECK(zap_cold(100) == 5);
	CHECK(walk(3ULL << 21, &level) && !walk(4ULL << 21, &level));
	/* The second time it is cold, and its parents are empty. */
	CHECK(zap_cold(100) == 3 && ept.nr_tables == 0);
	CHECK(zap_cold(100) == 0);
}

static const u64 place[] = { 0, 1ULL << 21, 511ULL << 21, 1ULL << 30, 1ULL << 39,
			     (1ULL << 39) + (511ULL << 30), 511ULL << 39 };

static unsigned int places_used(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(place); i++)
		n += !!(*table_entry(place[i]) & EPTE_A);
	return n;
}

/* However few are looked at in a call, each is, and none again before. */
static void cold_tables_are_looked_for_in_turn(void)
{
	unsigned int i, rounds = 0;
	int level;

	for (i = 0; i < ARRAY_SIZE(place); i++) {
		CHECK(map(place[i], 1, 0xabc000 | EPTE_R) == 0);
		*table_entry(place[i]) |= EPTE_A;
	}
	/* A walk to one takes three; sometimes the last walk's were the last of theirs. */
	for (; places_used() && rounds < 2 * ARRAY_SIZE(place); rounds++)
		CHECK(zap_cold(3) == 0);
	CHECK(places_used() == 0 && rounds >= ARRAY_SIZE(place));
	/* One of the last is used again: the others go in one call, whatever it begins with. */
	*table_entry(place[5]) |= EPTE_A;
	CHECK(zap_cold(100) == 6 + 4 + 2);
	for (i = 0; i < ARRAY_SIZE(place); i++)
		CHECK(!walk(place[i], &level) == (i != 5));
	CHECK(zap_cold(100) == 3 && ept.nr_tables == 0);
}

static void age_is_seen_and_forgotten(void)
{
	CHECK(map(0x5000, 1, 0x1000 | EPTE_R) == 0);
	CHECK(!ept_age(&ept, 0x5000, 0x6000, true));
	CHECK(map(0x5000, 1, 0x1000 | EPTE_R | EPTE_A) == 0);
	CHECK(ept_age(&ept, 0x5000, 0x6000, false));
	CHECK(ept_age(&ept, 0, ~0ULL, true));
	CHECK(!ept_age(&ept, 0x5000, 0x6000, true));
	ept.ad_bits = false;
	CHECK(ept_age(&ept, 0x5000, 0x6000, true));
	ept.ad_bits = true;
	zap(0, ~0ULL);
}

/* Thousands of random steps; every answer as a plain array has it. */
static void random_steps(void)
{
	static u64 model[4096];
	unsigned int i, wrong = 0;
	int level;

	srand(1);
	for (i = 0; i < 200000; i++) {
		u64 page = rand() % ARRAY_SIZE(model), n = rand() % 64, j;

		if (rand() % 4) {
			model[page] = ((u64)rand() << 12) | EPTE_R;
			wrong += map(page << 12, 1, model[page]) != 0;
		} else {
			bool any = false;

			for (j = page; j < page + n && j < ARRAY_SIZE(model); j++) {
				any |= model[j] != 0;
				model[j] = 0;
			}
			wrong += zap(page << 12, j << 12) != any;
		}
		page = rand() % ARRAY_SIZE(model);
		wrong += walk(page << 12, &level) != model[page];
	}
	CHECK(wrong == 0);
}

int main(void)
{
	stub_allocations_left = 0;
	CHECK(ept_init(&ept) == -ENOMEM);
	stub_allocations_left = -1;
	CHECK(ept_init(&ept) == 0);
	CHECK((ept.eptp & 0xfff) == (6 | 3 << 3 | 1 << 6));
	stub_allocations_left = 2;
	CHECK(ept_cache_fill(&cache) == -ENOMEM && cache.nr == 2);
	stub_allocations_left = -1;
	CHECK(ept_cache_fill(&cache) == 0 && cache.nr == 3);
	leaves_of_every_size();
	zap_takes_whole_leaves();
	empty_tables_are_freed();
	leaves_grow_where_tables_were();
	cold_tables_go_first();
	cold_tables_are_looked_for_in_turn();
	age_is_seen_and_forgotten();
	random_steps();
	ept_cache_drain(&cache);
	ept_destroy(&ept, false);
	return tap_end();
}
