/* SPDX-License-Identifier: MIT */
/*
 * trace_lines_test.c - dune-trace's lines, from records as the monitor writes them
 *
 * SOURCES: apps/trace/lines.c apps/trace/arguments.c apps/trace/memory.c apps/trace/sockets.c
 * SOURCES: apps/trace/classes.c apps/trace/kinds.c apps/trace/system.c apps/trace/options.c
 * SOURCES: apps/trace/messages.c apps/trace/events.c apps/trace/tasks.c
 * SOURCES: apps/trace/flags.c apps/trace/names.c apps/trace/ring.c apps/trace/json.c apps/trace/signals.c
 * CFLAGS: -D_GNU_SOURCE -Ibuild/apps/trace -Iapps/trace
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asm/unistd_64.h>

#include "tap.h"
#include "classes.h"
#include "reader.h"

static const struct style style = { .string = 32, .frequency = 100000000 };

static struct {
	struct trace_record	r;
	uint8_t			data[MAX_RECORD];
} draft;

static void record(unsigned int nr, int64_t result, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	memset(&draft, 0, sizeof(draft));
	draft.r = (struct trace_record){
		.size = sizeof(draft.r), .nr = nr, .pid = 100, .tid = 101, .start = 100000000,
		.end = 100001000, .args = { a, b, c, d }, .result = result };
}

static void piece(unsigned int arg, const void *data, unsigned int size, bool more)
{
	uint8_t *at = (uint8_t *)&draft + draft.r.size;
	struct trace_piece head = { .size = size, .arg = arg, .more = more };

	memcpy(at, &head, sizeof(head));
	memcpy(at + sizeof(head), data, size);
	draft.r.size += sizeof(head) + ((size + 7) & ~7u);
	draft.r.pieces++;
}

static void put(struct trace_ring *ring, const void *data, unsigned int size)
{
	uint8_t *to = (uint8_t *)ring + 4096;
	unsigned int i;

	for (i = 0; i < size; i++)
		to[(ring->head + i) % RING_DATA] = ((const uint8_t *)data)[i];
	ring->head += size;
}

static char line[8192];
static int nr_lines;
static void (*how)(struct text *t, const struct style *style, const struct call *call) = put_line;

static void on_call(const struct call *call)
{
	struct text t = { line, sizeof(line) - 1, 0 };

	how(&t, &style, call);
	line[t.used] = '\0';
	nr_lines++;
}

static struct trace_ring *ring;

static const char *shown(void)
{
	nr_lines = 0;
	put(ring, &draft, draft.r.size);
	ring_read(ring, on_call);
	line[strcspn(line, "\n")] = '\0';
	return nr_lines == 1 ? line : "no line, or several";
}

#define SHOWS(text) do {							\
	const char *is = shown();						\
	CHECK(!strcmp(is, text));						\
	if (strcmp(is, text))							\
		printf("# is: %s\n", is);					\
} while (0)

static void test_numbers_and_names(void)
{
	record(__NR_getpid, 100, 0, 0, 0, 0);
	SHOWS("getpid()                                = 100");
	record(__NR_openat, -2, (uint64_t)AT_FDCWD, 0x1000, O_RDONLY | O_CLOEXEC, 0);
	piece(1, "/etc/passwd", 11, false);
	SHOWS("openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)");
	record(__NR_openat, 3, 5, 0x1000, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	piece(1, "x", 1, false);
	SHOWS("openat(5, \"x\", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3");
	record(__NR_mmap, 0x7f0000000000, 0, 8192, PROT_READ | PROT_WRITE,
	       MAP_PRIVATE | MAP_ANONYMOUS);
	draft.r.args[4] = -1;
	SHOWS("mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000");
	record(__NR_munmap, 0, 0x7f0000000000, 8192, 0, 0);
	SHOWS("munmap(0x7f0000000000, 8192)            = 0");
	record(__NR_exit_group, 0, 7, 0, 0, 0);
	SHOWS("exit_group(7)                           = ?");
	record(500, -38, 1, 2, 3, 4);
	SHOWS("syscall_0x1f4(0x1, 0x2, 0x3, 0x4, 0, 0) = -1 ENOSYS (Function not implemented)");
}

static void test_memory(void)
{
	uint64_t action[4] = { 0, 0x04000000, 0x7f0000001000, 0 }, set = 1 << 1 | 1 << 16;
	int status = 3 << 8;

	record(__NR_write, 6, 1, 0x1000, 6, 0);
	piece(1, "hello\n", 6, false);
	SHOWS("write(1, \"hello\\n\", 6)                  = 6");
	record(__NR_read, 5, 0, 0x1000, 100, 0);
	piece(1, "\0001\"\\\377", 5, true);
	SHOWS("read(0, \"\\0001\\\"\\\\\\377\"..., 100)        = 5");
	record(__NR_rt_sigaction, 0, 2, 0x1000, 0, 8);
	piece(1, action, 32, false);
	SHOWS("rt_sigaction(SIGINT, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=SA_RESTORER, sa_restorer=0x7f0000001000}, NULL, 8) = 0");
	record(__NR_rt_sigprocmask, 0, 0, 0x1000, 0, 8);
	piece(1, &set, 8, false);
	SHOWS("rt_sigprocmask(SIG_BLOCK, [INT CHLD], NULL, 8) = 0");
	record(__NR_wait4, 77, -1, 0x1000, 0, 0);
	piece(1, &status, 4, false);
	SHOWS("wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 77");
}

static void test_addresses(void)
{
	static const char inet[] = "\2\0\0\120\177\0\0\1\0\0\0\0\0\0\0\0";
	static const char loopback[] = "\12\0\1\273\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\0\0\0";
	static const char inside[] = "\12\0\0\1\0\0\0\0\40\1\15\270\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0";
	static const char groups[] = "\12\0\0\1\0\0\0\0\0\0\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\0\0\0";
	struct trace_length length = { 16, 16 };

	record(__NR_connect, 0, 3, 0x1000, 16, 0);
	piece(1, inet, 16, false);
	SHOWS("connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0");
	record(__NR_bind, 0, 3, 0x1000, 28, 0);
	piece(1, loopback, 28, false);
	SHOWS("bind(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(1), inet_pton(AF_INET6, \"::1\", &sin6_addr), sin6_scope_id=2}, 28) = 0");
	record(__NR_bind, 0, 3, 0x1000, 28, 0);
	piece(1, inside, 28, false);
	SHOWS("bind(3, {sa_family=AF_INET6, sin6_port=htons(1), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"2001:db8:0:1::\", &sin6_addr), sin6_scope_id=0}, 28) = 0");
	record(__NR_bind, 0, 3, 0x1000, 28, 0);
	piece(1, groups, 28, false);
	SHOWS("bind(3, {sa_family=AF_INET6, sin6_port=htons(1), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"0:1:2:3:4:5:6:7\", &sin6_addr), sin6_scope_id=0}, 28) = 0");
	record(__NR_bind, 0, 3, 0x1000, 110, 0);
	piece(1, "\1\0/run/x\0...", 12, false);
	SHOWS("bind(3, {sa_family=AF_UNIX, sun_path=\"/run/x\"}, 110) = 0");
	record(__NR_bind, 0, 3, 0x1000, 5, 0);
	piece(1, "\1\0\0ab", 5, false);
	SHOWS("bind(3, {sa_family=AF_UNIX, sun_path=@\"ab\"}, 5) = 0");
	record(__NR_accept, 4, 3, 0x1000, 0x2000, 0);
	piece(1, inet, 16, false);
	piece(2, &length, sizeof(length), false);
	SHOWS("accept(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, [16]) = 4");
	/* Too short for what the family says. */
	record(__NR_bind, 0, 3, 0x1000, 2, 0);
	piece(1, inet, 2, false);
	SHOWS("bind(3, {sa_family=AF_INET}, 2)         = 0");
	record(__NR_bind, 0, 3, 0x1000, 1, 0);
	piece(1, inet, 1, false);
	SHOWS("bind(3, 0x1000, 1)                      = 0");
}

