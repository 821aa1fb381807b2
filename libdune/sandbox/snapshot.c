/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c - a domain as it was, and back to that
 *
 * What was mapped and cannot be written stays as it is: it becomes the host's.
 * Of what can be written, pages in use are copied; one that was never touched is
 * had back from Linux. From then on the domain's leaves are of 4 KiB, and the
 * CPU marks those written; what Linux changes there, memory.c marks.
 */
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "domain.h"

#define PAGEMAP_IN_USE	(3UL << 62)	/* present, or in swap */
#define CHUNK		64

struct saved {
	uint64_t	va, copy;	/* copy 0: not touched then */
	bool		buffer;		/* the host writes there as well, unseen */
};

struct dom_snapshot {
	size_t		size;		/* of this mapping */
	unsigned int	nr, nr_extents;
	struct saved	*page;
	uint64_t	brk;
	unsigned int	nr_modules;
	bool		memory_refused;
	struct extent	extents[MAX_EXTENTS];
};

static bool writable(const struct extent *e)
{
	return e->prot & PROT_WRITE;
}

static uint64_t count_pages(const struct dune_domain *d)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < d->extents.nr; i++)
		if (writable(&d->extents.at[i]))
			n += (d->extents.at[i].end - d->extents.at[i].start) / PAGE_SIZE;
	return n;
}

/* For each of @n pages from @va on: in use? Where Linux does not say, yes. */
static void look_up(int fd, uint64_t va, unsigned int n, uint64_t *entries)
{
	if (fd >= 0 && sys(__NR_pread64, fd, entries, n * 8, va / PAGE_SIZE * 8) == n * 8)
		return;
	while (n--)
		entries[n] = PAGEMAP_IN_USE;
}

static int save_page(struct dom_snapshot *s, uint64_t va, bool buffer, bool used,
		     uint64_t *copies)
{
	s->page[s->nr] = (struct saved) { va, 0, buffer };
	if (used) {
		if (dune_copy_in((void *)*copies, va, PAGE_SIZE))
			return -ENOMEM;
		s->page[s->nr].copy = *copies;
		*copies += PAGE_SIZE;
	}
	s->nr++;
	return 0;
}

static int save_pages(struct dune_domain *d, struct dom_snapshot *s, uint64_t copies)
{
	long fd = sys(__NR_openat, AT_FDCWD, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0);
	uint64_t entries[CHUNK], va;
	unsigned int i, n, k;
	int r = 0;

	for (i = 0; i < d->extents.nr; i++) {
		const struct extent *e = &d->extents.at[i];

		for (va = e->start; writable(e) && !r && va < e->end; va += n * PAGE_SIZE) {
			n = (e->end - va) / PAGE_SIZE < CHUNK ? (e->end - va) / PAGE_SIZE : CHUNK;
			look_up(fd, va, n, entries);
			for (k = 0; !r && k < n; k++)
				r = save_page(s, va + k * PAGE_SIZE, e->kind == EXTENT_BUFFER,
					      entries[k] & PAGEMAP_IN_USE, &copies);
		}
	}
	if (!sys_failed(fd))
		sys(__NR_close, fd);
	return r;
}

/* What can never be restored may not change: text, and what files hold. */
static void hold(struct dune_domain *d)
{
	unsigned int i;

	for (i = 0; i < d->extents.nr; i++) {
		struct extent *e = &d->extents.at[i];

		if ((e->prot && !writable(e)) || e->kind == EXTENT_FILE)
			e->kind = EXTENT_HELD;
	}
}

static bool take_dirty(struct dune_domain *d, uint64_t va)
{
	uint64_t *pte = dune_space_pte(d, va, false);

	return pte && (__atomic_load_n(pte, __ATOMIC_RELAXED) & DUNE_PTE_D) &&
	       (__atomic_fetch_and(pte, ~DUNE_PTE_D, __ATOMIC_RELAXED) & DUNE_PTE_D);
}

void dune_snapshot_free(struct dune_domain *d)
{
	if (d->snapshot)
		dune_unmap(d->snapshot, d->snapshot->size);
	d->snapshot = NULL;
}

static int make(struct dune_domain *d)
{
	uint64_t pages = count_pages(d), list = PAGE_UP(pages * sizeof(struct saved));
	size_t head = PAGE_UP(sizeof(struct dom_snapshot));
	struct dom_snapshot *s;
	unsigned int i;
	int r;

	dune_snapshot_free(d);
	s = dune_map(head + list + pages * PAGE_SIZE);
	if (!s)
		return -ENOMEM;
	s->size = head + list + pages * PAGE_SIZE;
	s->page = (struct saved *)((uint64_t)s + head);
	d->snapshot = s;
	hold(d);
	r = dune_space_use_pages(d) ?: save_pages(d, s, (uint64_t)s + head + list);
	if (r) {
		dune_snapshot_free(d);
		return r;
	}
	for (i = 0; i < s->nr; i++)
		take_dirty(d, s->page[i].va);
	dune_space_forget(d);
	s->nr_extents = d->extents.nr;
	__builtin_memcpy(s->extents, d->extents.at, s->nr_extents * sizeof(struct extent));
	s->brk = d->brk;
	s->nr_modules = d->nr_modules;
	s->memory_refused = d->memory_refused;
	return 0;
}

