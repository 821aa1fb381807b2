/* SPDX-License-Identifier: MIT */
/*
 * sthread_test.c - separated threads: what they have, and how they are used
 */
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "sthread_fixture.h"

static uint64_t variable = 7;
static __thread uint64_t local = 11;

static void *use_variables(void *arg)
{
	uint64_t sum = variable++ * 100 + local++;

	return (void *)sum;
}

/* ---- what they have ------------------------------------------------------ */

TEST_F(sthread, returns_a_value)
{
	EXPECT_EQ(0, run(self, add_one, (void *)41));
	EXPECT_EQ(42, (long)self->value);
	EXPECT_EQ(STHREAD_RETURNED, self->report.end);
}

static void *fill_box(void *arg)
{
	struct box *b = arg;

	b->size = sizeof(*b);
	memset(b->text, 'x', sizeof(b->text));
	snprintf(b->text, sizeof(b->text), "%d and %s, %.2f", 42, "more", 1.5);
	return (void *)strlen(b->text);
}

TEST_F(sthread, writes_where_it_may)
{
	EXPECT_EQ(0, run(self, fill_box, self->box));
	EXPECT_STREQ("42 and more, 1.50", self->box->text);
	EXPECT_EQ(17, (long)self->value);
}

/* libc's functions that look into tables, and long copies (which read tunables). */
static void *use_libc(void *arg)
{
	static char from[20000], to[20000];
	struct box *b = arg;

	memset(from, 'a', sizeof(from));
	memcpy(to, from, sizeof(to));
	memmove(to + 1, to, sizeof(to) - 1);
	b->result = isalpha(to[100]) && strtol("0x1f", NULL, 16) == 31 &&
		    !strcasecmp("Abc", "aBC") && strstr(to, "aaab") == NULL;
	errno = 5;
	return (void *)(long)errno;
}

TEST_F(sthread, libc_works)
{
	EXPECT_EQ(0, run(self, use_libc, self->box));
	EXPECT_EQ(1, self->box->result);
	EXPECT_EQ(5, (long)self->value);
}

/* They have copies of their own, from before the program put something there. */
TEST_F(sthread, variables_are_copies)
{
	int i;

	variable = 8;
	local = 12;
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, run(self, use_variables, NULL));
		EXPECT_EQ(711, (long)self->value);
	}
	EXPECT_EQ(8, variable);
	EXPECT_EQ(12, local);
}

static void *use_doubles(void *arg)
{
	struct box *b = arg;
	volatile double d = 1;
	int i;

	for (i = 0; i < 100; i++)
		d = d * 1.5 / 1.25;
	b->result = d > 8e7 && d < 9e7;
	return NULL;
}

TEST_F(sthread, doubles)
{
	volatile double before = 0.1;

	EXPECT_EQ(0, run(self, use_doubles, self->box));
	EXPECT_EQ(1, self->box->result);
	EXPECT_EQ(0.1 * 3, before * 3);
}

static void *smalloc_inside(void *arg)
{
	uint64_t *p = sthread_smalloc_inside(arg, 100);
	long r;

	if (!p)
		return NULL;
	*p = PATTERN;
	r = sthread_sfree_inside(arg, p);
	if (r || sthread_sfree_inside(arg, p) != -EINVAL)
		return NULL;
	return sthread_smalloc_inside(arg, SIZE + 1) ? NULL : p;
}

TEST_F(sthread, allocates_in_a_tag)
{
	EXPECT_EQ(0, run(self, smalloc_inside, self->tag));
	EXPECT_NE(NULL, self->value);
	EXPECT_EQ(0, run(self, smalloc_inside, self->constant));
	EXPECT_EQ(NULL, self->value);
	EXPECT_EQ(0, run(self, smalloc_inside, self->key));
	EXPECT_EQ(NULL, self->value);
	EXPECT_EQ(0, run(self, smalloc_inside, (void *)0x1234));
	EXPECT_EQ(NULL, self->value);
}

/* ---- contexts and tags --------------------------------------------------- */

