/* SPDX-License-Identifier: MIT */
/*
 * trace.c - calls as strace(1) prints them
 */
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "box.h"

struct name {
	const char	*name;
	uint64_t	value;
};

#define N(name)	{ #name, name }
#define END	{ NULL, 0 }

static const struct name open_names[] = {
	N(O_CREAT), N(O_EXCL), N(O_NOCTTY), N(O_TRUNC), N(O_APPEND), N(O_NONBLOCK),
	N(O_DIRECTORY), N(O_NOFOLLOW), N(O_CLOEXEC), N(O_PATH), END,
};
static const struct name prot_names[] = {
	N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC), END,
};
static const struct name map_names[] = {
	N(MAP_SHARED), N(MAP_PRIVATE), N(MAP_FIXED), N(MAP_ANONYMOUS), N(MAP_GROWSDOWN),
	N(MAP_DENYWRITE), N(MAP_NORESERVE), N(MAP_POPULATE), N(MAP_STACK),
	N(MAP_FIXED_NOREPLACE), END,
};
static const char *const access_modes[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };
static const char *const families[] = {
	[0] = "AF_UNSPEC", [1] = "AF_UNIX", [2] = "AF_INET", [10] = "AF_INET6",
	[16] = "AF_NETLINK", [17] = "AF_PACKET",
};
static const char *const errors[] = {
	[EPERM] = "EPERM", [ENOENT] = "ENOENT", [ESRCH] = "ESRCH", [EINTR] = "EINTR",
	[EIO] = "EIO", [ENXIO] = "ENXIO", [E2BIG] = "E2BIG", [ENOEXEC] = "ENOEXEC",
	[EBADF] = "EBADF", [ECHILD] = "ECHILD", [EAGAIN] = "EAGAIN", [ENOMEM] = "ENOMEM",
	[EACCES] = "EACCES", [EFAULT] = "EFAULT", [EBUSY] = "EBUSY", [EEXIST] = "EEXIST",
	[EXDEV] = "EXDEV", [ENODEV] = "ENODEV", [ENOTDIR] = "ENOTDIR", [EISDIR] = "EISDIR",
	[EINVAL] = "EINVAL", [ENFILE] = "ENFILE", [EMFILE] = "EMFILE", [ENOTTY] = "ENOTTY",
	[EFBIG] = "EFBIG", [ENOSPC] = "ENOSPC", [ESPIPE] = "ESPIPE", [EROFS] = "EROFS",
	[EPIPE] = "EPIPE", [ERANGE] = "ERANGE", [ENAMETOOLONG] = "ENAMETOOLONG",
	[ENOSYS] = "ENOSYS", [ENOTEMPTY] = "ENOTEMPTY", [ELOOP] = "ELOOP",
	[EAFNOSUPPORT] = "EAFNOSUPPORT", [ENOTCONN] = "ENOTCONN", [ETIMEDOUT] = "ETIMEDOUT",
	[ECONNREFUSED] = "ECONNREFUSED", [EINPROGRESS] = "EINPROGRESS",
};

#define LENGTH(array)	(sizeof(array) / sizeof((array)[0]))

struct line {
	char	*text;
	size_t	size, len;
};

#define put(l, ...) \
	((l)->len += dune_fmt((l)->text + (l)->len, (l)->size - (l)->len, __VA_ARGS__), \
	 (l)->len = (l)->len < (l)->size ? (l)->len : (l)->size - 1)

static void put_names(struct line *l, const struct name *n, uint64_t v, const char *first)
{
	const char *between = first && *first ? "|" : "";

	if (first)
		put(l, "%s", first);
	for (; n->name; n++) {
		if (!(v & n->value) || (v & n->value) != n->value)
			continue;
		put(l, "%s%s", between, n->name);
		v &= ~n->value;
		between = "|";
	}
	if (v || !*between)
		put(l, "%s0x%lx", between, (unsigned long)v);
}

#define SHOWN	32