static void test_events(void)
{
	struct pollfd fds[2] = { { 3, POLLIN, 0 }, { 4, POLLIN | POLLOUT, POLLOUT | POLLHUP } };
	struct { uint32_t events; uint64_t data; } __attribute__((packed)) e[2] = {
		{ EPOLLIN | EPOLLET, 5 }, { EPOLLHUP, 1UL << 32 | 6 } };

	record(__NR_poll, 1, 0x1000, 2, -1, 0);
	piece(0, fds, sizeof(fds), false);
	piece(OF_RESULT, fds, sizeof(fds), false);
	SHOWS("poll([{fd=3, events=POLLIN}, {fd=4, events=POLLIN|POLLOUT}], 2, -1) = 1 ([{fd=4, revents=POLLOUT|POLLHUP}])");
	record(__NR_poll, 0, 0x1000, 1, 10, 0);
	piece(0, fds, sizeof(fds[0]), false);
	SHOWS("poll([{fd=3, events=POLLIN}], 1, 10)    = 0 (Timeout)");
	record(__NR_epoll_ctl, 0, 5, EPOLL_CTL_ADD, 3, 0x1000);
	piece(3, e, 12, false);
	SHOWS("epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLET, data={u32=5, u64=5}}) = 0");
	record(__NR_epoll_wait, 2, 5, 0x1000, 8, -1);
	piece(1, e, 24, false);
	SHOWS("epoll_wait(5, [{events=EPOLLIN|EPOLLET, data={u32=5, u64=5}}, {events=EPOLLHUP, data={u32=6, u64=4294967302}}], 8, -1) = 2");
}

