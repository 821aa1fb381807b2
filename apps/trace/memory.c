/* SPDX-License-Identifier: MIT */
/*
 * memory.c - structures that arguments point to
 */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "trace.h"

/* A copy, as the record's bytes may lie anywhere. */
#define READ(to, from) __builtin_memcpy(&(to), from, sizeof(to))

static void put_mode(struct text *t, unsigned int mode)
{
	static const char *const types[16] = {
		[1] = "S_IFIFO", [2] = "S_IFCHR", [4] = "S_IFDIR", [6] = "S_IFBLK",
		[8] = "S_IFREG", [10] = "S_IFLNK", [12] = "S_IFSOCK" };
	const char *type = types[mode >> 12 & 15];

	put_string(t, type ? type : "0");
	put_string(t, mode & S_ISUID ? "|S_ISUID" : "");
	put_string(t, mode & S_ISGID ? "|S_ISGID" : "");
	put_string(t, mode & S_ISVTX ? "|S_ISVTX" : "");
	put_char(t, '|');
	put_octal(t, mode & 0777);
}

static void put_stat(struct text *t, const void *p)
{
	struct stat st;

	READ(st, p);
	put_string(t, "{st_mode=");
	put_mode(t, st.st_mode);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
		uint64_t d = st.st_rdev;

		put_string(t, ", st_rdev=makedev(");
		put_hex(t, (d >> 8 & 0xfff) | (d >> 32 & ~0xfffu));
		put_string(t, ", ");
		put_hex(t, (d & 0xff) | (d >> 12 & 0xffffff00));
		put_char(t, ')');
	} else {
		put_string(t, ", st_size=");
		put_signed(t, st.st_size);
	}
	put_string(t, ", ...}");
}

static void put_sigset(struct text *t, const void *p)
{
	unsigned int sig, n = 0;
	uint64_t set;

	READ(set, p);
	for (sig = 0; sig < 64; sig++)
		n += set >> sig & 1;
	if (n > 43) {		/* rather those that are not in it */
		put_char(t, '~');
		set = ~set;
	}
	put_char(t, '[');
	for (n = 0, sig = 1; sig <= 64; sig++)
		if (set >> (sig - 1) & 1)
			put_signal(t, sig, n++ ? " " : "");
	put_char(t, ']');
}

/* The kernel's, not libc's: handler, flags, restorer, mask. */
static void put_sigaction(struct text *t, const void *p)
{
	static const struct { uint64_t bit; const char *name; } names[] = {
		{ 0x04000000, "SA_RESTORER" }, { SA_ONSTACK, "SA_ONSTACK" },
		{ SA_RESTART, "SA_RESTART" }, { SA_NODEFER, "SA_NODEFER" },
		{ SA_RESETHAND, "SA_RESETHAND" }, { SA_SIGINFO, "SA_SIGINFO" },
		{ SA_NOCLDSTOP, "SA_NOCLDSTOP" }, { SA_NOCLDWAIT, "SA_NOCLDWAIT" } };
	uint64_t action[4], flags;
	const char *between = "";
	unsigned int i;

	READ(action, p);
	put_string(t, "{sa_handler=");
	if (action[0] < 2)
		put_string(t, action[0] ? "SIG_IGN" : "SIG_DFL");
	else
		put_hex(t, action[0]);
	put_string(t, ", sa_mask=");
	put_sigset(t, &action[3]);
	put_string(t, ", sa_flags=");
	flags = action[1];
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(flags & names[i].bit))
			continue;
		put_string(t, between);
		put_string(t, names[i].name);
		between = "|";
		flags &= ~names[i].bit;
	}
	if (flags || !*between) {
		put_string(t, between);
		put_hex(t, flags);
	}
	if (action[1] & 0x04000000) {
		put_string(t, ", sa_restorer=");
		put_hex(t, action[2]);
	}
	put_char(t, '}');
}

static void put_limit(struct text *t, const char *name, uint64_t v)
{
	put_string(t, name);
	if (v == RLIM_INFINITY) {
		put_string(t, "=RLIM64_INFINITY");
		return;
	}
	put_char(t, '=');
	if (v > 100000 && v % 1024 == 0) {
		put_unsigned(t, v / 1024);
		put_string(t, "*1024");
	} else {
		put_unsigned(t, v);
	}
}

static void put_rlimit(struct text *t, const void *p)
{
	uint64_t limit[2];

	READ(limit, p);
	put_limit(t, "{rlim_cur", limit[0]);
	put_limit(t, ", rlim_max", limit[1]);
	put_char(t, '}');
}

