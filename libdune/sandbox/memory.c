/* SPDX-License-Identifier: MIT */
/*
 * memory.c - what is mapped in a domain, and access to it from outside
 *
 * The whole range is reserved all the time (PROT_NONE), so that Linux never puts
 * anything of the program's there: to unmap is to reserve again. The callers of
 * what changes mappings hold the domain's lock.
 */
#include <linux/mman.h>

#include "domain.h"

bool dune_mem_inside(const struct dune_domain *d, uint64_t start, uint64_t size)
{
	return start + size >= start && dune_extents_inside(&d->extents, start, start + size);
}

/* At CPL 0, for memory that may be gone at any moment. */
long dune_mem_read(const struct dune_domain *d, void *to, uint64_t from, uint64_t size)
{
	return dune_mem_inside(d, from, size) ? dune_copy_in(to, from, size) : -EFAULT;
}

long dune_mem_write(struct dune_domain *d, uint64_t to, const void *from, uint64_t size)
{
	if (!dune_mem_inside(d, to, size))
		return -EFAULT;
	dune_space_mark_dirty(d, to, to + size);
	return dune_uaccess((void *)to, from, size, dune_global.smap) ? -EFAULT : 0;
}

/* Nothing is mapped there any more, and nobody else's will be. */
int dune_mem_reserve(struct dune_domain *d, uint64_t start, uint64_t size)
{
	long r;

	dune_space_mark_dirty(d, start, start + size);
	r = sys(__NR_mmap, start, size, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	if (!sys_failed(r))
		return 0;
	/* Linux's tables are full, and there may be a hole: nobody is to run on. */
	if (!d->dead)
		d->report.cause = DUNE_DOMAIN_MEMORY;
	__atomic_store_n(&d->dead, 1, __ATOMIC_SEQ_CST);
	dune_deadline_kick(d);
	return r;
}

/* Whether the range may have @prot, as far as memory and mappings go. */
bool dune_mem_allowed(struct dune_domain *d, uint64_t start, uint64_t size, int prot)
{
	uint64_t others = d->extents.memory -
			  dune_extents_memory(&d->extents, start, start + size);

	if ((!prot || (size <= d->limit && others <= d->limit - size)) && dune_seams_few(d))
		return true;
	d->memory_refused = true;
	return false;
}

/* Memory that the domain cannot take away; there is a guard page below. 0: none. */
uint64_t dune_mem_map_held(struct dune_domain *d, uint64_t size, enum extent_kind kind)
{
	uint64_t at = dune_extents_place(&d->extents, size);
	struct extent e = { at, at + size, PROT_READ | PROT_WRITE, kind, 0 };
	long r;

	if (!at || !dune_mem_allowed(d, at, size, e.prot) || dune_extents_set(&d->extents, &e))
		return 0;
	dune_space_mark_dirty(d, at, at + size);
	r = sys(__NR_mmap, at, size, e.prot,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	if (!sys_failed(r))
		return at;
	dune_mem_unmap(d, at, size);
	return 0;
}

void dune_mem_unmap(struct dune_domain *d, uint64_t start, uint64_t size)
{
	if (!dune_mem_reserve(d, start, size))
		dune_extents_clear(&d->extents, start, start + size);
}

/* The mapping around @addr is the host's to change from now on. */
int dune_mem_hold(struct dune_domain *d, uint64_t addr)
{
	const struct extent *e = dune_extents_find(&d->extents, addr);
	struct extent held;

	if (!e || (e->prot & (PROT_READ | PROT_WRITE)) != (PROT_READ | PROT_WRITE))
		return -ENOEXEC;
	held = *e;
	held.kind = EXTENT_HELD;
	return dune_extents_set(&d->extents, &held);
}

DUNE_API int dune_domain_read(struct dune_domain *d, void *to, uint64_t from, size_t size)
{
	return dune_active() ? dune_mem_read(d, to, from, size) : -EPERM;
}

DUNE_API int dune_domain_write(struct dune_domain *d, uint64_t to, const void *from, size_t size)
{
	return dune_active() ? dune_mem_write(d, to, from, size) : -EPERM;
}

DUNE_API void *dune_domain_alloc(struct dune_domain *d, size_t size)
{
	uint64_t at;

	if (!dune_active() || !size || size > d->extents.high - d->extents.low)
		return NULL;
	dom_lock(d);
	at = dune_mem_map_held(d, PAGE_UP(size), EXTENT_BUFFER);
	dom_unlock(d);
	return (void *)at;
}

DUNE_API int dune_domain_free(struct dune_domain *d, void *buffer)
{
	const struct extent *e;
	int r = -EINVAL;

	if (!dune_active())
		return -EPERM;
	dom_lock(d);
	e = dune_extents_find(&d->extents, (uintptr_t)buffer);
	if (e && e->kind == EXTENT_BUFFER && e->start == (uintptr_t)buffer) {
		dune_mem_unmap(d, e->start, e->end - e->start);
		r = 0;
	}
	dom_unlock(d);
	return r;
}
