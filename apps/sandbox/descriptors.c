/* SPDX-License-Identifier: MIT */
/*
 * descriptors.c - calls on descriptors that are not plain
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <asm/ioctls.h>

#include "handlers.h"

long do_dup(struct request *r)
{
	if (box_hides_fd(r->box, r->args[1]))
		return -EBADF;
	return box_pass(r);
}

/* In parts, around what is hidden. */
long do_close_range(struct request *r)
{
	uint64_t first = r->args[0], last = r->args[1], fd, from;
	long e = 0;

	if (first > last || (r->args[2] & ~4UL /* CLOSE_RANGE_CLOEXEC */))
		return -EINVAL;
	/* Nothing from there on is ring 3's, however high Linux put it. */
	if (r->box->shares_fds && last >= r->box->slots.room)
		last = r->box->slots.room - 1;
	for (fd = from = first; fd <= last && fd < DUNE_MAX_OWN_FD; fd++) {
		if (!box_hides_fd(r->box, fd))
			continue;
		if (fd > from)
			e = sys(__NR_close_range, from, fd - 1, r->args[2]);
		from = fd + 1;
	}
	return from <= last ? sys(__NR_close_range, from, last, r->args[2]) : e;
}

/* Locks: their argument is memory. */
static long do_lock(struct request *r)
{
	uint8_t flock[32];

	if (user_read(r, flock, r->args[2], sizeof(flock)))
		return -EFAULT;
	if (r->args[1] != F_GETLK && r->args[1] != F_OFD_GETLK)
		return box_pass_as(r, r->nr, r->args[0], r->args[1], (uint64_t)flock, 0, 0, 0);
	return box_pass_as(r, r->nr, r->args[0], r->args[1], (uint64_t)flock, 0, 0, 0) ?:
	       user_write(r, r->args[2], flock, sizeof(flock));
}

long do_fcntl(struct request *r)
{
	switch (r->args[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_GETFD:
	case F_SETFD:
	case F_GETFL:
	case F_GETPIPE_SZ:
	case F_SETPIPE_SZ:
	case F_GET_SEALS:
	case F_ADD_SEALS:
	case F_GETOWN:
	case F_GETSIG:
	case F_GETLEASE:
		return box_pass(r);
	case F_SETFL:
		/* Signals on input go to an owner, who may be anybody. */
		return r->args[2] & FASYNC ? -EINVAL : box_pass(r);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return do_lock(r);
	}
	return refuse_argument(r, 1, "no such command is passed on", EINVAL);
}

/* Requests whose argument is memory of a known size, or a number. */
static const struct {
	uint32_t	request;
	uint16_t	size;
} requests[] = {
	{ TCGETS, 36 }, { TCSETS, 36 }, { TCSETSW, 36 }, { TCSETSF, 36 }, { TCFLSH, 0 },
	{ TCSBRK, 0 }, { TIOCGWINSZ, 8 }, { TIOCGPGRP, 4 }, { TIOCOUTQ, 4 },
	{ FIONREAD, 4 }, { FIONBIO, 4 }, { FIOCLEX, 0 }, { FIONCLEX, 0 }, { FIOQSIZE, 8 },
	{ TIOCGPTN, 4 }, { FS_IOC_GETFLAGS, 8 },
};

long do_ioctl(struct request *r)
{
	unsigned int i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (requests[i].request != r->args[1])
			continue;
		if (requests[i].size && !r->box->is_user(r->args[2], requests[i].size))
			return -EFAULT;
		return box_pass(r);
	}
	return refuse_argument(r, 1, "no such request is passed on", ENOTTY);
}

long do_epoll_ctl(struct request *r)
{
	uint8_t event[12];

	if (!r->args[3])
		return box_pass(r);
	if (user_read(r, event, r->args[3], sizeof(event)))
		return -EFAULT;
	return box_pass_as(r, r->nr, r->args[0], r->args[1], r->args[2], (uint64_t)event, 0, 0);
}

/* The argument that says how many bytes, of calls with an end. */
static unsigned int length_argument(uint32_t nr)
{
	switch (nr) {
	case __NR_sendfile:
	case __NR_fallocate:
		return 3;
	case __NR_splice:
	case __NR_copy_file_range:
		return 4;
	}
	return 2;
}

