/* SPDX-License-Identifier: MIT */
/*
 * sandbox_test.c - plugins in domains: what works
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "sandbox.h"

/* Of work with memory, which takes a kernel with every check there is a while. */
#define ROUNDS(n)	(getenv("SLOW_KERNEL") ? (n) / 20 : (n))

TEST(functions_of_a_plugin_are_called)
{
	struct dune_domain *d = domain_with("tame", NULL);

	ASSERT_NE(NULL, d);
	EXPECT_EQ(1 + 4 + 9 + 16 + 25 + 36, CALL(d, "sum6", 1, 2, 3, 4, 5, 6));
	EXPECT_EQ(101, CALL(d, "count"));
	EXPECT_EQ(102, CALL(d, "count"));
	EXPECT_EQ(1, CALL(d, "count_own"));
	EXPECT_EQ(2, CALL(d, "count_own"));
	EXPECT_EQ(0, dune_domain_destroy(d));
}

TEST(doubles)
{
	struct dune_domain *d = domain_with("tame", NULL);
	struct dune_domain_call c = {
		.farg = { 1.5, 2.25, 3, 4, 10, 4, 16, 0.5 }, .flags = DUNE_CALL_DOUBLES,
	};

	ASSERT_NE(NULL, d);
	ASSERT_EQ(0, call_error(d, "mix", &c));
	EXPECT_EQ(1.5 - 2.25 + 12 - 2.5 + 2, c.fresult);
}

TEST(symbols_and_errors)
{
	struct dune_domain *d = domain_with("tame", NULL);
	struct dune_domain_report report;
	struct dune_domain_call c = { .flags = 1U << 31 };
	uint64_t fn;

	ASSERT_NE(NULL, d);
	EXPECT_EQ(-ENOENT, dune_domain_symbol(d, "there_is_none", &fn));
	EXPECT_EQ(0, dune_domain_symbol(d, "strlen", &fn));
	EXPECT_EQ(-EINVAL, dune_domain_call(d, fn, &c));
	c.flags = 0;
	EXPECT_EQ(-EINVAL, dune_domain_call(d, 1UL << 47, &c));
	EXPECT_EQ(-ENOENT, dune_domain_load(d, "/no/such/file"));
	EXPECT_EQ(-ENOEXEC, dune_domain_load(d, "/proc/self/maps"));
	EXPECT_EQ(0, dune_domain_report(d, &report));
	EXPECT_EQ(DUNE_DOMAIN_ALIVE, report.cause);
	EXPECT_NE(NULL, strstr(report.linker, "/maps"));
	EXPECT_LT(500000, report.memory);
	EXPECT_EQ(0, strncmp("the domain has ended", dune_domain_strerror(-EOWNERDEAD), 20));
}

TEST(options)
{
	struct dune_domain_options o = { .threads = 17 };
	struct dune_domain *d = NULL;

	EXPECT_EQ(-EPERM, dune_domain_create(&d, NULL));
	ASSERT_EQ(0, enter());
	EXPECT_EQ(-EINVAL, dune_domain_create(&d, &o));
	o = (struct dune_domain_options){ .flags = 1U << 31 };
	EXPECT_EQ(-EINVAL, dune_domain_create(&d, &o));
	o = (struct dune_domain_options){ .size = 65UL << 30 };
	EXPECT_EQ(-EINVAL, dune_domain_create(&d, &o));
	o = (struct dune_domain_options){ .stack = 1UL << 30 };
	EXPECT_EQ(-EINVAL, dune_domain_create(&d, &o));
	o = (struct dune_domain_options){ .output = -1 };
	EXPECT_EQ(-EINVAL, dune_domain_create(&d, &o));
	o = (struct dune_domain_options){ .memory = 100000 };
	EXPECT_EQ(-ENOMEM, dune_domain_create(&d, &o));
	EXPECT_EQ(NULL, d);
	EXPECT_EQ(0, dune_domain_destroy(NULL));
}

TEST(the_signal_may_be_the_program_s)
{
	struct dune_domain *d;

	signal(DUNE_DOMAIN_SIGNAL, SIG_IGN);
	ASSERT_EQ(0, enter());
	EXPECT_EQ(-EBUSY, dune_domain_create(&d, NULL));
}

