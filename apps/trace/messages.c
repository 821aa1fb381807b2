/* SPDX-License-Identifier: MIT */
/*
 * messages.c - iovecs and msghdrs, with the bytes that they point to
 */
#include "trace.h"

static void put_iov(struct text *t, const struct style *style, const struct trace_iov *iov,
		    const void *data)
{
	uint32_t size = iov->size < style->string ? iov->size : style->string;

	put_string(t, "{iov_base=");
	if (iov->held)
		put_bytes(t, data, size, iov->more || size < iov->size);
	else
		put_pointer(t, iov->base);
	put_string(t, ", iov_len=");
	put_unsigned(t, iov->len);
	put_char(t, '}');
}

/* As many as are here in full. */
void put_iovecs(struct text *t, const struct style *style, const void *p, unsigned int size, bool more)
{
	const uint8_t *at = p, *end = at + size;
	const char *between = "";
	struct trace_iov iov;
	size_t padded;

	put_char(t, '[');
	while ((size_t)(end - at) >= sizeof(iov)) {
		__builtin_memcpy(&iov, at, sizeof(iov));
		at += sizeof(iov);
		padded = ((size_t)iov.size + 7) & ~(size_t)7;
		if (padded > (size_t)(end - at))
			break;
		put_string(t, between);
		put_iov(t, style, &iov, at);
		at += padded;
		between = ", ";
	}
	if (more) {
		put_string(t, between);
		put_string(t, "...");
	}
	put_char(t, ']');
}

static void put_name(struct text *t, const struct trace_message *m)
{
	unsigned int size = m->name_size < sizeof(m->name) ? m->name_size : sizeof(m->name);
	uint32_t namelen = (uint32_t)m->words[1];

	put_string(t, "{msg_name=");
	if (size >= 2)
		put_address(t, m->name, size);
	else
		put_pointer(t, m->words[0]);
	put_string(t, ", msg_namelen=");
	put_numbers(t, m->namelen == namelen ? "#d" : "#d => #d",
		    (uint64_t[]){ (int)m->namelen, (int)namelen });
}

/* Of a call that failed, only how long the name may be is here. */
void put_message(struct text *t, const struct style *style, const struct trace_piece *p)
{
	struct trace_message m;
	uint32_t namelen;

	if (p->size < sizeof(m)) {
		__builtin_memcpy(&namelen, p + 1, sizeof(namelen));
		put_numbers(t, "{msg_namelen=#d}", (uint64_t[]){ (int)namelen });
		return;
	}
	__builtin_memcpy(&m, p + 1, sizeof(m));
	put_name(t, &m);
	put_string(t, ", msg_iov=");
	if (m.held && (m.words[2] || !m.words[3]))
		put_iovecs(t, style, (const uint8_t *)(p + 1) + sizeof(m), p->size - sizeof(m), p->more);
	else
		put_pointer(t, m.words[2]);
	put_string(t, ", msg_iovlen=");
	put_unsigned(t, m.words[3]);
	if (m.words[5]) {
		put_string(t, ", msg_control=");
		put_control(t, &m);
	}
	put_string(t, ", msg_controllen=");
	put_unsigned(t, m.words[5]);
	put_string(t, ", msg_flags=");
	put_flags(t, KIND_MSGFLAGS, (uint32_t)m.words[6]);
	put_char(t, '}');
}