/* Up to SHOWN bytes of ring 3's, or to their end if @is_string. */
static void put_bytes(struct request *r, struct line *l, uint64_t at, uint64_t size, bool is_string)
{
	uint64_t i, most = is_string ? 200 : SHOWN;
	char c;

	if (!at) {
		put(l, "NULL");
		return;
	}
	put(l, "\"");
	for (i = 0; i < size && i < most; i++) {
		if (user_read(r, &c, at + i, 1))
			break;
		if (!c && is_string)
			break;
		if (c == '\n')
			put(l, "\\n");
		else if (c == '\t')
			put(l, "\\t");
		else if (c == '"' || c == '\\')
			put(l, "\\%c", c);
		else if ((unsigned char)c < ' ' || (unsigned char)c > '~')
			put(l, "\\x%02x", (unsigned char)c);
		else
			put(l, "%c", c);
	}
	put(l, i < size && i == most ? "\"..." : "\"");
}

/* A mode: as many digits as it takes, three at least. */
static void put_octal(struct line *l, uint32_t v)
{
	int shift = 6;

	while (v >> (shift + 3) && shift < 30)
		shift += 3;
	put(l, "0");
	for (; shift >= 0; shift -= 3)
		put(l, "%u", v >> shift & 7);
}

static void put_argument(struct request *r, struct line *l, unsigned int i)
{
	uint64_t v = r->args[i];

	switch (r->call->arg[i].kind) {
	case ARG_INT:
	case ARG_FD:
		put(l, "%d", (int)v);
		return;
	case ARG_LONG:
		put(l, "%ld", (long)v);
		return;
	case ARG_OCT:
		put_octal(l, v);
		return;
	case ARG_AT:
		if ((int)v == AT_FDCWD)
			put(l, "AT_FDCWD");
		else
			put(l, "%d", (int)v);
		return;
	case ARG_OPEN:
		put_names(l, open_names, v & ~3UL, v & 3 || !(v & ~3UL) || r->call->arg[0].kind == ARG_AT ||
			  r->call->arg[0].kind == ARG_PATH ? access_modes[v & 3] : NULL);
		return;
	case ARG_PROT:
		if (v)
			put_names(l, prot_names, v, NULL);
		else
			put(l, "PROT_NONE");
		return;
	case ARG_MAP:
		put_names(l, map_names, v, NULL);
		return;
	case ARG_AF:
		if (v < LENGTH(families) && families[v])
			put(l, "%s", families[v]);
		else
			put(l, "%d", (int)v);
		return;
	case ARG_PATH:
	case ARG_STR:
		put_bytes(r, l, v, PATH_SIZE, true);
		return;
	case ARG_IN:
		put_bytes(r, l, v, r->args[r->call->arg[i].param], false);
		return;
	}
	if (v)
		put(l, "0x%lx", (unsigned long)v);
	else
		put(l, "%s", r->call->arg[i].kind >= ARG_ADDR ? "NULL" : "0");
}

/* "name(arguments)" */
int show_call(struct request *r, char *text, size_t size)
{
	struct line l = { .text = text, .size = size };
	unsigned int i;

	if (!r->call) {
		put(&l, "syscall_%u(...)", r->nr);
		return l.len;
	}
	put(&l, "%s(", r->call->name);
	for (i = 0; i < 6 && r->call->arg[i].kind; i++) {
		/* The mode of a file that is not made. */
		if (i && r->call->arg[i - 1].kind == ARG_OPEN && !(r->args[i - 1] & O_CREAT))
			break;
		if (i)
			put(&l, ", ");
		put_argument(r, &l, i);
	}
	put(&l, ")");
	return l.len;
}

void trace_before(struct request *r, char *line, size_t size)
{
	show_call(r, line, size);
	/* Calls that do not come back, or as somebody else. */
	switch (r->nr) {
	case __NR_exit:
	case __NR_exit_group:
	case __NR_execve:
	case __NR_execveat:
	case __NR_rt_sigreturn:
		say(r->box, line);
		say(r->box, " = ?\n");
	}
}

void trace_after(struct request *r, char *line, size_t size, long result)
{
	char text[700];

	if (!r->call)
		show_call(r, line, size);
	if (r->again)
		return;
	if (result < 0 && result > -4096) {
		const char *name = (size_t)-result < LENGTH(errors) ? errors[-result] : NULL;

		dune_fmt(text, sizeof(text), "%s = -1 %s (%ld)\n", line, name ? name : "errno", -result);
	} else if (result > 1L << 32 || (r->call->group == GROUP_memory && result)) {
		dune_fmt(text, sizeof(text), "%s = 0x%lx\n", line, (unsigned long)result);
	} else {
		dune_fmt(text, sizeof(text), "%s = %ld\n", line, result);
	}
	say(r->box, text);
}
