/* SPDX-License-Identifier: MIT */
/*
 * policy_parse_test.c - policies, good and bad, and what they then say of calls
 *
 * CFLAGS: -D_GNU_SOURCE
 * SOURCES: apps/policy/lex.c apps/policy/parse.c apps/policy/rules.c apps/policy/paths.c
 * SOURCES: apps/policy/peers.c apps/policy/limits.c apps/policy/ready.c apps/policy/constants.c
 * SOURCES: apps/sandbox/calls.c apps/sandbox/judge.c tests/unit/sandbox_host.c
 */
#include <arpa/inet.h>
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../apps/policy/parse.h"
#include "sandbox_host.h"
#include "tap.h"

static struct policy p;
static struct parse_error e;

/* In place of libseccomp; "ptrace" is a call that the sandbox does not know. */
static int resolve(const char *name)
{
	return strcmp(name, "ptrace") ? known_call(name) : __NR_ptrace;
}

static bool parse(const char *text)
{
	bool ok = policy_parse(&p, "test", text, resolve, &e);

	return ok && !policy_check(&p, sizeof(p));
}

static bool refused_at(const char *text, unsigned int line, unsigned int column)
{
	bool refused = !policy_parse(&p, "test", text, resolve, &e) && e.line == line &&
		       e.column == column && e.text[0];

	if (!refused)
		printf("# %u:%u: %s\n", e.line, e.column, e.text);
	return refused;
}

static uint32_t fd_class(void *data, uint64_t fd)
{
	return fd == 1 ? CLASS_STDOUT : fd == 2 ? CLASS_STDERR : CLASS_FILE;
}

static struct verdict judge(int nr, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t args[6] = { a, b, c };

	return policy_judge(&p, nr, args, fd_class, NULL);
}

static uint32_t kind(int nr, uint64_t a, uint64_t b, uint64_t c)
{
	return judge(nr, a, b, c).action.kind;
}

static void calls_and_conditions(void)
{
	CHECK(parse(""));
	CHECK(kind(__NR_read, 0, 0, 0) == ACTION_ERRNO &&
	      judge(__NR_read, 0, 0, 0).action.value == EPERM);
	CHECK(parse("# nothing\n\n  default kill # at all"));
	CHECK(kind(__NR_read, 0, 0, 0) == ACTION_KILL && judge(__NR_read, 0, 0, 0).line == 3);
	CHECK(policy_is_constant(&p, __NR_read) && policy_is_constant(&p, 511) &&
	      policy_is_constant(&p, ~0U) && kind(-1, 0, 0, 0) == ACTION_KILL);

	CHECK(parse("allow read write\nerrno ENOSYS getpid\nlog close\nemulate 7 getuid\n"));
	CHECK(kind(__NR_write, 9, 0, 0) == ACTION_ALLOW && kind(__NR_close, 0, 0, 0) == ACTION_LOG);
	CHECK(judge(__NR_getpid, 0, 0, 0).action.value == ENOSYS);
	CHECK(kind(__NR_getuid, 0, 0, 0) == ACTION_EMULATE &&
	      judge(__NR_getuid, 0, 0, 0).action.value == 7);
	CHECK(kind(__NR_open, 0, 0, 0) == ACTION_ERRNO);

	CHECK(parse("allow write if arg0 is stdout|stderr\n"
		    "kill write if arg2 > 100, arg0 is file\nallow mprotect if arg2 & PROT_EXEC == 0\n"
		    "allow open if arg1 & O_ACCMODE|O_CREAT == O_RDONLY\nallow @time\n"));
	CHECK(kind(__NR_write, 1, 0, 500) == ACTION_ALLOW);
	CHECK(kind(__NR_write, 5, 0, 101) == ACTION_KILL && judge(__NR_write, 5, 0, 101).line == 2);
	CHECK(kind(__NR_write, 5, 0, 100) == ACTION_ERRNO && judge(__NR_write, 5, 0, 100).arg == 2);
	CHECK(kind(__NR_mprotect, 0, 1, PROT_READ | PROT_WRITE) == ACTION_ALLOW);
	CHECK(kind(__NR_mprotect, 0, 1, PROT_READ | PROT_EXEC) == ACTION_ERRNO);
	CHECK(kind(__NR_open, 0, O_CLOEXEC, 0) == ACTION_ALLOW &&
	      kind(__NR_open, 0, O_CREAT, 0) == ACTION_ERRNO);
	CHECK(kind(__NR_nanosleep, 0, 0, 0) == ACTION_ALLOW);
	CHECK(!policy_is_constant(&p, __NR_write) && policy_is_constant(&p, __NR_nanosleep));

	/* The first rule that fits decides. */
	CHECK(parse("errno EACCES read\nallow @io"));
	CHECK(kind(__NR_read, 0, 0, 0) == ACTION_ERRNO && kind(__NR_lseek, 0, 0, 0) == ACTION_ALLOW);
}

