/* SPDX-License-Identifier: MIT */
/*
 * learn.c - the policy that a run needs
 */
#include <linux/fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "box.h"

void learn_call(struct box *b, uint32_t nr)
{
	__atomic_fetch_or(&b->shared->learnt_call[nr / 64], 1UL << nr % 64, __ATOMIC_RELAXED);
}

static void learn(struct box *b, const char *text, uint32_t rights)
{
	struct shared *s = b->shared;
	unsigned int i, n = __atomic_load_n(&s->nr_learnt, __ATOMIC_ACQUIRE);
	size_t size = text_length(text) + 1;

	if (size > sizeof(s->learnt[0].text)) {
		s->learnt_less = true;
		return;
	}
	for (i = 0; i < n && i < MAX_LEARNT; i++) {
		if (!s->learnt[i].rights == !rights && text_equal(s->learnt[i].text, text)) {
			__atomic_fetch_or(&s->learnt[i].rights, rights, __ATOMIC_RELAXED);
			return;
		}
	}
	i = __atomic_fetch_add(&s->nr_learnt, 1, __ATOMIC_ACQ_REL);
	if (i >= MAX_LEARNT) {
		s->learnt_less = true;
		return;
	}
	/* Who is killed in between leaves an entry without a name, not one without rights. */
	s->learnt[i].rights = rights;
	__builtin_memcpy(s->learnt[i].text, text, size);
}

/* What only looks at metadata needs no rule of its own below another. */
void learn_path(struct box *b, const char *path, uint32_t rights)
{
	if (*path == '/')
		learn(b, path, rights & RIGHTS ? rights & RIGHTS : RIGHT_READ);
}

void learn_peer(struct box *b, enum peer_kind kind, const void *address, uint32_t size)
{
	static const char *const names[] = { "connect", "bind", "accept" };
	const struct sockaddr_in *in = address;
	const struct sockaddr_in6 *in6 = address;
	const uint8_t *a = (const uint8_t *)&in->sin_addr;
	char text[128];
	unsigned int i, n;

	if (size >= sizeof(*in) && in->sin_family == AF_INET) {
		if (kind == PEER_ACCEPT)
			dune_fmt(text, sizeof(text), "accept %u.%u.%u.%u:any", a[0], a[1], a[2], a[3]);
		else
			dune_fmt(text, sizeof(text), "%s %u.%u.%u.%u:%u", names[kind], a[0], a[1], a[2],
				 a[3], __builtin_bswap16(in->sin_port));
		learn(b, text, 0);
	} else if (size >= 24 && in6->sin6_family == AF_INET6) {
		n = dune_fmt(text, sizeof(text), "%s [", names[kind]);
		for (i = 0; i < 8; i++)
			n += dune_fmt(text + n, sizeof(text) - n, "%s%x", i ? ":" : "",
				      __builtin_bswap16(in6->sin6_addr.s6_addr16[i]));
		if (kind == PEER_ACCEPT)
			dune_fmt(text + n, sizeof(text) - n, "]:any");
		else
			dune_fmt(text + n, sizeof(text) - n, "]:%u", __builtin_bswap16(in6->sin6_port));
		learn(b, text, 0);
	}
}

static void put(const struct box *b, const char *text)
{
	sys(__NR_write, b->shared->learn_fd, text, text_length(text));
}

static void put_path(const struct box *b, const char *path, uint32_t rights)
{
	static const char *const names[] = { "read", "write", "create", "exec" };
	char text[700];
	const char *between = "";
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		if (!(rights & 1U << i))
			continue;
		n += dune_fmt(text + n, sizeof(text) - n, "%s%s", between, names[i]);
		between = "+";
	}
	n += dune_fmt(text + n, sizeof(text) - n, " \"");
	for (; *path; path++) {
		if (*path == '\n') {
			put(b, "# No rule can name a file whose name has a line's end in it.\n");
			return;
		}
		if (*path == '"' || *path == '\\')
			text[n++] = '\\';
		text[n++] = *path;
	}
	dune_fmt(text + n, sizeof(text) - n, "\"\n");
	put(b, text);
}

/* The whole of what is known by now; the last process writes it last. */
void learn_write(struct box *b)
{
	const struct shared *s = b->shared;
	unsigned int nr, i, n = s->nr_learnt < MAX_LEARNT ? s->nr_learnt : MAX_LEARNT;

	sys(__NR_ftruncate, s->learn_fd, 0);
	sys(__NR_lseek, s->learn_fd, 0, 0);
	put(b, "# What a run needed, by dune-run --learn\n");
	for (nr = 0; nr < NR_CALLS; nr++) {
		if (!(s->learnt_call[nr / 64] & 1UL << nr % 64))
			continue;
		put(b, "allow ");
		put(b, calls[nr].name);
		put(b, "\n");
	}
	for (i = 0; i < n; i++) {
		if (*s->learnt[i].text == '/') {
			put_path(b, s->learnt[i].text, s->learnt[i].rights);
		} else {
			put(b, s->learnt[i].text);
			put(b, "\n");
		}
	}
	if (s->learnt_less)
		put(b, "# Not all: there were more names than this holds, or too long ones.\n");
}
