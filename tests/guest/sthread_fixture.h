/* SPDX-License-Identifier: MIT */
/*
 * sthread_fixture.h - what the tests of sthreads begin with
 */
#ifndef _TESTS_GUEST_STHREAD_FIXTURE_H
#define _TESTS_GUEST_STHREAD_FIXTURE_H

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#include "../../apps/sthread/sthread.h"
#include "kselftest_harness.h"

#define PAGE	4096UL
#define PATTERN	0x5ec2e75ec2e75ec2UL
#define SIZE	16384

/* What the functions below work on: in a tag that they may write. */
struct box {
	uint64_t	address, size;
	long		nr, result;
	int		fd;
	char		text[256];
	struct iovec	iov[4];
	struct pollfd	fds[2];
	uint64_t	words[64];
};

FIXTURE(sthread)
{
	struct sthread_sc *sc;
	struct sthread_tag *tag, *key, *constant;
	struct box *box;
	char *secret;
	uint64_t *fixed;
	struct sthread_report report;
	void *value;
	int pipe[2];
};

FIXTURE_SETUP(sthread)
{
	ASSERT_EQ(0, dune_init(0));
	ASSERT_EQ(0, dune_enter());
	ASSERT_EQ(0, sthread_init());
	ASSERT_EQ(0, sthread_sc_new(&self->sc));
	ASSERT_EQ(0, sthread_tag_new(&self->tag, "box", SIZE));
	ASSERT_EQ(0, sthread_tag_new(&self->key, "key", SIZE));
	ASSERT_EQ(0, sthread_tag_new(&self->constant, "constant", PAGE));
	self->box = sthread_smalloc(self->tag, sizeof(*self->box));
	self->secret = sthread_smalloc(self->key, 64);
	self->fixed = sthread_smalloc(self->constant, 64);
	ASSERT_TRUE(self->box && self->secret && self->fixed);
	strcpy(self->secret, "the key");
	*self->fixed = PATTERN;
	ASSERT_EQ(0, sthread_sc_mem_add(self->sc, self->tag, STHREAD_WRITE));
	ASSERT_EQ(0, sthread_sc_mem_add(self->sc, self->constant, STHREAD_READ));
	ASSERT_EQ(0, pipe(self->pipe));
}

FIXTURE_TEARDOWN(sthread)
{
	EXPECT_EQ(0, sthread_sc_free(self->sc));
	EXPECT_EQ(0, sthread_tag_delete(self->tag));
	EXPECT_EQ(0, sthread_tag_delete(self->key));
	EXPECT_EQ(0, dune_leave());
}

static inline int run(FIXTURE_DATA(sthread) *self, sthread_fn fn, void *arg)
{
	struct sthread *s;
	int r = sthread_create(&s, self->sc, fn, arg);

	return r ? r : sthread_join(s, &self->value, &self->report);
}

/* What ends an sthread, its report as told, and that the next one is well. */
#define ENDS(fn, arg, how) do { \
	char said[256]; \
	EXPECT_EQ(-ECANCELED, run(self, fn, arg)); \
	sthread_report_text(&self->report, said, sizeof(said)); \
	EXPECT_EQ(how, self->report.end) TH_LOG("%s", said); \
	EXPECT_EQ(0, run(self, add_one, (void *)41)); \
	EXPECT_EQ(42, (long)self->value); \
} while (0)

static inline void *add_one(void *arg)
{
	return (char *)arg + 1;
}

static inline void *read_there(void *arg)
{
	struct box *b = arg;

	b->result = *(volatile uint8_t *)b->address;
	return NULL;
}

static inline void *write_there(void *arg)
{
	struct box *b = arg;

	*(volatile uint8_t *)b->address = 0x55;
	return NULL;
}

#endif /* _TESTS_GUEST_STHREAD_FIXTURE_H */
