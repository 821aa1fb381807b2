/* SPDX-License-Identifier: MIT */
/*
 * seams.c - how many mappings a domain costs the program
 *
 * Where extents.c joins neighbours, Linux may keep them apart: memory that was written
 * while there was a gap, and memory that was moved. A process has only so many mappings
 * (vm.max_map_count, 65,530), and a domain is not to use them up.
 */
#include <limits.h>
#include <linux/fcntl.h>

#include "domain.h"

#define MAX_SEAMS	2048

static unsigned int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* The lines of /proc/self/maps that begin with an address of the domain's. */
static long count_lines(const struct extents *x, int fd)
{
	uint64_t start = 0;
	bool reading = true;
	char text[1024];
	long count = 0, n, i;

	while ((n = sys(__NR_read, fd, text, sizeof(text))) > 0) {
		for (i = 0; i < n; i++) {
			if (text[i] == '\n') {
				start = 0;
				reading = true;
			} else if (reading && text[i] == '-') {
				reading = false;
				count += start >= x->low && start < x->high;
			} else if (reading) {
				start = start << 4 | digit(text[i]);
			}
		}
	}
	return n ? LONG_MAX : count;
}

static long count_mappings(const struct extents *x)
{
	long fd = sys(__NR_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	long n;

	if (sys_failed(fd))
		return LONG_MAX;
	n = count_lines(x, fd);
	sys(__NR_close, fd);
	return n;
}

/*
 * Whether it may have one more. Each join may have left a seam; once that would be too
 * many, Linux is asked. With the domain's lock.
 */
bool dune_seams_few(struct dune_domain *d)
{
	struct extents *x = &d->extents;
	long pieces = 2L * x->nr + 1, n;	/* with what lies between them */

	if (x->joins < MAX_SEAMS)
		return true;
	n = count_mappings(x);
	x->joins = n > pieces ? n - pieces : 0;
	return x->joins < MAX_SEAMS;
}
