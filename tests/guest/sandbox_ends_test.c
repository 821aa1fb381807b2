/* SPDX-License-Identifier: MIT */
/*
 * sandbox_ends_test.c - what ends a domain: no stack, no time, no memory, its own will
 *
 * Each is reported for what it was; each time the program goes on.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>

#include "sandbox.h"

static volatile long secret = 0x5ec2e7;

TEST(stacks_that_are_none)
{
	static const uint64_t stacks[] = { 0, 8, 1UL << 47, ~0UL, 0x7fffffffffff };
	struct dune_domain *d;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		d = DOMAIN(0);
		/* The end of a call needs no stack of the domain's. */
		EXPECT_EQ(0, CALL(d, "syscall_with_stack", stacks[i]));
		EXPECT_EQ(0, CALL(d, "syscall_with_stack", (uint64_t)&secret));
		EXPECT_EQ(SIGILL, FATAL(d, "fault_with_stack", stacks[i]).signal);
		d = DOMAIN(0);
		EXPECT_EQ(SIGILL, FATAL(d, "fault_with_stack", (uint64_t)&secret + 8).signal);
	}
	EXPECT_EQ(0x5ec2e7, secret);
}

TEST(a_stack_that_is_full)
{
	struct dune_domain *d = DOMAIN(0);
	struct dune_domain_report report = FATAL(d, "overflow", 1);

	EXPECT_EQ(DUNE_DOMAIN_STACK, report.cause);
	EXPECT_EQ(SIGSEGV, report.signal);
}

static int timed(struct dune_domain *d, const char *name, struct dune_domain_report *report)
{
	struct dune_domain_call c = { .timeout = 30 * MS };
	int r = call_error(d, name, &c);

	dune_domain_report(d, report);
	return r;
}

TEST(endless_loops)
{
	static const char *const loops[] = { "loop", "loop_in_calls", "wait_for_ever" };
	struct dune_domain_report report;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct dune_domain *d = DOMAIN(0);

		EXPECT_EQ(-EOWNERDEAD, timed(d, loops[i], &report));
		EXPECT_EQ(DUNE_DOMAIN_DEADLINE, report.cause);
		EXPECT_EQ(-EOWNERDEAD, timed(d, "loop", &report));
		EXPECT_EQ(0, dune_domain_destroy(d));
	}
}

TEST(endless_constructor)
{
	struct dune_domain_options o = { .timeout = (getenv("SLOW_KERNEL") ? 6000 : 300) * MS };
	struct dune_domain_report report;
	struct dune_domain *d;

	ASSERT_EQ(0, enter());
	ASSERT_EQ(0, dune_domain_create(&d, &o));
	EXPECT_EQ(0, dune_domain_load(d, plugin("tame")));
	EXPECT_EQ(-EOWNERDEAD, dune_domain_load(d, plugin("endless")));
	dune_domain_report(d, &report);
	EXPECT_EQ(DUNE_DOMAIN_DEADLINE, report.cause);
	EXPECT_EQ(0, dune_domain_destroy(d));
}

/* Its host is to read when the call is over. */
TEST(output_that_nobody_takes)
{
	struct dune_domain_call c = { .timeout = 300 * MS };
	struct dune_domain_options o = { 0 };
	struct dune_domain_report report;
	struct dune_domain *d;
	uint64_t say;
	char *text;
	int fds[2];

	ASSERT_EQ(0, pipe2(fds, O_NONBLOCK));
	while (write(fds[1], "filled\n", 7) > 0)
		;
	ASSERT_EQ(0, fcntl(fds[1], F_SETFL, 0));
	o.output = fds[1];
	d = domain_with("tame", &o);
	ASSERT_NE(NULL, d);
	text = dune_domain_alloc(d, 4096);
	c.arg[0] = (uint64_t)strcpy(text, "too much");
	ASSERT_EQ(0, dune_domain_symbol(d, "say", &say));
	EXPECT_EQ(-EOWNERDEAD, dune_domain_call(d, say, &c));
	dune_domain_report(d, &report);
	EXPECT_EQ(DUNE_DOMAIN_DEADLINE, report.cause);
	EXPECT_EQ(0, dune_domain_destroy(d));
}

