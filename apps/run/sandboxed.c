/* SPDX-License-Identifier: MIT */
/*
 * sandboxed.c - dune-run as a front end of the sandbox
 *
 * The first process has the policy compiled, by dune-policy, which executes
 * dune-run again with it. Programs executed inside get it by the same descriptor.
 */
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <asm/prctl.h>

#include "run.h"
#include "../sandbox/box.h"

static struct box box;
static bool first;		/* the sandbox begins with this program */
static char fd_text[16];
static char monitor_name[40];

bool box_on(void)
{
	return box.policy;
}

/* Whether --trace was given, here or to the dune-run that executed this one. */
bool box_traces(void)
{
	return box.policy && box.shared->trace;
}

void box_say(const char *line, size_t size)
{
	sys(__NR_write, box.shared->report_fd, line, size);
}

const char *box_fd_text(void)
{
	return fd_text;
}

/* How to execute dune-run again, whatever has become of its name. */
const char *box_monitor(void)
{
	return monitor_name;
}

static bool is_user(uint64_t start, uint64_t size)
{
	uint64_t end = start + size;

	return end >= start && end <= TASK_SIZE && !in_monitor(start, size);
}

/*
 * Compile
 */

#define MAX_COMPILE	4096

static bool is_policy_option(const char *arg)
{
	return starts_with(arg, "--policy=");
}

/* As this program was called, but by way of dune-policy, beside it. */
void box_compile(const struct options *o, char **argv, char **envp)
{
	static char self[4096], beside[4200];
	static char *args[MAX_COMPILE];
	long n = sys(__NR_readlinkat, AT_FDCWD, "/proc/self/exe", self, sizeof(self) - 1);
	unsigned int used = 0;

	if (n <= 0)
		die(125, "--policy", "it needs /proc");
	dune_fmt(beside, sizeof(beside), "%s", self);
	while (n && beside[n - 1] != '/')
		n--;
	dune_fmt(beside + n, sizeof(beside) - n, "dune-policy");

	args[used++] = "dune-policy";
	args[used++] = "--start";
	args[used++] = o->policy ? o->policy : "none";
	args[used++] = self;
	for (argv++; *argv; argv++) {
		if (used == MAX_COMPILE - 1)
			die(126, *argv, "too many arguments");
		if (!is_policy_option(*argv) || argv >= o->rest)
			args[used++] = *argv;
	}
	sys(__NR_execve, beside, args, envp);
	die(125, beside, "it cannot be executed; it belongs beside dune-run");
}

/*
 * Open
 */

static uint64_t number(const char *s)
{
	uint64_t v = 0;

	while (*s >= '0' && *s <= '9' && v < 1 << 20)
		v = v * 10 + *s++ - '0';
	return *s ? ~0ULL : v;
}

static void no_policy(const char *why)
{
	die(125, "--policy-fd", why);
}

static void map(uint64_t at, uint64_t size, int prot, int flags, uint64_t fd, uint64_t offset)
{
	if (sys_failed(sys(__NR_mmap, at, size, prot, flags | MAP_FIXED, fd, offset)))
		no_policy("no policy can be mapped from it");
}

/* Of the kind that libdune's have, below those. */
static long hide_fd(long fd)
{
	long hidden = sys(__NR_fcntl, fd, F_DUPFD, box.shared->hidden_from);

	return sys_failed(hidden) ? NO_FD : hidden;
}

static void choose_hidden(struct shared *s)
{
	uint64_t limit[2] = { 0 };

	sys(__NR_prlimit64, 0, RLIMIT_NOFILE, NULL, limit);
	if (limit[0] > 4096)
		limit[0] = 4096;
	s->hidden_from = limit[0] / 2;
	s->hidden_to = s->hidden_from + MAX_PATHS + 64;
}

