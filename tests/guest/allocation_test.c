/* SPDX-License-Identifier: MIT */
/*
 * allocation_test.c - every allocation on the module's ways fails once
 *
 * With the kernel's fault injection (/proc/self/fail-nth), which debug kernels have:
 * the first allocation of an operation fails, then the second, until the operation
 * comes to its end with none left to fail. Each time the operation must work or say
 * ENOMEM, and work when it is made again.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <dune/dune.h>

#include "kselftest_harness.h"
#include "mm.h"
#include "rawvm.h"

#define FAR		(RAW_BASE + (512UL << 20))	/* in the same block: new tables */
#define OTHER_BLOCK	0x210000000000UL
#define MOST		1000		/* allocations of one operation */

/* mov %al, FAR; then leave */
#define CODE_TOUCH	"\xa2\x00\x00\x00\x20\x00\x20\x00\x00" CODE_VMCALL

static const struct setting { const char *path, *value; } settings[] = {
	{ "/sys/kernel/debug/failslab/ignore-gfp-wait", "N" },
	{ "/sys/kernel/debug/failslab/verbose", "0" },
	{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/min-order", "0" },
	{ "/sys/kernel/debug/fail_page_alloc/verbose", "0" },
};

/* The n-th allocation of this thread from now on fails, and no other. */
static bool arm(int fd, int n)
{
	char text[16];
	int size = snprintf(text, sizeof(text), "%d", n);

	return pwrite(fd, text, size, 0) == size;
}

/* Whether it has failed. */
static bool disarm(int fd)
{
	char text[16] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 && arm(fd, 0) && !atoi(text);
}

/* ---- what is done ---- */

static int prepare(struct rawvm *v)
{
	int r = raw_make(v, CODE_TOUCH, sizeof(CODE_TOUCH));

	if (r)
		return r;
	if (mmap((void *)FAR, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
	    (void *)FAR)
		return -errno;
	if (mmap((void *)OTHER_BLOCK, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
	    (void *)OTHER_BLOCK)
		return -errno;
	return 0;
}

static int nothing(struct rawvm *v)
{
	memset(v, 0, sizeof(*v));
	return 0;
}

static int open_vm(struct rawvm *v)
{
	return raw_open(v);
}

static int create_vcpu(struct rawvm *v)
{
	return ioctl(v->vm, DUNE_CREATE_VCPU, 0) < 0 ? -errno : 0;
}

static int map_vcpu(struct rawvm *v)
{
	int fd = ioctl(v->vm, DUNE_CREATE_VCPU, 0);
	void *page = MAP_FAILED;

	if (fd >= 0)
		page = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	return page == MAP_FAILED ? -errno : 0;
}

static int map_slot(struct rawvm *v)
{
	struct dune_slot slot = { .va = OTHER_BLOCK };

	return ioctl(v->vm, DUNE_MAP_SLOT, &slot) ? -errno : 0;
}

static int get_stats(struct rawvm *v)
{
	struct dune_stats stats;

	return ioctl(v->vcpu, DUNE_GET_STATS, &stats) ? -errno : 0;
}

/* Every byte of the run is needed: it must never fail, only take longer. */
static int run(struct rawvm *v)
{
	int r = raw_run(v);

	return r == DUNE_EXIT_VMCALL ? 0 : r < 0 ? r : -EIO;
}

static int prefault(struct rawvm *v)
{
	struct dune_range range = { .va = RAW_BASE, .len = 1UL << 30 };

	*(volatile char *)FAR = 1;
	return ioctl(v->vm, DUNE_PREFAULT, &range) ? -errno : 0;
}

static int unmap_slot(struct rawvm *v)
{
	struct dune_slot slot = { .va = OTHER_BLOCK };

	if (munmap((void *)OTHER_BLOCK, PAGE))
		return -errno;
	if (ioctl(v->vm, DUNE_UNMAP_SLOT, &slot) && errno != ENOENT)
		return -errno;
	return 0;
}

static int enter_and_leave(struct rawvm *v)
{
	int r = dune_init(0);

	return r ?: dune_enter() ?: dune_leave();
}

static const struct operation {
	const char *name;
	int (*prepare)(struct rawvm *v);
	int (*make)(struct rawvm *v);
	bool may_refuse;
} operations[] = {
	{ "open", nothing, open_vm, true },
	{ "create_vcpu", open_vm, create_vcpu, true },
	{ "map_vcpu", open_vm, map_vcpu, true },
	{ "map_slot", prepare, map_slot, true },
	{ "get_stats", prepare, get_stats, true },
	{ "run", prepare, run, false },
	{ "prefault", prepare, prefault, true },
	{ "unmap_slot", prepare, unmap_slot, true },
	{ "enter", nothing, enter_and_leave, true },
};

/* ---- one after the other ---- */

enum { COMPLETE, FAILED_WELL, FAILED_BADLY };

static int attempt(const struct operation *op, int n)
{
	int fd = open("/proc/self/fail-nth", O_RDWR), r;
	struct rawvm v = { 0 };
	bool failed;

	r = op->prepare(&v);
	if (fd < 0 || r)
		return FAILED_BADLY;
	if (!arm(fd, n))
		return FAILED_BADLY;
	r = op->make(&v);
	failed = disarm(fd);
	if (!failed && !r)
		return COMPLETE;
	if (failed && r == -ENOMEM && op->may_refuse)
		r = op->make(&v);	/* nothing stands in the way now */
	if (failed && !r)
		return FAILED_WELL;
	printf("# %s: allocation %d %s, then %d\n", op->name, n,
	       failed ? "failed" : "did not fail", r);
	return FAILED_BADLY;
}

static int in_child(const struct operation *op, int n)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		status = attempt(op, n);
		fflush(stdout);
		_exit(status);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
		printf("# %s: allocation %d: status %#x\n", op->name, n, status);
		return FAILED_BADLY;
	}
	return WEXITSTATUS(status);
}

/* How many allocations it has; -1 if one of them failed badly. */
static int walk(const struct operation *op)
{
	int n, bad = 0, how = FAILED_WELL;

	for (n = 1; n < MOST && how != COMPLETE; n++) {
		how = in_child(op, n);
		bad += how == FAILED_BADLY;
	}
	printf("# %s: %d allocations, %d failed badly\n", op->name, n - 2, bad);
	fflush(stdout);
	return bad || how != COMPLETE ? -1 : n - 2;
}

static unsigned long tables(void)
{
	unsigned long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "SecPageTables: %lu", &kib);
	if (f)
		fclose(f);
	return kib;
}

/* Whether the kernel's leak detector finds what the module has forgotten. */
static bool leaks(void)
{
	const char *path = "/sys/kernel/debug/kmemleak";
	char line[256];
	bool any = false;
	FILE *f;
	int i;

	/* What is young is not looked at. */
	for (i = 0; i < 2; i++) {
		sleep(6);
		mm_write_file(path, "scan");
	}
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "[dune]")) {
			printf("# leak: %s", line);
			any = true;
		}
	if (f)
		fclose(f);
	return any;
}

FIXTURE(allocation) { };
FIXTURE_SETUP(allocation) { }
FIXTURE_TEARDOWN(allocation) { }

TEST_F_TIMEOUT(allocation, each_may_fail, 1200)
{
	unsigned int i;
	unsigned long before = tables();

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (!mm_write_file(settings[i].path, settings[i].value))
			SKIP(return, "this kernel cannot make allocations fail");
	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		EXPECT_LE(0, walk(&operations[i]));
	usleep(500000);
	EXPECT_GE(before + 16, tables());
	EXPECT_FALSE(leaks());
}

TEST_HARNESS_MAIN
