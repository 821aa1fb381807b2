/* SPDX-License-Identifier: MIT */
/*
 * shown.c - common calls, some that fail and some that write nothing, for dune-trace
 * and strace to show; libc is left out where it would make another call of it
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define FUTEX(...)	syscall(SYS_futex, __VA_ARGS__)

static void *volatile nowhere = (void *)16;
static uint32_t word = 1, other;

/* Structures that a call leaves as they were when nothing has come. */
static void nothing_comes(void)
{
	struct rusage usage;
	siginfo_t info;
	int fds[2], status = 0x7f7f7f7f;
	pid_t pid;

	pipe(fds);
	pid = fork();
	if (!pid) {
		close(fds[1]);
		read(fds[0], &status, 1);
		_exit(3);
	}
	memset(&info, 0x55, sizeof(info));
	memset(&usage, 0x55, sizeof(usage));
	syscall(SYS_wait4, -1, &status, WNOHANG, &usage);
	syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG, NULL);
	close(fds[1]);
	syscall(SYS_wait4, -1, &status, 0, NULL);
	syscall(SYS_wait4, -1, &status, 0, NULL);
	pid = fork();
	if (!pid)
		_exit(4);
	syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOWAIT, NULL);
	syscall(SYS_wait4, -1, &status, WNOHANG | __WALL, NULL);
	pid = fork();
	if (!pid)
		raise(SIGKILL);
	syscall(SYS_wait4, -1, &status, 0, NULL);
	close(fds[0]);
}

static void names(void)
{
	static char deep[4096];
	char cwd[4096];
	int fd;

	mkdir("/tmp/shown-a-folder-with-a-long-name-of-more-than-32-bytes", 0755);
	chdir("/tmp/shown-a-folder-with-a-long-name-of-more-than-32-bytes");
	syscall(SYS_getcwd, cwd, sizeof(cwd));
	syscall(SYS_getcwd, cwd, 2);
	chdir("/tmp");
	syscall(SYS_getcwd, cwd, sizeof(cwd));
	rmdir("/tmp/shown-a-folder-with-a-long-name-of-more-than-32-bytes");
	umask(022);
	umask(0);
	umask(0777);
	umask(022);
	fd = open("/tmp", O_TMPFILE | O_RDWR, 0640);
	close(fd);
	fd = open("/tmp/shown", O_CREAT | O_RDWR, 0600);
	memset(deep, 'x', sizeof(deep) - 1);
	access(deep, F_OK);
	memset(deep, '/', 3000);
	access(deep, F_OK);
	deep[3000] = '\0';
	access(deep, F_OK);
	deep[1500] = '\0';
	rename(deep, deep + 7);
	syscall(SYS_renameat2, AT_FDCWD, "/nowhere/a", AT_FDCWD, "b", RENAME_NOREPLACE);
	fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4096);
	fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 4096);
	fallocate(fd, 0, 0, 100);
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	syscall(SYS_flock, fd, 1);
	syscall(SYS_flock, fd, 8);
	syscall(SYS_flock, fd, 2 | 4);
	symlink("target", "/tmp/shown.link");
	syscall(SYS_readlink, "/tmp/shown.link", cwd, 4096);
	unlink("/tmp/shown.link");
	unlink("/tmp/shown");
	close(fd);
	close(syscall(SYS_memfd_create, "a name", 1));
	close(syscall(SYS_memfd_create, "b", 3));
	syscall(SYS_fcntl, 1, F_GETFD);
	syscall(SYS_fcntl, 1, F_SETFD, 0);
	syscall(SYS_fcntl, 99, F_SETFD, FD_CLOEXEC);
	syscall(SYS_fcntl, 99, F_SETFL, O_NONBLOCK | O_RDWR);
	syscall(SYS_fcntl, 99, F_DUPFD_CLOEXEC, 3);
	syscall(SYS_fcntl, 99, F_GETLK, nowhere);
}

static void futexes(void)
{
	struct timespec t = { 0, 1000 }, past = { 1, 5 };

	FUTEX(&word, FUTEX_WAKE_PRIVATE, 1);
	FUTEX(&word, FUTEX_WAKE, INT32_MAX);
	FUTEX(&word, FUTEX_WAIT_PRIVATE, 5, NULL);
	FUTEX(&word, FUTEX_WAIT, 1, &t);
	FUTEX(&word, FUTEX_WAIT, 1, nowhere);
	FUTEX(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 1, &past, NULL, FUTEX_BITSET_MATCH_ANY);
	FUTEX(&word, FUTEX_WAIT_BITSET, 5, NULL, NULL, 7);
	FUTEX(&word, FUTEX_WAKE_BITSET_PRIVATE, 3, NULL, NULL, 5);
	FUTEX(&word, FUTEX_REQUEUE_PRIVATE, 1, 2, &other);
	FUTEX(&word, FUTEX_CMP_REQUEUE, 1, 2, &other, 1);
	FUTEX(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, &other, 1);
	FUTEX(&word, FUTEX_WAKE_OP_PRIVATE, 1, 1, &other, FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_GT, 1));
	FUTEX(&word, FUTEX_WAKE_OP, 1, 1, &other, FUTEX_OP((FUTEX_OP_ADD | FUTEX_OP_OPARG_SHIFT), 3, FUTEX_OP_CMP_EQ, 0));
	word = 0;
	FUTEX(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL);
	FUTEX(&word, FUTEX_UNLOCK_PI_PRIVATE);
	FUTEX(&word, FUTEX_TRYLOCK_PI);
	FUTEX(&word, FUTEX_UNLOCK_PI);
	FUTEX(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 2, &other, 7);
	FUTEX(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 9, &past, &other);
	FUTEX(&word, 77, 1, 2, 3, 4);
}

