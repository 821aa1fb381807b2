/* SPDX-License-Identifier: MIT */
/*
 * trace_structures_test.c - what arguments point to, from the program's memory to a line
 *
 * The program's memory is this process's, of which parts may be missing, or change
 * between two looks.
 *
 * SOURCES: apps/trace/draft.c apps/trace/gather.c apps/trace/lines.c apps/trace/arguments.c
 * SOURCES: apps/trace/memory.c apps/trace/sockets.c apps/trace/messages.c apps/trace/events.c
 * SOURCES: apps/trace/sets.c apps/trace/kinds.c apps/trace/system.c apps/trace/options.c
 * SOURCES: apps/trace/tasks.c apps/trace/flags.c apps/trace/names.c apps/trace/json.c
 * SOURCES: apps/trace/signals.c
 * CFLAGS: -D_GNU_SOURCE -Ibuild/apps/trace -Iapps/trace
 */
#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>

#include <asm/unistd_64.h>
#include <linux/netlink.h>
#include <linux/sched.h>

#include <dune/trap.h>

#include "tap.h"
#include "draft.h"

#define P(x) ((uint64_t)(uintptr_t)(x))

static int unreadable;		/* of a hundred looks, so many fail */
static bool changes;		/* what is read differs each time */
static int ends = 4;		/* of so many bytes, one is 0 then */

/* Strings are read by pieces, also of what lies behind them. */
__attribute__((no_sanitize_address)) int dune_copy_from_user(void *to, uint64_t from, uint64_t size)
{
	uint64_t i;

	if (from < 4096 || rand() % 100 < unreadable)
		return -14;
	memset(to, 0, size);		/* which does look whether there is room */
	for (i = 0; i < size; i++)
		((volatile uint8_t *)to)[i] = !changes ? ((uint8_t *)from)[i] : rand() % ends ? rand() | 1 : 0;
	return 0;
}

static struct {
	struct draft	d;
	uint64_t	behind;
} drafted;

static char line[LINE_SIZE + 1];

static void begin(unsigned int nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	drafted.d.copy = 32;
	draft_begin(&drafted.d, nr, (uint64_t[]){ a, b, c, d, e, f });
}

/* The line of the call, which ends with @result. */
static const char *end(int64_t result)
{
	static const struct style style = { .string = 32, .frequency = 1 };
	struct text t = { line, LINE_SIZE, 0 };
	struct call call;

	draft_end(&drafted.d, result);
	if (!call_of(&drafted.d.head, &call))
		return "not a record";
	put_line(&t, &style, &call);
	line[t.used - 1] = '\0';
	return line;
}

#define SHOWS(result, text) do {						\
	const char *is = end(result);						\
	CHECK(!strncmp(is, text, strlen(text)));				\
	if (strncmp(is, text, strlen(text)))					\
		printf("# is: %s\n", is);					\
} while (0)

static void test_ipv6(void)
{
	static const char *const texts[] = {
		"::", "::1", "1::", "2001:db8::1:0:0:7", "1:0:2:3:4:5:6:7", "1:2:3:4:5:6:7::", "fe80::1",
		"::ffff:1.2.3.4", "::1.2.3.4", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "0:1::2", "64:ff9b::102:304" };
	struct sockaddr_in6 in = { .sin6_family = AF_INET6, .sin6_port = htons(80), .sin6_scope_id = 3 };
	char want[256], text[64];
	unsigned int i, n;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]) + 3000; i++) {
		if (i < sizeof(texts) / sizeof(texts[0]))
			CHECK(inet_pton(AF_INET6, texts[i], &in.sin6_addr) == 1);
		else
			for (n = 0; n < 16; n += 2)
				in.sin6_addr.s6_addr16[n / 2] = rand() % 3 ? 0 : rand();
		inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof(text));
		snprintf(want, sizeof(want), "bind(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"%s\", &sin6_addr), sin6_scope_id=3}, 28) = 0", text);
		begin(__NR_bind, 3, P(&in), sizeof(in), 0, 0, 0);
		if (strcmp(end(0), want)) {
			printf("# is: %s\n# wants: %s\n", line, want);
			CHECK(!"an address");
		}
	}
}

