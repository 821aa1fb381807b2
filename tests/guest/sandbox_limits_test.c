/* SPDX-License-Identifier: MIT */
/*
 * sandbox_limits_test.c - plugins that would have the program, or others, pay
 *
 * For memory beyond the limit, for mappings, for output, for time.
 */
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "sandbox.h"

/* Memory stays in use when it is put out of reach. */
TEST(hidden_memory)
{
	struct dune_domain *d = DOMAIN(.memory = 32UL << 20);
	long n = CALL(d, "hide", 1 << 20, 64);
	struct dune_domain_report report;

	EXPECT_LT(20, n);
	EXPECT_GT(32, n);
	dune_domain_report(d, &report);
	EXPECT_LE((uint64_t)n << 20, report.memory);
	EXPECT_GE(32UL << 20, report.memory);
	EXPECT_EQ(0, dune_domain_destroy(d));
}

static long mappings(uint64_t low, uint64_t high)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	long n = 0;

	while (f && fgets(line, sizeof(line), f)) {
		uint64_t start = strtoul(line, NULL, 16);

		n += start >= low && start < high;
	}
	if (f)
		fclose(f);
	return n;
}

/* Linux has one for each time a file is mapped, and not many for a process. */
TEST(mappings_of_files)
{
	struct dune_domain *d = DOMAIN(0);
	uint64_t at = (uint64_t)dune_domain_alloc(d, 4096) & -(1UL << 30);

	ASSERT_EQ(0, dune_domain_load(d, plugin("late")));
	EXPECT_LT(100, CALL(d, "files_mapped"));
	EXPECT_EQ(0, CALL(d, "files_told_of"));
	EXPECT_GT(1200, mappings(at, at + (1UL << 30)));
	EXPECT_EQ(0, dune_domain_destroy(d));
}

FIXTURE(slow) { };
FIXTURE_SETUP(slow) { }
FIXTURE_TEARDOWN(slow) { }

/* What libdune takes for one piece, Linux may not. */
TEST_F_TIMEOUT(slow, mappings_that_linux_keeps_apart, 120)
{
	struct dune_domain *d = DOMAIN(0);
	uint64_t at = (uint64_t)dune_domain_alloc(d, 4096) & -(1UL << 30);
	uint64_t p;

	EXPECT_LT(1000, CALL(d, "seams", 8000));
	EXPECT_GT(4000, mappings(at, at + (1UL << 30)));
	/* What is given up may be had again. */
	p = CALL(d, "last_seams");
	EXPECT_EQ(0, CALL(d, "any_call", SYS_munmap, p, 16000 * 4096UL));
	EXPECT_EQ(300, CALL(d, "seams", 300));
	EXPECT_EQ(0, dune_domain_destroy(d));
}

/* A process would die of what it writes then. */
TEST(output_that_nobody_reads_any_more)
{
	struct dune_domain_options o = { 0 };
	struct dune_domain *d;
	char *text;
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	close(fds[0]);
	o.output = fds[1];
	d = domain_with("wild", &o);
	ASSERT_NE(NULL, d);
	text = dune_domain_alloc(d, 4096);
	EXPECT_EQ(-EPIPE, CALL(d, "any_call", 1, 1, (uint64_t)strcpy(text, "words"), 5));
	EXPECT_EQ(0, dune_domain_destroy(d));
}

static uint64_t use_other(void *data, const uint64_t arg[6])
{
	struct dune_domain_call c = { .arg[0] = 200 };

	/* Longer than its caller has, but that is nothing to this one. */
	return -call_error(data, "sleep_a_little", &c);
}

TEST(the_deadline_of_another_domain_s_call)
{
	struct dune_domain *slow = domain_with("tame", NULL), *other = domain_with("tame", NULL);
	struct dune_domain_call c = { .timeout = 30 * MS, .arg[1] = 1 };
	struct dune_domain_report report;

	ASSERT_NE(NULL, slow);
	ASSERT_NE(NULL, other);
	ASSERT_EQ(0, dune_domain_callback(slow, use_other, other, &c.arg[0]));
	if (!call_error(slow, "call_back", &c))
		EXPECT_EQ(0, c.result);
	dune_domain_report(other, &report);
	EXPECT_EQ(DUNE_DOMAIN_ALIVE, report.cause);
	EXPECT_EQ(21, CALL(other, "sum6", 1, 1, 1, 1, 1, 1));
}

static uint64_t call_again(void *data, const uint64_t arg[6])
{
	struct dune_domain_call c = { 0 };

	return -call_error(data, "spin", &c);
}

/* But of the same domain's, the outermost's holds for all. */
TEST(the_deadline_of_a_call_in_a_call)
{
	struct dune_domain *d = domain_with("tame", NULL);
	struct dune_domain_call c = { .timeout = 30 * MS, .arg[1] = 1 };
	struct dune_domain_report report;

	ASSERT_NE(NULL, d);
	ASSERT_EQ(0, dune_domain_callback(d, call_again, d, &c.arg[0]));
	EXPECT_EQ(-EOWNERDEAD, call_error(d, "call_back", &c));
	dune_domain_report(d, &report);
	EXPECT_EQ(DUNE_DOMAIN_DEADLINE, report.cause);
}

TEST_HARNESS_MAIN
