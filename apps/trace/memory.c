/* SPDX-License-Identifier: MIT */
/*
 * memory.c - structures that arguments point to
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "trace.h"

static void print_mode(FILE *f, unsigned int mode)
{
	static const char *const types[16] = {
		[1] = "S_IFIFO", [2] = "S_IFCHR", [4] = "S_IFDIR", [6] = "S_IFBLK",
		[8] = "S_IFREG", [10] = "S_IFLNK", [12] = "S_IFSOCK" };
	const char *type = types[mode >> 12 & 15];

	fprintf(f, "%s%s%s%s|%#03o", type ? type : "0", mode & S_ISUID ? "|S_ISUID" : "",
		mode & S_ISGID ? "|S_ISGID" : "", mode & S_ISVTX ? "|S_ISVTX" : "", mode & 0777);
}

static void print_stat(FILE *f, const void *p)
{
	struct stat st;

	memcpy(&st, p, sizeof(st));
	fputs("{st_mode=", f);
	print_mode(f, st.st_mode);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		fprintf(f, ", st_rdev=makedev(%#x, %#x), ...}", major(st.st_rdev),
			minor(st.st_rdev));
	else
		fprintf(f, ", st_size=%ld, ...}", st.st_size);
}

static void print_sigset(FILE *f, const void *p)
{
	const char *between = "";
	uint64_t set;
	int sig, n;

	memcpy(&set, p, sizeof(set));
	n = __builtin_popcountll(set);
	if (n > 43) {		/* rather those that are not in it */
		fputc('~', f);
		set = ~set;
	}
	fputc('[', f);
	for (sig = 1; sig <= 64; sig++) {
		if (!(set >> (sig - 1) & 1))
			continue;
		if (sigabbrev_np(sig))
			fprintf(f, "%s%s", between, sigabbrev_np(sig));
		else
			fprintf(f, sig == 32 ? "%sRTMIN" : "%sRT_%d", between, sig - 32);
		between = " ";
	}
	fputc(']', f);
}

/* The kernel's, not libc's: handler, flags, restorer, mask. */
static void print_sigaction(FILE *f, const void *p)
{
	static const struct { uint64_t bit; const char *name; } names[] = {
		{ 0x04000000, "SA_RESTORER" }, { SA_ONSTACK, "SA_ONSTACK" },
		{ SA_RESTART, "SA_RESTART" }, { SA_NODEFER, "SA_NODEFER" },
		{ SA_RESETHAND, "SA_RESETHAND" }, { SA_SIGINFO, "SA_SIGINFO" },
		{ SA_NOCLDSTOP, "SA_NOCLDSTOP" }, { SA_NOCLDWAIT, "SA_NOCLDWAIT" } };
	uint64_t action[4], flags;
	const char *between = "";
	unsigned int i;

	memcpy(action, p, sizeof(action));
	fputs("{sa_handler=", f);
	if (action[0] < 2)
		fputs(action[0] ? "SIG_IGN" : "SIG_DFL", f);
	else
		fprintf(f, "%#lx", action[0]);
	fputs(", sa_mask=", f);
	print_sigset(f, &action[3]);
	fputs(", sa_flags=", f);
	flags = action[1];
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(flags & names[i].bit))
			continue;
		fprintf(f, "%s%s", between, names[i].name);
		between = "|";
		flags &= ~names[i].bit;
	}
	if (flags || !*between)
		fprintf(f, flags ? "%s%#lx" : "%s0", between, flags);
	if (action[1] & 0x04000000)
		fprintf(f, ", sa_restorer=%#lx", action[2]);
	fputc('}', f);
}

static void print_limit(FILE *f, const char *name, uint64_t v)
{
	if (v == RLIM_INFINITY)
		fprintf(f, "%s=RLIM64_INFINITY", name);
	else if (v > 100000 && v % 1024 == 0)
		fprintf(f, "%s=%lu*1024", name, v / 1024);
	else
		fprintf(f, "%s=%lu", name, v);
}