/* Descriptors that the sandbox needs as long as it lasts. */
static void take_fds(const struct options *o, uint64_t policy_fd)
{
	struct shared *s = box.shared;
	long fd = sys(__NR_openat, AT_FDCWD, "/proc/self/exe", O_PATH | O_CLOEXEC, 0);

	choose_hidden(s);
	s->policy_fd = hide_fd(policy_fd);
	sys(__NR_close, policy_fd);
	s->monitor_fd = hide_fd(fd);
	sys(__NR_close, fd);
	s->report_fd = hide_fd(2);
	s->learn_fd = NO_FD;
	if (o->learn) {
		fd = sys(__NR_openat, AT_FDCWD, o->learn, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		if (sys_failed(fd))
			die(125, o->learn, "cannot be written");
		s->learn_fd = hide_fd(fd);
		sys(__NR_close, fd);
	}
	if (s->policy_fd == NO_FD || s->monitor_fd == NO_FD || (o->learn && s->learn_fd == NO_FD))
		no_policy("too few descriptors");
	s->trace = o->trace;
	s->report = o->report;
	s->learn = !!o->learn;
}

void box_open(const struct options *o)
{
	const struct policy *policy = (const struct policy *)BOX_BASE;
	struct shared *shared = (struct shared *)(BOX_BASE + SHARED_OFFSET);
	uint64_t fd = number(o->policy_fd);
	long size = sys(__NR_lseek, fd, 0, 2 /* SEEK_END */);

	if (sys_failed(size))
		no_policy("there is no such descriptor");
	/* A file that another could cut would end us at the next access. */
	if (size == sizeof(*policy) &&
	    (sys(__NR_ftruncate, fd, SHARED_OFFSET + SHARED_SIZE) ||
	     sys(__NR_fcntl, fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)))
		no_policy("it cannot be written");
	map(BOX_BASE, SHARED_OFFSET, PROT_READ, MAP_PRIVATE, fd, 0);
	map((uint64_t)shared, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, SHARED_OFFSET);
	if (size < (long)sizeof(*policy) || policy_check(policy, sizeof(*policy)))
		no_policy("it holds no policy");
	box.policy = policy;
	box.shared = shared;
	first = !shared->started;
	if (first)
		take_fds(o, fd);
	dune_fmt(fd_text, sizeof(fd_text), "%d", shared->policy_fd);
	fd_name(monitor_name, shared->monitor_fd);
	box.report = shared->report;
	box.learn = shared->learn;
	box.is_user = is_user;
	box.reserved = MONITOR_SIZE;
}

/*
 * Begin
 */

/* In the sandbox, files are loaded only if they may be executed, or read. */
bool box_may_load(int fd, bool program)
{
	struct request r = { .box = &box };
	char name[PATH_SIZE];
	uint32_t rights;

	rights = rights_of_fd(&r, fd, name);
	if (box.learn)
		learn_path(&box, name, program ? RIGHT_EXEC : RIGHT_READ);
	if (first)
		return true;	/* it is what the sandbox is for */
	if (box.policy->deny_wx && (rights & RIGHT_WRITE))
		return false;
	return rights & (program ? RIGHT_EXEC : RIGHT_READ | RIGHT_EXEC);
}

/* A segment of a program. */
bool box_may_map(int prot)
{
	return !box.policy->deny_wx || !(prot & PROT_WRITE) || !(prot & PROT_EXEC);
}

static long front_brk(struct request *r)
{
	return brk_set(r->args[0]);
}

/* The bases; what else there is has addresses in it. */
static long front_arch_prctl(struct request *r)
{
	switch (r->args[0]) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		r->tf->rdi = r->args[0];	/* all that Linux looks at */
		return do_arch_prctl(r->tf);
	}
	return -EINVAL;
}

static long front_readlink(struct request *r)
{
	if (r->nr == __NR_readlinkat)
		return read_self(r->args[1], r->args[2], r->args[3]);
	return read_self(r->args[0], r->args[1], r->args[2]);
}

/* It has not come back, or the frame says already how it goes on. */
static long front_exec(struct request *r)
{
	uint64_t rip = r->tf->rip;

	do_execve(r->tf);
	r->again = r->tf->rip != rip;
	return r->tf->rax;
}

