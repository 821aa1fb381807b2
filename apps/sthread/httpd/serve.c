/* SPDX-License-Identifier: MIT */
/*
 * serve.c - answer the requests of a connection
 *
 * What the parser says is a stranger's word: it is copied once, and judged.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "httpd.h"

struct options options;

/* The parser's answer, as the server has it. */
struct request {
	int	status;
	bool	head, close, noted;
	char	path[PATH_SIZE], note[TEXT_SIZE], language[TEXT_SIZE];
	size_t	language_len;
};

void log_line(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	dprintf(2, "dune-httpd: %s\n", line);
}

static void take(struct request *r, const struct exchange *x)
{
	*r = (struct request) {
		.status = x->status, .head = x->head, .close = x->close, .noted = x->noted,
		.language_len = x->language_len };
	memcpy(r->path, x->path, PATH_SIZE - 1);
	memcpy(r->note, x->note, TEXT_SIZE - 1);
	memcpy(r->language, x->language, TEXT_SIZE);
	if (r->language_len > TEXT_SIZE)
		r->language_len = TEXT_SIZE;
}

static const char *reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 413:
		return "Content Too Large";
	case 414:
		return "URI Too Long";
	case 431:
		return "Request Header Fields Too Large";
	case 501:
		return "Not Implemented";
	case 505:
		return "HTTP Version Not Supported";
	}
	return "Internal Server Error";
}

static const char *content_type(const char *path)
{
	static const char *const types[][2] = {
		{ ".html", "text/html; charset=utf-8" }, { ".txt", "text/plain; charset=utf-8" },
		{ ".css", "text/css" }, { ".js", "text/javascript" }, { ".png", "image/png" },
		{ ".jpg", "image/jpeg" }, { ".svg", "image/svg+xml" } };
	const char *dot = strrchr(path, '.');
	size_t i;

	for (i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(dot, types[i][0]))
			return types[i][1];
	return "application/octet-stream";
}

/* A regular file below the folder, by whatever name or link; or the status. */
static int open_file(const char *path, int *fd, off_t *size)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	char name[PATH_SIZE + sizeof("index.html")];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path,
		 path[0] && path[strlen(path) - 1] == '/' ? "index.html" : "");
	*fd = syscall(SYS_openat2, options.root, name, &how, sizeof(how));
	if (*fd < 0)
		return errno == EACCES || errno == EPERM ? 403 : 404;
	if (fstat(*fd, &st) || !S_ISREG(st.st_mode)) {
		close(*fd);
		*fd = -1;
		return 404;
	}
	*size = st.st_size;
	return 200;
}

/* A hash with a key, to have something that needs one; not fit for use. */
static uint64_t sign(const char *text)
{
	uint64_t h = 0xcbf29ce484222325;
	int i;

	for (i = 0; i < KEY_SIZE; i++)
		h = (h ^ (unsigned char)options.key[i]) * 0x100000001b3;
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	return h;
}

/* For a field of the answer: nothing but what may stand there. */
static void printable(char *to, size_t size, const char *from, size_t n)
{
	size_t at = 0, i;

	for (i = 0; i < n && at + 4 < size; i++) {
		bool fit = from[i] > ' ' && from[i] < 127 && from[i] != '%';

		at += snprintf(to + at, size - at, fit ? "%c" : "%%%02x", (unsigned char)from[i]);
	}
	to[at] = 0;
}

static bool send_all(int fd, const char *data, size_t size)
{
	ssize_t n;

	for (; size; data += n, size -= n) {
		n = send(fd, data, size, MSG_NOSIGNAL | MSG_MORE);
		if (n <= 0)
			return false;
	}
	return true;
}

static bool send_file(int fd, int file, off_t size)
{
	off_t at = 0;

	while (at < size)
		if (sendfile(fd, file, &at, size - at) <= 0)
			return false;
	return true;
}

/* Whether the connection may go on. */
static bool answer(int fd, struct request *r)
{
	char head[3072], note[3 * TEXT_SIZE + 8] = "", language[3 * TEXT_SIZE + 8] = "";
	const char *type;
	off_t size = 0;
	int file = -1, n;
	bool ok;

	if (r->status == 200)
		r->status = open_file(r->path, &file, &size);
	else
		r->close = true;
	if (r->noted) {
		printable(note, sizeof(note), r->note, strlen(r->note));
		printable(language, sizeof(language), r->language, r->language_len);
	}
	type = content_type(file < 0 ? ".txt" : r->path[1] ? r->path : ".html");
	if (file < 0)
		size = strlen(reason(r->status)) + 1;
	n = snprintf(head, sizeof(head),
		     "HTTP/1.1 %d %s\r\nContent-Length: %ld\r\nContent-Type: %s\r\n"
		     "X-Signature: %016lx\r\n%s%s%s%s%s%s%s\r\n",
		     r->status, reason(r->status), (long)size, type, sign(r->path),
		     r->noted ? "X-Note: " : "", note, r->noted ? "\r\n" : "",
		     r->noted ? "Content-Language: " : "", language, r->noted ? "\r\n" : "",
		     r->close ? "Connection: close\r\n" : "");
	ok = send_all(fd, head, n);
	if (ok && !r->head && file >= 0)
		ok = send_file(fd, file, size);
	else if (ok && !r->head)
		ok = send_all(fd, reason(r->status), size - 1) && send_all(fd, "\n", 1);
	if (file >= 0)
		close(file);
	return ok && !r->close;
}

/*
 * The other side hears the end, and gets all of the answer: bytes that it sent and
 * nobody read would have TCP throw that away.
 */
static void hang_up(int fd)
{
	const struct timeval patience = { .tv_sec = 1 };
	char rest[4096];
	int i;

	shutdown(fd, SHUT_WR);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (i = 0; i < 64 && recv(fd, rest, sizeof(rest), 0) > 0; i++)
		;
	close(fd);
}

void serve(struct exchange *x, int fd)
{
	const struct timeval patience = { .tv_sec = 10 };
	struct request r;
	int zero = 0;
	bool more = true;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	memset(x, 0, sizeof(*x));
	while (more) {
		x->fd = fd;
		x->planted = options.planted;
		if (options.mode->parse(x)) {
			take(&r, x);
			more = r.status && answer(fd, &r);
		} else {
			r = (struct request) { .status = 500, .close = true };
			more = answer(fd, &r);
		}
		/* Out with what MSG_MORE has kept. */
		setsockopt(fd, 6 /* TCP */, 3 /* CORK */, &zero, sizeof(zero));
	}
	hang_up(fd);
}