static void test_addresses(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/run/x" };
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	uint32_t length = 128;
	char want[128];

	begin(__NR_connect, 3, P(&in), 16, 0, 0, 0);
	SHOWS(0, "connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0");
	begin(__NR_connect, 3, P(&in), 4, 0, 0, 0);
	SHOWS(0, "connect(3, {sa_family=AF_INET, sa_data=\"\\0P\"}, 4) = 0");
	begin(__NR_connect, 3, P(&in), 1, 0, 0, 0);
	snprintf(want, sizeof(want), "connect(3, %p, 1)", (void *)&in);
	SHOWS(0, want);
	begin(__NR_connect, 3, P(&in), -1, 0, 0, 0);
	snprintf(want, sizeof(want), "connect(3, %p, -1)", (void *)&in);
	SHOWS(-22, want);
	begin(__NR_connect, 3, P(&un), sizeof(un), 0, 0, 0);
	SHOWS(0, "connect(3, {sa_family=AF_UNIX, sun_path=\"/run/x\"}, 110) = 0");
	begin(__NR_connect, 3, P(&un), 2, 0, 0, 0);
	SHOWS(0, "connect(3, {sa_family=AF_UNIX}, 2)");
	memset(un.sun_path, 'x', sizeof(un.sun_path));
	un.sun_path[0] = '\0';
	begin(__NR_bind, 3, P(&un), 6, 0, 0, 0);
	SHOWS(0, "bind(3, {sa_family=AF_UNIX, sun_path=@\"xxx\"}, 6)");
	begin(__NR_bind, 3, P(&nl), sizeof(nl), 0, 0, 0);
	SHOWS(0, "bind(3, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=0x00000001}, 12) = 0");
	begin(__NR_accept, 3, P(&in), P(&length), 0, 0, 0);
	length = 16;
	SHOWS(4, "accept(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, [128 => 16]) = 4");
	begin(__NR_getsockname, 3, P(&in), P(&length), 0, 0, 0);
	SHOWS(0, "getsockname(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, [16]) = 0");
	begin(__NR_getpeername, 3, P(&in), P(&length), 0, 0, 0);
	snprintf(want, sizeof(want), "getpeername(3, %p, [16]) ", (void *)&in);
	SHOWS(-107, want);
	begin(__NR_accept4, 3, 0, 0, SOCK_CLOEXEC, 0, 0);
	SHOWS(4, "accept4(3, NULL, NULL, SOCK_CLOEXEC)    = 4");
	begin(__NR_recvfrom, 3, P("hello"), 100, MSG_DONTWAIT, P(&in), P(&length));
	SHOWS(5, "recvfrom(3, \"hello\", 100, MSG_DONTWAIT, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, [16]) = 5");
	length = ~0U;		/* it is the program's memory: not more than a name is shown */
	begin(__NR_accept, 3, P(&un), P(&length), 0, 0, 0);
	end(4);
	CHECK(strlen(line) > 100 && strlen(line) < 200);
}

static void test_options(void)
{
	uint32_t length = 4;
	int one = 1;

	begin(__NR_setsockopt, 3, SOL_SOCKET, SO_REUSEADDR, P(&one), 4, 0);
	SHOWS(0, "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0");
	begin(__NR_setsockopt, 3, IPPROTO_TCP, 1, P(&one), 4, 0);
	SHOWS(0, "setsockopt(3, SOL_TCP, TCP_NODELAY, [1], 4) = 0");
	begin(__NR_getsockopt, 3, SOL_SOCKET, SO_ERROR, P(&one), P(&length), 0);
	SHOWS(0, "getsockopt(3, SOL_SOCKET, SO_ERROR, [1], [4]) = 0");
	begin(__NR_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 6, 0, 0, 0);
	SHOWS(3, "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3");
	begin(__NR_socket, AF_UNIX, SOCK_STREAM, 0, 0, 0, 0);
	SHOWS(3, "socket(AF_UNIX, SOCK_STREAM, 0)         = 3");
	begin(__NR_shutdown, 3, SHUT_WR, 0, 0, 0, 0);
	SHOWS(0, "shutdown(3, SHUT_WR)                    = 0");
}