static void comparisons(void)
{
	CHECK(parse("allow read if arg2 == 5\nallow write if arg2 != 5\nallow lseek if arg2 < 5\n"
		    "allow pread64 if arg2 <= 5\nallow pwrite64 if arg2 > 5\n"
		    "allow dup if arg2 >= 0x5\n"));
	CHECK(!kind(__NR_read, 0, 0, 5) && kind(__NR_read, 0, 0, 6));
	CHECK(!kind(__NR_write, 0, 0, 6) && kind(__NR_write, 0, 0, 5));
	CHECK(!kind(__NR_lseek, 0, 0, 4) && kind(__NR_lseek, 0, 0, 5));
	CHECK(!kind(__NR_pread64, 0, 0, 5) && kind(__NR_pread64, 0, 0, 6));
	CHECK(!kind(__NR_pwrite64, 0, 0, ~0UL) && kind(__NR_pwrite64, 0, 0, 5));
	CHECK(!kind(__NR_dup, 0, 0, 5) && kind(__NR_dup, 0, 0, 4));
}

static void paths_and_limits(void)
{
	CHECK(parse("read /usr \"/a b\"\nread+write+create /tmp/work\nhide /usr/secret\n"
		    "limit memory 64M\nlimit cpu 3\nlimit output 1K\nsecond-line landlock\n"
		    "deny-write-exec\n"));
	CHECK(p.nr_paths == 4 && p.path[1].rights == RIGHT_READ &&
	      !strcmp(p.text + p.path[1].text, "/a b") && p.path[2].line == 2);
	CHECK(p.path[2].rights == (RIGHT_READ | RIGHT_WRITE | RIGHT_CREATE));
	CHECK(p.path[3].rights == RIGHT_HIDE);
	CHECK(p.limit[LIMIT_MEMORY] == 64 << 20 && p.limit[LIMIT_CPU] == 3 &&
	      p.limit[LIMIT_OUTPUT] == 1024 && p.limit[LIMIT_TIME] == NO_LIMIT);
	CHECK(p.second_line == SECOND_LANDLOCK && p.deny_wx);

	CHECK(path_below("/usr", "/usr") && path_below("/usr/lib", "/usr") &&
	      !path_below("/usrlocal", "/usr") && path_below("/x", "/") && !path_below("x", "/") &&
	      !path_below("/us", "/usr"));
}

static bool peer(enum peer_kind how, const char *address, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
		return policy_peer(&p, how, &in, sizeof(in));
	inet_pton(AF_INET6, address, &in6.sin6_addr);
	return policy_peer(&p, how, &in6, sizeof(in6));
}

static void network(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80) };

	CHECK(parse("connect 10.0.0.0/9:80 [2001:db8::/33]:443-445\nbind any:8080 [::1]:1\n"));
	CHECK(peer(PEER_CONNECT, "10.127.1.2", 80) && !peer(PEER_CONNECT, "10.128.1.2", 80) &&
	      !peer(PEER_CONNECT, "10.1.1.2", 81) && !peer(PEER_BIND, "10.1.1.2", 80));
	CHECK(peer(PEER_CONNECT, "2001:db8::1", 444) && !peer(PEER_CONNECT, "2001:db8::1", 446) &&
	      !peer(PEER_CONNECT, "2001:db8:8000::1", 444));
	CHECK(peer(PEER_CONNECT, "::ffff:10.1.2.3", 80) && !peer(PEER_CONNECT, "::10.1.2.3", 80));
	CHECK(peer(PEER_BIND, "1.2.3.4", 8080) && peer(PEER_BIND, "::5", 8080) &&
	      peer(PEER_BIND, "::1", 1) && !peer(PEER_BIND, "::2", 1));
	in.sin_addr.s_addr = inet_addr("10.0.0.1");
	CHECK(policy_peer(&p, PEER_CONNECT, &in, sizeof(in)) &&
	      !policy_peer(&p, PEER_CONNECT, &in, 15) && !policy_peer(&p, PEER_CONNECT, &in, 1));
	in.sin_family = AF_UNSPEC;
	CHECK(!policy_peer(&p, PEER_CONNECT, &in, sizeof(in)));
	in.sin_family = AF_NETLINK;
	CHECK(parse("connect any\n") && !policy_peer(&p, PEER_CONNECT, &in, sizeof(in)));
	CHECK(peer(PEER_CONNECT, "::", 0) && peer(PEER_CONNECT, "255.255.255.255", 65535));
}

