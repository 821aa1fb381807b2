/* SPDX-License-Identifier: MIT */
/*
 * memory.c - structures that arguments point to
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "trace.h"

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

/* The first part of struct statx. */
static void put_statx(struct text *t, const void *p)
{
	struct {
		uint32_t mask, block;
		uint64_t attributes;
		uint32_t links, uid, gid;
		uint16_t mode, unused;
		uint64_t ino, size;
	} st;

	READ(st, p);
	put_string(t, "{stx_mask=");
	put_flags(t, KIND_STATXMASK, st.mask);
	put_numbers(t, ", stx_attributes=#x, stx_mode=", &st.attributes);
	put_mode(t, st.mode);
	put_numbers(t, ", stx_size=#u, ...}", &st.size);
}

/* struct clone_args up to what every version has. */
static void put_clone_args(struct text *t, const void *p)
{
	uint64_t args[8];

	READ(args, p);
	put_string(t, "{flags=");
	put_flags(t, KIND_CLONE, args[0]);
	put_numbers(t, ", child_tid=#x, parent_tid=#x, exit_signal=", &args[2]);
	if (args[4])
		put_signal(t, args[4], "SIG");
	else
		put_char(t, '0');
	put_numbers(t, ", stack=#x, stack_size=#x, tls=#x}", &args[5]);
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

void put_numbers(struct text *t, const char *format, const uint64_t *v)
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

/* Of those that are always as long. */
static const uint8_t needed[NR_KINDS] = {
#define KIND(name, how, bytes) \
	[KIND_##name] = COPY_##how == COPY_IN || COPY_##how == COPY_OUT ? bytes : 0,
#include "kinds.def"
#undef KIND
};

void put_memory(struct text *t, const struct style *style, enum arg_kind kind,
		const struct trace_piece *piece)
{
	const void *p = piece + 1;
	uint64_t pair[2];
	int fds[2];

	if (piece->size < needed[kind]) {
		put_char(t, '?');
		return;
	}
	switch (kind) {
	case KIND_STAT:
		put_stat(t, p);
		break;
	case KIND_STATX:
		put_statx(t, p);
		break;
	case KIND_CLONEARGS:
		put_clone_args(t, p);
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
	case KIND_ADDRESS_OUT:
		put_address(t, p, piece->size);
		break;
	case KIND_LENGTH:
		READ(fds[0], p);
		put_numbers(t, "[#d]", (uint64_t[]){ fds[0] });
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
		put_pollfds(t, piece);
		break;
	case KIND_EPOLLEVENT:
		put_epoll_event(t, p);
		break;
	case KIND_EPOLLEVENTS:
		put_epoll_events(t, piece);
		break;
	case KIND_UTSNAME:
		put_utsname(t, p, piece->size);
		break;
	case KIND_IOVEC:
	case KIND_IOVEC_OUT:
		put_vectors(t, style, p, piece->size, piece->more);
		break;
	case KIND_MESSAGE:
	case KIND_MESSAGE_OUT:
		put_message(t, style, piece);
		break;
	default:
		put_char(t, '?');
	}
}
