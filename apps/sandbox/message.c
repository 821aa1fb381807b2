/* SPDX-License-Identifier: MIT */
/*
 * message.c - sendmsg, sendmmsg, recvmsg: structures with addresses in them
 */
#include <sys/socket.h>

#include "handlers.h"

#define MAX_VECTOR	1024
#define CONTROL_SIZE	1024
#define MAX_MESSAGES	1024

/* All of it that is passed on, in memory of ours. */
struct message {
	struct msghdr	head;
	union address	address;
	struct object	peer;
	uint64_t	total;
	uint64_t	control[CONTROL_SIZE / 8];
	struct iovec	vector[MAX_VECTOR];
};

static long read_head(struct request *r, uint64_t from, struct message *m)
{
	long e;

	m->peer = (struct object){ .fd = -1 };
	if (user_read(r, &m->head, from, sizeof(m->head)))
		return -EFAULT;
	if ((int)m->head.msg_namelen < 0)
		return -EINVAL;
	e = read_vector(r, (uint64_t)m->head.msg_iov, m->head.msg_iovlen, m->vector, &m->total);
	m->head.msg_iov = m->vector;
	return e == -EINVAL && m->head.msg_iovlen > MAX_VECTOR ? -EMSGSIZE : e;
}

/* Descriptors may be sent, but not those that are hidden; nothing else. */
static long check_control(struct request *r, const struct message *m)
{
	const uint8_t *at = (const uint8_t *)m->control;
	uint64_t left = m->head.msg_controllen, i;

	while (left >= sizeof(struct cmsghdr)) {
		const struct cmsghdr *c = (const struct cmsghdr *)at;
		const uint32_t *fd = (const uint32_t *)(c + 1);
		uint64_t step;

		if (c->cmsg_len < sizeof(*c) || c->cmsg_len > left)
			return -EINVAL;
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			return -EPERM;
		for (i = 0; i < (c->cmsg_len - sizeof(*c)) / 4; i++)
			if (box_hides_fd(r->box, fd[i]))
				return -EBADF;
		step = (c->cmsg_len + 7) & ~7UL;
		if (step >= left)
			break;
		at += step;
		left -= step;
	}
	return 0;
}

static long read_control(struct request *r, struct message *m)
{
	if (!m->head.msg_control || !m->head.msg_controllen) {
		m->head.msg_control = NULL;
		m->head.msg_controllen = 0;
		return 0;
	}
	if (m->head.msg_controllen > CONTROL_SIZE)
		return -ENOBUFS;
	if (user_read(r, m->control, (uint64_t)m->head.msg_control, m->head.msg_controllen))
		return -EFAULT;
	m->head.msg_control = m->control;
	return check_control(r, m);
}

static long read_name(struct request *r, struct message *m)
{
	uint32_t size = m->head.msg_namelen;
	long e;

	if (!m->head.msg_name || !size) {
		m->head.msg_name = NULL;
		m->head.msg_namelen = 0;
		return 0;
	}
	__builtin_memset(&m->address, 0, sizeof(m->address));
	if (size > sizeof(m->address))
		return -EINVAL;
	if (user_read(r, &m->address, (uint64_t)m->head.msg_name, size))
		return -EFAULT;
	e = judge_address(r, PEER_CONNECT, &m->address, &size, &m->peer);
	m->head.msg_name = &m->address;
	m->head.msg_namelen = size;
	return e;
}

static long send_one(struct request *r, uint64_t from, uint64_t flags)
{
	struct message m;
	uint64_t room;
	long e = read_head(r, from, &m) ?: read_control(r, &m) ?: read_name(r, &m);

	if (e)
		return e;
	room = output_room(r->box, m.total);
	if (room < m.total) {
		output_unused(r->box, room);
		e = refuse_limit(r, "output", EFBIG);
	} else {
		e = box_pass_as(r, __NR_sendmsg, r->args[0], (uint64_t)&m.head, flags, 0, 0, 0);
		output_unused(r->box, room - (e > 0 ? e : 0));
	}
	drop(&m.peer);
	return e;
}

/* What comes is written to ring 3's memory by Linux itself, in places that were checked. */
static long receive(struct request *r)
{
	uint64_t to = r->args[1];
	struct message m;
	long n, e = read_head(r, to, &m);

	if (e)
		return e;
	if (m.head.msg_name && !r->box->is_user((uint64_t)m.head.msg_name, ADDRESS_SIZE))
		return -EFAULT;
	if (!r->box->is_user((uint64_t)m.head.msg_control, m.head.msg_controllen))
		return -EFAULT;
	n = box_pass_as(r, __NR_recvmsg, r->args[0], (uint64_t)&m.head, r->args[2], 0, 0, 0);
	if (n < 0)
		return n;
	e = user_write(r, to + offsetof(struct msghdr, msg_namelen), &m.head.msg_namelen, 4) ?:
	    user_write(r, to + offsetof(struct msghdr, msg_controllen), &m.head.msg_controllen, 8) ?:
	    user_write(r, to + offsetof(struct msghdr, msg_flags), &m.head.msg_flags, 4);
	return e ?: n;
}

long do_message(struct request *r)
{
	return r->nr == __NR_recvmsg ? receive(r) : send_one(r, r->args[1], r->args[2]);
}

/* sendmmsg(), one by one. */
long do_messages(struct request *r)
{
	uint64_t at = r->args[1], n = r->args[2], rip = r->tf->rip, i;
	uint32_t sent;
	long e = 0;

	if (n > MAX_MESSAGES)
		n = MAX_MESSAGES;
	for (i = 0; i < n; i++, at += sizeof(struct mmsghdr)) {
		e = send_one(r, at, r->args[3]);
		if (e < 0)
			break;
		sent = e;
		e = user_write(r, at + offsetof(struct mmsghdr, msg_len), &sent, sizeof(sent));
		if (e)
			break;
	}
	/* What is sent is sent: the call is not made again. */
	if (i && r->again) {
		r->again = false;
		r->tf->rip = rip;
	}
	return i ? (long)i : e;
}