static void put_status(struct text *t, const void *p)
{
	int status;

	READ(status, p);
	if (WIFEXITED(status)) {
		put_string(t, "[{WIFEXITED(s) && WEXITSTATUS(s) == ");
		put_signed(t, WEXITSTATUS(status));
		put_string(t, "}]");
	} else if (WIFSIGNALED(status)) {
		put_string(t, "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
		put_signal(t, WTERMSIG(status), "SIG");
		put_string(t, WCOREDUMP(status) ? " && WCOREDUMP(s)}]" : "}]");
	} else {
		put_char(t, '[');
		put_hex(t, (unsigned int)status);
		put_char(t, ']');
	}
}

static void put_inet(struct text *t, const void *p)
{
	struct sockaddr_in in;
	uint8_t b[4];
	int i;

	READ(in, p);
	READ(b, &in.sin_addr);
	put_string(t, ", sin_port=htons(");
	put_unsigned(t, __builtin_bswap16(in.sin_port));
	put_string(t, "), sin_addr=inet_addr(\"");
	for (i = 0; i < 4; i++) {
		put_string(t, i ? "." : "");
		put_unsigned(t, b[i]);
	}
	put_string(t, "\")");
}

static void put_address(struct text *t, const void *p, unsigned int size)
{
	const uint8_t *path = (const uint8_t *)p + 2;
	unsigned int n = 0;
	uint16_t family;

	READ(family, p);
	put_string(t, "{sa_family=");
	put_flags(t, KIND_FAMILY, family);
	if (family == AF_INET) {
		put_inet(t, p);
	} else if (family == AF_UNIX) {
		while (n < size - 2 && path[n])
			n++;
		put_string(t, ", sun_path=");
		put_bytes(t, path, n, size == 28);
	}
	put_char(t, '}');
}

/* @format with each '#' the next of @v: '#d' signed, '#u' unsigned, '#x' in hex. */
static void put_numbers(struct text *t, const char *format, const uint64_t *v)
{
	for (; *format; format++) {
		if (*format != '#') {
			put_char(t, *format);
			continue;
		}
		switch (*++format) {
		case 'd':
			put_signed(t, *v++);
			break;
		case 'u':
			put_unsigned(t, *v++);
			break;
		default:
			put_hex(t, *v++);
		}
	}
}

static void put_utsname(struct text *t, const void *p, unsigned int size)
{
	struct utsname name = { 0 };

	__builtin_memcpy(&name, p, size < sizeof(name) ? size : sizeof(name));
	name.sysname[sizeof(name.sysname) - 1] = name.nodename[sizeof(name.nodename) - 1] = '\0';
	put_string(t, "{sysname=\"");
	put_string(t, name.sysname);
	put_string(t, "\", nodename=\"");
	put_string(t, name.nodename);
	put_string(t, "\", ...}");
}

static const uint8_t needed[NR_KINDS] = {
#define KIND(name, how, bytes) [KIND_##name] = bytes,
#include "kinds.def"
#undef KIND
};

void put_memory(struct text *t, enum arg_kind kind, const void *p, unsigned int size)
{
	struct pollfd poll;
	uint64_t pair[2];
	int fds[2];

	if (size < needed[kind]) {
		put_char(t, '?');
		return;
	}
	switch (kind) {
	case KIND_STAT:
		put_stat(t, p);
		break;
	case KIND_SIGSET_IN:
	case KIND_SIGSET_OUT:
		put_sigset(t, p);
		break;
	case KIND_SIGACTION_IN:
	case KIND_SIGACTION_OUT:
		put_sigaction(t, p);
		break;
	case KIND_RLIMIT_IN:
	case KIND_RLIMIT_OUT:
		put_rlimit(t, p);
		break;
	case KIND_STATUS:
		put_status(t, p);
		break;
	case KIND_ADDRESS:
		put_address(t, p, size);
		break;
	case KIND_TIMESPEC_IN:
	case KIND_TIMESPEC_OUT:
		READ(pair, p);
		put_numbers(t, "{tv_sec=#d, tv_nsec=#d}", pair);
		break;
	case KIND_FDS:
		READ(fds, p);
		put_numbers(t, "[#d, #d]", (uint64_t[]){ fds[0], fds[1] });
		break;
	case KIND_POLLFDS:
		READ(poll, p);
		put_numbers(t, "[{fd=#d, events=#x}, ...]",
			    (uint64_t[]){ poll.fd, (uint16_t)poll.events });
		break;
	case KIND_UTSNAME:
		put_utsname(t, p, size);
		break;
	case KIND_IOVEC:
		READ(pair, p);
		put_numbers(t, "[{iov_base=#x, iov_len=#u}, ...]", pair);
		break;
	default:
		put_char(t, '?');
	}
}
