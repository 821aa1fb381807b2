/* SPDX-License-Identifier: MIT */
/*
 * net.c - sockets: which there may be, and with whom they talk
 */
#include <linux/fcntl.h>
#include <linux/un.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "handlers.h"

#define SOCK_TYPE	0xf

long do_socket(struct request *r)
{
	uint32_t type = r->args[1] & SOCK_TYPE, protocol = r->args[2];

	switch (r->args[0]) {
	case AF_UNIX:
		if (!protocol && (type == SOCK_STREAM || type == SOCK_DGRAM || type == SOCK_SEQPACKET))
			return box_pass(r);
		break;
	case AF_INET:
	case AF_INET6:
		if ((type == SOCK_STREAM && (!protocol || protocol == IPPROTO_TCP)) ||
		    (type == SOCK_DGRAM && (!protocol || protocol == IPPROTO_UDP)))
			return box_pass(r);
		break;
	default:
		return refuse_argument(r, 0, "no such family is passed on", EAFNOSUPPORT);
	}
	return refuse_argument(r, 1, "no such type or protocol is passed on", EPROTONOSUPPORT);
}

long do_socketpair(struct request *r)
{
	if (r->args[0] != AF_UNIX)
		return -EOPNOTSUPP;
	return box_pass(r);
}

/*
 * A Unix socket's path becomes that of the descriptor of what was judged: the
 * socket's, or for bind() that of its directory. @o must be dropped.
 */
static long judge_unix(struct request *r, enum peer_kind kind, union address *address,
		       uint32_t *size, struct object *o)
{
	char path[UNIX_PATH_MAX + 8], link[40];
	uint32_t n = *size - 2;
	const char *last = "";
	long e;

	if (*size <= 2 || *size > 2 + UNIX_PATH_MAX)
		return -EINVAL;
	if (!address->bytes[2])
		return refuse_peer(r, "an abstract socket", address, *size);
	__builtin_memcpy(path, address->bytes + 2, n);
	path[n] = 0;
	if (kind == PEER_BIND)
		e = find_parent(r, (uint64_t)AT_FDCWD, path, RIGHT_CREATE, &last, o);
	else
		e = find_file(r, (uint64_t)AT_FDCWD, path, 0, RIGHT_WRITE, o);
	if (e)
		return e == -EBUSY ? -EADDRINUSE : e;
	fd_name(link, o->fd);
	if (text_length(link) + 1 + text_length(last) >= UNIX_PATH_MAX) {
		drop(o);
		return -ENAMETOOLONG;
	}
	*size = 3 + dune_fmt((char *)address->bytes + 2, UNIX_PATH_MAX, "%s%s%s", link,
			     *last ? "/" : "", last);
	return 0;
}

/* @address and @size: in our memory; for a Unix socket they are changed. */
long judge_address(struct request *r, enum peer_kind kind, union address *address,
		   uint32_t *size, struct object *o)
{
	*o = (struct object){ .fd = -1 };
	if (*size < sizeof(address->family))
		return -EINVAL;
	if (address->family == AF_UNIX)
		return judge_unix(r, kind, address, size, o);
	if (r->box->learn)
		learn_peer(r->box, kind, address, *size);
	if (policy_peer(r->box->policy, kind, address, *size))
		return 0;
	return refuse_peer(r, kind == PEER_BIND ? "bind" : "connect", address, *size);
}

static long read_address(struct request *r, uint64_t from, int size, union address *to)
{
	__builtin_memset(to, 0, sizeof(*to));
	if (size < 0 || size > ADDRESS_SIZE)
		return -EINVAL;
	return user_read(r, to, from, size);
}

long do_address(struct request *r)
{
	enum peer_kind kind = r->nr == __NR_bind ? PEER_BIND : PEER_CONNECT;
	uint32_t size = r->args[2];
	union address address;
	struct object o;
	long e = read_address(r, r->args[1], size, &address);

	if (e)
		return e;
	/* To dissolve an association needs nobody's leave. */
	if (kind == PEER_CONNECT && size >= 2 && address.family == AF_UNSPEC)
		return box_pass_as(r, r->nr, r->args[0], (uint64_t)&address, size, 0, 0, 0);
	e = judge_address(r, kind, &address, &size, &o);
	if (e)
		return e;
	e = box_pass_as(r, r->nr, r->args[0], (uint64_t)&address, size, 0, 0, 0);
	drop(&o);
	return e;
}

/* The port is where it is for both families. */
static bool is_unbound(const union address *a)
{
	return (a->family == AF_INET || a->family == AF_INET6) && !a->bytes[2] && !a->bytes[3];
}

static long own_address(long fd, union address *address, uint32_t *size)
{
	*address = (union address){ 0 };
	*size = ADDRESS_SIZE;
	return sys(__NR_getsockname, fd, address, size);
}

/* Another thread may have dissolved it in between, and Linux have taken any port. */
static bool has_moved(long fd, const union address *from)
{
	union address now;
	uint32_t size;

	return own_address(fd, &now, &size) || now.family != from->family ||
	       now.bytes[2] != from->bytes[2] || now.bytes[3] != from->bytes[3];
}

