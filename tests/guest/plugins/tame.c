// SPDX-License-Identifier: MIT
/*
 * tame.c - a plugin that does what it is asked to
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int counter = 100;
static int calls[4096];		/* bss */
static __thread int own;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char *kept;

__attribute__((constructor)) static void begin(void)
{
	counter++;
}

void empty(void)
{
}

long sum6(long a, long b, long c, long d, long e, long f)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f;
}

double mix(double a, double b, double c, double d, double e, double f, double g, double h)
{
	return a - b + c * d - e / f + sqrt(g) * h;
}

int count(void)
{
	calls[counter % 4096]++;
	return counter++;
}

int count_own(void)
{
	return ++own;
}

/* Slow enough for another thread to come between, if it may. */
int count_locked(int n)
{
	static volatile int shared;
	int i, r;

	pthread_mutex_lock(&mutex);
	for (i = 0; i < n; i++)
		shared = shared + 1;
	r = shared;
	pthread_mutex_unlock(&mutex);
	return r;
}

long sum_bytes(const unsigned char *p, long n)
{
	long sum = 0;

	while (n--)
		sum += *p++;
	return sum;
}

void fill(char *p, int c, long n)
{
	memset(p, c, n);
}

long use_heap(long rounds)
{
	char *p[64] = { NULL };
	long i, sum = 0;

	for (i = 0; i < rounds; i++) {
		int k = i % 64;

		sum += p[k] ? p[k][5] : 0;
		p[k] = realloc(p[k], 16 + (i * 7919) % 300000);
		if (!p[k])
			return -1;
		memset(p[k], i, 16);
	}
	for (i = 0; i < 64; i++)
		free(p[i]);
	return sum;
}

char *keep(const char *text)
{
	free(kept);
	kept = strdup(text);
	return kept;
}

long call_back(long (*fn)(long, long, long, long, long, long), long n)
{
	long sum = 0, i;

	for (i = 0; i < n; i++)
		sum += fn(i, 2, 3, 4, 5, 6);
	return sum;
}

/* Registers that a function must keep are kept over a callback. */
double call_back_double(long (*fn)(long), double x)
{
	long r = fn(7);

	return x * r;
}

void say(const char *text)
{
	printf("%s\n", text);
	fflush(stdout);
}

int sleep_a_little(int ms)
{
	return usleep(ms * 1000);
}

int error_of_close(void)
{
	errno = 0;
	close(77);
	return errno;
}

long get_pid(void)
{
	return getpid();
}

volatile int spinning;

void spin(void)
{
	spinning = 1;
	for (;;)
		;
}