TEST(memory)
{
	struct dune_domain_options o = { .memory = 64UL << 20 };
	struct dune_domain *d = domain_with("tame", &o);
	char text[16] = "", *buffer;
	uint64_t kept;

	ASSERT_NE(NULL, d);
	buffer = dune_domain_alloc(d, 100000);
	ASSERT_NE(NULL, buffer);
	CALL(d, "fill", (uint64_t)buffer, 'x', 100000);
	EXPECT_EQ('x', buffer[99999]);
	buffer[5] = 'y';
	EXPECT_EQ('x' * 99999L + 'y', CALL(d, "sum_bytes", (uint64_t)buffer, 100000));

	strcpy(buffer, "a message");
	kept = CALL(d, "keep", (uint64_t)buffer);
	EXPECT_EQ(0, dune_domain_read(d, text, kept, 10));
	EXPECT_EQ(0, strcmp("a message", text));
	EXPECT_EQ(0, dune_domain_write(d, kept, "another", 8));
	EXPECT_EQ(0, dune_domain_read(d, text, kept, 10));
	EXPECT_EQ(0, strcmp("another", text));
	EXPECT_EQ(-EFAULT, dune_domain_read(d, text, (uint64_t)text, 1));
	EXPECT_EQ(-EFAULT, dune_domain_write(d, (uint64_t)text, "x", 1));
	EXPECT_EQ(-EFAULT, dune_domain_read(d, text, ~0UL - 5, 16));
	EXPECT_EQ(-EFAULT, dune_domain_write(d, (uint64_t)buffer + 200000, "x", 1));

	EXPECT_EQ(NULL, dune_domain_alloc(d, 1UL << 30));
	EXPECT_EQ(NULL, dune_domain_alloc(d, 0));
	EXPECT_EQ(-EINVAL, dune_domain_free(d, text));
	EXPECT_EQ(-EINVAL, dune_domain_free(d, buffer + 4096));
	EXPECT_EQ(-EINVAL, dune_domain_free(d, (void *)kept));
	EXPECT_EQ(0, dune_domain_free(d, buffer));
	EXPECT_EQ(-EINVAL, dune_domain_free(d, buffer));
	EXPECT_LE(0, CALL(d, "use_heap", ROUNDS(2000)));
}

static long many[6];

static uint64_t add_up(void *data, const uint64_t arg[6])
{
	int i;

	for (i = 0; i < 6; i++)
		many[i] += arg[i];
	/* With libc, which finds its own thread-local data. */
	errno = 0;
	close(-1);
	free(malloc(100));
	return *(int *)data + errno;
}

TEST(callbacks)
{
	struct dune_domain *d = domain_with("tame", NULL);
	struct dune_domain_call c = { .flags = DUNE_CALL_DOUBLES };
	uint64_t fn, other;
	int data = 1000, i;

	ASSERT_NE(NULL, d);
	ASSERT_EQ(0, dune_domain_callback(d, add_up, &data, &fn));
	EXPECT_EQ(10 * (1000 + EBADF), CALL(d, "call_back", fn, 10));
	EXPECT_EQ(45, many[0]);
	EXPECT_EQ(20, many[1]);
	EXPECT_EQ(30, many[2]);
	EXPECT_EQ(40, many[3]);
	EXPECT_EQ(50, many[4]);
	EXPECT_EQ(60, many[5]);
	c.arg[0] = fn;
	c.farg[0] = 0.5;
	ASSERT_EQ(0, call_error(d, "call_back_double", &c));
	EXPECT_EQ((1000 + EBADF) * 0.5, c.fresult);
	for (i = 1; i < 32; i++)
		ASSERT_EQ(0, dune_domain_callback(d, add_up, &data, &other));
	EXPECT_EQ(-ENOSPC, dune_domain_callback(d, add_up, &data, &other));
}

struct nested {
	struct dune_domain *d[2];
	uint64_t fn[2];
	int depth;
};

