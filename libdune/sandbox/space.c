/* SPDX-License-Identifier: MIT */
/*
 * space.c - a domain's page table
 *
 * A domain lies in the span of one entry of the top table, which nobody else
 * uses. In its own root that entry leads to blocks with the U bit; all others
 * lead to the mirror root's tables, to the supervisor's memory, so that what the
 * mirror root gets later is here, too. In the mirror root the domain's blocks are
 * data of the supervisor's, not code.
 *
 * Behind the domain's range is a block for buffers of the program's: leaves of
 * 4 KiB that lead to the program's own memory.
 */
#include <linux/mman.h>

#include "../pt.h"
#include "domain.h"
#include "switch.h"

#define MAX_SHARES	64
#define RIGHTS		(DUNE_PTE_P | DUNE_PTE_W)

struct share {
	uint64_t	at, size;	/* size 0: none */
};

struct dom_space {
	struct dune_root *root;
	struct extents	window;
	struct extent	places[2 * MAX_SHARES + 4];
	struct share	shares[MAX_SHARES];
};

/* Without the U bit, whatever the leaves below have: the program may have ring 3 of its own. */
static void lead_to_mirror(struct dune_root *root, unsigned int but)
{
	const uint64_t rights = PT_TABLE & ~DUNE_PTE_U;
	unsigned int i;

	for (i = 0; i < NR_BLOCKS / 512; i++)
		if (i != but)
			root->top[i] = dune_va_to_pa(&dune_mirror.low[i << 9]) | rights;
}

/* What leads elsewhere is not for dune_root_free() to look through. */
static void lead_nowhere(struct dune_root *root, unsigned int but)
{
	unsigned int i;

	for (i = 0; i < NR_BLOCKS / 512; i++)
		if (i != but)
			root->top[i] = 0;
}

static int map_blocks(struct dune_domain *d)
{
	uint64_t va;
	int r = 0;

	for (va = d->extents.low; !r && va < d->extents.high; va += GIB) {
		r = dune_root_add(va);
		r = r ?: dune_vm_protect(&dune_mirror, va, GIB, RIGHTS | DUNE_PTE_NX);
		r = r ?: dune_vm_map_phys(d->space->root, va, GIB, dune_va_to_pa((void *)va),
					  RIGHTS | DUNE_PTE_U, 0);
	}
	return r;
}

size_t dune_space_size(void)
{
	return sizeof(struct dom_space);
}

/* In zeroed memory of dune_space_size(). */
int dune_space_new(struct dune_domain *d)
{
	uint64_t window = d->extents.high + GIB;
	struct dom_space *s = d->space;
	int r;

	s->window = (struct extents) {
		.low = window, .high = window + GIB, .at = s->places,
		.max = sizeof(s->places) / sizeof(s->places[0]),
	};
	r = dune_root_new(&s->root);
	if (r)
		return r;
	lead_to_mirror(s->root, d->region / TOP_ENTRY_SIZE);
	return map_blocks(d);
}

/* Nobody is in the domain: its blocks are ordinary ones from now on. */
void dune_space_free(struct dune_domain *d)
{
	struct dom_space *s = d->space;
	uint64_t va;

	if (!s || !s->root)
		return;
	for (va = d->extents.low; va < d->extents.high; va += GIB)
		dune_vm_protect(&dune_mirror, va, GIB, RIGHTS);
	lead_nowhere(s->root, d->region / TOP_ENTRY_SIZE);
	dune_root_free(s->root);
	dune_vm_flush();
}

/* What to load; with no flush, if the thread's TLB has nothing that is not so. */
static uint64_t cr3_of(struct dune_thread *t, const struct dune_root *root)
{
	uint64_t pcid = root->id % NR_PCIDS;
	uint64_t stamp = __atomic_load_n(&root->stamp, __ATOMIC_SEQ_CST);

	if (!(dune_global.info.cr4 & CR4_PCIDE))
		return root->cr3;
	if (t->stamp[pcid] == stamp)
		return root->cr3 | pcid | CR3_NO_FLUSH;
	t->stamp[pcid] = stamp;
	return root->cr3 | pcid;
}

/* Its physical address: what CR3 has where there are no PCIDs. */
uint64_t dune_space_table(const struct dune_domain *d)
{
	return d->space->root->cr3;
}

uint64_t dune_space_cr3(const struct dune_domain *d)
{
	return cr3_of(dune_this_thread(), d->space->root);
}

void dune_space_to_mirror(struct dune_thread *t)
{
	write_cr3(cr3_of(t, &dune_mirror));
}

/* @cr3: the program's; a table of its own making, or that of the thread's root. */
void dune_space_to_host(struct dune_thread *t, uint64_t cr3)
{
	write_cr3((cr3 & DUNE_PTE_ADDR) == t->root->cr3 ? cr3_of(t, t->root) : cr3);
}

/* Dirty bits have been cleared: every thread's TLB is to set them again. */
void dune_space_forget(struct dune_domain *d)
{
	d->space->root->stamp = dune_stamp_new();
}