static void print_rlimit(FILE *f, const void *p)
{
	uint64_t limit[2];

	memcpy(limit, p, sizeof(limit));
	print_limit(f, "{rlim_cur", limit[0]);
	fputs(", ", f);
	print_limit(f, "rlim_max", limit[1]);
	fputc('}', f);
}

static void print_status(FILE *f, const void *p)
{
	int status;

	memcpy(&status, p, sizeof(status));
	if (WIFEXITED(status))
		fprintf(f, "[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		fprintf(f, "[{WIFSIGNALED(s) && WTERMSIG(s) == SIG%s%s}]",
			sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?",
			WCOREDUMP(status) ? " && WCOREDUMP(s)" : "");
	else
		fprintf(f, "[%#x]", status);
}

static void print_address(FILE *f, const void *p, unsigned int size)
{
	struct sockaddr_in in;
	char text[INET6_ADDRSTRLEN];
	uint16_t family;

	memcpy(&family, p, sizeof(family));
	fputs("{sa_family=", f);
	print_flags(f, KIND_FAMILY, family);
	if (family == AF_INET) {
		memcpy(&in, p, sizeof(in));
		fprintf(f, ", sin_port=htons(%u), sin_addr=inet_addr(\"%s\")", ntohs(in.sin_port),
			inet_ntop(AF_INET, &in.sin_addr, text, sizeof(text)));
	} else if (family == AF_UNIX) {
		fputs(", sun_path=", f);
		print_bytes(f, (const uint8_t *)p + 2, strnlen((const char *)p + 2, size - 2),
			    size == 28);
	}
	fputc('}', f);
}

static const uint8_t needed[NR_KINDS] = {
#define KIND(name, how, bytes) [KIND_##name] = bytes,
#include "kinds.def"
#undef KIND
};

void print_memory(FILE *f, enum arg_kind kind, const void *p, unsigned int size)
{
	struct utsname name;
	struct pollfd poll;
	uint64_t pair[2];
	int fds[2];

	if (size < needed[kind]) {
		fputc('?', f);
		return;
	}
	switch (kind) {
	case KIND_STAT:
		print_stat(f, p);
		break;
	case KIND_SIGSET_IN:
	case KIND_SIGSET_OUT:
		print_sigset(f, p);
		break;
	case KIND_SIGACTION_IN:
	case KIND_SIGACTION_OUT:
		print_sigaction(f, p);
		break;
	case KIND_RLIMIT_IN:
	case KIND_RLIMIT_OUT:
		print_rlimit(f, p);
		break;
	case KIND_STATUS:
		print_status(f, p);
		break;
	case KIND_ADDRESS:
		print_address(f, p, size);
		break;
	case KIND_TIMESPEC_IN:
	case KIND_TIMESPEC_OUT:
		memcpy(pair, p, sizeof(pair));
		fprintf(f, "{tv_sec=%ld, tv_nsec=%ld}", pair[0], pair[1]);
		break;
	case KIND_FDS:
		memcpy(fds, p, sizeof(fds));
		fprintf(f, "[%d, %d]", fds[0], fds[1]);
		break;
	case KIND_POLLFDS:
		memcpy(&poll, p, sizeof(poll));
		fprintf(f, "[{fd=%d, events=%#hx}, ...]", poll.fd, poll.events);
		break;
	case KIND_UTSNAME:
		memset(&name, 0, sizeof(name));
		memcpy(&name, p, size);
		fprintf(f, "{sysname=\"%s\", nodename=\"%s\", ...}", name.sysname, name.nodename);
		break;
	case KIND_IOVEC:
		memcpy(pair, p, sizeof(pair));
		fprintf(f, "[{iov_base=%#lx, iov_len=%lu}, ...]", pair[0], pair[1]);
		break;
	default:
		fputc('?', f);
	}
}