static void test_messages(void)
{
	struct iovec v[40] = { { "hello", 5 }, { " world\n", 7 } };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	static char large[5000];
	int i;

	begin(__NR_writev, 1, P(v), 2, 0, 0, 0);
	SHOWS(12, "writev(1, [{iov_base=\"hello\", iov_len=5}, {iov_base=\" world\\n\", iov_len=7}], 2) = 12");
	begin(__NR_readv, 1, P(v), 2, 0, 0, 0);
	SHOWS(7, "readv(1, [{iov_base=\"hello\", iov_len=5}, {iov_base=\" w\", iov_len=7}], 2) = 7");
	begin(__NR_sendmsg, 3, P(&m), MSG_NOSIGNAL, 0, 0, 0);
	SHOWS(12, "sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"hello\", iov_len=5}, {iov_base=\" world\\n\", iov_len=7}], msg_iovlen=2, msg_controllen=0, msg_flags=0}, MSG_NOSIGNAL) = 12");
	m.msg_name = &in;
	m.msg_namelen = 128;
	begin(__NR_recvmsg, 3, P(&m), 0, 0, 0, 0);
	m.msg_namelen = 16;
	SHOWS(5, "recvmsg(3, {msg_name={sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"0.0.0.0\")}, msg_namelen=128 => 16, msg_iov=[{iov_base=\"hello\", iov_len=5}, {iov_base=\"\", iov_len=7}], msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0) = 5");
	begin(__NR_recvmsg, 3, P(&m), MSG_DONTWAIT, 0, 0, 0);
	SHOWS(-11, "recvmsg(3, {msg_namelen=16}, MSG_DONTWAIT) = -1 EAGAIN");
	m.msg_name = NULL;
	m.msg_namelen = 0;
	v[1].iov_base = (void *)16;
	begin(__NR_writev, 1, P(v), 2, 0, 0, 0);
	SHOWS(-14, "writev(1, [{iov_base=\"hello\", iov_len=5}, {iov_base=0x10, iov_len=7}], 2) = -1 EFAULT");
	begin(__NR_writev, 1, 16, 2, 0, 0, 0);
	SHOWS(-14, "writev(1, 0x10, 2)                      = -1 EFAULT");
	m.msg_iov = (void *)16;
	begin(__NR_sendmsg, 3, P(&m), 0, 0, 0, 0);
	SHOWS(-14, "sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=0x10, msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0) = -1 EFAULT");
	begin(__NR_sendmsg, 3, 0, 0, 0, 0, 0);
	SHOWS(-14, "sendmsg(3, NULL, 0)                     = -1 EFAULT");
	for (i = 0; i < 40; i++)
		v[i] = (struct iovec){ large, sizeof(large) };
	begin(__NR_writev, 1, P(v), 40, 0, 0, 0);
	end(-11);
	CHECK(strstr(line, "\"..., iov_len=5000}, {iov_base=") && strstr(line, "}, ...], 40) = -1 EAGAIN"));
	CHECK(drafted.d.head.size < MAX_COPY + 200);
}

