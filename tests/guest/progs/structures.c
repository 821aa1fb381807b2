/* SPDX-License-Identifier: MIT */
/*
 * structures.c - calls whose arguments point to structures, for dune-trace and strace to show
 *
 * Many fail: what they were given is shown all the same.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile nowhere = (void *)16;

static void messages(void)
{
	struct iovec out[2] = { { "hello", 5 }, { " world\n", 7 } };
	char a[8], b[16];
	struct iovec in[2] = { { a, sizeof(a) }, { b, sizeof(b) } };
	struct msghdr m = { .msg_iov = out, .msg_iovlen = 2 }, r = { .msg_iov = in, .msg_iovlen = 2 };
	int s[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	sendmsg(s[0], &m, MSG_NOSIGNAL);
	recvmsg(s[1], &r, 0);
	writev(s[0], out, 2);
	readv(s[1], in, 2);
	recvmsg(s[1], &r, MSG_DONTWAIT);
	sendmsg(s[0], NULL, 0);
	m.msg_iov = nowhere;
	sendmsg(s[0], &m, 0);
	m.msg_iovlen = 0;
	sendmsg(s[0], &m, 0);
	writev(s[0], nowhere, 2);
	out[1].iov_base = nowhere;
	writev(s[0], out, 2);
	close(s[0]);
	close(s[1]);
}

static void datagrams(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(4001),
		.sin_addr = { htonl(INADDR_LOOPBACK) } }, from;
	struct iovec v = { "x", 1 }, w = { (char[20]){ 0 }, 20 };
	struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &v, .msg_iovlen = 1 };
	struct sockaddr_storage big;
	struct msghdr r = { .msg_name = &big, .msg_namelen = sizeof(big), .msg_iov = &w, .msg_iovlen = 1 };
	socklen_t size = sizeof(big);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char text[20];

	bind(fd, (void *)&to, sizeof(to));
	sendto(fd, "hello", 5, 0, (void *)&to, sizeof(to));
	recvfrom(fd, text, sizeof(text), 0, (void *)&big, &size);
	sendmsg(fd, &m, 0);
	recvmsg(fd, &r, 0);
	size = 4;
	getsockname(fd, (void *)&from, &size);
	size = sizeof(from);
	getsockname(fd, NULL, &size);
	getpeername(fd, (void *)&from, &size);
	sendto(fd, "hello", 5, 0, nowhere, sizeof(to));
	sendto(fd, "hello", 5, 0, NULL, 0);
	close(fd);
}

static void streams(void)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(4002),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT }, peer;
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "\0abstract" };
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK };
	socklen_t size = sizeof(peer);
	int one = 1, fd, other, third;

	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, 4);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, 4);
	bind(fd, (void *)&to, sizeof(to));
	listen(fd, 1);
	getsockname(fd, (void *)&peer, &size);
	other = socket(AF_INET6, SOCK_STREAM, 0);
	connect(other, (void *)&to, sizeof(to));
	size = sizeof(peer);
	third = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	size = 128;
	getpeername(other, (void *)&peer, &size);
	size = 4;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &one, &size);
	shutdown(other, SHUT_WR);
	recvfrom(third, &nl, 1, 0, (void *)&peer, &size);
	inet_pton(AF_INET6, "2001:db8:0:0:1::7", &to.sin6_addr);
	to.sin6_scope_id = 3;
	bind(other, (void *)&to, sizeof(to));
	inet_pton(AF_INET6, "::ffff:1.2.3.4", &to.sin6_addr);
	bind(other, (void *)&to, sizeof(to));
	close(other);
	close(third);
	close(fd);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(fd, (void *)&un, offsetof(struct sockaddr_un, sun_path) + 9);
	listen(fd, 1);
	other = socket(AF_UNIX, SOCK_STREAM, 0);
	connect(other, (void *)&un, offsetof(struct sockaddr_un, sun_path) + 9);
	size = sizeof(un);
	third = accept(fd, (void *)&un, &size);
	strcpy(un.sun_path, "/nowhere/socket");
	connect(third, (void *)&un, sizeof(un));
	connect(third, (void *)&un, 2);
	connect(third, (void *)&un, 1);
	connect(third, NULL, 0);
	close(fd);
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	bind(fd, (void *)&nl, sizeof(nl));
	close(fd);
	close(other);
	close(third);
}

static void events(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = 77 }, events[4];
	struct pollfd p[2] = { { .fd = 3, .events = POLLIN }, { .fd = 4, .events = POLLOUT | POLLIN } };
	struct timespec zero = { 0 };
	int fds[2], ep;

	close(dup3(0, 101, O_CLOEXEC));
	close(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
	close(inotify_init1(0));
	pipe(fds);
	ep = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &event);
	epoll_wait(ep, events, 4, 0);
	write(fds[1], "x", 1);
	epoll_wait(ep, events, 4, 1000);
	epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &event);
	epoll_pwait(ep, events, 4, 1000, NULL);
	epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL);
	epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], NULL);
	p[0].fd = fds[0];
	p[1].fd = fds[1];
	poll(p, 2, 1000);
	poll(p, 1, 0);
	p[0].fd = ep;
	poll(p, 1, 0);
	poll(NULL, 0, 1);
	poll(nowhere, 1, 0);
	ppoll(p, 1, &zero, NULL);
	p[0].fd = fds[0];
	ppoll(p, 2, NULL, NULL);
	close(fds[0]);
	close(fds[1]);
	close(ep);
}

static void others(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	struct statx st;
	int status;
	pid_t pid, tid;

	statx(AT_FDCWD, "/", 0, STATX_BASIC_STATS, &st);
	statx(AT_FDCWD, "/dev/null", AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MODE, &st);
	statx(AT_FDCWD, "/nowhere", AT_STATX_DONT_SYNC, STATX_ALL, &st);
	args.flags = CLONE_PARENT_SETTID;
	args.parent_tid = (uintptr_t)&tid;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid)
		_exit(0);
	wait4(pid, &status, 0, NULL);
	args.flags = CLONE_FS | CLONE_NEWNS;
	syscall(SYS_clone3, &args, 64);
	syscall(SYS_clone3, &args, 8);
	syscall(SYS_clone3, NULL, 88);
}

int main(void)
{
	messages();
	datagrams();
	streams();
	events();
	others();
	return 0;
}
