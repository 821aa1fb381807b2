/* SPDX-License-Identifier: MIT */
/*
 * sandbox_reset_test.c - what a plugin would keep over a reset
 *
 * After it the domain knows nothing of the calls since the snapshot.
 */
#include <stdint.h>
#include <sys/mman.h>

#include "sandbox.h"

#define PAGE	4096UL

static bool has_double(struct dune_domain *d, uint64_t page, double x)
{
	double at[PAGE / sizeof(double)];
	unsigned int i;

	if (dune_domain_read(d, at, page, PAGE))
		return false;
	for (i = 0; i < PAGE / sizeof(double); i++)
		if (at[i] == x)
			return true;
	return false;
}

static uint64_t unused(void *data, const uint64_t arg[6])
{
	return 0;
}

/* The program passes them in a page below the one with the ends of calls. */
TEST(doubles_of_earlier_calls)
{
	struct dune_domain *d = domain_with("tame", NULL);
	struct dune_domain_call c = { .farg = { 1234.5, 1, 1, 1, 1, 1, 1, 1 },
				      .flags = DUNE_CALL_DOUBLES };
	uint64_t mail, mix;

	ASSERT_NE(NULL, d);
	ASSERT_EQ(0, dune_domain_symbol(d, "mix", &mix));
	ASSERT_EQ(0, dune_domain_callback(d, unused, NULL, &mail));
	mail = (mail & -PAGE) - PAGE;
	ASSERT_EQ(0, dune_domain_snapshot(d));
	ASSERT_EQ(0, dune_domain_call(d, mix, &c));
	EXPECT_TRUE(has_double(d, mail, 1234.5) || has_double(d, mail - PAGE, 1234.5));
	ASSERT_EQ(0, dune_domain_reset(d));
	EXPECT_FALSE(has_double(d, mail, 1234.5) || has_double(d, mail - PAGE, 1234.5));
	EXPECT_EQ(0, dune_domain_destroy(d));
}

/* Its page was never touched: empty, though a file has been mapped there since. */
TEST(a_file_mapped_over_memory)
{
	struct dune_domain *d = DOMAIN(0);
	uint64_t page = CALL(d, "choose_page", 3 * PAGE);
	char now[4] = "";

	ASSERT_EQ(0, dune_domain_snapshot(d));
	ASSERT_EQ(0, dune_domain_load(d, plugin("late")));
	ASSERT_EQ(0, dune_domain_read(d, now, page, 4));
	EXPECT_EQ(0, memcmp(now, "\177ELF", 4));
	ASSERT_EQ(0, dune_domain_reset(d));
	ASSERT_EQ(0, dune_domain_read(d, now, page, 4));
	EXPECT_EQ(0, memcmp(now, "\0\0\0\0", 4));
	CALL(d, "write_at", page, 5);
	EXPECT_EQ(5, CALL(d, "read_at", page));
	EXPECT_EQ(0, dune_domain_destroy(d));
}

TEST_HARNESS_MAIN
