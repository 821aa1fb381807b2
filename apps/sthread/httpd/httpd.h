/* SPDX-License-Identifier: MIT */
/*
 * httpd.h - what dune-httpd's files share
 *
 * A web server for the files of a folder, which signs what it serves with a key.
 * Whoever parses requests reads bytes from strangers; where and as what that
 * parser runs is an option, so that the ways can be compared.
 */
#ifndef _APPS_STHREAD_HTTPD_H
#define _APPS_STHREAD_HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATH_SIZE	512
#define TEXT_SIZE	256
#define BUFFER_SIZE	8192
#define KEY_SIZE	32

/*
 * The parser's memory, and all it shares with the server: of a connection. The
 * server believes nothing of it.
 */
struct exchange {
	int		fd;		/* the connection */
	bool		planted;	/* the parser has its planted overflow */

	/* The answer. */
	int		status;		/* as of HTTP; 0: the connection has ended */
	bool		head, close, noted;
	char		path[PATH_SIZE];
	char		note[TEXT_SIZE];
	char		language[TEXT_SIZE];
	size_t		language_len;

	/* The parser's own, from one request to the next. */
	size_t		used, done;	/* bytes in buffer; of the last request */
	char		buffer[BUFFER_SIZE];
};

/* parse.c: one request; @exchange is a struct exchange. Returns NULL. */
void *parse_request(void *exchange);

/* modes.c */
struct mode {
	const char	*name;
	/* Once for the process, before its threads: 0 or a negative errno. */
	int		(*init)(void);
	/* An exchange for the calling thread, NULL: no memory. */
	struct exchange	*(*begin)(void);
	/* Have a request parsed. False: the parser was ended, which is logged. */
	bool		(*parse)(struct exchange *x);
};
extern const struct mode modes[];

/* Where the key lives: memory that no parser was given. */
char *key_memory(void);

/* serve.c */
struct options {
	const struct mode *mode;
	int		root;		/* descriptor of the folder */
	bool		planted;
	char		*key;
};
extern struct options options;

void serve(struct exchange *x, int fd);
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* _APPS_STHREAD_HTTPD_H */
