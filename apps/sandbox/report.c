/* SPDX-License-Identifier: MIT */
/*
 * report.c - what was refused, by which rule, and where the program asked for it
 */
#include <linux/fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "../trace/show.h"
#include "box.h"

#define REPORT_SIZE	1024

/* To standard error as it was at the start. */
void say(const struct box *b, const char *line)
{
	sys(__NR_write, b->shared->report_fd, line, text_length(line));
}

static const char *hex(const char *s, uint64_t *v)
{
	for (*v = 0;; s++) {
		if (*s >= '0' && *s <= '9')
			*v = *v * 16 + *s - '0';
		else if (*s >= 'a' && *s <= 'f')
			*v = *v * 16 + *s - 'a' + 10;
		else
			return s;
	}
}

/* "start-end perms offset dev inode path": whether @at is in it, then its name. */
static bool in_mapping(const char *line, uint64_t at, char *to, size_t size)
{
	uint64_t start, end, offset;
	const char *s = hex(hex(line, &start) + (*line != 0), &end);
	unsigned int fields;

	if (at < start || at >= end)
		return false;
	s += *s == ' ';
	while (*s && *s != ' ')
		s++;
	s = hex(s + (*s == ' '), &offset);
	for (fields = 0; *s && fields < 3; s++)
		fields += *s == ' ';
	while (*s == ' ')
		s++;
	dune_fmt(to, size, "%s+0x%lx", *s ? s : "anonymous memory",
		 (unsigned long)(at - start + offset));
	return true;
}

/* Which file of the program's, and where in it, @at is. */
static void place(uint64_t at, char *to, size_t size)
{
	long fd = sys(__NR_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0), n;
	char text[2048], line[512];
	size_t used = 0;
	bool found = false;

	dune_fmt(to, size, "0x%lx", (unsigned long)at);
	while (!found && !sys_failed(fd) && (n = sys(__NR_read, fd, text, sizeof(text))) > 0) {
		long i;

		for (i = 0; i < n && !found; i++) {
			if (text[i] != '\n') {
				if (used < sizeof(line) - 1)
					line[used++] = text[i];
				continue;
			}
			line[used] = 0;
			used = 0;
			found = in_mapping(line, at, to, size);
		}
	}
	if (!sys_failed(fd))
		sys(__NR_close, fd);
}

/* Names are the program's: none is to move the terminal's cursor, or begin a line. */
static void make_plain(char *s)
{
	for (; *s; s++) {
		uint8_t c = *s;

		/* U+0080 to U+009F are control characters, too. */
		if (c < ' ' || c == 0x7f || (c == 0xc2 && (s[1] & 0xe0) == 0x80))
			*s = '?';
	}
}

/* @why: a sentence's end; @line: of the policy, 0: none. */
static void report(struct request *r, const char *what, const char *why, unsigned int line)
{
	const struct policy *p = r->box->policy;
	char text[REPORT_SIZE], call[512], where[300], rule[320];

	if (r->refused)
		return;
	r->refused = true;
	draft_show(r->nr, r->args, call, sizeof(call));
	place(r->tf->rip - 2, where, sizeof(where));
	if (line)
		dune_fmt(rule, sizeof(rule), "%s:%u", p->text + p->name, line);
	else
		dune_fmt(rule, sizeof(rule), "%s", p->text + p->name);
	dune_fmt(text, sizeof(text) - 1, "dune-run: %s %s: %s (policy %s, at %s)", call, what, why,
		 rule, where);
	make_plain(text);
	__builtin_memcpy(text + text_length(text), "\n", 2);
	say(r->box, text);
}

void report_verdict(struct request *r, const struct verdict *v)
{
	static const char *const what[] = {
		[ACTION_ALLOW] = "allowed", [ACTION_LOG] = "logged", [ACTION_ERRNO] = "refused",
		[ACTION_EMULATE] = "emulated", [ACTION_KILL] = "killed",
	};
	char why[64];

	if (v->arg >= 0)
		dune_fmt(why, sizeof(why), "argument %d", v->arg);
	else
		dune_fmt(why, sizeof(why), "%s", v->line ? "by this rule" : "no rule allows it");
	report(r, what[v->action.kind], why, v->line);
	r->refused = v->action.kind != ACTION_LOG;
}

/* As seccomp ends a process: by SIGSYS, whatever handler and mask there is. */
void die_by_policy(struct request *r)
{
	const uint64_t dfl[4] = { 0 }, bit = 1ULL << 30;
	long pid = sys(__NR_getpid);

	for (;;) {
		sys(__NR_rt_sigaction, 31 /* SIGSYS */, dfl, NULL, 8);
		sys(__NR_rt_sigprocmask, 1 /* SIG_UNBLOCK */, &bit, NULL, 8);
		sys(__NR_kill, pid, 31);
		sys(__NR_exit_group, 128 + 31);
	}
}

/* What the default action makes of a file or an address without a rule. */
static long refuse(struct request *r, const char *why, int error)
{
	bool kill = r->box->policy->default_action.kind == ACTION_KILL;

	if (kill || r->box->report)
		report(r, kill ? "killed" : "refused", why, 0);
	if (kill)
		die_by_policy(r);
	return -error;
}

long refuse_path(struct request *r, const char *path, uint32_t need)
{
	char why[REPORT_SIZE / 2];

	/* The metadata of what is not there for the program. */
	if (need == RIGHT_SEE && !r->box->report)
		return -EACCES;
	dune_fmt(why, sizeof(why), "no rule gives%s%s%s%s%s on %s", need & RIGHT_READ ? " read" : "",
		 need & RIGHT_WRITE ? " write" : "", need & RIGHT_CREATE ? " create" : "",
		 need & RIGHT_EXEC ? " exec" : "", need & RIGHTS ? "" : " any right", path);
	return refuse(r, why, EACCES);
}

long refuse_peer(struct request *r, const char *what, const void *address, uint32_t size)
{
	const struct sockaddr_in *in = address;
	const uint8_t *b = (const uint8_t *)&in->sin_addr;
	char why[128];

	if (size >= sizeof(*in) && in->sin_family == AF_INET)
		dune_fmt(why, sizeof(why), "no rule to %s %u.%u.%u.%u:%u", what, b[0], b[1], b[2],
			 b[3], __builtin_bswap16(in->sin_port));
	else
		dune_fmt(why, sizeof(why), "no rule to %s an address of family %u", what,
			 size >= 2 ? in->sin_family : 0);
	return refuse(r, why, EACCES);
}

long refuse_limit(struct request *r, const char *what, int error)
{
	char why[64];

	if (r->box->report) {
		dune_fmt(why, sizeof(why), "the limit on %s", what);
		report(r, "refused", why, 0);
	}
	return -error;
}

long refuse_argument(struct request *r, unsigned int arg, const char *why, int error)
{
	char text[128];

	if (r->box->report) {
		if (arg < 6)
			dune_fmt(text, sizeof(text), "argument %u: %s", arg, why);
		else
			dune_fmt(text, sizeof(text), "%s", why);
		report(r, "refused", text, 0);
	}
	return -error;
}
