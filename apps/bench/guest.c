/* SPDX-License-Identifier: MIT */
/*
 * guest.c - into Dune mode, and what the module counts there
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <dune/dune.h>

#include "bench.h"

static bool inside;

int enter(void)
{
	int r = dune_init(0);

	r = r ? r : dune_enter();
	inside = !r;
	return r;
}

static int read_stats(struct dune_stats *stats)
{
	return ioctl(dune_vcpu_fd(), DUNE_GET_STATS, stats) ? -errno : 0;
}

static struct dune_stats before, after, again;
static int failed;

/* Around the operations. Natively there is nothing to count. */
void count_from(void)
{
	failed = inside ? read_stats(&before) : 0;
}

/* One reading of the counters costs the same each time: read them twice. */
void count_to(void)
{
	if (!inside)
		return;
	failed = failed ? failed : read_stats(&after);
	failed = failed ? failed : read_stats(&again);
}

/* What was counted, per operation of sample->n. */
int counted(struct sample *sample)
{
	double n = sample->n;

	sample->exits = (after.exits - before.exits - (again.exits - after.exits)) / n;
	sample->vmreads = (after.vmreads - before.vmreads - (again.vmreads - after.vmreads)) / n;
	sample->vmwrites = (after.vmwrites - before.vmwrites - (again.vmwrites - after.vmwrites)) / n;
	return failed;
}

/* Of all that ever ran in Dune mode; NOT_MEASURED: only root may know. */
double machine_exits(void)
{
	FILE *f = fopen("/sys/kernel/debug/dune/stats", "re");
	double exits = NOT_MEASURED;
	char line[4096], *word;

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "machine ", 8))
			continue;
		word = strstr(line, " exits=");
		exits = word ? strtod(word + 7, NULL) : NOT_MEASURED;
	}
	if (f)
		fclose(f);
	return exits;
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
