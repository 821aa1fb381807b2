/* SPDX-License-Identifier: MIT */
/*
 * memory.c - calls that map: never where ring 0 is
 */
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "handlers.h"

#define PAGE		4096UL
#define END_OF_USER	((1UL << 47) - PAGE)

static bool range_ok(const struct request *r, uint64_t start, uint64_t size)
{
	return size + PAGE > size && r->box->is_user(start, (size + PAGE - 1) & ~(PAGE - 1));
}

/*
 * At a fixed place Linux takes what is there in pages of the mapping's own size,
 * which files may have too: 1 GiB at the most. Nothing is behind the end of all.
 */
static bool may_replace(const struct request *r, uint64_t start, uint64_t size, bool plain)
{
	uint64_t room = plain ? 0 : (1UL << 30) - 1;

	if (!range_ok(r, start, size))
		return false;
	if (room > END_OF_USER - (start + size))
		room = END_OF_USER - (start + size);
	return range_ok(r, start, size + room);
}

static bool write_and_exec(uint64_t prot)
{
	return (prot & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC);
}

static bool from_file(const struct request *r)
{
	return !(r->args[3] & MAP_ANONYMOUS);
}

/* Writable in another mapping of the same memory: after a fork() or an mremap() of size 0. */
static bool is_shared_code(const struct request *r)
{
	return (r->args[2] & PROT_EXEC) && !from_file(r) && (r->args[3] & MAP_TYPE) != MAP_PRIVATE;
}

/* What is shared with a file that may be written is output that no limit would see. */
static bool may_be_output(const struct request *r)
{
	return (r->args[3] & MAP_TYPE) != MAP_PRIVATE &&
	       r->box->policy->limit[LIMIT_OUTPUT] != NO_LIMIT;
}

static bool may_be_code(const struct request *r)
{
	return (r->args[2] & PROT_EXEC) && r->box->policy->deny_wx;
}

/* Now, or after an mprotect(), or by another mapping of the same file. */
static long judge_mapped(struct request *r, const struct object *o)
{
	char name[PATH_SIZE];
	uint32_t rights;

	if (may_be_output(r) && (sys(__NR_fcntl, o->fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
		return refuse_limit(r, "output", EACCES);
	if (!may_be_code(r))
		return 0;
	rights = rights_of_fd(r, o->fd, name);
	if ((rights & (RIGHT_EXEC | RIGHT_WRITE)) != RIGHT_EXEC)
		return refuse_argument(r, 2, "deny-write-exec", EACCES);
	return 0;
}

static long map(struct request *r)
{
	long e;

	/* Another place is as good as one that the sandbox has taken. */
	if (!range_ok(r, r->args[0], r->args[1]))
		r->args[0] = 0;
	e = box_pass(r);
	if (e > 0 && !range_ok(r, e, r->args[1])) {
		sys(__NR_munmap, e, r->args[1]);
		return -ENOMEM;
	}
	return e;
}

/* The descriptor is held, so that the file that is judged is the one that is mapped. */
static long map_judged(struct request *r)
{
	struct object o;
	long e = borrow(r, r->args[4], &o);

	if (e)
		return e;
	r->args[4] = o.fd;
	e = judge_mapped(r, &o) ?: map(r);
	drop(&o);
	return e;
}

long do_mmap(struct request *r)
{
	uint64_t flags = r->args[3];
	bool plain = (flags & (MAP_ANONYMOUS | MAP_HUGETLB)) == MAP_ANONYMOUS;

	if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) &&
	    !may_replace(r, r->args[0], r->args[1], plain))
		return -ENOMEM;
	if (from_file(r) && box_hides_fd(r->box, r->args[4]))
		return -EBADF;
	if (r->box->policy->deny_wx && (write_and_exec(r->args[2]) || is_shared_code(r)))
		return refuse_argument(r, 2, "deny-write-exec", EACCES);
	return from_file(r) && (may_be_output(r) || may_be_code(r)) ? map_judged(r) : map(r);
}

long do_range(struct request *r)
{
	return range_ok(r, r->args[0], r->args[1]) ? box_pass(r) : -ENOMEM;
}

long do_mprotect(struct request *r)
{
	if (!range_ok(r, r->args[0], r->args[1]))
		return -ENOMEM;
	if (r->box->policy->deny_wx && (r->args[2] & PROT_EXEC))
		return refuse_argument(r, 2, "deny-write-exec", EACCES);
	return box_pass(r);
}

long do_mremap(struct request *r)
{
	uint64_t flags = r->args[3];
	long e;

	if (!range_ok(r, r->args[0], r->args[1]) || !range_ok(r, r->args[0], r->args[2]))
		return -EFAULT;
	if ((flags & MREMAP_FIXED) && !may_replace(r, r->args[4], r->args[2], false))
		return -ENOMEM;
	e = box_pass(r);
	if (e > 0 && !range_ok(r, e, r->args[2])) {
		sys(__NR_munmap, e, r->args[2]);
		return -ENOMEM;
	}
	return e;
}

/* Some advice is about the machine's memory, not the process's. */
long do_madvise(struct request *r)
{
	if (r->args[2] >= 100)	/* MADV_HWPOISON, MADV_SOFT_OFFLINE */
		return -EPERM;
	return do_range(r);
}

long do_mincore(struct request *r)
{
	uint64_t pages = (r->args[1] + PAGE - 1) / PAGE;

	if (!r->box->is_user(r->args[2], pages))
		return -EFAULT;
	return do_range(r);
}