static long front_exit(struct request *r)
{
	bool all = r->nr == __NR_exit_group;
	long id = all ? sys(__NR_getpid) : sys(__NR_gettid), e;

	if (box.learn) {
		learn_call(&box, r->nr);
		learn_write(&box);
	}
	roster_leave(&box, id, true);
	e = box_pass(r);
	/* A signal's handler comes first, and need not come back. */
	if (r->again)
		roster_leave(&box, id, false);
	return e;
}

static void after_fork(void)
{
	brk_after_fork();
	exec_after_fork();
}

static void start_sandbox(void)
{
	char self[4096] = "";
	long r;

	sys(__NR_readlinkat, AT_FDCWD, "/proc/self/exe", self, sizeof(self) - 1);
	r = rules_start(&box);
	if (r)
		die(125, "the policy's paths", "too long, or too few descriptors");
	box.shared->started = 1;
	/* Linux drops a signal that would end it, its own timer's SIGKILL too. */
	if (box.policy->limit[LIMIT_TIME] != NO_LIMIT && sys(__NR_getpid) == 1)
		die(125, "limit time", "it cannot end a namespace's first process: start this as a child of that");
	r = limits_start(&box);
	if (r)
		die(125, "the policy's limits", "above those of this process");
	r = wall_build(&box, self);
	if (r)
		die(125, "the policy's second line", "Linux refuses Landlock or the filter");
}

void box_begin(void)
{
	box.front[DO_brk] = front_brk;
	box.front[DO_arch_prctl] = front_arch_prctl;
	box.front[DO_readlink] = front_readlink;
	box.front[DO_exec] = front_exec;
	box.front[DO_exit] = front_exit;
	box.front[DO_exit_group] = front_exit;
	box.after_vfork = exec_forget;
	box.after_fork = after_fork;
	if (first)
		start_sandbox();
	limits_process(&box);
	box_start(&box);
}

void box_handler(struct dune_tf *tf)
{
	box_syscall(&box, tf);
}

static bool may(struct request *r, const struct object *o, uint32_t right)
{
	char name[PATH_SIZE];

	return rights_of_fd(r, o->fd, name) & right;
}

/* The file at @path, if the call in @tf may execute it. */
static long find_program_file(struct request *r, const char *path, bool at, uint64_t dir,
			      uint64_t flags, struct object *o)
{
	long e = find_file(r, at ? dir : (uint64_t)AT_FDCWD, path, flags, RIGHT_EXEC, o);

	if (e || !box.policy->deny_wx || !may(r, o, RIGHT_WRITE))
		return e;
	drop(o);
	return refuse_argument(r, at, "deny-write-exec", EACCES);
}

static struct request exec_request(struct dune_tf *tf)
{
	return (struct request){
		.box = &box, .tf = tf, .nr = tf->rax, .call = &calls[tf->rax],
		.args = { tf->rdi, tf->rsi, tf->rdx, tf->r10, tf->r8 },
	};
}

/* Of a script's first line. */
long box_check_interpreter(struct dune_tf *tf, const char *path, unsigned int depth)
{
	struct request r = exec_request(tf);
	struct object o;
	long e = find_program_file(&r, path, false, 0, 0, &o);

	if (e)
		return e;
	e = check_file(tf, o.fd, may(&r, &o, RIGHT_READ), depth);
	drop(&o);
	return e;
}

/*
 * Whether the call in @tf may execute the file at @path. @at: by @dir and @flags, and
 * then it is found by a descriptor, which this returns and names in @path; else 0.
 */
long box_find_program(struct dune_tf *tf, char *path, bool at, uint64_t dir, uint64_t flags)
{
	struct request r = exec_request(tf);
	struct object o;
	long fd = find_program_file(&r, path, at, dir, flags, &o);

	if (fd)
		return fd;
	fd = check_file(tf, o.fd, may(&r, &o, RIGHT_READ), 0);
	if (at && !fd) {
		fd = sys(__NR_fcntl, o.fd, F_DUPFD, 0);
		if (!sys_failed(fd))
			fd_path(path, fd);
	}
	drop(&o);
	return fd;
}
