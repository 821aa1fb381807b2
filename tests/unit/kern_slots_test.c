/* SPDX-License-Identifier: MIT */
/*
 * kern_slots_test.c - the module's map of virtual blocks to slots
 *
 * SOURCES: kern/slots.c
 * CFLAGS: -Ikern -Itests/unit/stubs
 */
#include <errno.h>

#include "slots.h"
#include "tap.h"

int stub_allocations_left = -1;

static struct dune_slots slots;

static int add(unsigned long va, u32 *slot)
{
	struct slot_leaf *leaf = dune_slots_alloc_leaf();
	int r = leaf ? dune_slots_add(&slots, va, &leaf, slot) : -ENOMEM;

	dune_slots_free_leaf(leaf);
	return r;
}

static void finds_what_was_added(void)
{
	const unsigned long va[] = { 0, 0x3fffffff, 0x40000000, 0x555555554000,
				     0x7ffffffff000, 0x7fffc0000000, 0x123456789000 };
	const u32 expected[] = { 0, 0, 1, 2, 3, 3, 4 };
	unsigned long back;
	unsigned int i;
	u32 slot;

	for (i = 0; i < ARRAY_SIZE(va); i++) {
		CHECK(add(va[i], &slot) == 0);
		CHECK(slot == expected[i]);
		CHECK(dune_slots_find(&slots, va[i]) == expected[i]);
		CHECK(dune_slots_gpa_to_va(&slots, dune_slot_gpa(slot) | (va[i] & 0x3fffffff), &back));
		CHECK(back == va[i]);
	}
	CHECK(slots.used == 5);
	CHECK(dune_slots_find(&slots, 0x80000000) == SLOT_NONE);
	CHECK(!dune_slots_gpa_to_va(&slots, dune_slot_gpa(5), &back));
	CHECK(!dune_slots_gpa_to_va(&slots, ~0ULL, &back));
}

static void runs_out_without_loss(void)
{
	unsigned long i;
	u32 slot;

	for (i = slots.used; i < slots.nr; i++)
		if (add(0x100000000000 + (i << 30), &slot))
			break;
	CHECK(i == slots.nr);
	CHECK(add(0x600000000000, &slot) == -ENOSPC);
	CHECK(dune_slots_find(&slots, 0x600000000000) == SLOT_NONE);
	CHECK(add(0x555555554000, &slot) == 0 && slot == 2);
}

/* What is given back is handed out again; the others keep theirs. */
static void gives_back(void)
{
	unsigned long va;
	u32 slot, other;

	dune_slots_remove(&slots, 0x600000000000);
	dune_slots_remove(&slots, 0x555555554000);
	CHECK(dune_slots_find(&slots, 0x555555554000) == SLOT_NONE);
	CHECK(!dune_slots_gpa_to_va(&slots, dune_slot_gpa(2), &va));
	dune_slots_remove(&slots, 0x555555554000);
	CHECK(slots.nr_free == 1);
	CHECK(add(0x600000000000, &slot) == 0 && slot == 2);
	CHECK(dune_slots_gpa_to_va(&slots, dune_slot_gpa(2) + 5, &va) && va == 0x600000000005);
	CHECK(add(0x555555554000, &other) == -ENOSPC);
}

static int add_at(unsigned long va, u32 slot)
{
	struct slot_leaf *leaf = dune_slots_alloc_leaf();
	int r = leaf ? dune_slots_add_at(&slots, va, &leaf, slot) : -ENOMEM;

	dune_slots_free_leaf(leaf);
	return r;
}

/* A block gets the slot asked for; those passed over are for others. */
static void gives_what_is_asked_for(void)
{
	const unsigned long a = 0x555555554000, b = 0x600000000000;
	u32 slot;

	CHECK(add_at(a, 5) == 0 && dune_slots_find(&slots, a) == 5);
	CHECK(slots.used == 6 && slots.nr_free == 5);
	CHECK(add_at(a + 4096, 5) == 0 && add_at(a, 4) == -EBUSY && add_at(b, 5) == -EBUSY);
	CHECK(add_at(b, 64) == -EINVAL && add_at(b, ~0U) == -EINVAL);
	CHECK(dune_slots_find(&slots, b) == SLOT_NONE);
	CHECK(add_at(b, 3) == 0 && slots.nr_free == 4);
	CHECK(add(0, &slot) == 0 && slot == 0);
	CHECK(add(1UL << 30, &slot) == 0 && slot == 1);
	CHECK(add(2UL << 30, &slot) == 0 && slot == 2);
	CHECK(add(3UL << 30, &slot) == 0 && slot == 4);
	CHECK(add(4UL << 30, &slot) == 0 && slot == 6);
}

static void fails_without_memory(void)
{
	struct slot_leaf *none = NULL;
	u32 slot;

	CHECK(dune_slots_init(&slots, 8) == 0);
	CHECK(dune_slots_add(&slots, 0x1000, &none, &slot) == -ENOMEM);
	CHECK(slots.used == 0);
	dune_slots_destroy(&slots);
	stub_allocations_left = 0;
	CHECK(dune_slots_init(&slots, 8) == -ENOMEM);
	stub_allocations_left = -1;
}

/* A page in each GiB of 4 TiB, as wide as addresses are: to the last place. */
static void every_width(void)
{
	static const struct { u32 bits, nr; } widths[] = {
		{ 36, 64 }, { 39, 512 }, { 40, 1024 }, { 42, 4096 }, { 46, 8192 }, { 48, 8192 } };
	unsigned long i, va, back;
	unsigned int w;
	u32 slot;

	for (w = 0; w < ARRAY_SIZE(widths); w++) {
		u32 nr = dune_slots_in(widths[w].bits);

		CHECK(nr == widths[w].nr);
		slots = (struct dune_slots) { 0 };
		CHECK(dune_slots_init(&slots, nr) == 0);
		for (i = 0; i < 4096; i++) {
			va = 0x3ffff0000000 + (i << 30);
			if (add(va, &slot))
				break;
			CHECK(dune_slot_gpa(slot) + SLOT_SIZE <= 1ULL << widths[w].bits);
			CHECK(dune_slots_gpa_to_va(&slots, dune_slot_gpa(slot) | (va & (SLOT_SIZE - 1)),
						   &back) && back == va);
		}
		CHECK(i == (nr < 4096 ? nr : 4096));
		dune_slots_destroy(&slots);
	}
}

int main(void)
{
	fails_without_memory();
	every_width();
	slots = (struct dune_slots) { 0 };
	CHECK(dune_slots_init(&slots, 64) == 0);
	finds_what_was_added();
	runs_out_without_loss();
	gives_back();
	dune_slots_destroy(&slots);
	slots = (struct dune_slots) { 0 };
	CHECK(dune_slots_init(&slots, 64) == 0);
	gives_what_is_asked_for();
	dune_slots_destroy(&slots);
	return tap_end();
}