TEST_F(sthread, grants_come_later)
{
	self->box->address = (uint64_t)self->secret;
	EXPECT_EQ(-ECANCELED, run(self, read_there, self->box));
	ASSERT_EQ(0, sthread_sc_mem_add(self->sc, self->key, STHREAD_READ));
	EXPECT_EQ(-EEXIST, sthread_sc_mem_add(self->sc, self->key, STHREAD_WRITE));
	EXPECT_EQ(0, run(self, read_there, self->box));
	EXPECT_EQ('t', self->box->result);
	ENDS(write_there, self->box, STHREAD_ACCESS);
	EXPECT_EQ(-EBUSY, sthread_tag_delete(self->key));
}

TEST_F(sthread, contexts_are_apart)
{
	struct sthread_sc *other;
	struct sthread *s;

	ASSERT_EQ(0, sthread_sc_new(&other));
	ASSERT_EQ(0, sthread_sc_mem_add(other, self->key, STHREAD_READ));
	ASSERT_EQ(0, sthread_create(&s, other, add_one, (void *)1));
	EXPECT_EQ(0, sthread_join(s, NULL, NULL));
	self->box->address = (uint64_t)self->secret;
	EXPECT_EQ(-ECANCELED, run(self, read_there, self->box));
	ASSERT_EQ(0, sthread_create(&s, other, read_there, self->box));
	EXPECT_EQ(-ECANCELED, sthread_join(s, NULL, &self->report));
	EXPECT_STREQ("box", self->report.where);
	EXPECT_EQ(0, sthread_sc_free(other));
}

TEST_F(sthread, wrong_arguments)
{
	struct sthread_tag *tag;
	struct sthread *s;

	EXPECT_EQ(-EINVAL, sthread_tag_new(&tag, "none", 0));
	EXPECT_EQ(-ENOMEM, sthread_tag_new(&tag, "huge", 1UL << 50));
	EXPECT_EQ(-EINVAL, sthread_sc_mem_add(self->sc, self->key, 0));
	EXPECT_EQ(-EINVAL, sthread_sc_mem_add(self->sc, self->key, 4));
	EXPECT_EQ(-EINVAL, sthread_create(&s, self->sc, NULL, NULL));
	EXPECT_EQ(-EINVAL, sthread_create(&s, self->sc, (sthread_fn)self->box, NULL));
	EXPECT_EQ(-EINVAL, sthread_create(&s, self->sc, (sthread_fn)dune_enter, NULL));
}

TEST_F(sthread, the_allocator)
{
	struct sthread_tag *tag;
	char *p[65];
	int i;

	ASSERT_EQ(0, sthread_tag_new(&tag, "small", PAGE));
	for (i = 0; i < 64; i++) {
		p[i] = sthread_smalloc(tag, 1 + i);
		ASSERT_NE(NULL, p[i]);
		EXPECT_EQ(0, (uintptr_t)p[i] % 64);
		memset(p[i], i + 1, 64);
	}
	EXPECT_EQ(NULL, sthread_smalloc(tag, 1));
	for (i = 0; i < 64; i++)
		EXPECT_EQ(i + 1, p[i][63]);
	EXPECT_EQ(0, sthread_sfree(tag, p[10]));
	EXPECT_EQ(0, sthread_sfree(tag, p[11]));
	EXPECT_EQ(-EINVAL, sthread_sfree(tag, p[11]));
	EXPECT_EQ(-EINVAL, sthread_sfree(tag, p[12] + 1));
	EXPECT_EQ(-EINVAL, sthread_sfree(tag, p));
	EXPECT_EQ(0, sthread_sfree(tag, NULL));
	EXPECT_EQ(NULL, sthread_smalloc(tag, 129));
	EXPECT_EQ(p[10], sthread_smalloc(tag, 128));
	EXPECT_EQ(0, p[10][0]);
	EXPECT_EQ(0, p[11][63]);
	EXPECT_EQ(-EINVAL, sthread_sfree(tag, p[11]));
	EXPECT_EQ(0, sthread_tag_delete(tag));
}

