/* SPDX-License-Identifier: MIT */
/*
 * network.c - talk to somebody whom the policy does not name
 *
 * It names 127.0.0.1 with the ports 1000 to 1999. Natively a refused connection
 * is an answer of the network's: the attempt has got through.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "escape.h"

#define GOOD_PORT	1234
#define BAD_PORT	4321

static struct sockaddr_in to(const char *host, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, host, &a.sin_addr);
	return a;
}

/* What only the network says. */
static int got_through(int e)
{
	return e == ECONNREFUSED || e == ENETUNREACH || e == EINPROGRESS || e == EADDRNOTAVAIL ? 0 : e;
}

static int connect_port(void)
{
	struct sockaddr_in a = to("127.0.0.1", BAD_PORT);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return got_through(FAILED(connect(fd, (void *)&a, sizeof(a))));
}

static int connect_host(void)
{
	struct sockaddr_in a = to("127.0.0.2", GOOD_PORT);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return got_through(FAILED(connect(fd, (void *)&a, sizeof(a))));
}

static int connect_datagram(void)
{
	struct sockaddr_in a = to("127.0.0.1", BAD_PORT);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return got_through(FAILED(connect(fd, (void *)&a, sizeof(a))));
}

static int connect_mapped(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(BAD_PORT) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.sin6_addr);
	return got_through(FAILED(connect(fd, (void *)&a, sizeof(a))));
}

static int connect_six(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(GOOD_PORT) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	a.sin6_addr = in6addr_loopback;
	return got_through(FAILED(connect(fd, (void *)&a, sizeof(a))));
}

static int connect_long(void)
{
	struct {
		struct sockaddr_in in;
		char more[100];
	} a = { to("127.0.0.1", BAD_PORT) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return got_through(FAILED(connect(fd, (void *)&a, sizeof(a))));
}

static int send_to(void)
{
	struct sockaddr_in a = to("127.0.0.1", BAD_PORT);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return FAILED(sendto(fd, "x", 1, 0, (void *)&a, sizeof(a)));
}

static int send_unspecified(void)
{
	struct sockaddr_in a = to("127.0.0.1", BAD_PORT);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	a.sin_family = AF_UNSPEC;	/* Linux takes it for IPv4 */
	return FAILED(sendto(fd, "x", 1, 0, (void *)&a, sizeof(a)));
}

static int send_fast_open(void)
{
	struct sockaddr_in a = to("127.0.0.1", BAD_PORT);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return got_through(FAILED(sendto(fd, "x", 1, MSG_FASTOPEN, (void *)&a, sizeof(a))));
}

static int send_message(void)
{
	struct sockaddr_in a = to("127.0.0.1", BAD_PORT);
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &v, .msg_iovlen = 1 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return FAILED(sendmsg(fd, &m, 0));
}

static int send_messages(void)
{
	struct sockaddr_in good = to("127.0.0.1", GOOD_PORT), bad = to("127.0.0.1", BAD_PORT);
	struct iovec v = { "x", 1 };
	struct mmsghdr m[2] = {
		{ .msg_hdr = { .msg_name = &good, .msg_namelen = sizeof(good), .msg_iov = &v,
			       .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_name = &bad, .msg_namelen = sizeof(bad), .msg_iov = &v,
			       .msg_iovlen = 1 } },
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return sendmmsg(fd, m, 2, 0) == 2 ? 0 : EACCES;
}

static volatile int racing;
static struct sockaddr_in flipping;

static void *flip(void *unused)
{
	while (racing) {
		flipping.sin_port ^= htons(GOOD_PORT) ^ htons(BAD_PORT);
		asm volatile("" : : : "memory");
	}
	return NULL;
}

/* The port changes between check and use: what has the socket in the end? */
static int send_racing(void)
{
	pthread_t thread;
	struct sockaddr_in peer;
	socklen_t size;
	bool allowed = false, refused = false;
	int i, fd, e = EINVAL;

	flipping = to("127.0.0.1", GOOD_PORT);
	racing = 1;
	if (pthread_create(&thread, NULL, flip, NULL))
		return EAGAIN;
	for (i = 0; e && i < rounds(3000); i++) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		size = sizeof(peer);
		if (connect(fd, (void *)&flipping, sizeof(flipping)))
			refused |= errno == EACCES;
		else if (!getpeername(fd, (void *)&peer, &size) && peer.sin_port == htons(BAD_PORT))
			e = 0;
		else
			allowed = true;
		close(fd);
		sched_yield();
	}
	racing = 0;
	pthread_join(thread, NULL);
	return !e ? 0 : allowed && refused ? EACCES : UNTRIED;
}

static int bind_port(void)
{
	struct sockaddr_in a = to("127.0.0.1", BAD_PORT);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return got_through(FAILED(bind(fd, (void *)&a, sizeof(a))));
}

static int bind_any(void)
{
	struct sockaddr_in a = to("0.0.0.0", GOOD_PORT);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return got_through(FAILED(bind(fd, (void *)&a, sizeof(a))));
}

static int bind_unspecified(void)
{
	struct sockaddr_in a = to("0.0.0.0", GOOD_PORT + 1);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_family = AF_UNSPEC;
	return got_through(FAILED(bind(fd, (void *)&a, sizeof(a))));
}

static int raw_socket(void)
{
	return FAILED(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static int netlink_socket(void)
{
	return FAILED(socket(AF_NETLINK, SOCK_RAW, 0));
}

/* Linux takes the family for a number of 32 bits. */
static int family_with_upper_bits(void)
{
	return FAILED(syscall(SYS_socket, 1UL << 32 | AF_NETLINK, SOCK_RAW, 0));
}

static int filter_with_address(void)
{
	struct {
		unsigned short	len;
		void		*filter;
	} prog = { 1, (void *)TARGET_PAGE };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned long allow = 0x6;

	if (target_is_ours)
		memcpy((void *)TARGET_PAGE, &allow, 8);
	return FAILED(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
}

static int bind_to_device(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return FAILED(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
}

const struct attempt network_attempts[] = {
	A(connect_port, EACCES), A(connect_host, EACCES), A(connect_datagram, EACCES),
	A(connect_mapped, EACCES), A(connect_six, EACCES), A(connect_long, EACCES),
	A(send_to, EACCES), A(send_unspecified, EACCES), A(send_fast_open, EACCES),
	A(send_message, EACCES), A(send_messages, EACCES), A(send_racing, EACCES),
	A(bind_port, EACCES), A(bind_any, EACCES), A(bind_unspecified, EACCES),
	A(raw_socket, EPROTONOSUPPORT), A(netlink_socket, EAFNOSUPPORT),
	A(family_with_upper_bits, EAFNOSUPPORT), A(filter_with_address, ENOPROTOOPT),
	A(bind_to_device, ENOPROTOOPT),
	{ 0 },
};
