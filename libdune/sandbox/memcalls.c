/* SPDX-License-Identifier: MIT */
/*
 * memcalls.c - mmap(2) and its like for a domain
 *
 * Where something is mapped is decided here, never by Linux: inside the
 * domain's range, and not over what the host relies on there. None of it needs
 * any work on page tables.
 */
#include <linux/mman.h>

#include "domain.h"

/* What else mmap(2) may be told; it makes no difference here. */
#define IGNORED_FLAGS	(MAP_NORESERVE | MAP_STACK | MAP_DENYWRITE | MAP_POPULATE | \
			 MAP_EXECUTABLE | MAP_NONBLOCK)

static bool prot_ok(const struct dune_domain *d, uint64_t prot)
{
	if (prot & ~(uint64_t)(PROT_READ | PROT_WRITE | PROT_EXEC))
		return false;
	return !(d->options.flags & DUNE_DOMAIN_W_XOR_X) || !(prot & PROT_WRITE) ||
	       !(prot & PROT_EXEC);
}

/* Whole pages in the domain's range; @size is rounded up. */
static bool range_ok(const struct dune_domain *d, uint64_t start, uint64_t *size)
{
	if (start & (PAGE_SIZE - 1) || !*size || *size > d->extents.high - d->extents.low)
		return false;
	*size = PAGE_UP(*size);
	return dune_mem_inside(d, start, *size);
}

/* Where code of a file goes: for reports. */
static void note_module(struct dune_domain *d, uint64_t at, uint64_t size, uint64_t offset,
			const struct dom_file *file)
{
	struct dom_module *m = &d->modules[d->nr_modules];

	if (d->nr_modules == MAX_MODULES)
		return;
	*m = (struct dom_module) { .start = at, .end = at + size, .offset = offset };
	__builtin_memcpy(m->name, file->name, NAME_SIZE);
	d->nr_modules++;
}

/*
 * A dynamic linker maps a whole library to be read, then its segments over that. Of
 * those most are there by then, but for their rights: Linux changes them with less
 * work than it maps anew. False if they are to be written: then they need be new.
 */
static bool is_mapped(const struct dune_domain *d, uint64_t at, uint64_t size, int prot,
		      const struct dom_file *file, uint64_t offset)
{
	const struct dom_image *i = &d->image;

	return !(prot & PROT_WRITE) && file->fd == i->fd && at >= i->start &&
	       at + size <= i->end && at - i->start == offset - i->offset;
}

static bool has_prot(const struct dune_domain *d, uint64_t at, uint64_t size, int prot)
{
	const struct extent *e = dune_extents_find(&d->extents, at);

	return e && e->end >= at + size && e->prot == prot;
}

static long map_new(struct dune_domain *d, uint64_t at, uint64_t size, int prot,
		    const struct dom_file *file, uint64_t offset)
{
	int flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | (file ? 0 : MAP_ANONYMOUS);

	d->image = (struct dom_image) { 0 };
	if (file && !(prot & PROT_WRITE))
		d->image = (struct dom_image) { at, at + size, offset, file->fd };
	dune_space_mark_dirty(d, at, at + size);
	return sys(__NR_mmap, at, size, prot, flags, file ? file->fd : -1, offset);
}

static long map(struct dune_domain *d, uint64_t at, uint64_t size, int prot,
		const struct dom_file *file, uint64_t offset)
{
	struct extent e = { at, at + size, prot, file ? EXTENT_FILE : EXTENT_OWN, 0 };
	bool mapped = file && is_mapped(d, at, size, prot, file, offset);
	bool as_it_is = mapped && has_prot(d, at, size, prot);
	long r = 0;

	if (!dune_mem_allowed(d, at, size, prot) || dune_extents_set(&d->extents, &e))
		return -ENOMEM;
	if (!as_it_is && (!mapped || sys(__NR_mprotect, at, size, prot)))
		r = map_new(d, at, size, prot, file, offset);
	if (sys_failed(r)) {
		d->image.end = 0;
		dune_mem_unmap(d, at, size);
		return r;
	}
	if (file && (prot & PROT_EXEC))
		note_module(d, at, size, offset, file);
	return at;
}

/* The address to map at, or a negative errno. */
static long choose(struct dune_domain *d, uint64_t hint, uint64_t size, uint64_t flags)
{
	bool inside = range_ok(d, hint, &size);

	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (!inside || !dune_extents_own(&d->extents, hint, hint + size, false))
			return -ENOMEM;
		if ((flags & MAP_FIXED_NOREPLACE) &&
		    !dune_extents_free(&d->extents, hint, hint + size))
			return -EEXIST;
		return hint;
	}
	if (inside && dune_extents_free(&d->extents, hint, hint + size))
		return hint;
	return (long)dune_extents_place(&d->extents, PAGE_UP(size)) ?: -ENOMEM;
}

long dune_call_mmap(struct dune_domain *d, const struct dune_tf *tf)
{
	uint64_t size = tf->rsi, prot = tf->rdx, flags = tf->r10, offset = tf->r9;
	const struct dom_file *file = NULL;
	long at;

	if (!size || !prot_ok(d, prot) || (flags & MAP_TYPE) != MAP_PRIVATE ||
	    flags & ~(uint64_t)(MAP_TYPE | MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_ANONYMOUS |
				IGNORED_FLAGS))
		return -EINVAL;
	if (size > d->extents.high - d->extents.low)
		return -ENOMEM;
	if (!(flags & MAP_ANONYMOUS)) {
		file = dune_files_find(d, tf->r8);
		if (!file)
			return -EBADF;
		if (offset & (PAGE_SIZE - 1) || offset >> 47)
			return -EINVAL;
	}
	at = choose(d, tf->rdi, size, flags);
	return at < 0 ? at : map(d, at, PAGE_UP(size), prot, file, offset);
}