/* Calls again, one domain and the other by turns. */
static uint64_t deeper(void *data, const uint64_t arg[6])
{
	struct nested *n = data;
	struct dune_domain_call c = { .arg = { 0, 1 } };
	int which = ++n->depth & 1;

	if (n->depth == 12)
		return 1;
	c.arg[0] = n->fn[which];
	if (call_error(n->d[which], "call_back", &c))
		return 1000;
	return c.result + 1;
}

TEST(calls_in_callbacks)
{
	struct nested n = { .d = { domain_with("tame", NULL), domain_with("tame", NULL) } };

	ASSERT_NE(NULL, n.d[0]);
	ASSERT_NE(NULL, n.d[1]);
	ASSERT_EQ(0, dune_domain_callback(n.d[0], deeper, &n, &n.fn[0]));
	ASSERT_EQ(0, dune_domain_callback(n.d[1], deeper, &n, &n.fn[1]));
	EXPECT_EQ(12, CALL(n.d[0], "call_back", n.fn[0], 1));
	/* A domain with calls under way is not taken away. */
	EXPECT_EQ(0, dune_domain_destroy(n.d[0]));
	EXPECT_EQ(0, dune_domain_destroy(n.d[1]));
}

static uint64_t try_to_destroy(void *data, const uint64_t arg[6])
{
	return -dune_domain_destroy(data) + 100 * -dune_domain_reset(data) +
	       10000 * -dune_domain_snapshot(data);
}

TEST(a_call_keeps_the_domain)
{
	struct dune_domain *d = domain_with("tame", NULL);
	uint64_t fn;

	ASSERT_NE(NULL, d);
	ASSERT_EQ(0, dune_domain_callback(d, try_to_destroy, d, &fn));
	EXPECT_EQ(EBUSY + 100 * EINVAL + 10000 * EBUSY, CALL(d, "call_back", fn, 1));
}

TEST(domains_are_apart)
{
	struct dune_domain *a = domain_with("tame", NULL), *b = domain_with("tame", NULL);
	struct dune_domain_report report;
	char *buffer;

	ASSERT_NE(NULL, a);
	ASSERT_NE(NULL, b);
	EXPECT_EQ(101, CALL(a, "count"));
	EXPECT_EQ(102, CALL(a, "count"));
	EXPECT_EQ(101, CALL(b, "count"));
	buffer = dune_domain_alloc(a, 4096);
	EXPECT_EQ(0, CALL(a, "sum_bytes", (uint64_t)buffer, 1));
	report = FATAL(b, "sum_bytes", (uint64_t)buffer, 1);
	EXPECT_EQ(DUNE_DOMAIN_CRASHED, report.cause);
	EXPECT_EQ((uint64_t)buffer, report.address);
	EXPECT_EQ(103, CALL(a, "count"));
}

TEST(shared_buffers)
{
	struct dune_domain *d = domain_with("tame", NULL);
	unsigned char *p = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t at, other, bad = 1;
	struct dune_domain_report report;

	ASSERT_NE(NULL, d);
	EXPECT_EQ(-EINVAL, dune_domain_share(d, p + 1, 4096, 0, &at));
	EXPECT_EQ(-EINVAL, dune_domain_share(d, p, 4095, 0, &at));
	EXPECT_EQ(-EINVAL, dune_domain_share(d, p, 0, 0, &at));
	EXPECT_EQ(-EINVAL, dune_domain_share(d, p, 4096, 2, &at));
	EXPECT_EQ(-EINVAL, dune_domain_share(d, dune_domain_alloc(d, 4096), 4096, 0, &at));
	memset(p, 1, 16 * 4096);
	ASSERT_EQ(0, dune_domain_share(d, p, 4 * 4096, DUNE_SHARE_WRITE, &at));
	ASSERT_EQ(0, dune_domain_share(d, p + 4 * 4096, 4 * 4096, 0, &other));
	EXPECT_EQ(4 * 4096, CALL(d, "sum_bytes", at, 4 * 4096));
	CALL(d, "fill", at + 4096, 3, 4096);
	EXPECT_EQ(1, p[4095]);
	EXPECT_EQ(3, p[4096]);
	EXPECT_EQ(3, p[8191]);
	EXPECT_EQ(1, p[8192]);
	EXPECT_EQ(-EBUSY, dune_domain_snapshot(d));
	EXPECT_EQ(-EINVAL, dune_domain_unshare(d, at + 4096));
	EXPECT_EQ(-EINVAL, dune_domain_unshare(d, bad));
	EXPECT_EQ(4 * 4096, CALL(d, "sum_bytes", other, 4 * 4096));
	EXPECT_EQ(0, dune_domain_unshare(d, at));
	EXPECT_EQ(-EINVAL, dune_domain_unshare(d, at));
	report = FATAL(d, "fill", other, 9, 1);		/* read-only */
	EXPECT_EQ(other, report.address);
	EXPECT_EQ(1, p[4 * 4096]);
	EXPECT_EQ(0, dune_domain_destroy(d));
	p[0] = 7;
}

