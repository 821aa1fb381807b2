/* SPDX-License-Identifier: MIT */
/*
 * memory.c - structures that arguments point to
 */
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

void put_sigset(struct text *t, const void *p)
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

/* @format with each '#' the next of @v: '#d' signed, '#u' unsigned, '#x' in hex. */
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

/* As much of a field as there is; it need not end. */
static void put_field(struct text *t, const uint8_t *p)
{
	unsigned int n = 0;

	while (n < sizeof(((struct utsname *)0)->sysname) - 1 && p[n])
		n++;
	put_bytes(t, p, n, false);
}

static void put_utsname(struct text *t, const uint8_t *p)
{
	put_string(t, "{sysname=");
	put_field(t, p + offsetof(struct utsname, sysname));
	put_string(t, ", nodename=");
	put_field(t, p + offsetof(struct utsname, nodename));
	put_string(t, ", ...}");
}

static void put_statx(struct text *t, const void *p)
{
	struct statx st = { 0 };

	__builtin_memcpy(&st, p, 48);
	put_string(t, "{stx_mask=");
	put_flags(t, KIND_STATXMASK, st.stx_mask);
	put_string(t, ", stx_attributes=");
	put_flags(t, KIND_STATXATTRIBUTES, st.stx_attributes);
	put_string(t, ", stx_mode=");
	put_mode(t, st.stx_mode);
	put_string(t, ", stx_size=");
	put_unsigned(t, st.stx_size);
	put_string(t, ", ...}");
}

static void put_length(struct text *t, const void *p)
{
	struct trace_length length;

	READ(length, p);
	put_numbers(t, length.before == length.after ? "[#u]" : "[#u => #u]",
		    (uint64_t[]){ length.before, length.after });
}

/* What must be there of a structure, or of its smallest form. */
static const uint8_t needed[NR_KINDS] = {
#define FIXED(how)	(COPY_##how == COPY_IN || COPY_##how == COPY_OUT || COPY_##how == COPY_SOME_OUT)
#define KIND(name, how, bytes) [KIND_##name] = FIXED(how) ? bytes : 0,
#include "kinds.def"
#undef KIND
};

/* Of as many bytes as the program said: fewer are shown by their address. */
static unsigned int smallest(enum arg_kind kind)
{
	switch (kind) {
	case KIND_ADDRESS:
	case KIND_ADDRESS_OUT:
		return 2;
	case KIND_CLONEARGS:
		return 64;
	default:
		return 0;
	}
}

/* Of those that the monitor makes up. */
static unsigned int least(enum arg_kind kind)
{
	switch (kind) {
	case KIND_LENGTH:
		return sizeof(struct trace_length);
	case KIND_MESSAGE_IN:
		return sizeof(struct trace_message);
	case KIND_SIXTH:
		return sizeof(struct trace_sixth);
	case KIND_MESSAGE_OUT:
	case KIND_ENTRIES:
		return 4;
	default:
		return 0;
	}
}

static void put_entries(struct text *t, const struct call *call, unsigned int i)
{
	uint32_t n;

	READ(n, call->piece[i] + 1);
	put_pointer(t, call->r->args[i]);
	put_numbers(t, " /* #u entries */", (uint64_t[]){ n });
}

static void put_array_or_message(struct text *t, const struct style *style, const struct call *call,
				 unsigned int i, enum arg_kind kind)
{
	const struct trace_piece *p = call->piece[i];

	switch (kind) {
	case KIND_POLLFDS:
		put_polls(t, p);
		break;
	case KIND_EPOLLEVENTS:
		put_epolls(t, p);
		break;
	case KIND_IOVEC_IN:
	case KIND_IOVEC_OUT:
		put_iovecs(t, style, p + 1, p->size, p->more);
		break;
	case KIND_MESSAGE_IN:
	case KIND_MESSAGE_OUT:
		put_message(t, style, p);
		break;
	case KIND_CLONEARGS:
		put_clone_args(t, call, p);
		break;
	case KIND_SET:
		put_set(t, call->r, p);
		break;
	case KIND_SIXTH:
		put_sixth(t, p);
		break;
	case KIND_ENTRIES:
		put_entries(t, call, i);
		break;
	case KIND_CHILD:
		put_siginfo_of_child(t, p + 1);
		break;
	default:
		if (!put_system(t, kind, p + 1))
			put_char(t, '?');
	}
}

void put_memory(struct text *t, const struct style *style, const struct call *call, unsigned int i,
		enum arg_kind kind)
{
	const void *p = call->piece[i] + 1;
	unsigned int size = call->piece[i]->size;
	uint64_t pair[2];
	int fds[2];

	if (size < needed[kind] || size < least(kind)) {
		put_char(t, '?');
		return;
	}
	if (size < smallest(kind)) {
		put_pointer(t, call->r->args[i]);
		return;
	}
	switch (kind) {
	case KIND_STAT:
		put_stat(t, p);
		break;
	case KIND_STATX:
		put_statx(t, p);
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
		put_address(t, p, size);
		break;
	case KIND_LENGTH:
		put_length(t, p);
		break;
	case KIND_OPTION:
	case KIND_OPTION_OUT:
		put_option(t, call, i);
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
	case KIND_UTSNAME:
		put_utsname(t, p);
		break;
	case KIND_EPOLLEVENT:
		put_epoll(t, p);
		break;
	default:
		put_array_or_message(t, style, call, i, kind);
	}
}