/* Calls that write, as far as the limit on output goes. */
long do_output(struct request *r)
{
	unsigned int n = length_argument(r->nr);
	uint64_t wanted, room;
	long e;

	if (r->box->policy->limit[LIMIT_OUTPUT] == NO_LIMIT)
		return box_pass(r);
	wanted = r->args[n] < 0x7ffff000 ? r->args[n] : 0x7ffff000;
	room = output_room(r->box, wanted);
	if (wanted && !room)
		return refuse_limit(r, "output", EFBIG);
	if (r->nr == __NR_fallocate && room < wanted) {
		output_unused(r->box, room);
		return refuse_limit(r, "output", EFBIG);
	}
	r->args[n] = room;
	e = box_pass(r);
	if (r->nr == __NR_fallocate)
		output_unused(r->box, e ? room : 0);
	else
		output_unused(r->box, room - (e > 0 ? e : 0));
	return e;
}

struct vector {
	uint64_t	base, size;
};

#define MAX_VECTOR	1024		/* UIO_MAXIOV */

/*
 * An iovec, copied and its memory checked; *@total: its bytes, at most what Linux
 * transfers at a time. @copy: of MAX_VECTOR elements.
 */
long read_vector(struct request *r, uint64_t from, uint64_t count, void *copy,
		 uint64_t *total)
{
	struct vector *v = copy;
	uint64_t i;

	*total = 0;
	if (count > MAX_VECTOR)
		return -EINVAL;
	if (user_read(r, v, from, count * sizeof(*v)))
		return -EFAULT;
	for (i = 0; i < count; i++) {
		if ((int64_t)v[i].size < 0)
			return -EINVAL;
		if (!r->box->is_user(v[i].base, v[i].size))
			return -EFAULT;
		if (v[i].size > 0x7ffff000 - *total)
			v[i].size = 0x7ffff000 - *total;
		*total += v[i].size;
	}
	return 0;
}

static void shorten(struct vector *v, uint64_t count, uint64_t room)
{
	for (; count--; v++) {
		if (v->size > room)
			v->size = room;
		room -= v->size;
	}
}

static bool is_written(uint32_t nr)
{
	return nr == __NR_writev || nr == __NR_pwritev || nr == __NR_pwritev2;
}

long do_vector(struct request *r)
{
	bool limited = is_written(r->nr) && r->box->policy->limit[LIMIT_OUTPUT] != NO_LIMIT;
	struct vector v[MAX_VECTOR];
	uint64_t total, room = 0;
	long e = read_vector(r, r->args[1], r->args[2], v, &total);

	if (e)
		return e;
	if (limited) {
		room = output_room(r->box, total);
		if (total && !room)
			return refuse_limit(r, "output", EFBIG);
		shorten(v, r->args[2], room);
	}
	e = box_pass_as(r, r->nr, r->args[0], (uint64_t)v, r->args[2], r->args[3], r->args[4],
			r->args[5]);
	if (limited)
		output_unused(r->box, room - (e > 0 ? e : 0));
	return e;
}

/* A name that is only for show, but a string still. */
long do_string0(struct request *r)
{
	char name[256];
	long e = user_string(r, name, r->args[0], sizeof(name));

	if (e)
		return e == -ENAMETOOLONG ? -EINVAL : e;
	return box_pass_as(r, r->nr, (uint64_t)name, r->args[1], 0, 0, 0, 0);
}

/* Its last argument is an address and a size, in memory. */
long do_pselect6(struct request *r)
{
	uint64_t mask[2], set;

	if (!r->tf->r9)
		return box_pass_as(r, r->nr, r->args[0], r->args[1], r->args[2], r->args[3],
				   r->args[4], 0);
	if (user_read(r, mask, r->tf->r9, sizeof(mask)))
		return -EFAULT;
	if (mask[0] && user_read(r, &set, mask[0], sizeof(set)))
		return -EFAULT;
	if (mask[0])
		mask[0] = (uint64_t)&set;
	return box_pass_as(r, r->nr, r->args[0], r->args[1], r->args[2], r->args[3], r->args[4],
			   (uint64_t)mask);
}
