/* SPDX-License-Identifier: MIT */
/*
 * files.c - a process of two threads uses as many descriptors as it is asked to
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_barrier_t end;

static void *thread(void *arg)
{
	pthread_barrier_wait(&end);
	return arg;
}

int main(int argc, char **argv)
{
	int wanted = argc > 1 ? atoi(argv[1]) : 100, fd = 2;
	pthread_t t;

	pthread_barrier_init(&end, NULL, 2);
	if (pthread_create(&t, NULL, thread, NULL)) {
		perror("a thread");
		return 1;
	}
	while (fd + 1 < wanted) {
		fd = dup(2);
		if (fd < 0 || fcntl(fd, F_GETFD)) {
			perror("dup");
			break;
		}
	}
	pthread_barrier_wait(&end);
	pthread_join(t, NULL);
	printf("%s\n", fd + 1 == wanted ? "all" : "too few");
	return fd + 1 != wanted;
}
