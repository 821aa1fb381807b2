/* SPDX-License-Identifier: MIT */
/*
 * landlock.c - the second line about files, ports and signals
 *
 * As far as the running kernel's Landlock goes: files since Linux 5.13, TCP ports since
 * 6.7, signals and abstract sockets of others since 6.12.
 */
#include <linux/fcntl.h>
#include <linux/landlock.h>

#include "box.h"

/* What came after the headers of some systems; by the version it came with. */
#define VERSION_NET	4
#define VERSION_SCOPE	6
#define FS_REFER	(1ULL << 13)
#define FS_TRUNCATE	(1ULL << 14)
#define NET_BIND_TCP	(1ULL << 0)
#define NET_CONNECT_TCP	(1ULL << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL	(1ULL << 1)
#define RULE_NET_PORT	2

struct ruleset {
	uint64_t	fs, net, scoped;
};

struct port_rule {
	uint64_t	access, port;
};

/* One rule a port, which the kernel keeps: of a policy with more it knows less. */
#define MAX_PORTS	64

#define FILE_READ	LANDLOCK_ACCESS_FS_READ_FILE
#define DIR_READ	LANDLOCK_ACCESS_FS_READ_DIR
#define FILE_WRITE	(LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define FILE_EXEC	LANDLOCK_ACCESS_FS_EXECUTE
#define DIR_CREATE	(LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
			 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
			 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | \
			 LANDLOCK_ACCESS_FS_MAKE_SYM | FS_REFER)
/* All that the first version knows, and so all that is refused without a rule. */
#define VERSION_1	((1ULL << 13) - 1)

static uint64_t handled(long version)
{
	return VERSION_1 | (version >= 2 ? FS_REFER : 0) | (version >= 3 ? FS_TRUNCATE : 0);
}

static long add_rule(long ruleset, long fd, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = access, .parent_fd = fd,
	};

	return sys(__NR_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/* What a directory's rights are, and those of them that a file can have. */
static uint64_t access_of(uint32_t rights, bool is_dir)
{
	uint64_t a = 0;

	if (rights & RIGHT_READ)
		a |= FILE_READ | DIR_READ;
	if (rights & RIGHT_WRITE)
		a |= FILE_WRITE;
	if (rights & RIGHT_EXEC)
		a |= FILE_EXEC | FILE_READ;
	if (rights & RIGHT_CREATE)
		a |= DIR_CREATE | FILE_WRITE;
	return is_dir ? a : a & (FILE_READ | FILE_WRITE | FILE_EXEC);
}

static long add_path(long ruleset, const char *path, uint64_t access)
{
	long fd = sys(__NR_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC, 0), r;

	if (sys_failed(fd))
		return fd;
	r = add_rule(ruleset, fd, access);
	sys(__NR_close, fd);
	return r;
}

/* The device and the monitor, which each new process needs; /proc, to find files by. */
static long add_own(long ruleset, const char *monitor, uint64_t all)
{
	return add_path(ruleset, DUNE_DEVICE, (FILE_READ | FILE_WRITE) & all) ?:
	       add_path(ruleset, monitor, (FILE_READ | FILE_EXEC) & all) ?:
	       add_path(ruleset, "/proc", (FILE_READ | DIR_READ) & all);
}

/* Addresses are the sandbox's to judge: Landlock knows ports. */
static uint64_t net_access(uint8_t kind)
{
	return kind == PEER_CONNECT ? NET_CONNECT_TCP : kind == PEER_BIND ? NET_BIND_TCP : 0;
}

/* What the policy names few enough ports for. */
static uint64_t handled_net(const struct policy *p)
{
	uint32_t ports[] = { [PEER_CONNECT] = 0, [PEER_BIND] = 0, [PEER_ACCEPT] = 0 };
	unsigned int i;

	for (i = 0; i < p->nr_peers; i++)
		ports[p->peer[i].kind] += p->peer[i].last_port - p->peer[i].first_port + 1;
	return (ports[PEER_CONNECT] <= MAX_PORTS ? NET_CONNECT_TCP : 0) |
	       (ports[PEER_BIND] <= MAX_PORTS ? NET_BIND_TCP : 0);
}

static long add_ports(long ruleset, const struct policy_peer *peer, uint64_t all)
{
	struct port_rule rule = {
		.access = net_access(peer->kind) & all, .port = peer->first_port,
	};
	long r = 0;

	for (; rule.access && !r && rule.port <= peer->last_port; rule.port++)
		r = sys(__NR_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0);
	return r;
}

/* A descriptor, or -errno. */
static long create(long version, const struct ruleset *attr)
{
	size_t size = version < VERSION_NET ? offsetof(struct ruleset, net) :
		      version < VERSION_SCOPE ? offsetof(struct ruleset, scoped) : sizeof(*attr);

	return sys(__NR_landlock_create_ruleset, attr, size, 0);
}

static long add_rules(const struct box *b, long ruleset, const struct ruleset *all)
{
	const struct policy *p = b->policy;
	long r = 0;
	unsigned int i;

	for (i = 0; !r && i < p->nr_paths; i++) {
		const struct shared_path *path = &b->shared->path[i];
		uint64_t access = access_of(p->path[i].rights, path->is_dir) & all->fs;

		if (path->fd != NO_FD && access)
			r = add_rule(ruleset, path->fd, access);
	}
	for (i = 0; !r && i < p->nr_peers; i++)
		r = add_ports(ruleset, &p->peer[i], all->net);
	return r;
}

/* For good. @monitor: the path of dune-run. 0, or -errno; a kernel without Landlock has the rest. */
long landlock_use(const struct box *b, const char *monitor)
{
	long version = sys(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	const struct ruleset all = {
		.fs = handled(version),
		.net = version >= VERSION_NET ? handled_net(b->policy) : 0,
		.scoped = version >= VERSION_SCOPE ? SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL : 0,
	};
	long ruleset, r;

	if (sys_failed(version))
		return 0;
	ruleset = create(version, &all);
	if (sys_failed(ruleset))
		return ruleset;
	r = add_own(ruleset, monitor, all.fs) ?: add_rules(b, ruleset, &all);
	r = r ?: sys(__NR_landlock_restrict_self, ruleset, 0);
	sys(__NR_close, ruleset);
	return r;
}
