/* SPDX-License-Identifier: MIT */
/*
 * sandbox_test.c - the sandbox's judgement of calls, with Linux below it
 *
 * box_syscall() runs here as an ordinary function; what it passes on is made. The
 * "monitor" is memory of ours, at TARGET.
 *
 * CFLAGS: -D_GNU_SOURCE -Ilibdune/include -Ibuild/apps/trace
 * SOURCES: apps/policy/lex.c apps/policy/parse.c apps/policy/rules.c apps/policy/paths.c
 * SOURCES: apps/policy/peers.c apps/policy/limits.c apps/policy/ready.c apps/policy/constants.c
 * SOURCES: apps/sandbox/calls.c apps/sandbox/judge.c apps/sandbox/box.c apps/sandbox/user.c
 * SOURCES: apps/sandbox/names.c apps/sandbox/open.c apps/sandbox/files.c apps/sandbox/entries.c
 * SOURCES: apps/sandbox/descriptors.c apps/sandbox/memory.c apps/sandbox/tasks.c
 * SOURCES: apps/sandbox/net.c apps/sandbox/message.c apps/sandbox/limits.c
 * SOURCES: apps/sandbox/report.c apps/sandbox/learn.c apps/trace/draft.c apps/trace/lines.c
 * SOURCES: apps/trace/arguments.c apps/trace/flags.c apps/trace/memory.c apps/trace/names.c
 * SOURCES: apps/trace/signals.c
 * SOURCES: apps/sandbox/handlers.c apps/sandbox/fdclass.c apps/sandbox/fdslots.c
 * SOURCES: apps/run/pointers.c
 * SOURCES: tests/unit/sandbox_host.c
 */
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

static int copy(long nr, void *own, uint64_t other, uint64_t size)
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

static bool is_user(uint64_t start, uint64_t size)
{
	uint64_t end = start + size;

	return end >= start && end <= 1UL << 47 &&
	       !(start < TARGET + TARGET_SIZE && end > TARGET);
}

/* A sandbox by this policy, in which "HOME" is a directory of ours. */
static bool begin(const char *text)
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
	if (names_start(&box))
		return false;
	box_start(&box);
	return true;
}