long dune_call_munmap(struct dune_domain *d, const struct dune_tf *tf)
{
	uint64_t start = tf->rdi, size = tf->rsi;
	int r;

	if (!range_ok(d, start, &size))
		return -EINVAL;
	if (!dune_extents_own(&d->extents, start, start + size, false))
		return -EPERM;
	r = dune_extents_clear(&d->extents, start, start + size);
	return r ?: dune_mem_reserve(d, start, size);
}

/* Of each mapping in the range, what it is stays as it is. */
static int set_prot(struct dune_domain *d, uint64_t start, uint64_t end, int prot)
{
	struct extent e;
	int r = 0;

	for (; !r && start < end; start = e.end) {
		e = *dune_extents_find(&d->extents, start);
		e.start = start;
		e.end = e.end < end ? e.end : end;
		e.used = extent_takes_memory(&e);
		e.prot = prot;
		r = dune_extents_set(&d->extents, &e);
	}
	return r;
}

long dune_call_mprotect(struct dune_domain *d, const struct dune_tf *tf)
{
	uint64_t start = tf->rdi, size = tf->rsi;
	long r;

	if (!prot_ok(d, tf->rdx))
		return -EACCES;
	if (!size)
		return 0;
	if (!range_ok(d, start, &size))
		return -ENOMEM;
	if (!dune_extents_own(&d->extents, start, start + size, true))
		return -EPERM;
	if (!dune_mem_allowed(d, start, size, tf->rdx))
		return -ENOMEM;
	r = set_prot(d, start, start + size, tf->rdx);
	return r ?: sys(__NR_mprotect, start, size, tf->rdx);
}

/* Elsewhere: the pages move, and where they were stays reserved all the time. */
static long move(struct dune_domain *d, uint64_t from, uint64_t size, uint64_t new_size, int prot)
{
	struct extent e = { 0, 0, prot, EXTENT_OWN, 0 };
	uint64_t at = dune_extents_place(&d->extents, new_size);
	long r;

	e.start = at;
	e.end = at + new_size;
	if (!at || !dune_mem_allowed(d, at, new_size, prot) ||
	    dune_extents_set(&d->extents, &e))
		return -ENOMEM;
	dune_space_mark_dirty(d, at, e.end);
	r = sys(__NR_mremap, from, size, size,
		MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, at);
	if (!sys_failed(r))
		r = sys(__NR_mmap, at + size, new_size - size, prot,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	if (sys_failed(r)) {
		dune_mem_unmap(d, at, new_size);
		return -ENOMEM;
	}
	dune_mem_unmap(d, from, size);
	return at;
}

long dune_call_mremap(struct dune_domain *d, const struct dune_tf *tf)
{
	uint64_t at = tf->rdi, size = tf->rsi, new_size = tf->rdx;
	const struct extent *e;
	int prot;

	if (tf->r10 & ~(uint64_t)MREMAP_MAYMOVE || !new_size || !range_ok(d, at, &size))
		return -EINVAL;
	if (new_size > d->extents.high - d->extents.low)
		return -ENOMEM;
	new_size = PAGE_UP(new_size);
	e = dune_extents_find(&d->extents, at);
	if (!e || e->kind != EXTENT_OWN || !e->prot || e->end < at + size)
		return -EFAULT;
	prot = e->prot;
	if (new_size <= size) {
		if (new_size < size)
			dune_mem_unmap(d, at + new_size, size - new_size);
		return at;
	}
	if (dune_mem_inside(d, at, new_size) &&
	    dune_extents_free(&d->extents, at + size, at + new_size)) {
		long r = map(d, at + size, new_size - size, prot, NULL, 0);

		return r < 0 ? r : (long)at;
	}
	return tf->r10 & MREMAP_MAYMOVE ? move(d, at, size, new_size, prot) : -ENOMEM;
}

long dune_call_madvise(struct dune_domain *d, const struct dune_tf *tf)
{
	uint64_t start = tf->rdi, size = tf->rsi;

	if (!range_ok(d, start, &size) ||
	    !dune_extents_own(&d->extents, start, start + size, true))
		return -EINVAL;
	switch (tf->rdx) {
	case MADV_DONTNEED:
	case MADV_FREE:
		dune_space_mark_dirty(d, start, start + size);
		return sys(__NR_madvise, start, size, tf->rdx);
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
		return 0;
	}
	return -EINVAL;
}

/* brk(2): the new break, or the old one where it cannot be had. */
long dune_call_brk(struct dune_domain *d, const struct dune_tf *tf)
{
	uint64_t to = tf->rdi, old = PAGE_UP(d->brk), new = PAGE_UP(to);

	if (to < d->brk_start || !dune_mem_inside(d, d->brk_start, to - d->brk_start) ||
	    new > d->extents.high)
		return d->brk;
	if (new < old) {
		if (!dune_extents_own(&d->extents, new, old, false))
			return d->brk;
		dune_mem_unmap(d, new, old - new);
	}
	if (new > old && (!dune_extents_free(&d->extents, old, new) ||
			  map(d, old, new - old, PROT_READ | PROT_WRITE, NULL, 0) < 0))
		return d->brk;
	return d->brk = to;
}
