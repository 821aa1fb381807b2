/* SPDX-License-Identifier: MIT */
/*
 * draft.c - a call's arguments and what they point to, put into a record
 */
#include <asm/unistd_64.h>

#include <dune/trap.h>

#include "../../libdune/sys.h"
#include "draft.h"

#define PAGE_SIZE	4096

static const uint8_t kinds[MAX_NR][6] = {
#define K(kind)		KIND_##kind
#define NONE		NONE
#define CALL(name, ...)	[__NR_##name] = { ARGS(__VA_ARGS__) },
#define ARGS(...)	ARGS_(__VA_ARGS__ __VA_OPT__(,) NONE, NONE, NONE, NONE, NONE, NONE)
#define ARGS_(a, b, c, d, e, f, ...) K(a), K(b), K(c), K(d), K(e), K(f)
#include "calls.def"
#undef CALL
#undef NONE
};

static const struct {
	uint8_t	how;
	uint8_t	bytes;
} copies[NR_KINDS] = {
#define KIND(name, how, bytes) [KIND_##name] = { COPY_##how, bytes },
#include "kinds.def"
#undef KIND
};

/* There is room: six arguments of MAX_COPY bytes fit into a record. */
static struct trace_piece *piece_begin(struct draft *d, unsigned int arg)
{
	struct trace_piece *p = (struct trace_piece *)((uint8_t *)d + d->head.size);

	*p = (struct trace_piece){ .arg = arg };
	return p;
}

static void piece_end(struct draft *d, struct trace_piece *p)
{
	d->head.size += sizeof(*p) + ((p->size + 7) & ~7u);
	d->head.pieces++;
}

static void copy_bytes(struct draft *d, unsigned int arg, uint64_t from, uint32_t size)
{
	struct trace_piece *p = piece_begin(d, arg);

	if (!from || dune_copy_from_user(p + 1, from, size))
		return;
	p->size = size;
	piece_end(d, p);
}

static void copy_buffer(struct draft *d, unsigned int arg, uint64_t from, int64_t size)
{
	struct trace_piece *p = piece_begin(d, arg);
	uint64_t n = size > (int64_t)d->copy ? d->copy : size;

	if (!from || size < 0 || n > MAX_COPY || (n && dune_copy_from_user(p + 1, from, n)))
		return;
	p->more = (uint64_t)size > n;
	p->size = n;
	piece_end(d, p);
}

/* Up to its NUL, which is not copied; page by page, as only its pages need be there. */
static bool copy_string(char *to, uint64_t from, uint32_t max, uint32_t *size)
{
	uint32_t n, i;

	for (*size = 0; *size < max; from += n) {
		n = PAGE_SIZE - from % PAGE_SIZE;
		n = n < 64 ? n : 64;
		n = n < max - *size ? n : max - *size;
		if (dune_copy_from_user(to + *size, from, n))
			return false;
		for (i = 0; i < n; i++, ++*size)
			if (!to[*size])
				return true;
	}
	return true;
}

static void copy_path(struct draft *d, unsigned int arg, uint64_t from)
{
	struct trace_piece *p = piece_begin(d, arg);
	uint32_t size;

	if (!from || !copy_string((char *)(p + 1), from, MAX_COPY - 8, &size))
		return;
	p->more = size == MAX_COPY - 8;
	p->size = size;
	piece_end(d, p);
}

/* Strings one after the other, each with its NUL. */
static void copy_vector(struct draft *d, unsigned int arg, uint64_t from)
{
	struct trace_piece *p = piece_begin(d, arg);
	uint64_t string;
	uint32_t size;

	if (!from)
		return;
	for (;; from += 8) {
		if (dune_copy_from_user(&string, from, 8))
			return;
		if (!string)
			break;
		p->more = p->size > MAX_COPY;
		if (p->more || !copy_string((char *)(p + 1) + p->size, string, 256, &size))
			break;
		p->size += size;
		((char *)(p + 1))[p->size++] = '\0';
	}
	piece_end(d, p);
}

/* A structure of which somebody says how long it is: as much as is shown. */
static void copy_sized(struct draft *d, unsigned int arg, uint64_t from, uint32_t size,
		       uint32_t max)
{
	if (size)
		copy_bytes(d, arg, from, size < max ? size : max);
}

static void copy_sized_out(struct draft *d, unsigned int i, uint32_t max)
{
	uint32_t size;

	if (d->head.args[i] && d->head.args[i + 1] &&
	    !dune_copy_from_user(&size, d->head.args[i + 1], sizeof(size)))
		copy_sized(d, i, d->head.args[i], size, max);
}

static void copy_array(struct draft *d, unsigned int arg, uint64_t from, uint64_t n,
		       uint32_t each)
{
	struct trace_piece *p = piece_begin(d, arg);
	uint64_t most = MAX_COPY / 2 / each;

	p->more = n > most;
	p->size = each * (p->more ? most : n);
	if (from && !dune_copy_from_user(p + 1, from, p->size))
		piece_end(d, p);
}

/* What one of them points to, of which @total bytes are of interest at most. */
static void copy_vector_data(struct draft *d, struct trace_vector *v, uint64_t total)
{
	uint64_t there = v->len < total ? v->len : total;
	uint32_t size = there < d->copy ? there : d->copy;

	if (size > VECTOR_BYTES)
		size = VECTOR_BYTES;
	if (size && (!v->base || dune_copy_from_user(v->data, v->base, size)))
		return;
	v->copied = true;
	v->size = size;
	v->more = there > size;
}

