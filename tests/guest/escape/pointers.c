/* SPDX-License-Identifier: MIT */
/*
 * pointers.c - have Linux read or write the monitor's memory
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "escape.h"

#define T	((void *)TARGET_DATA)

static int pair[2];

/* Two connected sockets, with something to read on the first. */
static int with_pair(void)
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return errno;
	return write(pair[1], "0123456789abcdef", 16) == 16 ? 0 : errno;
}

#define PAIR()	do { int e = with_pair(); if (e) return e; } while (0)
#define WRITES(name, call) static int name(void) { PAIR(); return FAILED(call); }

WRITES(read_to, syscall(SYS_read, pair[0], T, 8))
WRITES(recvfrom_to, syscall(SYS_recvfrom, pair[0], T, 8, 0, NULL, NULL))
WRITES(recvfrom_address, syscall(SYS_recvfrom, pair[0], (char[8]){ 0 }, 8, 0, T, (void *)(TARGET_DATA + 128)))
WRITES(fstat_to, syscall(SYS_fstat, pair[0], T))
WRITES(stat_to, syscall(SYS_newfstatat, AT_FDCWD, "/", T, 0))
WRITES(statx_to, syscall(SYS_statx, AT_FDCWD, "/", 0, 0xfff, T))
WRITES(statfs_to, syscall(SYS_statfs, "/", T))
WRITES(uname_to, syscall(SYS_uname, T))
WRITES(getcwd_to, syscall(SYS_getcwd, T, 4096))
WRITES(getrandom_to, syscall(SYS_getrandom, T, 16, 0))
WRITES(sysinfo_to, syscall(SYS_sysinfo, T))
WRITES(times_to, syscall(SYS_times, T))
WRITES(getrusage_to, syscall(SYS_getrusage, 0, T))
WRITES(getrlimit_to, syscall(SYS_getrlimit, RLIMIT_CORE, T))
WRITES(prlimit_to, syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, T))
WRITES(clock_gettime_to, syscall(SYS_clock_gettime, CLOCK_REALTIME, T))
WRITES(gettimeofday_to, syscall(SYS_gettimeofday, T, NULL))
WRITES(time_to, syscall(SYS_time, T))
WRITES(pipe_to, syscall(SYS_pipe2, T, 0))
WRITES(socketpair_to, syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, T))
WRITES(sigprocmask_to, syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, T, 8))
WRITES(sigaction_to, syscall(SYS_rt_sigaction, SIGUSR1, NULL, T, 8))
WRITES(sigaltstack_to, syscall(SYS_sigaltstack, NULL, T))
WRITES(sigpending_to, syscall(SYS_rt_sigpending, T, 8))
WRITES(getitimer_to, syscall(SYS_getitimer, 0, T))
WRITES(ioctl_to, syscall(SYS_ioctl, pair[0], FIONREAD, T))
WRITES(getsockopt_to, syscall(SYS_getsockopt, pair[0], SOL_SOCKET, SO_TYPE, T, &(socklen_t){ 4 }))
WRITES(getsockopt_length, syscall(SYS_getsockopt, pair[0], SOL_SOCKET, SO_TYPE, &(int){ 0 }, T))
WRITES(getsockname_to, syscall(SYS_getsockname, pair[0], T, &(socklen_t){ 16 }))
WRITES(getresuid_to, syscall(SYS_getresuid, T, T, T))
WRITES(sched_getaffinity_to, syscall(SYS_sched_getaffinity, 0, 128, T))
WRITES(readlink_to, syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", T, 64))
WRITES(getcpu_to, syscall(SYS_getcpu, T, NULL, NULL))
WRITES(mincore_to, syscall(SYS_mincore, (uintptr_t)pair & ~4095UL, 4096, T))

static int poll_to(void)
{
	struct pollfd *p = T;

	return FAILED(syscall(SYS_poll, p, 1, 0));
}

static int select_to(void)
{
	return FAILED(syscall(SYS_select, 1, T, NULL, NULL, &(struct timeval){ 0 }));
}

static int epoll_wait_to(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int e = epoll_create1(0);

	PAIR();
	if (e < 0 || epoll_ctl(e, EPOLL_CTL_ADD, pair[0], &event))
		return errno;
	return FAILED(syscall(SYS_epoll_wait, e, T, 1, 0));
}

static int getdents_to(void)
{
	int fd = open(WORK, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return errno;
	return FAILED(syscall(SYS_getdents64, fd, T, 1024));
}

static int timerfd_to(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	return fd < 0 ? errno : FAILED(syscall(SYS_timerfd_gettime, fd, T));
}

static int wait_to(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(1);
	return FAILED(syscall(SYS_wait4, pid, T, 0, NULL));
}

static int readv_nested(void)
{
	struct iovec v[2] = { { (char[4]){ 0 }, 4 }, { T, 4 } };

	PAIR();
	return FAILED(syscall(SYS_readv, pair[0], v, 2));
}

static int recvmsg_nested(void)
{
	struct iovec v = { T, 8 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	PAIR();
	return FAILED(syscall(SYS_recvmsg, pair[0], &m, 0));
}

static int recvmsg_control(void)
{
	char byte;
	struct iovec v = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = T, .msg_controllen = 64,
	};

	PAIR();
	return FAILED(syscall(SYS_recvmsg, pair[0], &m, 0));
}

static int recvmsg_header(void)
{
	PAIR();
	return FAILED(syscall(SYS_recvmsg, pair[0], T, 0));
}

/* The other way: have it sent what is in there. */
WRITES(write_from, syscall(SYS_write, pair[1], T, 8))
WRITES(sendto_from, syscall(SYS_sendto, pair[1], T, 8, 0, NULL, 0))
WRITES(setsockopt_from, syscall(SYS_setsockopt, pair[1], SOL_SOCKET, SO_SNDBUF, T, 4))

static int writev_nested(void)
{
	struct iovec v[2] = { { "abc", 3 }, { T, 4 } };

	PAIR();
	return FAILED(syscall(SYS_writev, pair[1], v, 2));
}

static int writev_vector(void)
{
	PAIR();
	return FAILED(syscall(SYS_writev, pair[1], T, 2));
}

static int sendmsg_nested(void)
{
	struct iovec v = { T, 8 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	PAIR();
	return FAILED(syscall(SYS_sendmsg, pair[1], &m, 0));
}

static int open_name_unread(void)
{
	int e;

	errno = 0;
	e = FAILED(syscall(SYS_openat, AT_FDCWD, T, O_RDONLY));
	return e == ENOENT ? 0 : e;	/* it has been looked at */
}

/* An address in the environment, for the new program to print. */
static int exec_environment(void)
{
	char *const args[] = { "busybox", "true", NULL };
	char *const env[] = { "A=1", T, NULL };
	pid_t pid = fork();

	if (!pid) {
		execve("/bin/busybox", args, env);
		_exit(errno);
	}
	return answer_of(pid);
}

static int exec_arguments(void)
{
	char *const args[] = { "busybox", "true", T, NULL };
	pid_t pid = fork();

	if (!pid) {
		execve("/bin/busybox", args, (char *[]){ NULL });
		_exit(errno);
	}
	return answer_of(pid);
}

/* Words that Linux writes later. */
WRITES(set_tid_address_at, syscall(SYS_set_tid_address, T))
WRITES(robust_list_at, syscall(SYS_set_robust_list, T, 24))
WRITES(nanosleep_rest, syscall(SYS_nanosleep, &(struct timespec){ 0, 1 }, T))

static int clone_tid(void)
{
	long pid = syscall(SYS_clone, SIGCHLD | 0x00100000 /* PARENT_SETTID */, 0, T, 0, 0);

	if (!pid)
		_exit(0);
	if (pid < 0)
		return errno;
	waitpid(pid, NULL, 0);
	return 0;
}

static int futex_wake_op(void)
{
	/* 4: set the second word to 1 */
	return FAILED(syscall(SYS_futex, &(int){ 0 }, 5, 0, 0, T, 1 << 12));
}

/*
 * From memory of ours across the guard page into the monitor's, or the other way: 8
 * bytes, a page, and 8 bytes.
 */
#define ACROSS		((char *)(TARGET - 0x1008))
#define ACROSS_SIZE	0x1010
#define BEYOND		(ACROSS_SIZE - 8)

static char text[ACROSS_SIZE];

static int read_straddling(void)
{
	PAIR();
	memset(text, 'x', sizeof(text));
	if (write(pair[1], text, sizeof(text)) < 0)
		return errno;
	if (syscall(SYS_read, pair[0], ACROSS, ACROSS_SIZE) == -1)
		return errno;
	return ACROSS[BEYOND - 8] == 'x' ? 0 : UNTRIED;	/* 16 bytes were there before */
}

static int write_straddling(void)
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return errno;
	if (target_is_ours)
		strcpy(ACROSS + BEYOND, "secret");
	if (syscall(SYS_write, pair[1], ACROSS, ACROSS_SIZE) == -1)
		return errno;
	return read(pair[0], text, sizeof(text)) == ACROSS_SIZE && !strcmp(text + BEYOND, "secret") ?
	       0 : UNTRIED;
}

/*
 * So long that its end is before its beginning. Of all calls with a length it is
 * getrandom() that Linux cuts to what there is, where others refuse it.
 */
static int write_wrapping(void)
{
	syscall(SYS_getrandom, ACROSS, -0x10000UL, 0);
	if (!target_is_ours)
		return FAILED(syscall(SYS_getrandom, ACROSS, -0x10000UL, 0));
	return ACROSS[BEYOND] | ACROSS[BEYOND + 1] | ACROSS[BEYOND + 2] ? 0 : UNTRIED;
}

const struct attempt pointer_attempts[] = {
	A(read_to, EFAULT), A(read_straddling, EFAULT), A(recvfrom_to, EFAULT),
	A(recvfrom_address, EFAULT), A(fstat_to, EFAULT), A(stat_to, EFAULT), A(statx_to, EFAULT),
	A(statfs_to, EFAULT), A(uname_to, EFAULT), A(getcwd_to, EFAULT), A(getrandom_to, EFAULT),
	A(sysinfo_to, EFAULT), A(times_to, EFAULT), A(getrusage_to, EFAULT),
	A(getrlimit_to, EFAULT), A(prlimit_to, EFAULT), A(clock_gettime_to, EFAULT),
	A(gettimeofday_to, EFAULT), A(time_to, EFAULT), A(pipe_to, EFAULT),
	A(socketpair_to, EFAULT), A(sigprocmask_to, EFAULT), A(sigaction_to, EFAULT),
	A(sigaltstack_to, EFAULT), A(sigpending_to, EFAULT), A(getitimer_to, EFAULT),
	A(ioctl_to, EFAULT), A(getsockopt_to, EFAULT), A(getsockopt_length, EFAULT),
	A(getsockname_to, EFAULT), A(getresuid_to, EFAULT), A(sched_getaffinity_to, EFAULT),
	A(readlink_to, EFAULT), A(getcpu_to, EFAULT), A(mincore_to, EFAULT), A(poll_to, EFAULT),
	A(select_to, EFAULT), A(epoll_wait_to, EFAULT), A(getdents_to, EFAULT),
	A(timerfd_to, EFAULT), A(wait_to, EFAULT), A(readv_nested, EFAULT),
	A(recvmsg_nested, EFAULT), A(recvmsg_control, EFAULT), A(recvmsg_header, EFAULT),
	A(write_from, EFAULT), A(write_straddling, EFAULT), A(sendto_from, EFAULT),
	A(setsockopt_from, EFAULT), A(writev_nested, EFAULT), A(writev_vector, EFAULT),
	A(sendmsg_nested, EFAULT), A(open_name_unread, EFAULT), A(exec_environment, EFAULT),
	A(exec_arguments, EFAULT), A(set_tid_address_at, EFAULT), A(robust_list_at, ENOSYS),
	A(nanosleep_rest, EFAULT), A(clone_tid, EFAULT), A(futex_wake_op, EFAULT),
	A(write_wrapping, EFAULT),
	{ 0 },
};