static void test_events(void)
{
	struct pollfd p[40] = { { 3, POLLIN, 0 }, { 4, POLLIN | POLLOUT, POLLOUT } };
	struct epoll_event e[40] = { { EPOLLIN | EPOLLET, { .u64 = 77 } }, { EPOLLHUP, { .u64 = 1UL << 32 } } };

	begin(__NR_poll, P(p), 2, 1000, 0, 0, 0);
	SHOWS(1, "poll([{fd=3, events=POLLIN}, {fd=4, events=POLLIN|POLLOUT}], 2, 1000) = 1 ([{fd=4, revents=POLLOUT}])");
	begin(__NR_poll, P(p), 1, 0, 0, 0, 0);
	SHOWS(0, "poll([{fd=3, events=POLLIN}], 1, 0)     = 0 (Timeout)");
	begin(__NR_poll, P(p), ~0U, 0, 0, 0, 0);
	end(-22);
	CHECK(strstr(line, "{fd=0, events=0}, ...], -1, 0) = -1 EINVAL"));
	begin(__NR_poll, 16, 1, 0, 0, 0, 0);
	SHOWS(-14, "poll(0x10, 1, 0)                        = -1 EFAULT");
	begin(__NR_epoll_ctl, 5, EPOLL_CTL_ADD, 3, P(e), 0, 0);
	SHOWS(0, "epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLET, data={u32=77, u64=77}}) = 0");
	begin(__NR_epoll_wait, 5, P(e), 8, -1, 0, 0);
	SHOWS(2, "epoll_wait(5, [{events=EPOLLIN|EPOLLET, data={u32=77, u64=77}}, {events=EPOLLHUP, data={u32=0, u64=4294967296}}], 8, -1) = 2");
	begin(__NR_epoll_wait, 5, P(e), 8, 0, 0, 0);
	SHOWS(0, "epoll_wait(5, [], 8, 0)                 = 0");
	begin(__NR_epoll_wait, 5, P(e), 100, 0, 0, 0);
	end(100);
	CHECK(strstr(line, "}, ...], 100, 0) = 100"));
}

static void test_others(void)
{
	struct clone_args c = { .flags = CLONE_VM | CLONE_PARENT_SETTID, .parent_tid = 0, .exit_signal = 17 };
	struct statx st = { .stx_mask = STATX_BASIC_STATS, .stx_mode = S_IFDIR | 0755, .stx_size = 4096,
		.stx_attributes = STATX_ATTR_MOUNT_ROOT };
	char want[256];
	int tid = 77;

	begin(__NR_statx, -100, P("/"), 0, STATX_BASIC_STATS, P(&st), 0);
	SHOWS(0, "statx(AT_FDCWD, \"/\", AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS, {stx_mask=STATX_BASIC_STATS, stx_attributes=STATX_ATTR_MOUNT_ROOT, stx_mode=S_IFDIR|0755, stx_size=4096, ...}) = 0");
	c.parent_tid = P(&tid);
	begin(__NR_clone3, P(&c), sizeof(c), 0, 0, 0, 0);
	snprintf(want, sizeof(want), "clone3({flags=CLONE_VM|CLONE_PARENT_SETTID, parent_tid=%p, exit_signal=SIGCHLD, stack=NULL, stack_size=0} => {parent_tid=[77]}, 88) = 77", (void *)&tid);
	SHOWS(77, want);
	begin(__NR_clone3, P(&c), 8, 0, 0, 0, 0);
	snprintf(want, sizeof(want), "clone3(%p, 8) ", (void *)&c);
	SHOWS(-22, want);
	begin(__NR_clone3, 0, 88, 0, 0, 0, 0);
	SHOWS(-14, "clone3(NULL, 88)                        = -1 EFAULT");
}