/* How many bytes of @v have been filled. */
static uint32_t copy_vectors(struct draft *d, struct trace_vector *v, uint64_t from, uint64_t n,
			     uint64_t total)
{
	uint64_t i;

	for (i = 0; i < n && i < MAX_VECTORS; i++, v++) {
		*v = (struct trace_vector){ 0 };
		if (dune_copy_from_user(v, from + i * 16, 16))
			break;
		copy_vector_data(d, v, total);
		total -= v->len < total ? v->len : total;
	}
	return i * sizeof(*v);
}

static void copy_iovec(struct draft *d, unsigned int i, uint64_t total)
{
	struct trace_piece *p = piece_begin(d, i);
	uint64_t n = d->head.args[i + 1];

	p->size = copy_vectors(d, (struct trace_vector *)(p + 1), d->head.args[i], n, total);
	p->more = n > p->size / sizeof(struct trace_vector);
	if (p->size)
		piece_end(d, p);
}

static void copy_message(struct draft *d, unsigned int i, uint64_t total)
{
	struct trace_piece *p = piece_begin(d, i);
	struct trace_message *m = (struct trace_message *)(p + 1);

	*m = (struct trace_message){ 0 };
	if (!d->head.args[i] || dune_copy_from_user(m, d->head.args[i], MESSAGE_HEAD))
		return;
	if (m->name_size > sizeof(m->address))
		m->name_size = sizeof(m->address);
	if (!m->name || dune_copy_from_user(m->address, m->name, m->name_size))
		m->name_size = 0;
	p->size = copy_vectors(d, m->vector, m->iov, m->iovlen, total);
	p->more = m->iovlen > p->size / sizeof(struct trace_vector);
	p->size += sizeof(*m);
	piece_end(d, p);
}

static void put_before(struct draft *d, unsigned int i)
{
	unsigned int kind = kinds[d->head.nr][i];
	const uint64_t *args = d->head.args;

	switch (copies[kind].how) {
	case COPY_IN:
		copy_bytes(d, i, args[i], copies[kind].bytes);
		break;
	case COPY_BUFFER_IN:
		copy_buffer(d, i, args[i], args[i + 1]);
		break;
	case COPY_STRING:
		copy_path(d, i, args[i]);
		break;
	case COPY_VECTOR:
		copy_vector(d, i, args[i]);
		break;
	case COPY_SIZED_IN:
		copy_sized(d, i, args[i], args[i + 1], copies[kind].bytes);
		break;
	case COPY_ARRAY_BOTH:
		copy_array(d, i, args[i], args[i + 1], copies[kind].bytes);
		break;
	case COPY_IOVEC_IN:
		copy_iovec(d, i, ~0UL);
		break;
	case COPY_MESSAGE_IN:
		copy_message(d, i, ~0UL);
		break;
	}
}

static void put_after(struct draft *d, unsigned int i)
{
	unsigned int kind = kinds[d->head.nr][i];

	const uint64_t *args = d->head.args;
	int64_t result = d->head.result;

	if (sys_failed(result))
		return;
	switch (copies[kind].how) {
	case COPY_OUT:
		copy_bytes(d, i, args[i], copies[kind].bytes);
		break;
	case COPY_BUFFER_OUT:
		copy_buffer(d, i, args[i], result);
		break;
	case COPY_SIZED_OUT:
		copy_sized_out(d, i, copies[kind].bytes);
		break;
	case COPY_ARRAY_OUT:
		copy_array(d, i, args[i], result, copies[kind].bytes);
		break;
	case COPY_ARRAY_BOTH:		/* in the place of what was there before */
		copy_array(d, i, args[i], args[i + 1], copies[kind].bytes);
		break;
	case COPY_IOVEC_OUT:
		copy_iovec(d, i, result);
		break;
	case COPY_MESSAGE_OUT:
		copy_message(d, i, result);
		break;
	}
}

void draft_begin(struct draft *d, uint32_t nr, const uint64_t args[6])
{
	unsigned int i;

	d->head = (struct trace_record){
		.size = sizeof(d->head), .nr = nr, .type = RECORD_CALL,
		.args = { args[0], args[1], args[2], args[3], args[4], args[5] },
	};
	for (i = 0; i < 6 && kinds[nr][i]; i++)
		put_before(d, i);
}

void draft_end(struct draft *d, int64_t result)
{
	unsigned int i;

	d->head.result = result;
	for (i = 0; i < 6 && kinds[d->head.nr][i]; i++)
		put_after(d, i);
}

static uint32_t length_of(const char *s)
{
	uint32_t n = 0;

	while (s[n])
		n++;
	return n;
}

/* As copy_path() and copy_vector(), of strings that are the monitor's for now. */
void draft_start(struct draft *d, const char *path, char **argv)
{
	struct trace_piece *p = piece_begin(d, 0);
	uint32_t n;
	char *to = (char *)(p + 1);

	n = length_of(path);
	p->size = n < MAX_COPY - 8 ? n : MAX_COPY - 8;
	__builtin_memcpy(to, path, p->size);
	piece_end(d, p);

	p = piece_begin(d, 1);
	to = (char *)(p + 1);
	for (; *argv; argv++) {
		n = length_of(*argv) + 1;
		p->more = p->size + n > MAX_COPY;
		if (p->more)
			break;
		__builtin_memcpy(to + p->size, *argv, n);
		p->size += n;
	}
	piece_end(d, p);
}

void draft_show(uint32_t nr, const uint64_t args[6], char *to, size_t size)
{
	static const struct style style = { .string = 32 };
	struct text t = { to, size - 1, 0 };
	struct call call;
	struct draft d;

	if (nr < MAX_NR) {
		d.copy = style.string;
		draft_begin(&d, nr, args);
		if (call_of(&d.head, &call))
			put_call(&t, &style, &call);
	} else {
		put_call_name(&t, nr);
		put_string(&t, "(...)");
	}
	to[t.used] = '\0';
}
