/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - addresses, messages, vectors and events, the same each time
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static int failures;

static void check(int ok, const char *what)
{
	if (ok)
		return;
	failures++;
	printf("%s\n", what);
}

static void addresses(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) }, is;
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/nowhere/socket" };
	socklen_t size = sizeof(is);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	check(!bind(fd, (struct sockaddr *)&in, sizeof(in)), "bind");
	check(!getsockname(fd, (struct sockaddr *)&is, &size) && is.sin_port, "getsockname");
	check(sendto(fd, "to", 2, 0, (struct sockaddr *)&is, sizeof(is)) == 2, "sendto");
	inet_pton(AF_INET6, "2001:db8::17", &in6.sin6_addr);
	check(bind(fd, (struct sockaddr *)&in6, sizeof(in6)) == -1, "bind of another family");
	check(connect(fd, (struct sockaddr *)&un, sizeof(un)) == -1, "connect to another family");
	close(fd);
}

static void messages(void)
{
	struct iovec two[2] = { { "ab", 2 }, { "cdef", 4 } };
	char a[3], b[40];
	struct iovec to[2] = { { a, sizeof(a) }, { b, sizeof(b) } };
	struct msghdr out = { .msg_iov = two, .msg_iovlen = 2 };
	struct msghdr in = { .msg_iov = to, .msg_iovlen = 2 };
	int fds[2];

	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "socketpair");
	check(sendmsg(fds[0], &out, MSG_NOSIGNAL) == 6, "sendmsg");
	check(recvmsg(fds[1], &in, 0) == 6 && !memcmp(b, "def", 3), "recvmsg");
	check(writev(fds[1], two, 2) == 6, "writev");
	check(readv(fds[0], to, 2) == 6, "readv");
	check(!shutdown(fds[0], SHUT_RDWR), "shutdown");
	close(fds[0]);
	close(fds[1]);
}

static void events(void)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.u64 = 7 }, come[4];
	struct pollfd poll_in = { .events = POLLIN | POLLPRI };
	int fds[2], epoll = epoll_create1(EPOLL_CLOEXEC);

	check(!pipe2(fds, O_CLOEXEC), "pipe2");
	poll_in.fd = fds[0];
	check(!poll(&poll_in, 1, 0), "poll");
	check(!epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &e), "epoll_ctl");
	check(write(fds[1], "x", 1) == 1, "write");
	check(poll(&poll_in, 1, 1000) == 1 && poll_in.revents == POLLIN, "poll");
	check(epoll_wait(epoll, come, 4, 1000) == 1 && come[0].data.u64 == 7, "epoll_wait");
}

int main(void)
{
	addresses();
	messages();
	events();
	printf("%d failures\n", failures);
	return failures;
}
