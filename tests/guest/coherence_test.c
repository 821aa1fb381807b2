/* SPDX-License-Identifier: MIT */
/*
 * coherence_test.c - no access through what Linux has taken away
 *
 * A model: threads in Dune mode do with memory of their own whatever Linux lets
 * them, and know of each page what must be in it. And a storm: a thread looks at
 * a page all the time while others exchange it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dune/dune.h>

#include "kselftest_harness.h"
#include "mm.h"

#define MODEL_PAGES	96
#define MODEL_THREADS	3

static int slow_factor(void)
{
	return getenv("SLOW_KERNEL") ? 10 : 1;
}

/* ---- the model ---- */

struct model {
	char		*at;
	unsigned int	seed;
	bool		inside;
	int		wrong;
	struct page { bool mapped; int prot, value; } page[MODEL_PAGES];
};

static unsigned int dice(struct model *m, unsigned int sides)
{
	m->seed = m->seed * 1103515245 + 12345;
	return (m->seed >> 16) % sides;
}

static int expected_read(const struct page *p)
{
	return p->mapped && p->prot ? p->value : REFUSED;
}

static void check_page(struct model *m, unsigned int i)
{
	struct page *p = &m->page[i];
	char *at = m->at + i * PAGE;
	int value;

	if (mm_read(at) != expected_read(p))
		m->wrong++;
	if (dice(m, 2))
		return;
	value = dice(m, 256);
	if (mm_write(at, value) != (p->mapped && p->prot & PROT_WRITE ? 0 : REFUSED))
		m->wrong++;
	if (p->mapped && p->prot & PROT_WRITE)
		p->value = value;
}

static void set_pages(struct model *m, unsigned int first, unsigned int n, bool mapped,
		      int prot, int value)
{
	for (; n--; first++) {
		struct page *p = &m->page[first];

		p->mapped = mapped;
		if (prot >= 0)
			p->prot = prot;
		if (value >= 0)
			p->value = value;
	}
}

static bool all_mapped(const struct model *m, unsigned int first, unsigned int n)
{
	while (n--)
		if (!m->page[first++].mapped)
			return false;
	return true;
}

/* Away and back again, by another place. */
static void move_pages_of(struct model *m, unsigned int i)
{
	char *at = m->at + i * PAGE, *away;

	if (!m->page[i].mapped)
		return;
	away = mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      m->at + (MODEL_PAGES + 8) * PAGE);
	if (away == MAP_FAILED || mm_read(at) != REFUSED ||
	    mremap(away, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at) != at)
		m->wrong++;
}

