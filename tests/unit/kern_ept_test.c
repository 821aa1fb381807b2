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

	CHECK(!ept_zap(&ept, 0x2000, 0x200000));
	CHECK(ept_zap(&ept, 0x3ff000, 0x400000));
	CHECK(walk(0x200000, &level) == 0);
	CHECK(ept_zap(&ept, 0x1000, 0x2000));
	CHECK(!ept_zap(&ept, 0x1000, 0x2000));
	CHECK(walk(0x40000000, &level));
	CHECK(ept_zap(&ept, 0, ~0ULL));
	CHECK(!ept_zap(&ept, 0, ~0ULL));
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
	ept_zap(&ept, 0, ~0ULL);
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
			wrong += ept_zap(&ept, page << 12, j << 12) != any;
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
	age_is_seen_and_forgotten();
	random_steps();
	ept_cache_drain(&cache);
	ept_destroy(&ept);
	return tap_end();
}