static void test_more_structures(void)
{
	uint64_t args[8] = { 0x4100, 0, 0x10, 0, 17, 0x7000, 4096, 0 };
	uint32_t st[16] = { 0x17ff, 4096, 0, 0, 1, 0, 0, 0100644, 12, 0, 6 };

	record(__NR_clone3, 99, 0x1000, 88, 0, 0);
	piece(0, args, 64, false);
	SHOWS("clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD, stack=0x7000, stack_size=0x1000}, 88) = 99");
	record(__NR_statx, 0, (uint64_t)AT_FDCWD, 0x1000, 0, 0x7ff);
	piece(1, "f", 1, false);
	piece(4, st, 64, false);
	SHOWS("statx(AT_FDCWD, \"f\", AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS, {stx_mask=STATX_BASIC_STATS|STATX_MNT_ID, stx_attributes=0, stx_mode=S_IFREG|0644, stx_size=6, ...}) = 0");
}

static unsigned int nr_wanted(const bool *wanted)
{
	unsigned int i, n = 0;

	for (i = 0; i < MAX_NR; i++)
		n += wanted[i];
	return n;
}

static void test_classes(void)
{
	char list[64], known[512];
	bool wanted[MAX_NR];

	CHECK(!want_calls(strcpy(list, "read,%net"), wanted) && wanted[__NR_read] &&
	      wanted[__NR_accept4] && !wanted[__NR_write]);
	CHECK(!want_calls(strcpy(list, "!%file,getpid"), wanted) && !wanted[__NR_openat] &&
	      !wanted[__NR_execve] && !wanted[__NR_getpid] && wanted[__NR_read]);
	CHECK(!want_calls(strcpy(list, "%%stat"), wanted) && nr_wanted(wanted) == 5);
	CHECK(!want_calls(strcpy(list, "none"), wanted) && !nr_wanted(wanted));
	CHECK(!want_calls(strcpy(list, "all"), wanted) && nr_wanted(wanted) == MAX_NR);
	CHECK(!strcmp(want_calls(strcpy(list, "read,%files"), wanted), "%files"));
	CHECK(!strcmp(want_calls(strcpy(list, "raed"), wanted), "raed"));
	list_classes(known, sizeof(known));
	CHECK(!strncmp(known, " %file %process %network ", 25) && strstr(known, " %pure"));
	list_classes(known, 8);
	CHECK(!strlen(known) || strlen(known) < 8);
}

static void test_execve(void)
{
	record(__NR_execve, 0, 0x1000, 0x2000, 0x3000, 12);
	draft.r.type = RECORD_EXEC;
	piece(0, "/bin/cat", 8, false);
	piece(1, "cat\0file", 9, false);
	SHOWS("execve(\"/bin/cat\", [\"cat\", \"file\"], 0x3000 /* 12 vars */) = 0");
}

static void signal_record(int sig, int code, uint64_t a, uint64_t b)
{
	record(sig, 0, sig, (uint32_t)code, a, b);
	draft.r.type = RECORD_SIGNAL;
}