/* The entry of 4 KiB for @va; without @make, NULL where there are none. */
uint64_t *dune_space_pte(struct dune_domain *d, uint64_t va, bool make)
{
	struct dune_leaf leaf = dune_vm_lookup(d->space->root, va);

	if (leaf.shift != DUNE_SHIFT_4K && make &&
	    dune_vm_split(d->space->root, va, DUNE_SHIFT_4K, &leaf))
		return NULL;
	return leaf.shift == DUNE_SHIFT_4K ? leaf.pte : NULL;
}

#define SPAN_2M		(1UL << DUNE_SHIFT_2M)

/* From now on the CPU tells pages apart. Nobody runs in the domain. */
int dune_space_use_pages(struct dune_domain *d)
{
	unsigned int i;

	for (i = 0; i < d->extents.nr; i++) {
		const struct extent *e = &d->extents.at[i];
		uint64_t va;

		for (va = e->start & -SPAN_2M; e->prot && va < e->end; va += SPAN_2M)
			if (!dune_space_pte(d, va, true))
				return -ENOMEM;
	}
	return 0;
}

/*
 * Linux changes what is there, which the CPU does not see: to a snapshot the
 * range has been written.
 */
void dune_space_mark_dirty(struct dune_domain *d, uint64_t start, uint64_t end)
{
	uint64_t va, *pte;

	for (va = PAGE_DOWN(start); d->snapshot && va < end; va += PAGE_SIZE) {
		pte = dune_space_pte(d, va, false);
		if (pte)
			__atomic_fetch_or(pte, DUNE_PTE_D, __ATOMIC_RELAXED);
		else	/* none in these 2 MiB */
			va = (va | (SPAN_2M - 1)) + 1 - PAGE_SIZE;
	}
}

/* ---- buffers of the program's ------------------------------------------- */

bool dune_space_shares(const struct dune_domain *d)
{
	return d->space->window.nr;
}

static struct share *find_share(struct dune_domain *d, uint64_t at)
{
	unsigned int i;

	for (i = 0; i < MAX_SHARES; i++)
		if (at ? d->space->shares[i].size && d->space->shares[i].at == at :
			 !d->space->shares[i].size)
			return &d->space->shares[i];
	return NULL;
}

/* Memory in a row in its block is so in the guest's. */
static int map_window(struct dune_domain *d, uint64_t at, uint64_t buffer, uint64_t size,
		      uint64_t rights)
{
	uint64_t end = buffer + size, next;
	int r = 0;

	for (; !r && buffer < end; at += next - buffer, buffer = next) {
		next = (buffer & -GIB) + GIB < end ? (buffer & -GIB) + GIB : end;
		r = dune_root_add(buffer);
		r = r ?: dune_vm_map_phys(d->space->root, at, next - buffer,
					  dune_va_to_pa((void *)buffer), rights, 0);
	}
	return r;
}

static void unmap_window(struct dune_domain *d, uint64_t at, uint64_t size)
{
	dune_vm_unmap(d->space->root, at, size);
	dune_vm_flush();
}

static int share(struct dune_domain *d, uint64_t buffer, uint64_t size, unsigned int flags,
		 uint64_t *address)
{
	uint64_t rights = DUNE_PTE_P | DUNE_PTE_U | DUNE_PTE_NX;
	struct extents *w = &d->space->window;
	struct extent place = { .prot = PROT_READ, .kind = EXTENT_HELD };
	struct share *s = find_share(d, 0);
	int r;

	if (!s)
		return -ENOSPC;
	place.start = dune_extents_place(w, size);
	place.end = place.start + size;
	if (!place.start)
		return -ENOMEM;
	if (flags & DUNE_SHARE_WRITE)
		rights |= DUNE_PTE_W;
	r = map_window(d, place.start, buffer, size, rights) ?: dune_extents_set(w, &place);
	if (r) {
		unmap_window(d, place.start, size);
		return r == -EFAULT ? -EINVAL : r;
	}
	*s = (struct share) { place.start, size };
	*address = place.start;
	return 0;
}

DUNE_API int dune_domain_share(struct dune_domain *d, void *buffer, size_t size,
			       unsigned int flags, uint64_t *address)
{
	uint64_t at = (uintptr_t)buffer;
	int r;

	if (!dune_active())
		return -EPERM;
	if (!size || (at | size) & (PAGE_SIZE - 1) || at + size < at || (at + size) >> 47 ||
	    flags & ~DUNE_SHARE_WRITE || dune_dom_has_region(at, size))
		return -EINVAL;
	dom_lock(d);
	r = share(d, at, size, flags, address);
	dom_unlock(d);
	return r;
}

static int unshare(struct dune_domain *d, uint64_t address)
{
	struct share *s;

	dom_lock(d);
	s = address ? find_share(d, address) : NULL;
	if (s) {
		unmap_window(d, s->at, s->size);
		dune_extents_clear(&d->space->window, s->at, s->at + s->size);
		s->size = 0;
	}
	dom_unlock(d);
	return s ? 0 : -EINVAL;
}

DUNE_API int dune_domain_unshare(struct dune_domain *d, uint64_t address)
{
	return dune_active() ? unshare(d, address) : -EPERM;
}

void dune_space_unshare_all(struct dune_domain *d)
{
	unsigned int i;

	for (i = 0; i < MAX_SHARES; i++)
		if (d->space->shares[i].size)
			unshare(d, d->space->shares[i].at);
}
