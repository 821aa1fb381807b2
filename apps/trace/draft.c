/* SPDX-License-Identifier: MIT */
/*
 * draft.c - a call's arguments and what they point to, put into a record
 */
#include <linux/sched.h>

#include <asm/unistd_64.h>

#include <dune/trap.h>

#include "../../libdune/sys.h"
#include "draft.h"

#define PAGE_SIZE	4096

static const struct {
	uint8_t	how;
	uint8_t	bytes;
} copies[NR_KINDS] = {
#define KIND(name, how, bytes) [KIND_##name] = { COPY_##how, bytes },
#include "kinds.def"
#undef KIND
};

/* There is room: six arguments of MAX_COPY bytes fit into a record. */
struct trace_piece *piece_begin(struct draft *d, unsigned int arg)
{
	struct trace_piece *p = (struct trace_piece *)((uint8_t *)d + d->head.size);

	*p = (struct trace_piece){ .arg = arg };
	return p;
}

void piece_end(struct draft *d, struct trace_piece *p)
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

/* Eight at a time, as long as none of them is 0. */
static uint32_t until_nul(const char *s, uint32_t size)
{
	const uint64_t ones = 0x0101010101010101;
	uint64_t v;
	uint32_t n;

	for (n = 0; n + 8 <= size; n += 8) {
		__builtin_memcpy(&v, s + n, 8);
		v = (v - ones) & ~v & ones << 7;
		if (v)
			return n + __builtin_ctzll(v) / 8;
	}
	while (n < size && s[n])
		n++;
	return n;
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
		i = until_nul(to + *size, n);
		*size += i;
		if (i < n)
			return true;
	}
	return true;
}

/* How long a name may be, with room for what comes after it. */
static uint32_t path_room(const struct draft *d, unsigned int arg)
{
	const uint8_t *kind = kinds_of(d->head.nr, d->head.args)->kind;
	uint32_t room = MAX_RECORD - d->head.size - 16;
	unsigned int i;

	for (i = arg + 1; i < 6; i++)
		if (copies[kind[i]].how != COPY_NO)
			room -= MAX_PIECE;
	return room < MAX_PATH ? room : MAX_PATH;
}

static void copy_path(struct draft *d, unsigned int arg, uint64_t from, uint32_t max)
{
	struct trace_piece *p = piece_begin(d, arg);
	uint32_t size;

	if (!from || !copy_string((char *)(p + 1), from, max, &size))
		return;
	p->more = size == max;
	p->size = size - p->more;
	piece_end(d, p);
}

/* Of one of a vector's strings: that there is more than is shown is seen, too. */
static uint32_t string_room(uint32_t copy)
{
	return (copy < MAX_COPY / 2 ? copy : MAX_COPY / 2) + 1;
}

/* Strings one after the other, each with its NUL; as many as strace shows. Nothing comes after. */
static void copy_vector(struct draft *d, unsigned int arg, uint64_t from)
{
	uint32_t max = string_room(d->copy), room = MAX_RECORD - d->head.size - 16, n, size;
	struct trace_piece *p = piece_begin(d, arg);
	uint64_t string;

	if (!from)
		return;
	for (n = 0;; from += 8, n++) {
		if (dune_copy_from_user(&string, from, 8))
			return;
		if (!string)
			break;
		p->more = n >= max - 1 || p->size + max + 1 > room;
		if (p->more || !copy_string((char *)(p + 1) + p->size, string, max, &size))
			break;
		p->size += size;
		((char *)(p + 1))[p->size++] = '\0';
	}
	piece_end(d, p);
}

/* What the kernel wrote with its NUL; none of it is left out. */
static void copy_name(struct draft *d, unsigned int arg, uint64_t from, int64_t size)
{
	struct trace_piece *p = piece_begin(d, arg);

	p->size = size > 0 && size < MAX_PATH ? size - 1 : 0;
	if (from && size > 0 && size < MAX_PATH && !dune_copy_from_user(p + 1, from, p->size))
		piece_end(d, p);
}

