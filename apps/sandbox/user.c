/* SPDX-License-Identifier: MIT */
/*
 * user.c - ring 3's memory: copies of it, and whether addresses are within it
 */
#include "box.h"

/* Whatever is copied once is looked at here only: ring 3 may change the rest. */
long user_read(struct request *r, void *to, uint64_t from, uint64_t size)
{
	if (!r->box->is_user(from, size) || dune_copy_from_user(to, from, size))
		return -EFAULT;
	return 0;
}

long user_write(struct request *r, uint64_t to, const void *from, uint64_t size)
{
	if (!r->box->is_user(to, size) || dune_copy_to_user(to, from, size))
		return -EFAULT;
	return 0;
}

#define CHUNK	64UL
#define PAGE	4096UL

static bool has_end(const char *s, size_t n)
{
	uint64_t v;

	/* Eight at a time: a byte is 0 where taking 1 away borrows. */
	for (; n >= sizeof(v); s += sizeof(v), n -= sizeof(v)) {
		__builtin_memcpy(&v, s, sizeof(v));
		if ((v - 0x0101010101010101UL) & ~v & 0x8080808080808080UL)
			return true;
	}
	while (n--)
		if (!*s++)
			return true;
	return false;
}

/*
 * 0, -EFAULT, or -ENAMETOOLONG: no end within @size bytes. No piece goes beyond a
 * page: whether that can be read matters only if the string goes on there.
 */
long user_string(struct request *r, char *to, uint64_t from, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t n = PAGE - (from + done) % PAGE;

		if (n > CHUNK)
			n = CHUNK;
		if (n > size - done)
			n = size - done;
		if (user_read(r, to + done, from + done, n))
			return -EFAULT;
		if (has_end(to + done, n))
			return 0;
		done += n;
	}
	return -ENAMETOOLONG;
}

static bool is_32_bits(uint8_t kind)
{
	return kind >= ARG_INT && kind <= ARG_AT;
}

/* Bytes of a set of @n descriptors. */
static uint64_t set_size(uint64_t n)
{
	return (n + 63) / 64 * 8;
}

/* What memory argument @i stands for; false: none. */
static bool memory_of(const struct request *r, unsigned int i, uint64_t *size)
{
	const struct call_arg *a = &r->call->arg[i];

	switch (a->kind) {
	case ARG_IN:
	case ARG_OUT:
		*size = r->args[a->param];
		return true;
	case ARG_INS:
	case ARG_OUTS:
		*size = a->param;
		return true;
	case ARG_ARRAY:
		/* Both have 32 bits: no overflow. */
		*size = r->args[a->param % 8] * (a->param / 8);
		return true;
	case ARG_BITS:
		*size = set_size(r->args[a->param]);
		return true;
	}
	return false;
}

/* Once all arguments are read: sizes may come behind addresses. */
static long user_memory(const struct request *r)
{
	uint64_t size;
	unsigned int i;

	for (i = 0; i < 6 && r->call->arg[i].kind; i++)
		if (r->args[i] && memory_of(r, i, &size) && !r->box->is_user(r->args[i], size))
			return -EFAULT;
	return 0;
}

/* Reads the arguments, and refuses what no rule can allow: 0, -EFAULT, -EBADF. */
long user_arguments(struct request *r)
{
	const struct dune_tf *tf = r->tf;
	bool memory = false;
	unsigned int i;

	r->args[0] = tf->rdi;
	r->args[1] = tf->rsi;
	r->args[2] = tf->rdx;
	r->args[3] = tf->r10;
	r->args[4] = tf->r8;
	r->args[5] = tf->r9;
	for (i = 0; i < 6 && r->call->arg[i].kind; i++) {
		uint8_t kind = r->call->arg[i].kind;

		if (is_32_bits(kind))
			r->args[i] = (uint32_t)r->args[i];
		if ((kind == ARG_FD || kind == ARG_AT) && box_hides_fd(r->box, r->args[i]))
			return -EBADF;
		memory |= kind >= ARG_IN;
	}
	return memory ? user_memory(r) : 0;
}
