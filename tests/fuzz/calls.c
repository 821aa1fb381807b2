/* SPDX-License-Identifier: MIT */
/*
 * calls.c - any system calls of ring 3's, judged by the sandbox
 *
 * The input is a byte of options, two with the size of ring 3's memory, that memory,
 * then calls: number, six arguments, and what Linux and another thread do meanwhile.
 * Linux is made (linux.c); whatever reaches it is looked at (arrives.c). Between two
 * of the sandbox's looks the memory may change.
 *
 * CFLAGS: -D_GNU_SOURCE -Ilibdune/include -Ibuild/apps/trace
 * SOURCES: tests/fuzz/linux.c tests/fuzz/arrives.c
 * SOURCES: apps/policy/lex.c apps/policy/parse.c apps/policy/rules.c apps/policy/paths.c
 * SOURCES: apps/policy/peers.c apps/policy/limits.c apps/policy/ready.c apps/policy/constants.c
 * SOURCES: apps/sandbox/calls.c apps/sandbox/judge.c apps/sandbox/box.c apps/sandbox/user.c
 * SOURCES: apps/sandbox/names.c apps/sandbox/rights.c apps/sandbox/quick.c apps/sandbox/start.c apps/sandbox/open.c apps/sandbox/files.c apps/sandbox/entries.c
 * SOURCES: apps/sandbox/descriptors.c apps/sandbox/memory.c apps/sandbox/tasks.c
 * SOURCES: apps/sandbox/net.c apps/sandbox/message.c apps/sandbox/limits.c apps/sandbox/roster.c
 * SOURCES: apps/sandbox/report.c apps/sandbox/learn.c apps/trace/draft.c apps/trace/lines.c
 * SOURCES: apps/trace/arguments.c apps/trace/flags.c apps/trace/memory.c apps/trace/names.c
 * SOURCES: apps/trace/gather.c apps/trace/sets.c apps/trace/kinds.c apps/trace/sockets.c apps/trace/messages.c apps/trace/events.c
 * SOURCES: apps/trace/system.c apps/trace/options.c
 * SOURCES: apps/trace/tasks.c apps/trace/signals.c apps/sandbox/handlers.c apps/sandbox/fdclass.c
 * SOURCES: apps/sandbox/fdslots.c apps/run/pointers.c
 * SOURCES: tests/unit/sandbox_host.c
 */
#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>

#include "../../apps/policy/parse.h"
#include "../../apps/run/run.h"
#include "calls.h"
#include "../unit/sandbox_host.h"

#define MAX_MADE	8

#define RULES \
	"allow @basic @io @files @memory @process @signal @time @net\n" \
	"read+write+create /w /q\nread /r\nhide /w/h\nread /proc/self\nwrite /dev/null\n" \
	"connect 127.0.0.1:1000-1999\nbind 127.0.0.1:1000-1999\naccept 127.0.0.1:any\n"

static const char *const rules[] = {
	RULES, RULES "limit output 4K\nlimit processes 5\ndeny-write-exec\n",
};

static struct policy policies[2];
static struct shared shared;
static struct box box;
static const uint8_t *at, *end;
static jmp_buf ended;

uint8_t next_byte(void)
{
	return at < end ? *at++ : 0;
}

uint64_t next_bytes(unsigned int n)
{
	uint64_t v = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		v |= (uint64_t)next_byte() << 8 * i;
	return v;
}

void end_process(void)
{
	longjmp(ended, 1);
}

/* Another thread's write. */
static void interfere(void)
{
	uint64_t v, to;

	if ((next_byte() & 7) != 7)
		return;
	to = next_bytes(2) % (USER_SIZE - 8);
	v = next_bytes(8);
	memcpy((void *)(USER + to), &v, sizeof(v));
}

/* Of libdune. */

int dune_copy_from_user(void *to, uint64_t from, uint64_t size)
{
	if (!size)
		return 0;
	if (!is_mapped(from, size))
		return -EFAULT;
	memcpy(to, (void *)from, size);
	interfere();
	return 0;
}

int dune_copy_to_user(uint64_t to, const void *from, uint64_t size)
{
	MUST(in_user(to, size));
	if (!size)
		return 0;
	if (!is_mapped(to, size))
		return -EFAULT;
	memcpy((void *)to, from, size);
	return 0;
}

bool dune_forward_syscall(struct dune_tf *tf, uint32_t nr, const uint64_t a[6], long *result)
{
	if (next_byte() == 0xff) {
		tf->rip -= 2;
		return false;
	}
	arrives(tf, nr, a);
	*result = linux_result(nr, a);
	return true;
}

void dune_passthrough_syscall(struct dune_tf *tf)
{
	MUST(tf->rax == __NR_rt_sigreturn || !pointer_args(tf->rax));
	tf->rax = next_byte();
}

bool dune_whole_frame(struct dune_tf *tf) { return true; }
bool dune_owns_fd(uint64_t fd) { return false; }

static bool is_user(uint64_t start, uint64_t size)
{
	return in_user(start, size);
}

static void prepare(void)
{
	struct parse_error e;
	unsigned int i;

	for (i = 0; i < 2; i++)
		MUST(policy_parse(&policies[i], "fuzz", rules[i], known_call, &e));
	MUST(mmap((void *)USER, USER_SIZE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)USER);
}

static void begin(uint8_t options)
{
	memset(&shared, 0, sizeof(shared));
	memset(&box, 0, sizeof(box));
	linux_begin(options & 8);
	shared.hidden_from = HIDDEN_FROM;
	shared.hidden_to = HIDDEN_TO;
	shared.policy_fd = shared.learn_fd = NO_FD;
	shared.monitor_fd = shared.report_fd = HIDDEN_TO - 1;
	box.policy = &policies[options & 1];
	box.shared = &shared;
	box.is_user = is_user;
	MUST(!rules_start(&box));
	box.report = options & 2;
	box.learn = options & 4;
	box.shares_fds = options & 8;
	MUST(!box.shares_fds || !slots_start(&box));
	roster_add(&box, OWN_PID);
	box_start(&box);
}

static uint64_t argument(void)
{
	uint8_t how = next_byte();

	switch (how % 6) {
	case 0:
		return how / 6;
	case 1:
		return USER + next_bytes(2);
	case 2:
		return HIDDEN_FROM + how / 6;
	case 3:
		return -(uint64_t)next_bytes(2);
	case 4:
		return next_bytes(4);
	}
	return next_bytes(8);
}

static void call(void)
{
	struct dune_tf tf = { .rax = next_bytes(2), .rip = 0x1002 };
	uint64_t *const args[6] = { &tf.rdi, &tf.rsi, &tf.rdx, &tf.r10, &tf.r8, &tf.r9 };
	unsigned int i;

	for (i = 0; i < 6; i++)
		*args[i] = argument();
	box_syscall(&box, &tf);
	for (i = 0; i < NR_FDS; i++) {
		MUST(!fds[i].open || !fds[i].temporary || tf.rax == i);
		fds[i].temporary = false;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool prepared;
	size_t own;
	uint8_t options;
	unsigned int i;

	if (!prepared)
		prepare();
	prepared = true;
	at = data;
	end = data + size;
	options = next_byte();
	own = next_bytes(2);
	own = own < (size_t)(end - at) ? own : (size_t)(end - at);
	memset((void *)USER, 0, USER_SIZE);
	memcpy((void *)USER, at, own);
	at += own;
	begin(options);
	for (i = 0; i < MAX_MADE && at < end; i++)
		if (!setjmp(ended))
			call();
	return 0;
}
