/* SPDX-License-Identifier: MIT */
/*
 * sc.c - security contexts: what is granted, one by one
 */
#include <errno.h>
#include <stdlib.h>

#include "priv.h"

#define RIGHTS	(STHREAD_READ | STHREAD_WRITE)

int sthread_sc_new(struct sthread_sc **sc)
{
	struct sthread_sc *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	pthread_mutex_init(&c->lock, NULL);
	*sc = c;
	return 0;
}

int sthread_sc_free(struct sthread_sc *sc)
{
	struct sthread *s, *next;
	unsigned int i;
	bool busy;

	pthread_mutex_lock(&sc->lock);
	busy = sc->nr_running;
	pthread_mutex_unlock(&sc->lock);
	if (busy)
		return -EBUSY;
	for (s = sc->idle; s; s = next) {
		next = s->next;
		memory_free(s);
		free(s);
	}
	for (i = 0; i < sc->nr_grants; i++)
		tag_put(sc->grant[i].tag);
	pthread_mutex_destroy(&sc->lock);
	free(sc);
	return 0;
}

static int add_grant(struct sthread_sc *sc, struct sthread_tag *tag, unsigned int rights)
{
	unsigned int i;

	for (i = 0; i < sc->nr_grants; i++)
		if (sc->grant[i].tag == tag)
			return -EEXIST;
	if (i == NR_TAGS)
		return -ENOSPC;
	tag_hold(tag);
	sc->grant[i] = (struct grant) { tag, rights };
	sc->nr_grants++;
	return 0;
}

int sthread_sc_mem_add(struct sthread_sc *sc, struct sthread_tag *tag, unsigned int rights)
{
	int r;

	if (!rights || rights & ~RIGHTS)
		return -EINVAL;
	pthread_mutex_lock(&sc->lock);
	r = add_grant(sc, tag, rights);
	pthread_mutex_unlock(&sc->lock);
	return r;
}

static int set_fd(struct sthread_sc *sc, int fd, unsigned int rights)
{
	if (fd < 0 || fd >= NR_FDS || dune_owns_fd(fd))
		return -EBADF;
	__atomic_store_n(&sc->fd[fd], rights, __ATOMIC_RELEASE);
	return 0;
}

int sthread_sc_fd_add(struct sthread_sc *sc, int fd, unsigned int rights)
{
	if (!rights || rights & ~RIGHTS)
		return -EINVAL;
	return set_fd(sc, fd, rights);
}

int sthread_sc_fd_del(struct sthread_sc *sc, int fd)
{
	return set_fd(sc, fd, 0);
}

int sthread_sc_sys_add(struct sthread_sc *sc, long nr)
{
	int place = calls_place(nr);

	if (place < 0)
		return -EPERM;
	__atomic_or_fetch(&sc->calls, 1ULL << place, __ATOMIC_RELEASE);
	return 0;
}