static void copy_sized(struct draft *d, unsigned int arg, uint32_t max)
{
	uint32_t size = d->head.args[arg + 1];

	if ((int32_t)size >= 0)
		copy_bytes(d, arg, d->head.args[arg], size < max ? size : max);
}

static void copy_array(struct draft *d, unsigned int arg, uint64_t from, uint32_t count, uint32_t bytes)
{
	struct trace_piece *p = piece_begin(d, arg);
	uint32_t n = count < MAX_ELEMENTS ? count : MAX_ELEMENTS;

	if (!from || (n && dune_copy_from_user(p + 1, from, n * bytes)))
		return;
	p->more = count > n;
	p->size = n * bytes;
	piece_end(d, p);
}

/* What the next argument points to: how much room there is behind this one. */
static void copy_length(struct draft *d, unsigned int arg)
{
	const uint64_t *args = d->head.args;

	d->has_length = args[arg] && args[arg + 1] &&
			!dune_copy_from_user(&d->length, args[arg + 1], sizeof(d->length));
}

static void copy_by_length(struct draft *d, unsigned int arg, uint32_t max)
{
	struct trace_length length = { d->length, d->length };
	const uint64_t *args = d->head.args;
	struct trace_piece *p;
	uint32_t n;

	if (!d->has_length)
		return;
	if (!sys_failed(d->head.result) && !dune_copy_from_user(&length.after, args[arg + 1], 4)) {
		n = length.after < length.before ? length.after : length.before;
		copy_bytes(d, arg, args[arg], n < max ? n : max);
	}
	p = piece_begin(d, arg + 1);
	__builtin_memcpy(p + 1, &length, sizeof(length));
	p->size = sizeof(length);
	piece_end(d, p);
}

/* clone3() gave the parent its child's number. */
static void copy_child(struct draft *d)
{
	const struct trace_piece *p = (const struct trace_piece *)d->data;
	struct clone_args args;

	if (!d->head.pieces || p->arg || p->size < CLONE_ARGS_SIZE_VER0)
		return;
	__builtin_memcpy(&args, p + 1, CLONE_ARGS_SIZE_VER0);
	if (args.flags & CLONE_PARENT_SETTID)
		copy_bytes(d, OF_RESULT, args.parent_tid, 4);
}

static void put_before(struct draft *d, unsigned int i, unsigned int kind)
{
	const uint64_t *args = d->head.args;

	switch (copies[kind].how) {
	case COPY_IN:
		copy_bytes(d, i, args[i], copies[kind].bytes);
		break;
	case COPY_BUFFER_IN:
		copy_buffer(d, i, args[i], args[i + 1]);
		break;
	case COPY_STRING:
		copy_path(d, i, args[i], path_room(d, i));
		break;
	case COPY_VECTOR:
		copy_vector(d, i, args[i]);
		break;
	case COPY_SIZED_IN:
		copy_sized(d, i, copies[kind].bytes);
		break;
	case COPY_LENGTH_OUT:
		copy_length(d, i);
		break;
	case COPY_POLL:
		copy_array(d, i, args[i], args[i + 1], copies[kind].bytes);
		break;
	case COPY_GATHER_IN:
		copy_iovecs(d, i, args[i], args[i + 1], ~0ULL);
		break;
	case COPY_MESSAGE_IN:
		d->has_length = false;
		d->room = ~0ULL;
		copy_message(d, i, args[i], ~0ULL);
		break;
	case COPY_MESSAGE_OUT:
		copy_message_length(d, args[i]);
		break;
	case COPY_SET:
		copy_set(d, i);
		break;
	case COPY_SIXTH:
		copy_sixth(d, i);
		break;
	}
}