/* An address that the socket has was judged; without one Linux takes any, and a port. */
long do_listen(struct request *r)
{
	union address address;
	uint32_t size;
	struct object o, none;
	bool any;
	long e = borrow(r, r->args[0], &o);

	if (e)
		return e;
	e = own_address(o.fd, &address, &size);
	any = !e && is_unbound(&address);
	if (any)
		e = judge_address(r, PEER_BIND, &address, &size, &none);
	if (!e)
		e = box_pass_as(r, r->nr, o.fd, r->args[1], 0, 0, 0, 0);
	if (!e && !any && !r->again && has_moved(o.fd, &address)) {
		sys(__NR_shutdown, o.fd, SHUT_RDWR);
		e = refuse_argument(r, 0, "its address was changed meanwhile", EACCES);
	}
	drop(&o);
	return e;
}

long do_sendto(struct request *r)
{
	uint64_t wanted = r->args[2] < 0x7ffff000 ? r->args[2] : 0x7ffff000, room;
	uint32_t size = r->args[5];
	union address address;
	struct object o = { .fd = -1 };
	long e = 0;

	if (r->args[4]) {
		e = read_address(r, r->args[4], size, &address);
		e = e ?: size ? judge_address(r, PEER_CONNECT, &address, &size, &o) : 0;
	}
	if (e)
		return e;
	room = output_room(r->box, wanted);
	if (room < wanted) {
		output_unused(r->box, room);
		drop(&o);
		return refuse_limit(r, "output", EFBIG);
	}
	e = box_pass_as(r, r->nr, r->args[0], r->args[1], room, r->args[3],
			r->args[4] ? (uint64_t)&address : 0, r->args[4] ? size : 0);
	output_unused(r->box, room - (e > 0 ? e : 0));
	drop(&o);
	return e;
}

/* Peers without a rule are turned away before the program sees them. */
long do_accept(struct request *r)
{
	uint32_t size = ADDRESS_SIZE, room = 0;
	union address address = { 0 };
	long fd, e = 0;

	if (r->args[1] && user_read(r, &room, r->args[2], sizeof(room)))
		return -EFAULT;
	if ((int)room < 0)
		return -EINVAL;
	fd = box_pass_as(r, __NR_accept4, r->args[0], (uint64_t)&address, (uint64_t)&size,
			 r->nr == __NR_accept4 ? r->args[3] : 0, 0, 0);
	if (fd < 0)
		return fd;
	if (address.family == AF_INET || address.family == AF_INET6) {
		if (r->box->learn)
			learn_peer(r->box, PEER_ACCEPT, &address, size);
		if (!policy_peer(r->box->policy, PEER_ACCEPT, &address, size))
			e = refuse_peer(r, "accept", &address, size) ? -ECONNABORTED : 0;
	}
	if (!e && r->args[1])
		e = user_write(r, r->args[1], &address, room < size ? room : size) ?:
		    user_write(r, r->args[2], &size, sizeof(size));
	if (e) {
		sys(__NR_close, fd);
		return e;
	}
	return fd;
}

/* Options that say something of this socket only, and have no address in them. */
static bool option_ok(uint32_t level, uint32_t name)
{
	static const uint8_t socket[] = {
		SO_REUSEADDR, SO_TYPE, SO_ERROR, SO_BROADCAST, SO_SNDBUF, SO_RCVBUF,
		SO_KEEPALIVE, SO_OOBINLINE, SO_LINGER, SO_REUSEPORT, SO_PEERCRED, SO_RCVLOWAT,
		SO_RCVTIMEO, SO_SNDTIMEO, SO_ACCEPTCONN, SO_PROTOCOL, SO_DOMAIN,
	};
	static const uint8_t tcp[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 18, 23 };
	static const uint8_t ip[] = { IP_TOS, IP_TTL, IP_MTU_DISCOVER, IP_RECVERR, IP_MTU };
	static const uint8_t ip6[] = { IPV6_V6ONLY, IPV6_UNICAST_HOPS, IPV6_TCLASS, IPV6_RECVERR };
	const uint8_t *set;
	size_t n;

	switch (level) {
	case SOL_SOCKET:
		set = socket, n = sizeof(socket);
		break;
	case IPPROTO_TCP:
		set = tcp, n = sizeof(tcp);
		break;
	case IPPROTO_IP:
		set = ip, n = sizeof(ip);
		break;
	case IPPROTO_IPV6:
		set = ip6, n = sizeof(ip6);
		break;
	default:
		return false;
	}
	while (n--)
		if (set[n] == name)
			return true;
	return false;
}

#define OPTION_SIZE	512

long do_sockopt(struct request *r)
{
	uint8_t value[OPTION_SIZE] = { 0 };
	uint32_t size = r->args[4];
	long e;

	if (!option_ok(r->args[1], r->args[2]))
		return refuse_argument(r, 2, "no such option is passed on", ENOPROTOOPT);
	if (r->nr == __NR_setsockopt) {
		if (size > sizeof(value))
			return -EINVAL;
		return user_read(r, value, r->args[3], size) ?:
		       box_pass_as(r, r->nr, r->args[0], r->args[1], r->args[2], (uint64_t)value,
				   size, 0);
	}
	if (user_read(r, &size, r->args[4], sizeof(size)))
		return -EFAULT;
	if ((int)size < 0)
		return -EINVAL;
	if (size > sizeof(value))
		size = sizeof(value);
	e = box_pass_as(r, r->nr, r->args[0], r->args[1], r->args[2], (uint64_t)value,
			(uint64_t)&size, 0);
	return e ?: user_write(r, r->args[3], value, size) ?:
	       user_write(r, r->args[4], &size, sizeof(size));
}
