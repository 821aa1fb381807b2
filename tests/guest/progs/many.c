/* SPDX-License-Identifier: MIT */
/*
 * many.c - many more children and threads, one after the other, than are kept for
 * use again
 */
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN	400
#define THREADS		400

static void *thread(void *arg)
{
	return arg;
}

int main(void)
{
	int i, status, done = 0, ended = 0;
	pthread_t t;
	pid_t pid;

	for (i = 0; i < CHILDREN; i++) {
		pid = vfork();
		if (!pid)
			_exit(i & 0x7f);
		if (pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == (i & 0x7f))
			done++;
	}
	for (i = 0; i < THREADS; i++)
		if (!pthread_create(&t, NULL, thread, NULL) && !pthread_join(t, NULL))
			ended++;
	printf("children %d, threads %d\n", done, ended);
	return done != CHILDREN || ended != THREADS;
}