static void errors(void)
{
	CHECK(refused_at("allow read\nalow write", 2, 1));
	CHECK(refused_at("allow red", 1, 7));
	CHECK(refused_at("allow read ptrace", 1, 12) && strstr(e.text, "never"));
	CHECK(refused_at("allow @all", 1, 7));
	CHECK(refused_at("allow", 1, 6));
	CHECK(refused_at("\n\n  allow read if", 3, 16));
	CHECK(refused_at("allow read if arg6 == 1", 1, 15));
	CHECK(refused_at("allow read if arg0 = 1", 1, 20));
	CHECK(refused_at("allow read if arg0 == x", 1, 23));
	CHECK(refused_at("allow read if arg0 == 99999999999999999999", 1, 23));
	CHECK(refused_at("allow read if arg0 == 1 arg1 == 2", 1, 25));
	CHECK(refused_at("allow read if arg0 is stdio", 1, 23));
	CHECK(refused_at("errno EWHAT read", 1, 7));
	CHECK(refused_at("emulate -1 read", 1, 9));
	CHECK(refused_at("emulate 4294967296 read", 1, 20));
	CHECK(refused_at("default maybe", 1, 9));
	CHECK(refused_at("read usr", 1, 6) && refused_at("read", 1, 5));
	CHECK(refused_at("read+hide /x", 1, 1) && refused_at("read+fly /x", 1, 1));
	CHECK(refused_at("read \"/x", 1, 6) && refused_at("read \"/x\ny\"", 1, 6));
	CHECK(refused_at("connect 1.2.3.4", 1, 9) && refused_at("connect 1.2.3:80", 1, 9));
	CHECK(refused_at("connect 1.2.3.4/33:80", 1, 9) && refused_at("connect 1.2.3.4:65536", 1, 9));
	CHECK(refused_at("connect 1.2.3.4:5-4", 1, 9) && refused_at("connect [::1:80", 1, 9));
	CHECK(refused_at("connect [::1/x]:80", 1, 9) && refused_at("connect :80", 1, 9));
	CHECK(refused_at("limit money 5", 1, 7) && refused_at("limit cpu 5M", 1, 11));
	CHECK(refused_at("limit memory 99999999999G", 1, 14) && refused_at("limit cpu 0", 1, 11));
	CHECK(refused_at("limit memory 5X", 1, 14) && refused_at("limit memory 5MM", 1, 14));
	CHECK(refused_at("second-line maybe", 1, 13));
	CHECK(refused_at("use nothing", 1, 5) && refused_at("use workdir", 1, 12));
	CHECK(refused_at("\nuse network here", 2, 5));
	CHECK(refused_at("deny-write-exec now", 1, 17));
	CHECK(refused_at("allow read\x01", 1, 11) && refused_at("\x7f", 1, 1));
	CHECK(refused_at("\"allow\" read", 1, 1));
}

static void ready_ones(void)
{
	CHECK(parse("use none") && !kind(__NR_mkdir, 0, 0, 0) && p.nr_paths == 1);
	CHECK(parse("use pure") && !kind(__NR_write, 1, 0, 0) && kind(__NR_write, 3, 0, 0) &&
	      kind(__NR_socket, 0, 0, 0) && kind(__NR_fork, 0, 0, 0));
	CHECK(parse("use read-only /data") && !strcmp(p.text + p.path[p.nr_paths - 1].text, "/data"));
	CHECK(parse("use workdir \"/my work\"") &&
	      p.path[p.nr_paths - 1].rights == RIGHTS &&
	      !strcmp(p.text + p.path[p.nr_paths - 1].text, "/my work"));
	CHECK(parse("use network 127.0.0.1:80\n") && peer(PEER_CONNECT, "127.0.0.1", 80) &&
	      !peer(PEER_CONNECT, "127.0.0.1", 81) && p.peer[0].line == 1);
}

