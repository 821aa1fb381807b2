/* SPDX-License-Identifier: MIT */
/*
 * options.c - options of sockets, and control messages
 */
#include <sys/socket.h>

#include "trace.h"

static void put_credentials(struct text *t, const void *p)
{
	struct ucred cred;

	READ(cred, p);
	put_numbers(t, "{pid=#d, uid=#u, gid=#u}", (uint64_t[]){ cred.pid, cred.uid, cred.gid });
}

/* What its name says; else a number. */
void put_option(struct text *t, const struct call *call, unsigned int i)
{
	const struct trace_piece *p = call->piece[i];
	bool of_socket = (int)call->r->args[1] == SOL_SOCKET;
	int name = (int)call->r->args[2], v[2];

	if (of_socket && name == SO_LINGER && p->size >= sizeof(v)) {
		READ(v, p + 1);
		put_numbers(t, "{l_onoff=#d, l_linger=#d}", (uint64_t[]){ v[0], v[1] });
	} else if (of_socket && name == SO_PEERCRED && p->size >= sizeof(struct ucred)) {
		put_credentials(t, p + 1);
	} else if (of_socket && (name == SO_RCVTIMEO || name == SO_SNDTIMEO)) {
		put_bytes(t, (const uint8_t *)(p + 1), p->size, false);
	} else if (p->size >= sizeof(v[0])) {
		READ(v[0], p + 1);
		put_numbers(t, "[#d]", (uint64_t[]){ v[0] });
	} else {
		put_pointer(t, call->r->args[i]);
	}
}

static void put_descriptors(struct text *t, const uint8_t *p, size_t size)
{
	size_t i;
	int fd;

	put_char(t, '[');
	for (i = 0; i < size / sizeof(fd); i++) {
		READ(fd, p + i * sizeof(fd));
		put_string(t, i ? ", " : "");
		put_signed(t, fd);
	}
	put_char(t, ']');
}

/* @size bytes of its data are here. */
static void put_one_control(struct text *t, const struct cmsghdr *c, const uint8_t *data, size_t size)
{
	bool of_socket = c->cmsg_level == SOL_SOCKET;

	put_numbers(t, "{cmsg_len=#u, cmsg_level=", (uint64_t[]){ c->cmsg_len });
	put_flags(t, KIND_LEVEL, (uint32_t)c->cmsg_level);
	put_string(t, ", cmsg_type=");
	if (of_socket)
		put_flags(t, KIND_CMSGTYPE, (uint32_t)c->cmsg_type);
	else
		put_hex(t, (uint32_t)c->cmsg_type);
	if (c->cmsg_len > sizeof(*c))
		put_string(t, ", cmsg_data=");
	if (of_socket && c->cmsg_type == SCM_RIGHTS)
		put_descriptors(t, data, size);
	else if (of_socket && c->cmsg_type == SCM_CREDENTIALS && size >= sizeof(struct ucred))
		put_credentials(t, data);
	else if (c->cmsg_len > sizeof(*c))
		put_bytes(t, data, size, false);
	put_char(t, '}');
}

/* As far as they are here in full; the lengths in them are the program's. */
void put_control(struct text *t, const struct trace_message *m)
{
	size_t left = m->control_size < sizeof(m->control) ? m->control_size : sizeof(m->control);
	const uint8_t *at = m->control;
	struct cmsghdr c;
	size_t step;

	if (left < sizeof(c)) {
		put_pointer(t, m->words[4]);
		return;
	}
	put_char(t, '[');
	while (left >= sizeof(c)) {
		READ(c, at);
		if (c.cmsg_len < sizeof(c) || c.cmsg_len > left)
			break;
		put_string(t, at == m->control ? "" : ", ");
		put_one_control(t, &c, at + sizeof(c), c.cmsg_len - sizeof(c));
		step = (c.cmsg_len + 7) & ~(size_t)7;
		step = step < left ? step : left;
		at += step;
		left -= step;
	}
	if (left || m->control_size < m->words[5])
		put_string(t, at == m->control ? "..." : ", ...");
	put_char(t, ']');
}