/* ---- threads, signals, children ------------------------------------------ */

struct worker {
	struct sthread_sc *sc;
	struct box	*box;
	int		bad;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct sthread *s;
	void *value;
	long i;

	for (i = 0; i < 100; i++) {
		w->bad += sthread_create(&s, w->sc, add_one, (void *)i) != 0;
		w->bad += sthread_join(s, &value, NULL) != 0 || (long)value != i + 1;
		w->bad += sthread_create(&s, w->sc, use_variables, NULL) != 0;
		w->bad += sthread_join(s, &value, NULL) != 0 || (long)value != 711;
		w->bad += sthread_create(&s, w->sc, read_there, w->box) != 0;
		w->bad += sthread_join(s, NULL, NULL) != -ECANCELED;
	}
	return NULL;
}

static int work_in_threads(struct worker *w)
{
	pthread_t threads[4];
	int i, bad = 0;

	for (i = 0; i < 4; i++)
		bad += pthread_create(&threads[i], NULL, work, &w[i]) != 0;
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		bad += w[i].bad;
	}
	return bad;
}

TEST_F(sthread, from_many_threads)
{
	struct worker w[4];
	int i;

	self->box->address = (uint64_t)self->secret;
	for (i = 0; i < 4; i++)		/* one context for all */
		w[i] = (struct worker) { self->sc, self->box, 0 };
	EXPECT_EQ(0, work_in_threads(w));
	for (i = 0; i < 4; i++) {	/* one for each */
		w[i] = (struct worker) { NULL, self->box, 0 };
		ASSERT_EQ(0, sthread_sc_new(&w[i].sc));
		ASSERT_EQ(0, sthread_sc_mem_add(w[i].sc, self->tag, STHREAD_WRITE));
	}
	EXPECT_EQ(0, work_in_threads(w));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, sthread_sc_free(w[i].sc));
}

static void *loop_for_ever(void *arg)
{
	for (;;)
		asm volatile("" : : : "memory");
	return NULL;
}

static void *call_for_ever(void *arg)
{
	for (;;)
		sthread_syscall(SYS_getpid, 0, 0, 0, 0);
	return NULL;
}

static void *wait_a_while(void *arg)
{
	struct timespec t = { 0, 300000000 };

	return (void *)sthread_syscall(SYS_nanosleep, (long)&t, 0, 0, 0);
}

TEST_F(sthread, time_is_limited)
{
	int i;

	ASSERT_EQ(0, sthread_sc_sys_add(self->sc, SYS_getpid));
	ASSERT_EQ(0, sthread_sc_sys_add(self->sc, SYS_nanosleep));
	ASSERT_EQ(0, sthread_sc_cpu_set(self->sc, 50));
	for (i = 0; i < 3; i++) {
		ENDS(loop_for_ever, NULL, STHREAD_TIME);
		EXPECT_EQ(-ECANCELED, run(self, loop_for_ever, NULL));
		EXPECT_LE((uint64_t)loop_for_ever, self->report.rip);
		EXPECT_GT((uint64_t)loop_for_ever + 64, self->report.rip);
		ENDS(call_for_ever, NULL, STHREAD_TIME);
	}
	/* Waiting is not working. */
	EXPECT_EQ(0, run(self, wait_a_while, NULL));
	EXPECT_EQ(0, (long)self->value);
}

static volatile int alarms;
static volatile int *on_heap;

/* It does what only ring 0's root and FS base allow; wherever it interrupts. */
static void on_alarm(int sig)
{
	alarms++;
	errno = 0;
	*on_heap = alarms;
}

static void *compute(void *arg)
{
	volatile uint64_t sum = 0;
	uint64_t i;

	for (i = 0; i < (uint64_t)arg; i++)
		sum += i;
	return (void *)sum;
}

static void *compute_with_calls(void *arg)
{
	long i, pid = 0;

	for (i = 0; i < (long)arg; i++)
		pid = sthread_syscall(SYS_getpid, 0, 0, 0, 0);
	return (void *)pid;
}

