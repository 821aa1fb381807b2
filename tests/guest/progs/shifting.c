/* SPDX-License-Identifier: MIT */
/*
 * shifting.c - calls whose arguments point to memory that another thread changes and unmaps
 */
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE	((uint64_t *)0x200000000)
#define CALLS	1000

static volatile int done;

static void *shift(void *arg)
{
	uint64_t i, n;

	for (i = 0; !done; i++) {
		for (n = 0; n < 64; n++)
			((volatile uint64_t *)PAGE)[n] =
				(i + n) % 3 ? (uint64_t)PAGE + (i * n) % 8192 : (i * 40503) >> (n % 20);
		if (i % 4 == 0) {
			munmap(PAGE, 4096);
			mmap(PAGE, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		}
	}
	return arg;
}

static void make_calls(int fd, int ep, int i)
{
	char *at = (char *)PAGE + i % 64 * 8;

	syscall(SYS_sendmsg, fd, at, MSG_DONTWAIT);
	syscall(SYS_recvmsg, fd, at, MSG_DONTWAIT);
	syscall(SYS_pwritev, fd, at, i % 2000, 0);
	syscall(SYS_connect, fd, at, i % 200);
	syscall(SYS_getsockname, fd, at, at + 8);
	syscall(SYS_poll, at, i % 100, 0);
	syscall(SYS_epoll_wait, ep, at, 8, 0);
	syscall(SYS_statx, -1, "/", 0, 0, at);
	syscall(SYS_statx, -100, "/", 0, 0, at);
	syscall(SYS_clone3, at, i % 64);	/* too short: no child */
	syscall(SYS_access, at, 0);
}

int main(void)
{
	struct epoll_event event = { .events = EPOLLOUT };
	pthread_t thread;
	int s[2], ep, i;

	mmap(PAGE, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, s))
		return 1;
	ep = epoll_create1(0);
	epoll_ctl(ep, EPOLL_CTL_ADD, s[0], &event);
	if (pthread_create(&thread, NULL, shift, NULL))
		return 1;
	for (i = 0; i < CALLS; i++)
		make_calls(s[0], ep, i);
	done = 1;
	pthread_join(thread, NULL);
	printf("%d calls\n", i);
	return 0;
}
