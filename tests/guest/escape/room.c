/* SPDX-License-Identifier: MIT */
/*
 * room.c - where Linux has no place left but the monitor's, and what is below "/"
 *
 * Under a policy without a limit of memory, that gives all files.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "escape.h"

#define BLOCK	(1UL << 30)
#define SIZE	(16UL << 20)
#define NOTHING	(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

/* Natively a hole is made where the monitor would be. */
static void take_all_but_the_block(void)
{
	size_t size;

	for (size = 1UL << 46; size >= SIZE; size /= 2)
		while (mmap(NULL, size, PROT_NONE, NOTHING, -1, 0) != MAP_FAILED)
			;
	if (target_is_ours)
		munmap((void *)TARGET, BLOCK);
}

/* It has memory then, if it was in place for a moment, even if it is gone again. */
static int populate_in_block(void)
{
	int fd = memfd_create("room", 0);
	struct stat st;
	void *p;

	if (fd < 0 || ftruncate(fd, SIZE))
		return UNTRIED;
	take_all_but_the_block();
	p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (fstat(fd, &st))
		return UNTRIED;
	return st.st_blocks ? 0 : p == MAP_FAILED ? errno : ELSEWHERE;
}

static int grow_in_block(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *q;

	if (p == MAP_FAILED)
		return UNTRIED;
	take_all_but_the_block();
	q = mremap(p, 4096, SIZE, MREMAP_MAYMOVE);
	return q == MAP_FAILED ? errno : 0;
}

/* A descriptor that cannot be named, by its name: that of the policy. */
static int open_hidden(void)
{
	struct stat st;
	char name[40];
	int fd, own, e = UNTRIED;

	for (fd = 3; fd < 65536; fd++) {
		if (fcntl(fd, F_GETFD) != -1)
			continue;
		sprintf(name, "/proc/self/fd/%d", fd);
		own = open(name, O_RDWR);
		if (own < 0 && errno == EACCES)
			e = errno;
		/* A file with a name is under the rules, whoever else has it open. */
		if (own >= 0 && !fstat(own, &st) && !st.st_nlink)
			return 0;
		close(own);
	}
	return e;
}

const struct attempt room_attempts[] = {
	A(populate_in_block, ENOMEM), A(grow_in_block, ENOMEM),
	AX(open_hidden, "EACCES", "-", NOWHERE),
	{ 0 },
};