static void check_in_child(struct model *m)
{
	int status = -1;
	unsigned int i;
	pid_t pid = fork();

	if (!pid) {
		m->wrong = 0;
		for (i = 0; i < MODEL_PAGES; i++)
			check_page(m, i);
		_exit(m->wrong != 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		m->wrong++;
}

static void one_step(struct model *m)
{
	static const int prots[] = { PROT_NONE, PROT_READ, RW, RW };
	unsigned int first = dice(m, MODEL_PAGES), n = 1 + dice(m, 8), i;
	char *at = m->at + first * PAGE;
	int prot = prots[dice(m, 4)];

	if (first + n > MODEL_PAGES)
		n = MODEL_PAGES - first;
	switch (dice(m, 16)) {
	case 0:
		munmap(at, n * PAGE);
		set_pages(m, first, n, false, -1, -1);
		break;
	case 1: case 2:
		if (mmap(at, n * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
			m->wrong++;
		set_pages(m, first, n, true, prot, 0);
		break;
	case 3: case 4: case 5:
		if (!all_mapped(m, first, n))
			break;
		if (mprotect(at, n * PAGE, prot))
			m->wrong++;
		set_pages(m, first, n, true, prot, -1);
		break;
	case 6:
		if (!all_mapped(m, first, n))
			break;
		if (madvise(at, n * PAGE, MADV_DONTNEED))
			m->wrong++;
		set_pages(m, first, n, true, -1, 0);
		break;
	case 7:
		madvise(at, n * PAGE, dice(m, 2) ? MADV_PAGEOUT : MADV_COLD);
		break;
	case 8:
		move_pages_of(m, first);
		break;
	case 9:
		if (!dice(m, 8))
			check_in_child(m);
		break;
	default:
		for (i = 0; i < n; i++)
			check_page(m, first + i);
	}
}

static void *run_model(void *arg)
{
	struct model *m = arg;
	int i, steps = 3000 / slow_factor();
	unsigned int page;

	if (m->inside && dune_enter()) {
		m->wrong = -1;
		return NULL;
	}
	for (i = 0; i < steps; i++)
		one_step(m);
	for (page = 0; page < MODEL_PAGES; page++)
		check_page(m, page);
	if (m->inside)
		dune_leave();
	return NULL;
}

FIXTURE(memory) { };
FIXTURE_SETUP(memory) { }
FIXTURE_TEARDOWN(memory) { }

TEST_F_TIMEOUT(memory, model, 500)
{
	static struct model models[MODEL_THREADS];
	pthread_t threads[MODEL_THREADS];
	unsigned int i;

	ASSERT_EQ(0, dune_init(0));
	mm_catch_signals();
	for (i = 0; i < MODEL_THREADS; i++) {
		/* Where Linux puts nothing by itself. */
		models[i].at = (char *)(0x300000000000UL + i * (1UL << 30));
		models[i].seed = i + 1;
		models[i].inside = i != 2;	/* one stays a plain thread */
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, run_model, &models[i]));
	}
	for (i = 0; i < MODEL_THREADS; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_EQ(0, models[i].wrong);
	}
}

/* ---- the storm ---- */

static atomic_ulong epoch;		/* odd while the page is being exchanged */
static atomic_bool finished;
static uint64_t *shown;			/* the page */
static atomic_ulong looks;

/* In one epoch there is one value: that epoch's. */
static void *look(void *wrong)
{
	uint64_t before, value, after;

	if (dune_enter()) {
		*(long *)wrong = -1;
		return NULL;
	}
	while (!finished) {
		before = atomic_load(&epoch);
		value = *(volatile uint64_t *)shown;
		after = atomic_load(&epoch);
		if (before == after && !(before & 1) && value != before)
			++*(long *)wrong;
		atomic_fetch_add_explicit(&looks, 1, memory_order_relaxed);
	}
	dune_leave();
	return NULL;
}

static void *fork_on_and_on(void *unused)
{
	pid_t pid;

	while (!finished) {
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
		usleep(20000);
	}
	return NULL;
}

/* The page with its value, ready before it takes the other's place. */
static void exchange(unsigned long value, int how)
{
	uint64_t *next = (uint64_t *)mm_map(PAGE, RW);

	*next = value;
	switch (how) {
	case 0:		/* another page comes to the place */
		mremap(next, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, shown);
		break;
	case 1:		/* the page is copied on write, as after a fork */
		*(volatile uint64_t *)shown = value;
		munmap(next, PAGE);
		break;
	case 2:		/* read-only and writable in turn */
		mprotect(shown, PAGE, PROT_READ);
		mprotect(shown, PAGE, RW);
		*(volatile uint64_t *)shown = value;
		munmap(next, PAGE);
		break;
	}
}

static void storm(struct __test_metadata *_metadata, bool inside, int seconds)
{
	pthread_t looker, forker;
	long wrong = 0, rounds = 0;
	unsigned long value = 0;
	time_t end = time(NULL) + seconds;

	ASSERT_EQ(0, dune_init(0));
	shown = (uint64_t *)mm_map(PAGE, RW);
	ASSERT_EQ(0, pthread_create(&looker, NULL, look, &wrong));
	ASSERT_EQ(0, pthread_create(&forker, NULL, fork_on_and_on, NULL));
	if (inside)
		ASSERT_EQ(0, dune_enter());
	while (time(NULL) < end) {
		atomic_fetch_add(&epoch, 1);
		value += 2;
		exchange(value, rounds % 3);
		atomic_fetch_add(&epoch, 1);
		rounds++;
	}
	finished = true;
	if (inside)
		dune_leave();
	pthread_join(looker, NULL);
	pthread_join(forker, NULL);
	TH_LOG("%ld rounds, %lu looks", rounds, atomic_load(&looks));
	EXPECT_EQ(0, wrong);
	EXPECT_LT(20, rounds);
	EXPECT_LT(20, atomic_load(&looks));
}

static int storm_seconds(void)
{
	return getenv("LONG") ? 120 : 3 * slow_factor();
}

TEST_F_TIMEOUT(memory, storm_from_inside, 500)
{
	storm(_metadata, true, storm_seconds());
}

TEST_F_TIMEOUT(memory, storm_from_outside, 500)
{
	storm(_metadata, false, storm_seconds());
}

TEST_HARNESS_MAIN