TEST(a_shared_buffer_ends_with_its_sharing)
{
	struct dune_domain *d = domain_with("tame", NULL);
	unsigned char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t at;

	ASSERT_NE(NULL, d);
	ASSERT_EQ(0, dune_domain_share(d, p, 4096, DUNE_SHARE_WRITE, &at));
	EXPECT_EQ(0, CALL(d, "sum_bytes", at, 4096));
	EXPECT_EQ(0, dune_domain_unshare(d, at));
	EXPECT_EQ(at, FATAL(d, "sum_bytes", at, 1).address);
}

static void *call_from_thread(void *data)
{
	struct dune_domain *d = data;
	struct dune_domain_call c;
	long r = 0, i;

	/* A thread made in Dune mode is in Dune mode. */
	for (i = 0; i < 10 && !r; i++) {
		c = (struct dune_domain_call){ .arg = { 200 } };
		r = call_error(d, "count_locked", &c);
		c = (struct dune_domain_call){ .arg = { 50 } };
		r = r ? r : call_error(d, "use_heap", &c);
	}
	return (void *)r;
}

static void calls_from_threads(struct __test_metadata *_metadata, int threads)
{
	struct dune_domain_options o = { .threads = threads };
	struct dune_domain *d = domain_with("tame", &o);
	pthread_t thread[4];
	void *r;
	int i;

	ASSERT_NE(NULL, d);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, call_from_thread, d));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], &r));
		EXPECT_EQ(NULL, r);
	}
	EXPECT_EQ(4 * 10 * 200, CALL(d, "count_locked", 0));
	EXPECT_EQ(0, dune_domain_destroy(d));
}

TEST(calls_of_several_threads_one_at_a_time)
{
	calls_from_threads(_metadata, 1);
}

TEST(calls_of_several_threads_at_once)
{
	calls_from_threads(_metadata, 3);
}

static volatile int alarms;

static void on_alarm(int sig)
{
	char *p = malloc(300);

	/* libc's, with the program's thread-local data. */
	errno = 5;
	if (p)
		memset(p, 1, 300);
	free(p);
	alarms++;
}

TEST(signals_reach_the_program_during_a_call)
{
	struct dune_domain *d = domain_with("tame", NULL);
	const long each = getenv("SLOW_KERNEL") ? 15000 : 3000;
	struct itimerval timer = { { 0, each }, { 0, each } };
	struct dune_domain_call c = { .timeout = 200 * MS };
	struct dune_domain_report report;

	ASSERT_NE(NULL, d);
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &timer, NULL);
	EXPECT_EQ(0, CALL(d, "sleep_a_little", 30));
	EXPECT_LT(0, alarms);
	alarms = 0;
	EXPECT_LE(0, CALL(d, "use_heap", ROUNDS(3000)));
	EXPECT_EQ(-EOWNERDEAD, call_error(d, "spin", &c));
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	EXPECT_LT(1, alarms);
	dune_domain_report(d, &report);
	EXPECT_EQ(DUNE_DOMAIN_DEADLINE, report.cause);
}