static void put_after(struct draft *d, unsigned int i, unsigned int kind)
{
	unsigned int bytes = copies[kind].bytes;
	uint64_t arg = d->head.args[i], result = d->head.result;

	switch (copies[kind].how) {
	case COPY_OUT:
		copy_bytes(d, i, arg, bytes);
		break;
	case COPY_SOME_OUT:		/* nothing where nothing has come */
		if (result)
			copy_bytes(d, i, arg, bytes);
		break;
	case COPY_NAME_OUT:
		copy_name(d, i, arg, result);
		break;
	case COPY_STRING_OUT:
		copy_path(d, i, arg, bytes);
		break;
	case COPY_ENTRIES:
		copy_entries(d, i);
		break;
	case COPY_SET:
		if (result && i == 1)
			copy_selected(d);
		break;
	case COPY_BUFFER_OUT:		/* the result may be more than there is room for: MSG_TRUNC */
		copy_buffer(d, i, arg, result < d->head.args[i + 1] ? result : d->head.args[i + 1]);
		break;
	case COPY_LENGTH_OUT:
		copy_by_length(d, i, bytes);
		break;
	case COPY_ARRAY_OUT:
		copy_array(d, i, arg, result, bytes);
		break;
	case COPY_POLL:
		if (result)
			copy_array(d, OF_RESULT, arg, d->head.args[i + 1], bytes);
		break;
	case COPY_GATHER_OUT:
		copy_iovecs(d, i, arg, d->head.args[i + 1], result);
		break;
	case COPY_MESSAGE_OUT:
		copy_message(d, i, arg, result);
		break;
	default:
		if (kind == KIND_CLONEARGS)
			copy_child(d);
	}
}

/* Of a call that failed, only how much room there had been. */
static void put_failed(struct draft *d, unsigned int i, unsigned int kind)
{
	switch (copies[kind].how) {
	case COPY_LENGTH_OUT:
		copy_by_length(d, i, 0);
		break;
	case COPY_MESSAGE_OUT:
		copy_message_failed(d, i);
		break;
	}
}

/* Calls without arguments are the quickest, and are not to pay for the others. */
static __attribute__((noinline)) void put_all_before(struct draft *d)
{
	const uint8_t *kind = kinds_of(d->head.nr, d->head.args)->kind;
	unsigned int i;

	for (i = 0; i < 6 && kind[i]; i++)
		put_before(d, i, kind[i]);
}

static __attribute__((noinline)) void put_all_after(struct draft *d)
{
	const uint8_t *kind = kinds_of(d->head.nr, d->head.args)->kind;
	bool failed = sys_failed(d->head.result);
	unsigned int i;

	for (i = 0; i < 6 && kind[i]; i++)
		if (failed)
			put_failed(d, i, kind[i]);
		else
			put_after(d, i, kind[i]);
}

void draft_begin(struct draft *d, uint32_t nr, const uint64_t args[6])
{
	d->head = (struct trace_record){
		.size = sizeof(d->head), .nr = nr, .type = RECORD_CALL,
		.args = { args[0], args[1], args[2], args[3], args[4], args[5] },
	};
	if (kinds_of(nr, args)->kind[0])
		put_all_before(d);
}

void draft_end(struct draft *d, int64_t result)
{
	d->head.result = result;
	if (kinds_of(d->head.nr, d->head.args)->kind[0])
		put_all_after(d);
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
	p->size = n < MAX_PATH ? n : MAX_PATH - 1;
	__builtin_memcpy(to, path, p->size);
	piece_end(d, p);

	p = piece_begin(d, 1);
	to = (char *)(p + 1);
	for (; *argv; argv++) {
		n = length_of(*argv);
		n = n < string_room(MAX_COPY) ? n : string_room(MAX_COPY);
		p->more = p->size + n + 1 > MAX_RECORD - d->head.size - 16;
		if (p->more)
			break;
		__builtin_memcpy(to + p->size, *argv, n);
		p->size += n;
		to[p->size++] = '\0';
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
