/* SPDX-License-Identifier: MIT */
/*
 * sandbox_calls_test.c - the sandbox's judgement of calls that name no file
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
#include <signal.h>
#include <sys/wait.h>

#include "sandbox_box.h"

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
	CHECK(call(mmap, 0, 4096, PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == -EACCES);
	at = call(mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, library, 0);
	CHECK(at > 0 && !call(munmap, at, 4096));
	/* What lies in no directory is not below "/". */
	CHECK(begin("allow @memory @io\nread+exec /\ndeny-write-exec\n"));
	CHECK(call(mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == -EACCES);
	/* A page of 2 MiB and more at a fixed place may reach farther than it is long. */
	CHECK(call(mmap, TARGET - (2UL << 20), 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
		   MAP_HUGETLB | MAP_NORESERVE, -1, 0) == -ENOMEM);

	/* But there is nothing behind the end of all, where libraries come to lie. */
	at = call(mmap, (1UL << 47) - (1 << 20), 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, library, 0);
	CHECK(at == (1L << 47) - (1 << 20) || at == -EEXIST);
	CHECK(call(mmap, (1UL << 47) - 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, library, 0) == -ENOMEM);

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

static int moving;

/* The association, and with it the port that Linux chose. */
static void dissolve(void)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	connect(moving, &none, sizeof(none));
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
	socklen_t size = sizeof(a);
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
	moving = call(socket, AF_INET, SOCK_STREAM, 0);
	CHECK(!call(bind, moving, &a, sizeof(a)) && !getsockname(fd, (void *)&a, &size) &&
	      !connect(moving, (void *)&a, sizeof(a)));
	close(fd);
	meanwhile = dissolve;
	CHECK(call(listen, moving, 1) == -EACCES && call(accept, moving, 0, 0) == -EINVAL);
	close(moving);
	CHECK(begin("allow @net @io\nbind any\n"));
	fd = call(socket, AF_INET6, SOCK_STREAM, 0);
	CHECK(fd < 0 || !call(listen, fd, 1));
	close(fd);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

static void end_of(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Places that are held count; a task may be entered twice, and has one. */
static void room(void)
{
	pid_t child = sleeper(), other = sleeper();
	uint64_t held, none;
	int place = roster_hold(&box, &held);

	CHECK(place >= 0 && roster_hold(&box, &none) == -1);
	roster_fill(&box, place, none, other, false);	/* not his */
	roster_fill(&box, place, held, child, false);
	roster_fill(&box, place, held, other, false);	/* done already */
	roster_add(&box, child);
	CHECK(roster_has(&box, child) && !roster_has(&box, other) && roster_hold(&box, &none) == -1);
	/* It begins to end, and does not; then it ends, and is still to be waited for. */
	roster_leave(&box, child, true);
	CHECK(roster_has(&box, child) && roster_hold(&box, &none) == -1);
	roster_leave(&box, child, false);
	kill(child, SIGKILL);
	waitid(P_PID, child, NULL, WEXITED | WNOWAIT);
	CHECK(roster_hold(&box, &none) == -1);
	roster_leave(&box, child, true);
	place = roster_hold(&box, &held);
	CHECK(place >= 0 && !roster_has(&box, child));
	roster_give_back(&box, place, none);		/* not his */
	CHECK(roster_hold(&box, &none) == -1);
	end_of(other);
	roster_fill(&box, place, held, other, false);	/* nobody's any more */
	place = roster_hold(&box, &held);
	CHECK(place >= 0 && !roster_has(&box, other));
	/* No child of ours: whose number it is nobody knows. */
	roster_fill(&box, place, held, getppid(), false);
	CHECK(!roster_has(&box, getppid()) && roster_hold(&box, &held) >= 0);
	end_of(child);
}

static void others(void)
{
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
	CHECK(call(setpgid, 0, getppid()) == -EPERM && call(setpgid, getppid(), 0) == -ESRCH &&
	      (!call(setpgid, 0, 0) || getsid(0) == getpid()));
	roster_add(&box, getpid());
	roster_add(&box, 1);
	CHECK(call(fork) == -EAGAIN && !call(kill, 1, 0));
	box.shared->task[1] = 0;
	CHECK(call(kill, 1, 0) == -ESRCH);
	roster_add(&box, 4000000);	/* nobody: its place is free again */
	CHECK(!roster_has(&box, 4000000));
	room();
}

/* Its number is another's, who began after it was entered. */
static void strangers(void)
{
	uint64_t day = 24 * 3600 * 100UL << 32, held;
	pid_t child = sleeper();
	int place;

	CHECK(begin("allow @signal @basic @process\n"));
	box.shared->task[0] = 0;
	roster_add(&box, child);
	CHECK(!call(kill, child, 0));
	box.shared->task[0] -= day;
	CHECK(call(kill, child, 0) == -ESRCH);
	box.shared->task[0] += day;
	CHECK(!call(kill, child, 0));

	/* Its number is a new task's, which has another place. */
	box.shared->task[0] -= day;
	place = roster_hold(&box, &held);
	roster_fill(&box, place, held, child, false);
	CHECK(!call(kill, child, 0) && !box.shared->task[0]);
	end_of(child);
}

static void put_off(void)
{
	struct dune_tf tf = { .rax = SYS_openat, .rip = 0x1002 };

	/* Put off by a signal: the frame begins again, with its number. */
	CHECK(begin("allow @files @io\nread /etc\n"));
	tf.rdi = (uint64_t)AT_FDCWD;
	tf.rsi = P("/etc/passwd");
	signal_first = true;
	box_syscall(&box, &tf);
	signal_first = false;
	CHECK(tf.rip == 0x1000 && tf.rax == SYS_openat);
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
	memory();
	mappings();
	tables();
	network();
	others();
	strangers();
	put_off();
	output();
	traced();
	random_calls();
	tidy();
	return tap_end();
}
