/* SPDX-License-Identifier: MIT */
/*
 * main.c - dune-httpd, a web server whose request parser is an sthread
 */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <dune/dune.h>

#include "httpd.h"

static const char *folder;
static int port = 8080, nr_threads = 4;
static int listener;

static const struct argp_option known[] = {
	{ "mode", 'm', "MODE", 0, "The parser runs as: none, pthread, fork, sthread [sthread]", 0 },
	{ "port", 'p', "PORT", 0, "Of 127.0.0.1 [8080]", 0 },
	{ "threads", 't', "N", 0, "Connections served at a time, 1 to 64 [4]", 0 },
	{ "planted", 'P', NULL, 0, "Plant an overflow in the parser, and say where the key is", 0 },
	{ 0 }
};

static int number(struct argp_state *state, const char *arg, int min, int max)
{
	char *end;
	long n = strtol(arg, &end, 10);

	if (*end || end == arg || n < min || n > max)
		argp_error(state, "'%s' is not a number from %d to %d", arg, min, max);
	return n;
}

static const struct mode *find_mode(struct argp_state *state, const char *name)
{
	const struct mode *m;

	for (m = modes; m->name; m++)
		if (!strcmp(m->name, name))
			return m;
	argp_error(state, "there is no mode '%s'; --help lists them", name);
	return NULL;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'm':
		options.mode = find_mode(state, arg);
		return 0;
	case 'p':
		port = number(state, arg, 1, 65535);
		return 0;
	case 't':
		nr_threads = number(state, arg, 1, 64);
		return 0;
	case 'P':
		options.planted = true;
		return 0;
	case ARGP_KEY_ARG:
		if (folder)
			argp_usage(state);
		folder = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	known, parse_option, "FOLDER",
	"Serve the files of FOLDER by HTTP/1.1, each answer signed with a key. Requests are"
	" parsed by code that can reach the request and its connection, and nothing else.",
	NULL, NULL, NULL,
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "dune-httpd: %s: %s\n", what, why);
	exit(1);
}

static void listen_to_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int one = 1;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(listener, 64))
		die("cannot listen", strerror(errno));
}

static void make_key(void)
{
	int fd = open("/dev/urandom", O_RDONLY);

	options.key = key_memory();
	if (!options.key || read(fd, options.key, KEY_SIZE) != KEY_SIZE)
		die("no key", strerror(errno));
	close(fd);
	if (options.planted)	/* for the one who tries the exploit */
		log_line("key at %p, begins %02x%02x%02x%02x", (void *)options.key,
			 (unsigned char)options.key[0], (unsigned char)options.key[1],
			 (unsigned char)options.key[2], (unsigned char)options.key[3]);
}

static void *work(void *nothing)
{
	struct exchange *x = options.mode->begin();

	if (!x)
		die("a thread cannot begin", strerror(ENOMEM));
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			serve(x, fd);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int i, r;

	options.mode = &modes[3];
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	options.root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (options.root < 0)
		die(folder, strerror(errno));
	r = options.mode->init();
	if (r)
		die("no Dune mode", dune_strerror(r));
	listen_to_port();
	make_key();
	for (i = 1; i < nr_threads; i++)
		if (pthread_create(&thread, NULL, work, NULL))
			die("no thread", strerror(errno));
	log_line("serving %s at http://127.0.0.1:%d/, mode %s", folder, port, options.mode->name);
	work(NULL);
	return 1;
}