static void *loop(void *data)
{
	struct dune_domain_call c = { 0 };

	return (void *)(long)call_error(data, "loop", &c);
}

/* One thread's crash ends the other's call, which would go on for ever. */
TEST(all_threads_of_a_domain_end_with_it)
{
	struct dune_domain *d = DOMAIN(.threads = 2);
	pthread_t thread;
	void *r;

	ASSERT_EQ(0, pthread_create(&thread, NULL, loop, d));
	usleep(20000);
	EXPECT_EQ(SIGSEGV, FATAL(d, "read_at", (uint64_t)&secret).signal);
	ASSERT_EQ(0, pthread_join(thread, &r));
	EXPECT_EQ(-EOWNERDEAD, (long)r);
	EXPECT_EQ(0, dune_domain_destroy(d));
}

/* By another thread, while a call goes on; and by nobody's but the domain's own. */
TEST(ended_from_outside)
{
	struct dune_domain *d = DOMAIN(0);
	struct dune_domain_report report;
	pthread_t thread;
	void *r;

	ASSERT_EQ(0, dune_domain_snapshot(d));
	ASSERT_EQ(0, pthread_create(&thread, NULL, loop, d));
	usleep(20000);
	EXPECT_EQ(0, dune_domain_end(d));
	ASSERT_EQ(0, pthread_join(thread, &r));
	EXPECT_EQ(-EOWNERDEAD, (long)r);
	dune_domain_report(d, &report);
	EXPECT_EQ(DUNE_DOMAIN_ENDED, report.cause);
	EXPECT_EQ(0, dune_domain_end(d));
	ASSERT_EQ(0, dune_domain_reset(d));
	EXPECT_LT(0, CALL(d, "bomb_kindly"));
	EXPECT_EQ(0, dune_domain_destroy(d));
}

static uint64_t end_it(void *data, const uint64_t arg[6])
{
	dune_domain_end(*(struct dune_domain **)data);
	return 1;
}

TEST(ended_by_a_callback)
{
	struct dune_domain *d = domain_with("tame", NULL);
	struct dune_domain_call c = { .arg[1] = 1 };

	ASSERT_EQ(0, dune_domain_callback(d, end_it, &d, &c.arg[0]));
	EXPECT_EQ(-EOWNERDEAD, call_error(d, "call_back", &c));
	EXPECT_EQ(0, dune_domain_destroy(d));
}

TEST(memory_bombs)
{
	struct dune_domain *d = DOMAIN(.memory = 32UL << 20);
	struct dune_domain_report report;
	long n = CALL(d, "bomb_kindly");

	EXPECT_LT(20, n);
	EXPECT_GT(32, n);
	EXPECT_EQ(NULL, dune_domain_alloc(d, 8UL << 20));
	d = DOMAIN(.memory = 32UL << 20);
	report = FATAL(d, "bomb", 1);
	EXPECT_EQ(DUNE_DOMAIN_MEMORY, report.cause);
	EXPECT_GE(32UL << 20, report.memory);
	d = DOMAIN(.memory = 32UL << 20);
	EXPECT_EQ(-ENOMEM, CALL(d, "fragment"));
}

TEST(ends_of_its_own)
{
	struct dune_domain *d = DOMAIN(0);
	struct dune_domain_report report = FATAL(d, "give_up");

	EXPECT_EQ(DUNE_DOMAIN_ABORTED, report.cause);
	EXPECT_EQ(SIGABRT, report.signal);
	d = DOMAIN(0);
	report = FATAL(d, "leave", 42);
	EXPECT_EQ(DUNE_DOMAIN_EXITED, report.cause);
	EXPECT_EQ(42, report.status);
}

TEST_HARNESS_MAIN