static void options(void)
{
	struct timeval second = { 1, 500 };
	struct linger linger = { 1, 5 };
	struct sockaddr_in in;
	struct ucred cred;
	struct { struct cmsghdr head; int fds[2]; } control = {
		{ CMSG_LEN(8), SOL_SOCKET, SCM_RIGHTS }, { 0, 1 } };
	char space[CMSG_SPACE(64)];
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control) };
	char c;
	struct iovec w = { &c, 1 };
	struct msghdr r = { .msg_iov = &w, .msg_iovlen = 1, .msg_control = space,
		.msg_controllen = sizeof(space) };
	socklen_t size;
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, s[2], n;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, 4);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, nowhere, 4);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, 2);
	setsockopt(fd, SOL_TCP, TCP_NODELAY, &one, 4);
	setsockopt(fd, SOL_IP, IP_TOS, &one, 4);
	setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &one, 4);
	size = 4;
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &n, &size);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &n, &size);
	getsockopt(99, SOL_SOCKET, SO_ERROR, &n, &size);
	size = sizeof(linger);
	getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size);
	size = 2;
	memset(&in, 0x55, sizeof(in));
	getsockname(fd, (void *)&in, &size);
	size = sizeof(in);
	getsockname(99, (void *)&in, &size);
	close(fd);
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	sendmsg(s[0], &m, 0);
	recvmsg(s[1], &r, MSG_CMSG_CLOEXEC);
	r.msg_controllen = sizeof(space);
	recvmsg(s[1], &r, MSG_DONTWAIT);
	size = sizeof(cred);
	getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &cred, &size);
	m.msg_controllen = 5;
	sendmsg(s[0], &m, 0);
	m.msg_control = nowhere;
	m.msg_controllen = 20;
	sendmsg(s[0], &m, 0);
	close(s[0]);
	close(s[1]);
}

static void waits(void)
{
	struct timespec t = { 0, 1000 }, zero = { 0 }, rest;
	struct timeval now = { 0, 5 };
	struct itimerval timer = { { 0, 0 }, { 100, 0 } }, old;
	struct epoll_event e[2];
	struct pollfd p = { .events = POLLIN };
	struct { const void *set; size_t size; } sixth;
	fd_set in, out;
	sigset_t set;
	int fds[2], ep = epoll_create1(0);

	pipe(fds);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(fds[0], &in);
	FD_SET(fds[1], &out);
	syscall(SYS_select, 8, &in, &out, NULL, NULL);
	FD_SET(fds[0], &in);
	syscall(SYS_select, 8, &in, NULL, NULL, &now);
	syscall(SYS_select, 0, NULL, NULL, NULL, &now);
	syscall(SYS_select, 8, nowhere, NULL, NULL, NULL);
	syscall(SYS_select, -1, &in, NULL, NULL, NULL);
	FD_SET(fds[0], &in);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sixth.set = &set;
	sixth.size = 8;
	syscall(SYS_pselect6, 8, &in, &out, &in, &t, &sixth);
	t.tv_nsec = 1000;
	syscall(SYS_pselect6, 8, &in, NULL, NULL, &t, NULL);
	p.fd = fds[0];
	poll(&p, 1, 0);
	t.tv_nsec = 1000;
	syscall(SYS_ppoll, &p, 1, &t, NULL, 0);
	epoll_wait(ep, e, 2, 0);
	t.tv_nsec = 1000;
	syscall(SYS_nanosleep, &t, NULL);
	syscall(SYS_nanosleep, &t, &rest);
	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &zero, &rest);
	syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &zero, NULL);
	syscall(SYS_clock_gettime, CLOCK_REALTIME, nowhere);
	syscall(SYS_setitimer, ITIMER_REAL, &timer, NULL);
	memset(&timer, 0, sizeof(timer));
	syscall(SYS_setitimer, ITIMER_VIRTUAL, &timer, &old);
	syscall(SYS_getitimer, ITIMER_PROF, &old);
	syscall(SYS_getitimer, 77, &old);
	syscall(SYS_alarm, 0);
	close(fds[0]);
	close(fds[1]);
	close(ep);
}