/* What the kernel did not write is not shown. */
static void test_results(void)
{
	char cwd[] = "/a/folder/with/a/name/that/is/longer/than/strings", want[256];
	int status = 3 << 8, info[32] = { 0 };
	uint64_t usage[18] = { 1, 2, 3, 4 };

	begin(__NR_wait4, -1, P(&status), 1, P(usage), 0, 0);
	snprintf(want, sizeof(want), "wait4(-1, %p, WNOHANG, %p) = 0", (void *)&status, (void *)usage);
	SHOWS(0, want);
	begin(__NR_wait4, -1, P(&status), 1, P(usage), 0, 0);
	SHOWS(77, "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], WNOHANG, {ru_utime={tv_sec=1, tv_usec=2}, ru_stime={tv_sec=3, tv_usec=4}, ...}) = 77");
	begin(__NR_waitid, 0, 0, P(info), 5, 0, 0);
	SHOWS(0, "waitid(P_ALL, 0, {}, WNOHANG|WEXITED, NULL) = 0");
	info[0] = 17, info[2] = 1, info[4] = 99, info[6] = 2;
	begin(__NR_waitid, 0, 0, P(info), 4, 0, 0);
	SHOWS(0, "waitid(P_ALL, 0, {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=99, si_uid=0, si_status=2}, WEXITED, NULL) = 0");
	begin(__NR_getcwd, P(cwd), 4096, 0, 0, 0, 0);
	SHOWS(sizeof(cwd), "getcwd(\"/a/folder/with/a/name/that/is/longer/than/strings\", 4096) = 50");
	begin(__NR_getcwd, P(cwd), 2, 0, 0, 0, 0);
	snprintf(want, sizeof(want), "getcwd(%p, 2) ", (void *)cwd);
	SHOWS(-34, want);
	begin(__NR_recvfrom, 3, P("abcdef"), 2, MSG_TRUNC, 0, 0);
	SHOWS(6, "recvfrom(3, \"ab\", 2, MSG_TRUNC, NULL, NULL) = 6");
	begin(__NR_waitid, 0, 0, P(info), 5, P(usage), 0);
	CHECK(!strstr(end(0), "ru_utime"));
	begin(__NR_umask, 022, 0, 0, 0, 0, 0);
	SHOWS(0777, "umask(022)                              = 0777");
	begin(__NR_openat, -100, P("d"), 020200000 | 2, 0640, 0, 0);
	SHOWS(3, "openat(AT_FDCWD, \"d\", O_RDWR|O_TMPFILE, 0640) = 3");
	begin(__NR_fcntl, 3, 3, 0, 0, 0, 0);
	SHOWS(0x8002, "fcntl(3, F_GETFL)                       = 0x8002 (flags O_RDWR|O_LARGEFILE)");
}

/* Kinds and number of arguments are the operation's. */
static void test_operations(void)
{
	struct { int64_t sec, nsec; } t = { 1, 5 };
	uint16_t window[4] = { 24, 80, 0, 0 };

	begin(__NR_futex, 0x1000, 129, 1, 0, 0x55, 0);
	SHOWS(0, "futex(0x1000, FUTEX_WAKE_PRIVATE, 1)    = 0");
	begin(__NR_futex, 0x1000, 0x189, 1, P(&t), 0x55, -1);
	SHOWS(-110, "futex(0x1000, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 1, {tv_sec=1, tv_nsec=5}, FUTEX_BITSET_MATCH_ANY) = -1 ETIMEDOUT");
	begin(__NR_futex, 0x1000, 4, 1, P(&t) & 0xff, 0x2000, 7);
	CHECK(strstr(end(0), ", 0x2000, 7) ") && !strstr(line, "tv_sec"));
	begin(__NR_futex, 0x1000, 5, 1, 1, 0x2000, 0x04000001);
	SHOWS(0, "futex(0x1000, FUTEX_WAKE_OP, 1, 1, 0x2000, FUTEX_OP_SET<<28|0<<12|FUTEX_OP_CMP_GT<<24|0x1) = 0");
	begin(__NR_ioctl, 1, TIOCGWINSZ, P(window), 0, 0, 0);
	SHOWS(0, "ioctl(1, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0");
	begin(__NR_ioctl, 1, 0x4004667e, 0, 0, 0, 0);
	SHOWS(-25, "ioctl(1, _IOC(_IOC_WRITE, 0x66, 0x7e, 0x4), NULL) = -1 ENOTTY");
	begin(__NR_prctl, 15, P("a\1\""), 0x55, 0x55, 0x55, 0);
	SHOWS(0, "prctl(PR_SET_NAME, \"a\\1\\\"\")             = 0");
	begin(__NR_mremap, 0x1000, 1, 2, 1, 0x55, 0);
	SHOWS(0x2000, "mremap(0x1000, 1, 2, MREMAP_MAYMOVE)    = 0x2000");
}