/* A slow kernel needs more than a millisecond to send a signal and take it back. */
static void alarm_every(long usec)
{
	long each = getenv("SLOW_KERNEL") ? 20 * usec : usec;
	struct itimerval t = { { 0, each }, { 0, each } };

	setitimer(ITIMER_REAL, &t, NULL);
}

TEST_F(sthread, signals_while_it_runs)
{
	uint64_t n = 2000000;
	int i;

	ASSERT_EQ(0, sthread_sc_sys_add(self->sc, SYS_getpid));
	on_heap = malloc(sizeof(*on_heap));
	signal(SIGALRM, on_alarm);
	alarm_every(1000);
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(0, run(self, compute, (void *)n));
		EXPECT_EQ(n * (n - 1) / 2, (uint64_t)self->value);
	}
	for (i = 0; i < 20; i++) {
		EXPECT_EQ(0, run(self, compute_with_calls, (void *)1000));
		EXPECT_EQ(getpid(), (long)self->value);
	}
	alarm_every(0);
	EXPECT_LT(10, alarms);
	EXPECT_EQ(alarms, *on_heap);
}

static int on_vector(struct dune_tf *tf)
{
	on_alarm(0);
	return DUNE_TRAP_DONE;
}

TEST_F(sthread, signals_as_interrupts)
{
	uint64_t n = 2000000;
	int i;

	on_heap = malloc(sizeof(*on_heap));
	ASSERT_EQ(0, dune_signal_set_handler(SIGALRM, on_vector, 0));
	alarm_every(1000);
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(0, run(self, compute, (void *)n));
		EXPECT_EQ(n * (n - 1) / 2, (uint64_t)self->value);
	}
	alarm_every(0);
	EXPECT_LT(5, alarms);
	EXPECT_EQ(alarms, *on_heap);
}

static FIXTURE_DATA(sthread) *of_handler;
static int bad_inside;

static void run_another(int sig)
{
	void *value = NULL;
	struct sthread *s;

	alarms++;
	if (sthread_create(&s, of_handler->sc, add_one, (void *)1) || sthread_join(s, &value, NULL))
		bad_inside++;
	if ((long)value != 2)
		bad_inside++;
}

/* A handler that interrupted an sthread may run another. */
TEST_F(sthread, they_nest)
{
	uint64_t n = 3000000;
	int i;

	of_handler = self;
	signal(SIGALRM, run_another);
	for (i = 0; i < 5; i++) {
		struct sthread *s;

		ASSERT_EQ(0, sthread_create(&s, self->sc, compute, (void *)n));
		alarm_every(3000);
		EXPECT_EQ(0, sthread_join(s, &self->value, NULL));
		alarm_every(0);
		EXPECT_EQ(n * (n - 1) / 2, (uint64_t)self->value);
	}
	EXPECT_LT(2, alarms);
	EXPECT_EQ(0, bad_inside);
}

/* ---- one within another: within both limits ------------------------------------ */

static struct sthread_sc *inner_sc;
static struct sthread_report inner_report;

static void loop_inside(int sig)
{
	struct sthread *s;

	alarms++;
	if (sthread_create(&s, inner_sc, loop_for_ever, NULL) ||
	    sthread_join(s, NULL, &inner_report) != -ECANCELED)
		bad_inside++;
}

/* What ends @fn, within which one of @inner_ms began that has no end. */
static int run_around(FIXTURE_DATA(sthread) *self, sthread_fn fn, unsigned int outer_ms,
		      unsigned int inner_ms)
{
	struct itimerval soon = { .it_value = { 0, 20000 } };

	alarms = bad_inside = 0;
	inner_report.end = STHREAD_RETURNED;
	if (sthread_sc_cpu_set(self->sc, outer_ms) || sthread_sc_cpu_set(inner_sc, inner_ms))
		return -1;
	setitimer(ITIMER_REAL, &soon, NULL);
	return run(self, fn, (void *)20000000);
}