static void test_signals(void)
{
	signal_record(11, 1, 0x10, 0);
	SHOWS("--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---");
	signal_record(10, 0, 77 | 1000UL << 32, 0);
	SHOWS("--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=77, si_uid=1000} ---");
	signal_record(17, 1, 78, 3);
	SHOWS("--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=78, si_uid=0, si_status=3} ---");
	signal_record(14, 0x80, 0, 0);
	SHOWS("--- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---");
	signal_record(34, -6, 5, 0);
	SHOWS("--- SIGRT_2 {si_signo=SIGRT_2, si_code=SI_TKILL, si_pid=5, si_uid=0} ---");
	signal_record(99, 77, 5, 0);
	SHOWS("--- 99 {si_signo=99, si_code=77} ---");
	how = put_json;
	signal_record(11, 1, 0x10, 0);
	SHOWS("{\"pid\": 100, \"tid\": 101, \"time\": 1.000000, \"signal\": \"SIGSEGV\", \"info\": \"{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10}\"}");
	how = put_line;
}

static void test_json(void)
{
	how = put_json;
	record(__NR_write, -32, 1, 0x1000, 2, 0);
	piece(1, "a\"", 2, false);
	SHOWS("{\"pid\": 100, \"tid\": 101, \"time\": 1.000000, \"name\": \"write\", \"args\": [\"1\", \"\\\"a\\\\\\\"\\\"\", \"2\"], \"result\": -32, \"error\": \"EPIPE\", \"ticks\": 1000}");
	how = put_line;
}

/* Many, so that some lie across the ring's end. */
static void test_ring_wraps(void)
{
	int i, right = 0;

	for (i = 0; i < 100000; i++) {
		record(__NR_write, 6, 1, 0x1000, 6, 0);
		piece(1, "hello\n", 6, false);
		right += !strcmp(shown(), "write(1, \"hello\\n\", 6)                  = 6");
	}
	CHECK(right == 100000);
}

/* Records that do not hold what they say show nothing, or not more than there is. */
static void test_damaged(void)
{
	static const uint32_t sizes[] = { 0, 8, sizeof(struct trace_record) - 8, MAX_RECORD + 8, ~0U };
	struct trace_piece huge = { .size = 60000, .arg = 1 };
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		record(__NR_getpid, 1, 0, 0, 0, 0);
		nr_lines = 0;
		draft.r.size = sizes[i];
		put(ring, &draft, sizeof(draft.r));
		ring_read(ring, on_call);
		CHECK(!nr_lines && ring->tail == ring->head);
	}
	record(__NR_write, 1, 1, 0x1000, 2, 0);
	memcpy(draft.data, &huge, sizeof(huge));
	draft.r.size += 8;
	draft.r.pieces = 1;
	CHECK(!strcmp(shown(), "no line, or several"));
	record(__NR_write, 1, 1, 0x1000, 2, 0);
	piece(OF_RESULT + 1, "x", 1, false);
	CHECK(!strcmp(shown(), "no line, or several"));
	/* A record that ends within the padding of its first piece, and what lies behind. */
	record(__NR_write, 1, 1, 0x1000, 2, 0);
	piece(0, "x", 1, false);
	memcpy((uint8_t *)&draft + draft.r.size, &huge, sizeof(huge));
	draft.r.size -= 7;
	draft.r.pieces = 2;
	{
		struct call call;

		CHECK(!call_of(&draft.r, &call));
	}
	record(__NR_newfstatat, 0, 3, 0x1000, 0x2000, 0);
	piece(2, "short", 5, false);
	SHOWS("newfstatat(3, 0x1000, ?, 0)             = 0");
	record(65535, 0, 0, 0, 0, 0);
	SHOWS("syscall_0xffff(0, 0, 0, 0, 0, 0)        = 0");
}

int main(void)
{
	int fd;

	ring = ring_new(&fd);
	if (!ring)
		return 1;
	test_numbers_and_names();
	test_memory();
	test_addresses();
	test_events();
	test_more_structures();
	test_classes();
	test_execve();
	test_json();
	test_signals();
	test_ring_wraps();
	test_damaged();
	munmap(ring, RING_SIZE);
	close(fd);
	return tap_end();
}