TEST(output_goes_where_it_is_told)
{
	struct dune_domain_options o = { 0 };
	struct dune_domain *d;
	char *text, got[64] = "";
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	o.output = fds[1];
	d = domain_with("tame", &o);
	ASSERT_NE(NULL, d);
	text = dune_domain_alloc(d, 4096);
	strcpy(text, "out of the box");
	CALL(d, "say", (uint64_t)text);
	EXPECT_EQ(15, read(fds[0], got, sizeof(got)));
	EXPECT_EQ(0, strncmp(got, "out of the box\n", 15));
	EXPECT_EQ(EBADF, CALL(d, "error_of_close"));
	EXPECT_NE(getpid(), CALL(d, "get_pid"));
}

TEST(snapshot_and_reset)
{
	struct dune_domain *d = domain_with("tame", NULL);
	struct dune_domain_call c = { .timeout = 20 * MS };
	char *before, *after, text[16];
	uint64_t kept;
	int i;

	ASSERT_NE(NULL, d);
	EXPECT_EQ(-EINVAL, dune_domain_reset(d));
	before = dune_domain_alloc(d, 3 * 4096);
	strcpy(before, "then");
	EXPECT_EQ(101, CALL(d, "count"));
	kept = CALL(d, "keep", (uint64_t)before);
	ASSERT_EQ(0, dune_domain_snapshot(d));

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(102, CALL(d, "count"));
		EXPECT_EQ(103, CALL(d, "count"));
		strcpy(before, "now");
		after = dune_domain_alloc(d, 4096);
		ASSERT_NE(NULL, after);
		strcpy(after, "later");
		CALL(d, "fill", (uint64_t)before + 4096, 'z', 4096);
		CALL(d, "keep", (uint64_t)after);
		EXPECT_LE(0, CALL(d, "use_heap", ROUNDS(500)));
		/* It lives again, too. */
		if (i == 1)
			EXPECT_EQ(-EOWNERDEAD, call_error(d, "spin", &c));
		ASSERT_EQ(0, dune_domain_reset(d));
		EXPECT_EQ(0, strcmp("then", before));
		CALL(d, "empty");
		EXPECT_EQ(-EFAULT, dune_domain_read(d, text, (uint64_t)after, 4));
		EXPECT_EQ(0, dune_domain_read(d, text, kept, 5));
		EXPECT_EQ(0, strcmp("then", text));
		EXPECT_EQ(0, CALL(d, "sum_bytes", (uint64_t)before + 4096, 4096));
	}
	ASSERT_EQ(0, dune_domain_snapshot(d));
	EXPECT_EQ(102, CALL(d, "count"));
	ASSERT_EQ(0, dune_domain_reset(d));
	EXPECT_EQ(102, CALL(d, "count"));
	EXPECT_EQ(0, dune_domain_destroy(d));
}

static long lines_of_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	long n = 0;
	int c;

	while (f && (c = getc(f)) != EOF)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

static int descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 1024; fd++)
		n += lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF;
	return n;
}

TEST(destroy_gives_everything_back)
{
	struct dune_domain_options o = { .threads = 2 };
	struct dune_domain *d;
	long maps = 0;
	int i, fds = 0;

	for (i = 0; i < 6; i++) {
		d = domain_with("tame", &o);
		ASSERT_NE(NULL, d);
		dune_domain_alloc(d, 12345);
		CALL(d, "use_heap", ROUNDS(200));
		ASSERT_EQ(0, dune_domain_snapshot(d));
		ASSERT_EQ(0, dune_domain_destroy(d));
		if (i == 1) {
			maps = lines_of_maps();
			fds = descriptors();
		}
	}
	EXPECT_GE(maps, lines_of_maps());
	EXPECT_EQ(fds, descriptors());
}

TEST(several_domains)
{
	struct dune_domain *d[8];
	int i, k;

	for (i = 0; i < 8; i++) {
		d[i] = domain_with("tame", NULL);
		ASSERT_NE(NULL, d[i]);
	}
	for (k = 0; k < 4; k++)
		for (i = 0; i < 8; i++)
			EXPECT_EQ(101 + k, CALL(d[i], "count"));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(0, dune_domain_destroy(d[i]));
}

TEST_HARNESS_MAIN