static void memory(void)
{
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(p, 4096, MADV_DONTNEED);
	madvise(p, 4096, MADV_COLD);
	madvise(p, 4096, MADV_DODUMP);
	madvise(p, 4096, 7777);
	msync(p, 4096, MS_SYNC);
	msync(p, 4096, MS_ASYNC | MS_INVALIDATE);
	p = mremap(p, 65536, 131072, MREMAP_MAYMOVE);
	mremap(p, 131072, 4096, 0);
	mremap(p, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, p + 65536);
	mlock(p, 4096);
	mprotect(nowhere, 1, PROT_NONE);
}

static void about(void)
{
	struct { struct rlimit l; } limit;
	struct sysinfo info;
	struct rusage usage;
	struct statfs fs;
	struct termios terminal;
	struct winsize window;
	struct timespec times[2] = { { 1, 2 }, { 0, UTIME_NOW } };
	struct tms tms;
	char buffer[4096], name[16];
	int fd, n;

	statfs("/dev", &fs);
	statfs("/nowhere", &fs);
	fd = open("/proc/self", O_RDONLY | O_DIRECTORY);
	syscall(SYS_fstatfs, fd, &fs);
	syscall(SYS_getdents64, fd, buffer, 300);
	syscall(SYS_getdents64, fd, buffer, 4);
	close(fd);
	fd = open("/sys/kernel/mm", O_RDONLY | O_DIRECTORY);
	while (syscall(SYS_getdents64, fd, buffer, sizeof(buffer)) > 0)
		;
	close(fd);
	syscall(SYS_getrusage, RUSAGE_SELF, nowhere);
	syscall(SYS_getrusage, RUSAGE_CHILDREN, &usage);
	syscall(SYS_sysinfo, &info);
	syscall(SYS_sysinfo, nowhere);
	syscall(SYS_times, &tms);
	syscall(SYS_utimensat, AT_FDCWD, "/nowhere", times, AT_SYMLINK_NOFOLLOW);
	times[0].tv_nsec = UTIME_OMIT;
	syscall(SYS_utimensat, AT_FDCWD, "/nowhere", times, 0);
	syscall(SYS_utimensat, AT_FDCWD, "/nowhere", NULL, 0);
	fd = open("/dev/null", O_RDWR);
	ioctl(fd, TCGETS, &terminal);
	ioctl(fd, TIOCGWINSZ, &window);
	ioctl(fd, FIONREAD, &n);
	ioctl(fd, TIOCGPGRP, &n);
	ioctl(fd, FIOCLEX);
	n = 1;
	ioctl(fd, FIONBIO, &n);
	close(fd);
	ioctl(99, 0x4004667e, &n);
	ioctl(99, 0xabcd1234, &n);
	prctl(PR_SET_NAME, "a name");
	prctl(PR_GET_NAME, name);
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_GET_DUMPABLE);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	prctl(PR_CAPBSET_READ, 5);
	syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
	syscall(SYS_prlimit64, 0, RLIMIT_SIGPENDING, &(struct rlimit){ 1000, 1 << 20 }, NULL);
	syscall(SYS_getrlimit, RLIMIT_MSGQUEUE, nowhere);
	syscall(SYS_getresuid, &fd, &n, nowhere);
	syscall(SYS_setsid);
	syscall(SYS_getrandom, buffer, 0, 0);
	syscall(SYS_sched_getaffinity, 99999999, 8, buffer);
}

static void signals(void)
{
	stack_t stack = { .ss_sp = (void *)0x100000, .ss_size = 65536 }, old;
	uint64_t action[4] = { 1, 0, 0, 1 << 1 | 1 << 9 }, set[1] = { 1 << 9 | 1 << 11 }, was[4];

	syscall(SYS_rt_sigaction, SIGUSR1, action, was, 8);
	syscall(SYS_rt_sigaction, SIGUSR2, NULL, was, 8);
	syscall(SYS_rt_sigaction, SIGKILL, action, was, 8);
	syscall(SYS_rt_sigaction, SIGRTMIN, NULL, NULL, 8);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, set, was, 8);
	set[0] = ~0ULL;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, set, was, 8);
	syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, set, NULL, 8);
	syscall(SYS_rt_sigprocmask, 77, NULL, was, 8);
	syscall(SYS_rt_sigprocmask, 77, set, was, 8);
	syscall(SYS_rt_sigpending, was, 8);
	syscall(SYS_sigaltstack, &stack, &old);
	syscall(SYS_sigaltstack, NULL, &old);
	syscall(SYS_kill, 99999999, SIGTERM);
	syscall(SYS_tgkill, 99999999, 99999999, 0);
}

int main(void)
{
	nothing_comes();
	names();
	futexes();
	options();
	waits();
	memory();
	about();
	signals();
	return 0;
}
