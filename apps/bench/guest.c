/* SPDX-License-Identifier: MIT */
/*
 * guest.c - into Dune mode, and what the module counts there
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <dune/dune.h>

#include "bench.h"

int enter(void)
{
	int r = dune_init(0);

	return r ? r : dune_enter();
}

static int read_stats(struct dune_stats *stats)
{
	return ioctl(dune_vcpu_fd(), DUNE_GET_STATS, stats) ? -errno : 0;
}

static struct dune_stats before;

/* Around the operations, in Dune mode; the ioctls' own exits are taken off. */
int count_begin(struct sample *sample)
{
	return read_stats(&before);
}

int count_end(struct sample *sample)
{
	struct dune_stats after, again;
	double n = sample->n;
	int r = read_stats(&after);

	r = r ? r : read_stats(&again);
	if (r)
		return r;
	/* One reading of the counters costs the same each time. */
	sample->exits = (after.exits - before.exits - (again.exits - after.exits)) / n;
	sample->vmreads = (after.vmreads - before.vmreads - (again.vmreads - after.vmreads)) / n;
	sample->vmwrites = (after.vmwrites - before.vmwrites - (again.vmwrites - after.vmwrites)) / n;
	return 0;
}

/* Of the module, as root; false if it cannot be set. */
bool set_parameter(const char *name, bool on, bool *old)
{
	char path[128], value = 0;
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "/sys/module/dune/parameters/%s", name);
	fd = open(path, O_RDWR);
	if (fd < 0)
		return false;
	ok = read(fd, &value, 1) == 1;
	if (old)
		*old = value == 'Y' || value == '1';
	ok = ok && pwrite(fd, on ? "1" : "0", 1, 0) == 1;
	close(fd);
	return ok;
}
