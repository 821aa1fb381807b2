/* SPDX-License-Identifier: MIT */
/*
 * sandbox_box.h - a sandbox for its tests, with Linux below it
 *
 * box_syscall() runs here as an ordinary function; what it passes on is made. The
 * "monitor" is memory of ours, at TARGET.
 */
#ifndef _TESTS_UNIT_SANDBOX_BOX_H
#define _TESTS_UNIT_SANDBOX_BOX_H

#include "../../apps/sandbox/box.h"
#include "../../apps/policy/parse.h"
#include "../../apps/run/run.h"
#include "../../apps/trace/show.h"
#include "sandbox_host.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tap.h"

#define TARGET_SIZE	0x100000UL

static uint64_t TARGET;
static struct box box;
static struct policy policy;
static struct shared shared;
static char home[] = "/tmp/sandbox-test-XXXXXX";
static bool signal_first;	/* the next call is put off */
static void (*meanwhile)(void);	/* what another thread does, before the next is made */

/* Below the core: what libdune does in Dune mode. */

long dune_sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	long r = syscall(nr, a, b, c, d, e, f);

	return r == -1 ? -errno : r;
}

bool dune_forward_syscall(struct dune_tf *tf, uint32_t nr, const uint64_t a[6], long *result)
{
	if (signal_first) {
		tf->rip -= 2;
		return false;
	}
	if (meanwhile)
		meanwhile();
	meanwhile = NULL;
	*result = dune_sys6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	return true;
}

bool dune_whole_frame(struct dune_tf *tf) { return true; }
void dune_passthrough_syscall(struct dune_tf *tf)
{
	tf->rax = dune_sys6(tf->rax, tf->rdi, tf->rsi, tf->rdx, tf->r10, tf->r8, tf->r9);
}

bool dune_owns_fd(uint64_t fd)
{
	return (uint32_t)fd == 77;
}

static inline int copy(long nr, void *own, uint64_t other, uint64_t size)
{
	struct iovec a = { own, size }, b = { (void *)other, size };

	return syscall(nr, getpid(), &a, 1, &b, 1, 0) == (long)size ? 0 : -EFAULT;
}

int dune_copy_from_user(void *to, uint64_t from, uint64_t size)
{
	return copy(SYS_process_vm_readv, to, from, size);
}

int dune_copy_to_user(uint64_t to, const void *from, uint64_t size)
{
	return copy(SYS_process_vm_writev, (void *)from, to, size);
}

static inline bool is_user(uint64_t start, uint64_t size)
{
	uint64_t end = start + size;

	return end >= start && end <= 1UL << 47 &&
	       !(start < TARGET + TARGET_SIZE && end > TARGET);
}

/* A sandbox by this policy, in which "HOME" is a directory of ours. */
static inline bool begin(const char *text)
{
	static char own[8192];
	struct parse_error e;
	const char *at = text;
	char *to = own;

	while (*at) {
		if (!strncmp(at, "HOME", 4)) {
			to = stpcpy(to, home);
			at += 4;
		} else {
			*to++ = *at++;
		}
	}
	*to = 0;
	memset(&shared, 0, sizeof(shared));
	memset(&box, 0, sizeof(box));
	if (!policy_parse(&policy, "test", own, known_call, &e)) {
		printf("# %u:%u: %s\n", e.line, e.column, e.text);
		return false;
	}
	shared.hidden_from = 500;
	shared.hidden_to = 700;
	shared.policy_fd = shared.learn_fd = NO_FD;
	shared.monitor_fd = 1;
	shared.report_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	box.policy = &policy;
	box.shared = &shared;
	box.is_user = is_user;
	if (rules_start(&box))
		return false;
	box_start(&box);
	return true;
}

static inline long call6(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	struct dune_tf tf = {
		.rax = nr, .rdi = a, .rsi = b, .rdx = c, .r10 = d, .r8 = e, .r9 = f, .rip = 0x1002,
	};

	box_syscall(&box, &tf);
	return tf.rax;
}

#define P(x)	((uint64_t)(x))
#define CALL_(nr, a, b, c, d, e, f, ...) \
	call6(nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e), (uint64_t)(f))
#define call(nr, ...)	CALL_(SYS_##nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)

/* A path below home, in static memory. */
static inline const char *in(const char *name)
{
	static char path[8][256];
	static int next;

	next = (next + 1) % 8;
	snprintf(path[next], sizeof(path[next]), "%s/%s", home, name);
	return path[next];
}

/* open() in the sandbox, closed again: 0 or -errno */
static inline long opens(const char *path, int flags)
{
	long fd = call(openat, AT_FDCWD, path, flags, 0644);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static inline void put(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0644);

	if (fd < 0 || write(fd, "data", 4) != 4)
		abort();
	close(fd);
}

static inline void prepare(void)
{
	if (!mkdtemp(home))
		abort();
	mkdir(in("work"), 0755);
	mkdir(in("work/sub"), 0755);
	mkdir(in("work/hidden"), 0755);
	mkdir(in("ro"), 0755);
	mkdir(in("secret"), 0755);
	put(in("work/f"));
	put(in("work/hidden/f"));
	put(in("ro/f"));
	put(in("secret/f"));
	if (symlink(in("secret"), in("work/out")) || symlink("f", in("work/link")) ||
	    symlink("../ro/f", in("work/across")) || symlink("../secret/new", in("work/dangling")) ||
	    symlink("/proc/self/fd/0", in("work/magic")))
		abort();
}

static inline void tidy(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf --one-file-system %s", home);
	CHECK(!system(command));
}

#endif /* _TESTS_UNIT_SANDBOX_BOX_H */
