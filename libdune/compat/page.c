/* SPDX-License-Identifier: MIT */
/*
 * page.c - the page pool: libdune's, with a struct page for each page
 *
 * The array has one for every page of guest-physical memory there can be; only
 * those touched take memory. libdune counts the users, among them mappings;
 * struct page's ref is what it said last.
 */
#include <errno.h>
#include <sys/mman.h>

#include "../pt.h"
#include "compat.h"

struct page *dune_compat_pages;
long dune_compat_num_pages;

static void *va_of(const struct page *pg)
{
	return dune_pa_to_va((uint64_t)(pg - dune_compat_pages) << PGSHIFT);
}

struct page *compat_page(const void *va)
{
	struct page *pg = &dune_compat_pages[dune_va_to_pa(va) >> PGSHIFT];

	pg->ref = dune_pool_users(va);
	return pg;
}

int compat_pages_init(void)
{
	long nr = (long)dune_info()->nr_slots << (DUNE_SLOT_SHIFT - PGSHIFT);
	void *p = mmap(NULL, nr * sizeof(struct page), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -ENOMEM;
	dune_compat_pages = p;
	dune_compat_num_pages = nr;
	return 0;
}

struct page *dune_compat_page_alloc(void)
{
	void *va = dune_pool_get();

	return va ? compat_page(va) : NULL;
}

struct page *dune_compat_page_get(struct page *pg)
{
	dune_pool_hold(va_of(pg));
	return compat_page(va_of(pg));
}

void dune_compat_page_put(struct page *pg)
{
	dune_pool_put(va_of(pg));
	compat_page(va_of(pg));
}

void dune_compat_page_free(struct page *pg)
{
	dune_compat_page_put(pg);
}

bool dune_compat_page_isfrompool(physaddr_t pa)
{
	return dune_pool_users(dune_pa_to_va(pa & DUNE_PTE_ADDR)) != 0;
}

void dune_compat_page_stats(void)
{
	struct dune_vm_stats stats;

	dune_vm_stats(&stats);
	dune_compat_printf("dune: %lu pages of the pool in use, %lu page tables\n",
			   stats.pool_pages, stats.tables);
}