DUNE_API int dune_domain_snapshot(struct dune_domain *d)
{
	int r;

	if (!dune_active())
		return -EPERM;
	if (!dune_dom_take_all(d))
		return -EBUSY;
	dom_lock(d);
	r = d->dead ? -EOWNERDEAD : dune_space_shares(d) ? -EBUSY : make(d);
	dom_unlock(d);
	dune_dom_put_all(d);
	return r;
}

/* ---- and back ---------------------------------------------------------------- */

static const struct extent *then(const struct dom_snapshot *s, uint64_t va)
{
	unsigned int i;

	for (i = 0; i < s->nr_extents && s->extents[i].end <= va; i++)
		;
	return i < s->nr_extents ? &s->extents[i] : NULL;
}

/* [@start, @end): free, or all of one mapping, now and then. */
static int restore_piece(struct dune_domain *d, uint64_t start, uint64_t end,
			 const struct extent *now, const struct extent *was)
{
	if (!was)
		return now ? dune_mem_reserve(d, start, end - start) : 0;
	/* Then no mapping of a file could be changed: now it is another. */
	if (!now || now->kind == EXTENT_FILE) {
		dune_space_mark_dirty(d, start, end);
		return sys(__NR_mmap, start, end - start, was->prot, MAP_PRIVATE | MAP_ANONYMOUS |
			   MAP_FIXED | MAP_NORESERVE, -1, 0) == (long)start ? 0 : -ENOMEM;
	}
	if (now->prot != was->prot)
		return sys(__NR_mprotect, start, end - start, was->prot);
	return 0;
}

/* Go through both lists at once, from one boundary of either to the next. */
static int restore_mappings(struct dune_domain *d)
{
	const struct dom_snapshot *s = d->snapshot;
	uint64_t at = d->extents.low, end;
	int r = 0;

	while (!r && at < d->extents.high) {
		const struct extent *was = then(s, at), *now = dune_extents_next(&d->extents, at);

		end = d->extents.high;
		if (was)
			end = was->start > at ? was->start : was->end;
		if (now && (now->start > at ? now->start : now->end) < end)
			end = now->start > at ? now->start : now->end;
		r = restore_piece(d, at, end, now && now->start <= at ? now : NULL,
				  was && was->start <= at ? was : NULL);
		at = end;
	}
	return r;
}

static bool same_mappings(const struct dune_domain *d)
{
	const struct dom_snapshot *s = d->snapshot;

	return s->nr_extents == d->extents.nr &&
	       !__builtin_memcmp(s->extents, d->extents.at, s->nr_extents * sizeof(struct extent));
}

/* Memory out of reach may have been in reach meanwhile, and hold something. */
static void empty_reserved(struct dune_domain *d)
{
	unsigned int i;

	for (i = 0; i < d->extents.nr; i++) {
		const struct extent *e = &d->extents.at[i];

		if (!e->prot && e->kind == EXTENT_OWN)
			sys(__NR_madvise, e->start, e->end - e->start, MADV_DONTNEED);
	}
}

static int restore_pages(struct dune_domain *d)
{
	const struct dom_snapshot *s = d->snapshot;
	unsigned int i;
	long r = 0;

	for (i = 0; !r && i < s->nr; i++) {
		const struct saved *page = &s->page[i];

		if (!take_dirty(d, page->va) && !page->buffer)
			continue;
		if (page->copy)
			r = dune_copy_out(page->va, (void *)page->copy, PAGE_SIZE);
		else
			r = sys(__NR_madvise, page->va, PAGE_SIZE, MADV_DONTNEED);
	}
	dune_space_forget(d);
	return r;
}

static int reset(struct dune_domain *d)
{
	const struct dom_snapshot *s = d->snapshot;
	int r = same_mappings(d) ? 0 : restore_mappings(d);

	if (!r) {
		__builtin_memcpy(d->extents.at, s->extents, s->nr_extents * sizeof(struct extent));
		d->extents.nr = s->nr_extents;
		d->extents.memory = 0;
		d->extents.memory = dune_extents_memory(&d->extents, d->extents.low,
							d->extents.high);
		empty_reserved(d);
		r = restore_pages(d);
	}
	if (r) {
		d->dead = 1;
		return -ENOMEM;
	}
	d->image.end = 0;
	d->brk = s->brk;
	d->nr_modules = s->nr_modules;
	d->memory_refused = s->memory_refused;
	d->report = (struct dune_domain_report) { .cause = DUNE_DOMAIN_ALIVE };
	__atomic_store_n(&d->dead, 0, __ATOMIC_RELEASE);
	return 0;
}

DUNE_API int dune_domain_reset(struct dune_domain *d)
{
	int r;

	if (!dune_active())
		return -EPERM;
	if (!d->snapshot)
		return -EINVAL;
	if (!dune_dom_take_all(d))
		return -EBUSY;
	dom_lock(d);
	/* Another thread's dune_domain_snapshot() may have failed meanwhile. */
	r = !d->snapshot ? -EINVAL : dune_space_shares(d) ? -EBUSY : reset(d);
	dom_unlock(d);
	dune_dom_put_all(d);
	return r;
}