TEST_F(sthread, time_is_limited_within_another)
{
	ASSERT_EQ(0, sthread_sc_new(&inner_sc));
	signal(SIGALRM, loop_inside);
	/* Its own time ends it, and no more than it. */
	EXPECT_EQ(0, run_around(self, compute, 0, 50));
	EXPECT_EQ(STHREAD_TIME, inner_report.end);
	EXPECT_EQ(0, run_around(self, compute, 60000, 50));
	EXPECT_EQ(STHREAD_TIME, inner_report.end);
	EXPECT_EQ(1, alarms);
	/* That of the outer one goes on, before it and behind it. */
	EXPECT_EQ(-ECANCELED, run_around(self, loop_for_ever, 100, 50));
	EXPECT_EQ(STHREAD_TIME, inner_report.end);
	EXPECT_EQ(STHREAD_TIME, self->report.end);
	EXPECT_EQ(1, alarms);
	/* And ends both. */
	EXPECT_EQ(-ECANCELED, run_around(self, loop_for_ever, 100, 0));
	EXPECT_EQ(STHREAD_TIME, inner_report.end);
	EXPECT_EQ(STHREAD_TIME, self->report.end);
	EXPECT_EQ(-ECANCELED, run_around(self, loop_for_ever, 100, 60000));
	EXPECT_EQ(STHREAD_TIME, inner_report.end);
	EXPECT_EQ(STHREAD_TIME, self->report.end);
	EXPECT_EQ(1, alarms);
	EXPECT_EQ(0, bad_inside);
	EXPECT_EQ(0, run(self, add_one, NULL));
	EXPECT_EQ(0, sthread_sc_free(inner_sc));
}

/* ---- what guards its stack and its jump buffers --------------------------------- */

static void *read_guards(void *arg)
{
	struct box *b = arg;

	asm("mov %%fs:0x28, %0" : "=r" (b->words[0]));
	asm("mov %%fs:0x30, %0" : "=r" (b->words[1]));
	return NULL;
}

TEST_F(sthread, guards_are_its_own)
{
	uint64_t own[2], first[2];
	struct sthread_sc *other;

	asm("mov %%fs:0x28, %0" : "=r" (own[0]));
	asm("mov %%fs:0x30, %0" : "=r" (own[1]));
	ASSERT_EQ(0, run(self, read_guards, self->box));
	memcpy(first, self->box->words, sizeof(first));
	EXPECT_NE(0, first[0]);
	EXPECT_NE(0, first[1]);
	EXPECT_NE(own[0], first[0]);
	EXPECT_NE(own[1], first[1]);
	EXPECT_NE(first[0], first[1]);

	other = self->sc;
	ASSERT_EQ(0, sthread_sc_new(&self->sc));
	ASSERT_EQ(0, sthread_sc_mem_add(self->sc, self->tag, STHREAD_WRITE));
	EXPECT_EQ(0, run(self, read_guards, self->box));
	EXPECT_NE(first[0], self->box->words[0]);
	EXPECT_NE(first[1], self->box->words[1]);
	EXPECT_EQ(0, sthread_sc_free(other));
}

static volatile char *volatile nowhere = (char *)8;

TEST_F(sthread, exceptions_of_the_program_are_its_own)
{
	pid_t pid;
	int status;

	ASSERT_EQ(0, run(self, add_one, NULL));
	pid = fork();
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		*nowhere = 0;
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGSEGV, WTERMSIG(status));
}

TEST_F(sthread, in_a_child_of_fork)
{
	pid_t pid;
	int status;

	ASSERT_EQ(0, run(self, add_one, NULL));
	pid = fork();
	if (!pid) {
		int r = run(self, add_one, (void *)41) || (long)self->value != 42;

		self->box->address = (uint64_t)self->secret;
		r |= (run(self, read_there, self->box) != -ECANCELED) << 1;
		r |= (run(self, use_variables, NULL) || (long)self->value != 711) << 2;
		_exit(r);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, run(self, add_one, (void *)41));
	EXPECT_EQ(42, (long)self->value);
}

TEST(outside_of_dune_mode)
{
	EXPECT_EQ(-EINVAL, sthread_init());
}

TEST_HARNESS_MAIN
