/* SPDX-License-Identifier: MIT */
/*
 * file_races.c - reach a file that the policy does not give, while it is being judged
 *
 * A race has been run if what is to be refused and what is allowed have both been
 * seen: then the other thread was changing things at the time.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "escape.h"

static volatile int racing;
static bool allowed, refused;

static void see(int e)
{
	allowed |= !e || e == EIO;	/* the other file: it is empty */
	refused |= e == EACCES;
}

static int outcome(bool escaped)
{
	if (escaped)
		return 0;
	return allowed && refused ? EACCES : UNTRIED;
}

/* @name is opened while another thread changes what it leads to. */
static int race_opens(void *(*change)(void *), const char *name)
{
	pthread_t thread;
	int i, e = EINVAL;

	racing = 1;
	if (pthread_create(&thread, NULL, change, NULL))
		return EAGAIN;
	for (i = 0; e && i < rounds(3000); i++) {
		e = reads_secret(open(name, O_RDONLY));
		if (e)
			see(e);
		close(3), close(4), close(5);
		sched_yield();
	}
	racing = 0;
	pthread_join(thread, NULL);
	return outcome(!e);
}

/* A directory becomes a link to the secret one, and back. */
static void *flip(void *unused)
{
	while (racing) {
		rename(WORK "/race/honest", WORK "/race/d");
		rename(WORK "/race/d", WORK "/race/honest");
		rename(WORK "/race/link", WORK "/race/d");
		rename(WORK "/race/d", WORK "/race/link");
	}
	return NULL;
}

static int by_race(void)
{
	mkdir(WORK "/race", 0755);
	mkdir(WORK "/race/honest", 0755);
	close(open(WORK "/race/honest/file", O_CREAT | O_WRONLY, 0644));
	unlink(WORK "/race/link");
	if (symlink(SECRET, WORK "/race/link"))
		return errno;
	return race_opens(flip, WORK "/race/d/file");
}

/* The name itself changes between check and use. */
static char flipping[64];

static void *flip_name(void *unused)
{
	while (racing) {
		memcpy(flipping, SECRET, 11);
		asm volatile("" : : : "memory");
		memcpy(flipping, WORK "//", 11);
		asm volatile("" : : : "memory");
	}
	return NULL;
}

static int by_racing_name(void)
{
	close(open(WORK "/file", O_CREAT | O_WRONLY, 0644));
	strcpy(flipping, WORK "///file");
	return race_opens(flip_name, flipping);
}

/*
 * A file that may only be read gets to where one was judged that may be written: at
 * the program's own number, and at those that are free next.
 */
static int read_only, writable, flipped;

static void *flip_descriptors(void *unused)
{
	int i;

	while (racing) {
		dup2(writable, flipped);
		for (i = 1; i < 4; i++) {
			dup2(read_only, flipped + i);
			close(flipped + i);
		}
		dup2(read_only, flipped);
	}
	return NULL;
}

static int race_descriptors(int (*change)(const char *name))
{
	pthread_t thread;
	struct stat st;
	char name[64];
	bool escaped = false;
	int i;

	read_only = open(READ_ONLY "/file", O_RDONLY);
	writable = open(WORK "/file", O_CREAT | O_RDWR, 0644);
	flipped = dup(writable);
	if (read_only < 0 || flipped < 0)
		return errno;
	sprintf(name, "/proc/self/fd/%d", flipped);
	racing = 1;
	if (pthread_create(&thread, NULL, flip_descriptors, NULL))
		return EAGAIN;
	for (i = 0; !escaped && i < rounds(3000); i++) {
		see(FAILED(change(name)));
		escaped = fstat(read_only, &st) || (st.st_mode & 0777) == 0600;
		sched_yield();
	}
	racing = 0;
	pthread_join(thread, NULL);
	fchmod(read_only, 0644);
	return outcome(escaped);
}

static int change_descriptor(const char *name)
{
	return fchmod(flipped, 0600);
}

static int change_name(const char *name)
{
	return chmod(name, 0600);
}

static int by_racing_descriptor(void)
{
	return race_descriptors(change_descriptor);
}

static int by_racing_found_file(void)
{
	return race_descriptors(change_name);
}

const struct attempt file_race_attempts[] = {
	A(by_race, EACCES), A(by_racing_name, EACCES), A(by_racing_descriptor, EACCES),
	A(by_racing_found_file, EACCES),
	{ 0 },
};