static long call6(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
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
static const char *in(const char *name)
{
	static char path[8][256];
	static int next;

	next = (next + 1) % 8;
	snprintf(path[next], sizeof(path[next]), "%s/%s", home, name);
	return path[next];
}

/* open() in the sandbox, closed again: 0 or -errno */
static long opens(const char *path, int flags)
{
	long fd = call(openat, AT_FDCWD, path, flags, 0644);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static void put(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0644);

	if (fd < 0 || write(fd, "data", 4) != 4)
		abort();
	close(fd);
}

static void prepare(void)
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

static void tidy(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf --one-file-system %s", home);
	CHECK(!system(command));
}

static void opening(void)
{
	CHECK(begin("allow @io @files\nread+write+create HOME/work\nread HOME/ro\nhide HOME/work/hidden\n"));
	CHECK(!opens(in("work/f"), O_RDWR) && !opens(in("work//sub/../f"), O_RDONLY));
	CHECK(!opens(in("work/link"), O_RDONLY) && opens(in("work/link"), O_NOFOLLOW) == -ELOOP);
	CHECK(!opens(in("work/across"), O_RDONLY) && opens(in("work/across"), O_WRONLY) == -EACCES);
	CHECK(!opens(in("ro/f"), O_RDONLY) && opens(in("ro/f"), O_WRONLY) == -EACCES &&
	      opens(in("ro/f"), O_RDONLY | O_TRUNC) == -EACCES && opens(in("ro/f"), O_RDWR) == -EACCES);
	CHECK(opens(in("secret/f"), O_RDONLY) == -EACCES && opens(in("work/out/f"), O_RDONLY) == -EACCES &&
	      opens(in("work/../secret/f"), O_RDONLY) == -EACCES && opens(in("secret/f"), O_PATH) == -EACCES);
	CHECK(opens(in("work/hidden/f"), O_RDONLY) == -EACCES &&
	      opens(in("work/hidden"), O_RDONLY) == -EACCES &&
	      opens(in("work/sub/../hidden/f"), O_RDONLY) == -EACCES);
	CHECK(opens(in("work/none"), O_RDONLY) == -ENOENT && opens(in("work/f/x"), O_RDONLY) == -ENOTDIR);
	CHECK(!opens(in("work/new"), O_CREAT | O_WRONLY) && !access(in("work/new"), F_OK) &&
	      opens(in("work/new"), O_CREAT | O_EXCL | O_WRONLY) == -EEXIST);
	CHECK(!opens(in("work/new"), O_CREAT | O_RDWR) && opens(in("ro/new"), O_CREAT | O_WRONLY) == -EACCES);
	CHECK(opens(in("work/dangling"), O_CREAT | O_WRONLY) < 0 && access(in("secret/new"), F_OK));
	CHECK(opens(in("work/x/"), O_CREAT | O_WRONLY) == -EISDIR && opens("", O_RDONLY) == -ENOENT);
	CHECK(opens(in("work"), O_RDONLY | O_DIRECTORY) == 0 && opens(in("work/sub"), O_WRONLY) == -EISDIR);
	CHECK(!opens(in("work"), O_TMPFILE | O_RDWR) || errno == EOPNOTSUPP);
	CHECK(opens(home, O_RDONLY) == -EACCES && !opens(home, O_PATH));
	CHECK(opens((char *)TARGET, O_RDONLY) == -EFAULT && opens(NULL, O_RDONLY) == -EFAULT);
	CHECK(call(creat, in("work/c"), 0600) >= 0 && !access(in("work/c"), F_OK) &&
	      call(creat, in("secret/c"), 0600) == -EACCES);
	unlink(in("work/new"));
	unlink(in("work/c"));
}

/* Names are compared by words: those of all lengths, and their neighbours. */
static void lengths_of_names(void)
{
	char policy_text[300], name[64], path[300];
	unsigned int n;

	for (n = 1; n <= 24; n++) {
		sprintf(name, "work/%.*s", n, "dddddddddddddddddddddddd");
		snprintf(policy_text, sizeof(policy_text), "allow @io @files\nread HOME/%s\n", name);
		strcpy(path, in(name));
		mkdir(path, 0755);
		CHECK(begin(policy_text) && !opens(path, O_RDONLY) && !opens(in(name), O_PATH));
		strcat(path, "e");
		mkdir(path, 0755);
		CHECK(opens(path, O_RDONLY) == -EACCES);
		rmdir(path);
		strcpy(path + strlen(path) - 2, "e");
		mkdir(path, 0755);
		CHECK(opens(path, O_RDONLY) == -EACCES);
		rmdir(path);
		path[strlen(path) - 1] = 0;
		CHECK(opens(path, O_RDONLY) == (n == 1 ? -EACCES : -ENOENT));
		rmdir(in(name));
	}
	CHECK(begin("allow @io @files\nread /\n") && !opens(in("ro/f"), O_RDONLY) &&
	      !opens("/", O_RDONLY) && opens("", O_RDONLY) == -ENOENT && !opens(in("work"), O_RDONLY));
}

/* A string may end where the memory does. */
static void strings_at_the_end(void)
{
	char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char *path = in("work/f");
	char *end = pages + 2 * 4096;
	size_t size = strlen(path) + 1, at;

	CHECK(begin("allow @io @files\nread HOME/work\n") && !munmap(end, 4096));
	memcpy(end - size, path, size);
	CHECK(!opens(end - size, O_RDONLY));
	memcpy(end - size + 1, path, size - 1);
	CHECK(opens(end - size + 1, O_RDONLY) == -EFAULT);
	for (at = 1; at < size; at++) {	/* across two pages */
		memcpy(pages + 4096 - at, path, size);
		CHECK(!opens(pages + 4096 - at, O_RDONLY));
	}
	munmap(pages, 2 * 4096);
}

static void relative_names(void)
{
	int work = open(in("work"), O_PATH), secret = open(in("secret"), O_PATH);

	CHECK(begin("allow @io @files\nread+write+create HOME/work\nread /proc/self\n"));
	CHECK(call(openat, work, "f", O_RDONLY) >= 0 && call(openat, work, "../ro/f", O_RDONLY) == -EACCES);
	CHECK(call(openat, secret, "f", O_RDONLY) == -EACCES);
	CHECK(call(openat, 77, "f", O_RDONLY) == -EBADF && call(openat, 1UL << 32 | 77, "f", 0) == -EBADF);
	CHECK(!chdir(in("secret")) && opens("f", O_RDONLY) == -EACCES);
	CHECK(!call(chdir, in("work")) && !opens("f", O_RDONLY) && opens("../secret/f", O_RDONLY) == -EACCES &&
	      call(chdir, in("secret")) == -EACCES);
	CHECK(!call(mkdirat, work, "m", 0755) && !call(rmdir, "m") && call(mkdir, "../secret/m", 0755) == -EACCES);
	CHECK(chdir("/") == 0);
	close(work);
	close(secret);
}

static void proc(void)
{
	char own[64];

	snprintf(own, sizeof(own), "/proc/%d/mem", getpid());
	CHECK(begin("allow @io @files\nread /proc /proc/self\nwrite /proc\n"));
	CHECK(!opens("/proc/self/status", O_RDONLY) && !opens("/proc/version", O_RDONLY));
	CHECK(opens("/proc/self/mem", O_RDONLY) == -EACCES && opens(own, O_RDWR) == -EACCES &&
	      opens("/proc/thread-self/mem", O_RDONLY) == -EACCES &&
	      opens("/proc/self/task/../mem", O_RDONLY) == -EACCES &&
	      opens("/proc/self/pagemap", O_RDONLY) == -EACCES &&
	      opens("/proc/self/clear_refs", O_WRONLY) == -EACCES &&
	      opens("/proc/self/ns/mnt", O_RDONLY) == -EACCES);
	CHECK(opens("/proc/self/comm", O_WRONLY) == -EACCES);
	CHECK(opens("/proc/self/root/etc/passwd", O_RDONLY) == -EACCES &&
	      opens("/proc/self/cwd/etc/passwd", O_RDONLY) == -EACCES);

	CHECK(begin("allow @io @files\nread /proc/self\n"));
	CHECK(!opens("/proc/self/status", O_RDONLY) && opens("/proc/1/status", O_RDONLY) == -EACCES &&
	      opens("/proc/version", O_RDONLY) == -EACCES);
	CHECK(begin("allow @io @files\nread /\n"));
	CHECK(!opens("/etc/passwd", O_RDONLY) && opens("/proc/self/mem", O_RDONLY) == -EACCES);
}

static void looking(void)
{
	struct stat st;
	char text[256] = "";
	int fd;

	CHECK(begin("allow @io @files\nread+write+create HOME/work\nread HOME/ro\n"));
	CHECK(!call(stat, in("work/f"), &st) && st.st_size == 4);
	CHECK(!call(lstat, in("work/link"), &st) && S_ISLNK(st.st_mode));
	CHECK(!call(newfstatat, AT_FDCWD, in("work/link"), &st, 0) && S_ISREG(st.st_mode));
	CHECK(!call(newfstatat, 0, "", &st, AT_EMPTY_PATH));
	CHECK(call(stat, in("secret/f"), &st) == -EACCES && call(stat, in("work/out/f"), &st) == -EACCES);
	CHECK(!call(stat, home, &st) && call(stat, in("work/f"), TARGET) == -EFAULT);
	CHECK(!call(access, in("work/f"), R_OK | W_OK) && call(access, in("ro/f"), W_OK) == -EACCES &&
	      call(access, in("none"), F_OK) == -ENOENT && call(access, in("secret"), F_OK) == -EACCES);
	CHECK(call(readlink, in("work/link"), text, sizeof(text)) == 1 && text[0] == 'f');
	CHECK(call(readlink, in("work/f"), text, sizeof(text)) == -EINVAL);
	CHECK(!call(chmod, in("work/f"), 0600) && call(chmod, in("ro/f"), 0600) == -EACCES &&
	      call(chmod, in("secret/f"), 0600) == -EACCES);
	CHECK(!call(truncate, in("work/f"), 4) && call(truncate, in("work/out/f"), 0) == -EACCES);
	CHECK(!call(utimensat, AT_FDCWD, in("work/f"), 0, 0) &&
	      call(utimensat, AT_FDCWD, in("secret/f"), 0, 0) == -EACCES);
	CHECK(!call(chown, in("work/f"), -1, -1) && call(chown, in("ro/f"), -1, -1) == -EACCES);
	fd = open(in("ro/f"), O_RDONLY);
	CHECK(call(fchmod, fd, 0600) == -EACCES && call(fchown, fd, -1, -1) == -EACCES &&
	      call(fsetxattr, fd, "user.x", "y", 1, 0) == -EACCES && call(fremovexattr, fd, "user.x") == -EACCES &&
	      call(utimensat, fd, 0, 0, 0) == -EACCES && call(fchmod, -1, 0) == -EBADF);
	close(fd);
	fd = open(in("work/f"), O_RDONLY);
	CHECK(!call(fchmod, fd, 0600) && !call(fchown, fd, -1, -1) && !call(utimensat, fd, 0, 0, 0));
	close(fd);
	CHECK(call(getxattr, in("work/f"), "user.x", text, 10) < 0 &&
	      call(getxattr, in("work/f"), TARGET, text, 10) == -EFAULT);
}

static void names(void)
{
	CHECK(begin("allow @io @files\nread+write+create HOME/work\nread HOME/ro\nread+create HOME/secret/sub\n"));
	CHECK(!call(mkdir, in("work/d"), 0755) && !call(rename, in("work/d"), in("work/sub/d")) &&
	      !call(rmdir, in("work/sub/d")));
	CHECK(call(mkdir, in("ro/d"), 0755) == -EACCES && call(unlink, in("ro/f")) == -EACCES &&
	      call(unlink, in("secret/f")) == -EACCES);
	CHECK(!call(symlink, "/anything", in("work/s")) && !call(unlink, in("work/s")));
	CHECK(call(link, in("secret/f"), in("work/l")) == -EACCES && call(link, in("ro/f"), in("work/l")) == -EXDEV);
	CHECK(!call(link, in("work/f"), in("work/l")) && !call(unlinkat, AT_FDCWD, in("work/l"), 0));
	CHECK(call(rename, in("ro/f"), in("work/f2")) == -EACCES && call(rename, in("work"), in("x")) == -EACCES);
	CHECK(call(rename, in("work/f"), in("work/sub/.")) == -EINVAL && call(rmdir, "/") == -EBUSY &&
	      call(mkdir, "", 0) == -ENOENT);
	CHECK(call(mknod, in("work/n"), S_IFCHR | 0600, 0x103) == -EPERM && !call(mknod, in("work/n"), S_IFIFO | 0600, 0) &&
	      !call(unlink, in("work/n")));
	CHECK(begin("allow @files\nread+create HOME\nhide HOME/secret\nread+write+create HOME/work\n"));
	CHECK(call(rename, in("secret"), in("work/secret")) == -EBUSY && call(rename, in("ro"), in("work/ro")) == -EXDEV &&
	      call(rename, in("work"), in("work2")) == -EBUSY && !call(rename, in("ro"), in("ro2")) &&
	      !call(rename, in("ro2"), in("ro")));
	CHECK(call(renameat2, AT_FDCWD, in("ro"), AT_FDCWD, in("secret"), 2 /* EXCHANGE */) == -EBUSY);
}

static void memory(void)
{
	char text[32] = "";
	struct iovec v[2] = { { text, 4 }, { (void *)TARGET, 4 } };
	int fds[2];

	CHECK(begin("allow @io @memory @basic @net\n"));
	CHECK(!call(pipe2, fds, O_NONBLOCK) && call(write, fds[1], "hello", 5) == 5);
	CHECK(call(read, fds[0], TARGET, 4) == -EFAULT && call(read, fds[0], TARGET - 2, 4) == -EFAULT &&
	      call(read, fds[0], text, ~0UL) == -EFAULT && call(read, fds[0], 1UL << 47, 1) == -EFAULT &&
	      call(read, 77, text, 1) == -EBADF);
	CHECK(call(readv, fds[0], v, 2) == -EFAULT && call(readv, fds[0], v, 1) == 4 && !memcmp(text, "hell", 4));
	CHECK(call(readv, fds[0], v, 1025) == -EINVAL && call(readv, fds[0], TARGET, 1) == -EFAULT);
	v[0].iov_len = ~0UL;
	CHECK(call(readv, fds[0], v, 1) == -EINVAL);
	CHECK(call(mmap, TARGET, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == -ENOMEM &&
	      call(mmap, TARGET - 4096, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == -ENOMEM &&
	      call(mmap, 0, 4096, PROT_READ, MAP_PRIVATE, 77, 0) == -EBADF);
	CHECK(call(munmap, TARGET - 4096, 1UL << 40) == -ENOMEM && call(mprotect, TARGET, 4096, 0) == -ENOMEM &&
	      call(munmap, 4096, ~0UL - 4096) == -ENOMEM);
	CHECK(call(mremap, text, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, TARGET) == -ENOMEM);
	CHECK(call(dup2, fds[0], 77) == -EBADF && call(close, 77) == -EBADF && call(fcntl, 77, F_GETFD) == -EBADF);
	CHECK(call(ioctl, fds[0], 0x5412 /* TIOCSTI */, text) == -ENOTTY && call(ioctl, fds[0], 0x541b, TARGET) == -EFAULT);
	CHECK(call(fcntl, fds[0], F_SETOWN, 1) == -EINVAL && call(fcntl, fds[0], F_GETFL) == O_NONBLOCK);
	CHECK(call(prctl, 35 /* PR_SET_MM */, 1, TARGET) == -EPERM);
	CHECK(call(sched_getaffinity, 0, 128, TARGET) == -EFAULT);
	close(fds[0]);
	close(fds[1]);

}

/* Memory that more than one mapping, or a later right, makes something else of. */
static void mappings(void)
{
	int fd = memfd_create("code", 0), library = open("/lib/x86_64-linux-gnu/libc.so.6", O_RDONLY);
	int writable = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	long at;

	CHECK(!ftruncate(fd, 4096) && !ftruncate(writable, 4096));
	CHECK(begin("allow @memory @io\nread+exec /lib /usr\nread+write+exec /tmp\ndeny-write-exec\n"));
	CHECK(call(mmap, 0, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == -EACCES);
	at = call(mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(at > 0 && call(mprotect, at, 4096, PROT_READ | PROT_EXEC) == -EACCES);
	CHECK(call(mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0) == -EACCES &&
	      call(mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == -EACCES &&
	      call(mmap, 0, 4096, PROT_EXEC, MAP_PRIVATE, writable, 0) == -EACCES);
	CHECK(!call(munmap, at, 4096));
	at = call(mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, library, 0);
	CHECK(at > 0 && !call(munmap, at, 4096));

	CHECK(begin("allow @memory @io\nread+write /tmp\nlimit output 64K\n"));
	CHECK(call(mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, writable, 0) == -EACCES &&
	      call(mmap, 0, 4096, PROT_READ, MAP_SHARED, writable, 0) == -EACCES &&
	      call(mmap, 0, 4096, PROT_NONE, MAP_SHARED_VALIDATE, writable, 0) == -EACCES);
	at = call(mmap, 0, 4096, PROT_READ, MAP_SHARED, library, 0);
	CHECK(at > 0 && call(mprotect, at, 4096, PROT_WRITE) == -EACCES && !call(munmap, at, 4096));
	at = call(mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, writable, 0);
	CHECK(at > 0 && !call(munmap, at, 4096));
	close(fd);
	close(library);
	close(writable);
}

static bool is_checked(uint8_t kind)
{
	return kind > ARG_LHEX && kind != ARG_ADDR && kind != ARG_PATH && kind != ARG_STR;
}

/* Without a handler that would look, every address has to be known for one. */
static void tables(void)
{
	static const uint8_t by_arguments[] = {
		DO_plain, DO_output, DO_dup, DO_kill, DO_sched_self, DO_pidfd_open, DO_fd_change,
		DO_socketpair, DO_futex,
	};
	unsigned int nr, i, k, wrong = 0, made = 0;

	for (nr = 0; nr < NR_CALLS; nr++) {
		const struct call *c = &calls[nr];

		for (k = 0; k < sizeof(by_arguments) && by_arguments[k] != c->handler; k++)
			;
		if (!c->name || k == sizeof(by_arguments))
			continue;
		made++;
		for (i = 0; i < 6; i++) {
			bool address = pointer_args(nr) & 1 << i;

			if (c->handler == DO_futex && i == 3)
				continue;	/* by the command an address or a number */
			if (address != is_checked(c->arg[i].kind)) {
				printf("# %s: argument %u\n", c->name, i);
				wrong++;
			}
		}
	}
	CHECK(!wrong && made > 100);
}

/* Whoever no rule names is turned away before the program sees him. */
static void stranger(int listener)
{
	struct sockaddr_in a;
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char c;

	CHECK(!getsockname(listener, (struct sockaddr *)&a, &size) &&
	      !connect(fd, (struct sockaddr *)&a, size));
	CHECK(call(accept, listener, 0, 0) == -ECONNABORTED && read(fd, &c, 1) <= 0);
	close(fd);
}

static void network(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &v, .msg_iovlen = 1 };
	union {
		struct cmsghdr c;
		char space[CMSG_SPACE(4)];
	} control = { .c = { .cmsg_len = CMSG_LEN(4), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	long fd;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(begin("allow @net @io\nconnect 127.0.0.1:9\nread+write+create HOME/work\n"));
	fd = call(socket, AF_INET, SOCK_DGRAM, 0);
	CHECK(fd >= 0 && !call(connect, fd, &a, sizeof(a)));
	a.sin_family = AF_UNSPEC;
	CHECK(!call(connect, fd, &a, sizeof(a)) && call(sendto, fd, "x", 1, 0, &a, sizeof(a)) == -EACCES &&
	      call(bind, fd, &a, sizeof(a)) == -EACCES);
	a.sin_family = AF_INET;
	CHECK(call(sendto, fd, "x", 1, 0, &a, sizeof(a)) == 1 && call(sendmsg, fd, &m, 0) == 1);
	a.sin_port = htons(10);
	CHECK(call(connect, fd, &a, sizeof(a)) == -EACCES && call(sendto, fd, "x", 1, 0, &a, sizeof(a)) == -EACCES &&
	      call(sendmsg, fd, &m, 0) == -EACCES);
	CHECK(call(connect, fd, &a, 200) == -EINVAL && call(connect, fd, TARGET, 16) == -EFAULT &&
	      call(connect, fd, &a, -1) == -EINVAL && call(connect, fd, &a, 1) == -EINVAL);
	m.msg_name = NULL;
	m.msg_control = &control;
	m.msg_controllen = sizeof(control);
	*(int *)CMSG_DATA(&control.c) = 77;
	CHECK(call(sendmsg, fd, &m, 0) == -EBADF);
	control.c.cmsg_type = SCM_CREDENTIALS;
	CHECK(call(sendmsg, fd, &m, 0) == -EPERM);
	control.c.cmsg_len = 4;
	CHECK(call(sendmsg, fd, &m, 0) == -EINVAL);
	m.msg_controllen = 1 << 20;
	CHECK(call(sendmsg, fd, &m, 0) == -ENOBUFS);
	CHECK(call(socket, AF_NETLINK, SOCK_RAW, 0) == -EAFNOSUPPORT &&
	      call(socket, AF_INET, SOCK_RAW, 1) == -EPROTONOSUPPORT);
	close(fd);

	/* Without an address listen() takes any, and a port that no rule names. */
	fd = call(socket, AF_INET, SOCK_STREAM, 0);
	CHECK(call(listen, fd, 1) == -EACCES && call(listen, 0, 1) == -ENOTSOCK);
	close(fd);
	CHECK(begin("allow @net @io\nbind 127.0.0.1:0\naccept 127.0.0.1:1\n"));
	fd = call(socket, AF_INET, SOCK_STREAM, 0);
	CHECK(call(listen, fd, 1) == -EACCES);
	a.sin_port = 0;
	CHECK(!call(bind, fd, &a, sizeof(a)) && !call(listen, fd, 1));
	stranger(fd);
	close(fd);
	CHECK(begin("allow @net @io\nbind any\n"));
	fd = call(socket, AF_INET6, SOCK_STREAM, 0);
	CHECK(fd < 0 || !call(listen, fd, 1));
	close(fd);
}

static void others(void)
{
	struct dune_tf tf = { .rax = SYS_openat, .rip = 0x1002 };

	CHECK(begin("allow getpid\nerrno ENOTDIR getuid\nemulate 9 getgid\n"));
	CHECK(call(getpid) == getpid() && call(getuid) == -ENOTDIR && call(getgid) == 9 && call(getppid) == -EPERM);
	CHECK(call6(SYS_ptrace, 0, 0, 0, 0, 0, 0) == -ENOSYS && call6(5000, 0, 0, 0, 0, 0, 0) == -ENOSYS &&
	      call6(0x40000000 | SYS_getpid, 0, 0, 0, 0, 0, 0) == -ENOSYS);
	CHECK(call6(1UL << 32 | SYS_getpid, 0, 0, 0, 0, 0, 0) == getpid());

	CHECK(begin("allow @signal @basic @process\nlimit processes 2\n"));
	CHECK(call(kill, 1, 0) == -ESRCH && call(kill, 0, 0) == -EPERM && call(kill, -1, 0) == -EPERM &&
	      !call(kill, getpid(), 0) && call(tgkill, 1, 1, 0) == -ESRCH);
	CHECK(call(clone, 0x20000 /* NEWNS */ | 17, 0, 0, 0, 0) == -EPERM &&
	      call(clone, 0x100000 | 17, 0, TARGET, 0, 0) == -EFAULT);
	tasks_add(&box, getpid());
	tasks_add(&box, 1);
	CHECK(call(fork) == -EAGAIN);
	tasks_remove(&box, 1);
	tasks_add(&box, 4000000);	/* nobody: its place is free again */
	CHECK(tasks_room(&box) && !tasks_has(&box, 4000000));

	/* Put off by a signal: the frame begins again, with its number. */
	CHECK(begin("allow @files @io\nread /etc\n"));
	tf.rdi = (uint64_t)AT_FDCWD;
	tf.rsi = P("/etc/passwd");
	signal_first = true;
	box_syscall(&box, &tf);
	signal_first = false;
	CHECK(tf.rip == 0x1000 && tf.rax == SYS_openat);
}

/*
 * Another thread, with calls of the same sandbox, puts a file that may only be read
 * where one is judged that may be written.
 */
static int read_only, writable, flipped;
static bool flipping;

static void *flip(void *unused)
{
	unsigned int i;

	while (__atomic_load_n(&flipping, __ATOMIC_RELAXED)) {
		call(dup2, writable, flipped);
		for (i = 1; i < 3; i++) {
			call(dup2, read_only, flipped + i);
			call(close, flipped + i);
		}
		call(dup2, read_only, flipped);
	}
	return NULL;
}

static mode_t mode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_mode & 07777;
}

static void other_threads(void)
{
	unsigned int i, changed = 0, strange = 0;
	long e;
	char name[40];
	pthread_t thread;

	CHECK(begin("allow @io @files @process\nread+write+create HOME/work\nread HOME/ro\n"));
	CHECK(call(clone, 0x400 /* FILES */ | 17, 0, 0, 0, 0) == -EPERM);
	/* A child that has its parent's memory, but descriptors of its own */
	CHECK(box.slots.owner == getpid());
	box.slots.owner++;
	CHECK(call(clone, 0x500 /* FILES, VM */ | 17, 0, 0, 0, 0) == -EPERM && !box.shares_fds);
	box.slots.owner--;
	CHECK(!slots_start(&box) && !slots_start(&box) && box.slots.nr == NR_SLOTS);
	box.shares_fds = true;
	CHECK(call(dup2, 0, box.slots.fd[3]) == -EBADF && call(close, box.slots.fd[0]) == -EBADF &&
	      call(fstat, box.slots.fd[NR_SLOTS - 1], name) == -EBADF &&
	      !call(close_range, box.slots.first, box.slots.end, 0) &&
	      fcntl(box.slots.fd[5], F_GETFD) >= 0);
	/* Free, but for a new vcpu. */
	CHECK(call(dup2, 0, OWN_FDS_FROM + NR_SLOTS) == -EBADF &&
	      call(close, OWN_FDS_FROM + NR_SLOTS) == -EBADF &&
	      call(dup3, 0, ~0U, 0) == -EBADF && call(dup2, 0, OWN_FDS_FROM - 1) >= 0);
	close(OWN_FDS_FROM - 1);
	opening();
	box.shares_fds = true;
	CHECK(!slots_start(&box));
	read_only = open(in("ro/f"), O_RDONLY);
	writable = open(in("work/f"), O_RDWR);
	flipped = dup(writable);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", flipped);
	CHECK(mode_of(read_only) == 0644);
	/* AT_FDCWD, whose 32 bits are a large number. */
	e = call(openat, -100, in("ro/f"), O_RDONLY, 0);
	CHECK(e >= 0 && !call(close, e));
	flipping = true;
	CHECK(!pthread_create(&thread, NULL, flip, NULL));
	for (i = 0; i < 20000; i++) {
		e = i & 1 ? call(fchmod, flipped, 0600) : call(chmod, name, 0600);

		/* EMFILE: the number was closed, then taken again. */
		strange += e && e != -EACCES && e != -ENOENT && e != -EBADF && e != -EMFILE;
		changed += mode_of(read_only) != 0644;
	}
	flipping = false;
	CHECK(!pthread_join(thread, NULL));
	CHECK(!changed && !strange && mode_of(writable) == 0600 && !box.slots.busy);
	printf("# %u changed, %u strange\n", changed, strange);
	chmod(in("work/f"), 0644);
	close(read_only);
	close(writable);
	close(flipped);
}

static void output(void)
{
	int null = open("/dev/null", O_WRONLY);
	struct iovec v[2] = { { "abcdef", 6 }, { "ghijkl", 6 } };

	CHECK(begin("allow @io @memory\nlimit output 20\n"));
	CHECK(call(write, null, "abcdef", 6) == 6 && call(write, -1, "abcdef", 6) == -EBADF);
	CHECK(call(writev, null, v, 2) == 12 && call(write, null, "abcdef", 6) == 2 &&
	      call(write, null, "a", 1) == -EFBIG && call(writev, null, v, 2) == -EFBIG);
	CHECK(!call(write, null, "", 0));
	close(null);
}

static void traced(void)
{
	char line[256];
	uint64_t args[6] = { (uint32_t)AT_FDCWD, P("/a\n\"b"), O_RDWR | O_CREAT, 0644 };

	draft_show(SYS_openat, args, line, sizeof(line));
	CHECK(!strcmp(line, "openat(AT_FDCWD, \"/a\\n\\\"b\", O_RDWR|O_CREAT, 0644)"));
	args[2] = O_RDONLY;
	draft_show(SYS_openat, args, line, sizeof(line));
	CHECK(!strcmp(line, "openat(AT_FDCWD, \"/a\\n\\\"b\", O_RDONLY)"));
	args[1] = TARGET;
	draft_show(SYS_openat, args, line, 20);
	CHECK(strlen(line) < 20);
	draft_show(100000, args, line, sizeof(line));
	CHECK(!strncmp(line, "syscall_0x186a0(", 16));
}

/* Any arguments at all: nothing breaks, and the monitor's memory stays as it is. */
static void random_calls(void)
{
	char *page = (char *)TARGET;
	static uint64_t own[512];
	unsigned int i, k, made = 0;
	uint64_t args[6];

	memset(page, 0x5a, TARGET_SIZE);
	CHECK(begin("allow @basic @io @files @net @time\nread HOME\nconnect any\nbind any\n"));
	srandom(2);
	for (i = 0; i < 40000; i++) {
		int nr = random() % NR_CALLS;

		/* Calls that wait, end, or change what this test stands on. */
		if (!calls[nr].name || strstr("exit exit_group pause poll ppoll select pselect6 "
		    "epoll_wait epoll_pwait epoll_pwait2 rt_sigsuspend rt_sigtimedwait nanosleep "
		    "clock_nanosleep futex flock close close_range dup2 dup3 arch_prctl brk umask "
		    "rt_sigreturn rt_sigaction rt_sigprocmask sigaltstack fcntl accept accept4 read "
		    "readv recvfrom recvmsg preadv preadv2 connect chdir fchdir prlimit64 prctl "
		    "set_tid_address wait4 waitid tgkill splice tee sendfile copy_file_range",
		    calls[nr].name))
			continue;
		for (k = 0; k < 512; k++)
			own[k] = random() % 3 ? TARGET + random() % TARGET_SIZE : (uint64_t)random();
		for (k = 0; k < 6; k++) {
			switch (random() % 5) {
			case 0:
				args[k] = random() % 8;
				break;
			case 1:
				args[k] = TARGET - 64 + random() % (TARGET_SIZE + 128);
				break;
			case 2:
				args[k] = P(own) + random() % 2048;
				break;
			case 3:
				args[k] = -(random() % 5000);
				break;
			case 4:
				args[k] = (uint64_t)random() << (random() % 33);
				break;
			}
		}
		if (args[0] <= 2)
			args[0] = 200;
		call6(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
		made++;
	}
	for (k = i = 0; i < TARGET_SIZE; i++)
		k += page[i] != 0x5a;
	printf("# %u calls\n", made);
	CHECK(!k && made > 5000);
}

int main(void)
{
	TARGET = P(mmap(NULL, TARGET_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	prepare();
	opening();
	lengths_of_names();
	strings_at_the_end();
	relative_names();
	proc();
	looking();
	names();
	memory();
	mappings();
	tables();
	network();
	others();
	other_threads();
	output();
	traced();
	random_calls();
	tidy();
	return tap_end();
}