/* As long as the kernel takes them, and a byte more. */
static void test_names(void)
{
	static char path[5000], want[10100];
	struct utsname u = { "Linux", "a\"\n\\b", "6", "1", "x86_64" };
	char *argv[] = { "sh", path, "end", NULL };

	memset(path, 'x', 4095);
	begin(__NR_access, P(path), 0, 0, 0, 0, 0);
	snprintf(want, sizeof(want), "access(\"%s\", F_OK) = 0", path);
	SHOWS(0, want);
	path[4095] = 'y';
	begin(__NR_access, P(path), 0, 0, 0, 0, 0);
	snprintf(want, sizeof(want), "access(\"%.4095s\"..., F_OK) = 0", path);
	SHOWS(0, want);
	path[3900] = '\0';
	begin(__NR_rename, P(path), P(path), 0, 0, 0, 0);
	snprintf(want, sizeof(want), "rename(\"%s\", \"%s\") = 0", path, path);
	SHOWS(0, want);
	begin(__NR_execve, P("/bin/sh"), P(argv), 0, 0, 0, 0);
	SHOWS(-2, "execve(\"/bin/sh\", [\"sh\", \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"..., \"end\"], NULL) = -1 ENOENT");
	drafted.d.head = (struct trace_record){ .size = sizeof(drafted.d.head), .nr = __NR_execve };
	draft_start(&drafted.d, "/bin/sh", argv);
	SHOWS(0, "execve(\"/bin/sh\", [\"sh\", \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"..., \"end\"], NULL) = 0");
	begin(__NR_uname, P(&u), 0, 0, 0, 0, 0);
	SHOWS(0, "uname({sysname=\"Linux\", nodename=\"a\\\"\\n\\\\b\", ...}) = 0");
}

static void test_sets(void)
{
	uint64_t in[16] = { 1 << 4 }, out[16] = { 1 << 4 | 1 << 7 }, t[2] = { 0, 5 };

	begin(__NR_select, 8, P(in), P(out), 0, P(t), 0);
	in[0] = 0;
	out[0] = 1 << 7;
	t[1] = 3;
	SHOWS(1, "select(8, [4], [4 7], NULL, {tv_sec=0, tv_usec=5}) = 1 (out [7], left {tv_sec=0, tv_usec=3})");
	begin(__NR_select, 8, P(in), 0, 0, P(t), 0);
	SHOWS(0, "select(8, [], NULL, NULL, {tv_sec=0, tv_usec=3}) = 0 (Timeout)");
	begin(__NR_select, -1, 0, 16, 0, 0, 0);
	SHOWS(-22, "select(-1, NULL, 0x10, NULL, NULL)      = -1 EINVAL");
	begin(__NR_select, 2000, P(in), 0, 0, 0, 0);
	CHECK(!strchr(end(1), '['));
}

/* The lengths in them are the program's. */
static void test_control(void)
{
	struct { struct cmsghdr head; int fds[2]; } c = { { 24, SOL_SOCKET, SCM_RIGHTS }, { 5, 6 } };
	struct msghdr m = { .msg_control = &c, .msg_controllen = sizeof(c) };

	begin(__NR_sendmsg, 3, P(&m), 0, 0, 0, 0);
	SHOWS(0, "sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[], msg_iovlen=0, msg_control=[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[5, 6]}], msg_controllen=24, msg_flags=0}, 0) = 0");
	c.head.cmsg_len = ~0UL;
	begin(__NR_sendmsg, 3, P(&m), 0, 0, 0, 0);
	CHECK(strstr(end(-22), "msg_control=[...], msg_controllen=24"));
	m.msg_controllen = 0;		/* there is no room, whatever it says then */
	begin(__NR_recvmsg, 3, P(&m), 0, 0, 0, 0);
	m.msg_controllen = sizeof(c);
	CHECK(!strstr(end(0), "cmsg_len"));
}

