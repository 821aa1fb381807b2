/* SPDX-License-Identifier: MIT */
/*
 * sandbox_test.c - the sandbox's judgement of files: by whatever name, by several threads
 *
 * CFLAGS: -D_GNU_SOURCE -Ilibdune/include -Ibuild/apps/trace
 * SOURCES: apps/policy/lex.c apps/policy/parse.c apps/policy/rules.c apps/policy/paths.c
 * SOURCES: apps/policy/peers.c apps/policy/limits.c apps/policy/ready.c apps/policy/constants.c
 * SOURCES: apps/sandbox/calls.c apps/sandbox/judge.c apps/sandbox/box.c apps/sandbox/user.c
 * SOURCES: apps/sandbox/names.c apps/sandbox/rights.c apps/sandbox/quick.c apps/sandbox/start.c apps/sandbox/open.c apps/sandbox/files.c apps/sandbox/entries.c
 * SOURCES: apps/sandbox/descriptors.c apps/sandbox/memory.c apps/sandbox/tasks.c
 * SOURCES: apps/sandbox/net.c apps/sandbox/message.c apps/sandbox/limits.c apps/sandbox/roster.c
 * SOURCES: apps/sandbox/report.c apps/sandbox/learn.c apps/trace/draft.c apps/trace/lines.c
 * SOURCES: apps/trace/arguments.c apps/trace/flags.c apps/trace/memory.c apps/trace/names.c
 * SOURCES: apps/trace/gather.c apps/trace/sets.c apps/trace/kinds.c apps/trace/sockets.c apps/trace/messages.c apps/trace/events.c
 * SOURCES: apps/trace/system.c apps/trace/options.c
 * SOURCES: apps/trace/tasks.c apps/trace/signals.c
 * SOURCES: apps/sandbox/handlers.c apps/sandbox/fdclass.c apps/sandbox/fdslots.c
 * SOURCES: apps/run/pointers.c
 * SOURCES: tests/unit/sandbox_host.c
 */
#include <sched.h>

#include "sandbox_box.h"

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
	CHECK(call(rename, in("secret"), in("work/secret")) == -EACCES && call(rename, in("ro"), in("work/ro")) == -EXDEV &&
	      call(rename, in("work"), in("work2")) == -EBUSY && !call(rename, in("ro"), in("ro2")) &&
	      !call(rename, in("ro2"), in("ro")));
	CHECK(call(renameat2, AT_FDCWD, in("ro"), AT_FDCWD, in("secret"), 2 /* EXCHANGE */) == -EACCES);
}

/* What is hidden is not made, replaced or removed either, be it there or not. */
static void hidden_names(void)
{
	char to[256];

	CHECK(begin("allow @io @files\nread+write+create HOME/work\n"
		    "hide HOME/work/hidden HOME/work/absent HOME/work/new/deep\n"));
	strcpy(to, in("work/absent"));
	CHECK(call(mkdir, to, 0755) == -EACCES && call(symlink, "f", to) == -EACCES &&
	      call(link, in("work/f"), to) == -EACCES && call(rename, in("work/f"), to) == -EACCES &&
	      call(mknod, to, S_IFIFO | 0600, 0) == -EACCES && opens(to, O_CREAT | O_WRONLY) == -EACCES &&
	      access(to, F_OK));
	CHECK(call(rmdir, in("work/hidden")) == -EACCES && call(unlink, in("work/hidden/f")) == -EACCES &&
	      call(mkdir, in("work/hidden/x"), 0755) == -EACCES);
	strcpy(to, in("work/hidden"));
	CHECK(call(rename, in("work/sub"), to) == -EACCES && call(rename, to, in("work/shown")) == -EACCES);
	CHECK(!call(mkdir, in("work/made"), 0755) && !call(mkdir, in("work/made/deep"), 0755));
	strcpy(to, in("work/new"));
	CHECK(call(rename, in("work/made"), to) == -EBUSY && !call(mkdir, to, 0755) &&
	      call(mkdir, in("work/new/deep"), 0755) == -EACCES &&
	      call(renameat2, AT_FDCWD, in("work/made"), AT_FDCWD, to, 2 /* EXCHANGE */) == -EBUSY);
	CHECK(!call(rmdir, in("work/new")) && !call(rmdir, in("work/made/deep")) &&
	      !call(rmdir, in("work/made")));
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

/* Where Linux cannot say how a directory is called, nothing gains rights by a name in it. */
static void deep_names(void)
{
	char part[201], path[4600], target[4200] = "", from[300];
	int i;

	memset(part, 'a', 200);
	part[200] = 0;
	strcpy(from, in("ro/f"));
	CHECK(begin("allow @io @files\nread+write+create HOME/work\nread HOME/ro\n"));
	CHECK(call(link, from, in("work/l")) == -EXDEV);
	strcpy(path, in("work"));
	for (i = 0; i < 18; i++) {
		strcat(strcat(path, "/"), part);
		strcat(strcat(target, i ? "/" : ""), part);
		CHECK(!call(mkdir, path, 0755));
	}
	CHECK(!call(symlink, target, in("work/s")));
	strcpy(path, in("work/s"));
	for (i = 0; i < 6; i++) {
		strcat(strcat(path, "/"), part);
		CHECK(!call(mkdir, path, 0755));
	}
	strcat(path, "/x");
	CHECK(call(link, from, path) == -EXDEV && access(path, F_OK));
}

/* What comes to a rule's own name would have its rights. */
static void names_of_rules(void)
{
	char from[300];

	CHECK(!mkdir(in("work/q"), 0755) && !mkdir(in("work/mine"), 0755));
	close(open(in("work/q/f"), O_CREAT | O_WRONLY, 0644));
	close(open(in("work/g"), O_CREAT | O_WRONLY, 0644));
	close(open(in("work/log"), O_CREAT | O_WRONLY, 0644));
	CHECK(begin("allow @io @files\ncreate HOME/work\nread+write+create HOME/work/mine\nread+write HOME/work/log\n"));
	CHECK(opens(in("work/q/f"), O_RDWR) == -EACCES);
	strcpy(from, in("work/q"));
	CHECK(call(rename, from, in("work/mine")) == -EXDEV);
	strcpy(from, in("work/g"));
	CHECK(call(rename, from, in("work/log")) == -EXDEV && call(link, from, in("work/log")) < 0);
}

static int leaders;

static void *with_own_descriptors(void *unused)
{
	unshare(CLONE_FILES);
	close(leaders);		/* the next one here, and the leader's leads to work */
	return (void *)call(unlink, in("secret/f"));
}

/* Which descriptors /proc shows is a matter of who asks. */
static void own_descriptors(void)
{
	pthread_t thread;
	void *result;

	CHECK(begin("allow @io @files @process\nread+write+create HOME/work\n"));
	box.shares_fds = false;
	leaders = open(in("work"), O_PATH);
	pthread_create(&thread, NULL, with_own_descriptors, NULL);
	pthread_join(thread, &result);
	CHECK((long)result == -EACCES && !access(in("secret/f"), F_OK));
	close(leaders);
	CHECK(call(clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, 0, 0, 0, 0) == -EPERM);
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
	hidden_names();
	other_threads();
	deep_names();
	names_of_rules();
	own_descriptors();
	tidy();
	return tap_end();
}