/* As many of everything as there is room for, and one more. */
static void too_many(void)
{
	static char text[200000];
	size_t n = 0;
	int i;

	for (i = 0; i < MAX_PATHS; i++)
		n += sprintf(text + n, "read /%d\n", i);
	CHECK(parse(text));
	strcpy(text + n, "read /x");
	CHECK(refused_at(text, MAX_PATHS + 1, 6));
	for (n = i = 0; i < MAX_PEERS; i++)
		n += sprintf(text + n, "bind any:%d\n", i);
	CHECK(parse(text));
	strcpy(text + n, "bind any:1");
	CHECK(refused_at(text, MAX_PEERS + 1, 6));
	for (n = i = 0; i < MAX_RULES; i++)
		n += sprintf(text + n, "log read if arg0 == %d\n", i);
	CHECK(parse(text));
	strcpy(text + n, "log read");
	CHECK(!parse(text) && e.line == MAX_RULES + 1);
	memset(text, 'x', 2 * MAX_TOKEN);
	text[2 * MAX_TOKEN] = 0;
	CHECK(refused_at(text, 1, 1));
	text[0] = '"';
	CHECK(refused_at(text, 1, 1));
	for (n = i = 0; i < 20; i++) {
		n += sprintf(text + n, "read /");
		memset(text + n, 'y', 1000);
		n += 1000;
		text[n++] = '\n';
	}
	text[n] = 0;
	CHECK(!parse(text) && e.line == 17);
}

static const char *const seeds[] = {
	"default kill\nallow read write if arg0 is stdin|stdout, arg2 <= 0x1000\nuse pure\n",
	"read+exec /usr \"/a b\"\nhide /x\nlimit memory 64M\nconnect 10.0.0.0/8:80 [::1]:any\n",
	"errno EPERM @files\nemulate 0 getuid\nlog open if arg1 & O_ACCMODE == O_RDONLY|O_CREAT\n",
	"use network 1.2.3.4:80\nuse workdir /tmp/x\nsecond-line off\ndeny-write-exec\n",
};

/* Whatever the text: an error with a place, or a policy that is one. */
static void random_texts(void)
{
	static const char pieces[] = " \n\t\"#,&|=!<>+$1:/[].-@\\xaZ0\x01\xff";
	unsigned int i, k, good = 0, bad = 0;
	char text[1024];

	srandom(1);
	for (i = 0; i < 60000; i++) {
		size_t n, len = strlen(strcpy(text, seeds[random() % 4]));

		for (k = random() % 6; k; k--) {
			n = random() % len;
			switch (random() % 4) {
			case 0:
				text[n] = pieces[random() % (sizeof(pieces) - 1)];
				break;
			case 1:
				memmove(text + n, text + n + 1, len - n);
				len -= len > 1;
				break;
			case 2:		/* a piece of another */
				strncpy(text + n, seeds[random() % 4] + random() % 40, len - n);
				break;
			case 3:
				text[n] = random();
				break;
			}
			text[len] = 0;
			len = strlen(text) ?: 1;
		}
		if (!policy_parse(&p, "test", text, resolve, &e)) {
			bad += e.line && e.column && e.text[0];
			continue;
		}
		good += !policy_check(&p, sizeof(p)) && p.nr_text <= TEXT_SIZE;
		judge(random() % NR_CALLS, random() % 4, random(), random() % 4);
	}
	printf("# %u good, %u bad\n", good, bad);
	CHECK(good + bad == i && good > 1000 && bad > 1000);
}

static void hostile_policies(void)
{
	static struct policy copy;

	CHECK(parse("use none\nallow read if arg0 == 1\nbind any\n"));
	copy = p;
	CHECK(policy_check(&p, sizeof(p) - 1));
	p.rule[3].next = 2;
	CHECK(policy_check(&p, sizeof(p)));
	p = copy, p.rule[0].nr_conditions = MAX_CONDITIONS;
	CHECK(policy_check(&p, sizeof(p)));
	p = copy, p.first[5] = MAX_RULES + 1;
	CHECK(policy_check(&p, sizeof(p)));
	p = copy, p.condition[0].arg = 6;
	CHECK(policy_check(&p, sizeof(p)));
	p = copy, p.peer[0].bits = 129;
	CHECK(policy_check(&p, sizeof(p)));
	p = copy, p.path[0].text = TEXT_SIZE;
	CHECK(policy_check(&p, sizeof(p)));
	p = copy, p.nr_filter = MAX_FILTER + 1;
	CHECK(policy_check(&p, sizeof(p)));
	p = copy, p.rule[0].action.kind = ACTION_KILL + 1;
	CHECK(policy_check(&p, sizeof(p)));
	p = copy, p.default_action = (struct policy_action){ ACTION_ERRNO, -1 };
	CHECK(policy_check(&p, sizeof(p)));
	p = copy, p.second_line = SECOND_OFF + 1;
	CHECK(policy_check(&p, sizeof(p)));
	CHECK(!policy_check(&copy, sizeof(copy)));
}

int main(void)
{
	calls_and_conditions();
	comparisons();
	paths_and_limits();
	network();
	errors();
	ready_ones();
	too_many();
	random_texts();
	hostile_policies();
	return tap_end();
}