/* The room that the program gave, where the kernel says that there is more. */
static void test_room(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	uint32_t length = 2;

	begin(__NR_getsockname, 3, P(&in), P(&length), 0, 0, 0);
	length = 16;
	SHOWS(0, "getsockname(3, {sa_family=AF_INET}, [2 => 16]) = 0");
}

/* Any call, any arguments, memory that is not there or different at each look. */
static void test_hostile(void)
{
	static const struct style style = { .string = 512, .frequency = 1 };
	static char out[2 * LINE_SIZE];
	static uint8_t memory[8192];
	uint64_t args[6];
	struct call call;
	struct text t;
	int i, n, bad = 0;

	changes = true;
	for (i = 0; i < 200000; i++) {
		unreadable = i % 4 * 10;
		ends = i % 8 ? 4 : 5000;
		for (n = 0; n < 6; n++)
			args[n] = rand() % 3 ? P(memory + rand() % 4096) : rand() % 2 ? (uint64_t)rand() % 600 : 0ULL - rand() % 4;
		if (i % 460 == __NR_ioctl)
			args[1] = TCGETS + rand() % 100;
		else if (i % 460 == __NR_futex || i % 460 == __NR_fcntl)
			args[1] = rand() % 40;
		drafted.behind = 0x1234;
		drafted.d.copy = rand() % 2 ? 512 : rand() % 33;
		draft_begin(&drafted.d, i % 460, args);
		draft_end(&drafted.d, rand() % 4 ? rand() % 2000 : rand() % 2 ? -rand() % 200 : (int64_t)P(memory));
		bad += drafted.d.head.size > MAX_RECORD || drafted.behind != 0x1234 ||
		       !call_of(&drafted.d.head, &call);
		t = (struct text){ out, sizeof(out), 0 };
		put_line(&t, &style, &call);
		bad += t.used > LINE_SIZE;
		t.used = 0;
		put_json(&t, &style, &call);
		bad += t.used > LINE_SIZE;
	}
	CHECK(!bad);
}

/* The same of records that do not hold what they should. */
static void test_damaged(void)
{
	static const struct style style = { .string = 512, .frequency = 1 };
	static char out[LINE_SIZE];
	struct trace_piece *p;
	struct trace_record *r;
	struct call call;
	struct text t;
	int i, n;

	for (i = 0; i < 300000; i++) {
		r = malloc(sizeof(*r) + 512);
		*r = (struct trace_record){ .nr = i % 460, .pieces = 1, .type = RECORD_CALL };
		for (n = 0; n < 6; n++)
			r->args[n] = rand() % 2 ? rand() % 600 : P(r);
		p = (struct trace_piece *)(r + 1);
		*p = (struct trace_piece){ .arg = rand() % 8, .more = rand() % 2 };
		p->size = rand() % (i % 2 ? 9 : 400);
		n = sizeof(*p) + ((p->size + 7) & ~7);
		r->size = sizeof(*r) + n;
		for (n = 0; n < p->size; n++)
			((uint8_t *)(p + 1))[n] = rand();
		r = realloc(r, r->size);
		t = (struct text){ out, sizeof(out), 0 };
		if (call_of(r, &call)) {
			put_line(&t, &style, &call);
			put_json(&t, &style, &call);
		}
		free(r);
	}
	CHECK(i == 300000);
}

int main(void)
{
	test_addresses();
	test_ipv6();
	test_options();
	test_messages();
	test_events();
	test_others();
	test_results();
	test_operations();
	test_names();
	test_sets();
	test_control();
	test_room();
	test_hostile();
	test_damaged();
	return tap_end();
}
