/* SPDX-License-Identifier: MIT */
/*
 * libdune_vm_short_test.c - page tables when memory runs out
 *
 * Each call is made with no table left, then with one, two and so on, and the same
 * with pages of the pool, until it succeeds. Until then it must say -ENOMEM, and every
 * page must lead where it led, with the same rights.
 *
 * SOURCES: libdune/root.c libdune/pt.c libdune/tables.c libdune/pool.c libdune/lock.c libdune/vm.c libdune/vm_root.c libdune/vm_flush.c libdune/vm_lookup.c libdune/vm_protect.c libdune/vm_scan.c libdune/vm_copy.c libdune/cow.c
 * CFLAGS: -include tests/unit/libdune_fake_sys.h
 */
#include <errno.h>

#include "libdune_fake_module.h"

#define BASE		0x210000000000UL
#define EDGE		(BASE + 2 * GIB - 2 * PAGE)	/* 4 pages on both sides of a block's end */
#define LEAF_2M		(BASE + 3 * GIB)		/* a leaf of 2 MiB, of the pool */
#define LEAF_1G		(BASE + 4 * GIB)		/* a leaf of 1 GiB */
#define WINDOW		(8 * GIB)
#define RW		(DUNE_PTE_P | DUNE_PTE_W)

static struct dune_root *root, *clone;

/* ---- what there is, page by page ---- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * 0x9e3779b97f4a7c15UL + (hash >> 29);
}

/* However large the leaves are: a leaf that has been split says the same. */
static uint64_t fingerprint(void)
{
	uint64_t va, at, size, entry, hash = 0;
	struct dune_leaf leaf;

	for (va = BASE; va < BASE + WINDOW; va += size) {
		leaf = dune_vm_lookup(root, va);
		size = 1UL << leaf.shift;
		entry = *leaf.pte;
		for (at = 0; entry && at < size; at += PAGE) {
			hash = mix(hash, va + at);
			hash = mix(hash, (entry & DUNE_PTE_ADDR) + at);
			hash = mix(hash, entry & (DUNE_PTE_RIGHTS | PTE_COW | PTE_WANTS_W | PTE_POOL));
		}
	}
	return hash;
}

/* ---- the calls ---- */

static int map_small(void)
{
	return dune_vm_map(root, EDGE, 4 * PAGE, RW, 12);
}

static int map_middle(void)
{
	return dune_vm_map(root, LEAF_2M + 2 * MIB, 4 * MIB, RW, 21);
}

static int map_phys(void)
{
	return dune_vm_map_phys(root, EDGE, 4 * PAGE, 1UL << 38, RW, 0);
}

static int alias(void)
{
	return dune_vm_alias(root, EDGE, 4 * PAGE, RW, root, LEAF_1G + 5 * PAGE);
}

static int protect(void)
{
	return dune_vm_protect(root, LEAF_1G + 3 * MIB - PAGE, 17 * MIB, DUNE_PTE_P);
}

static int protect_one(void)
{
	return dune_vm_protect(root, LEAF_2M + 7 * PAGE, PAGE, DUNE_PTE_P);
}

static int unmap(void)
{
	return dune_vm_unmap(root, LEAF_1G + 3 * MIB - PAGE, 17 * MIB);
}

static int split(void)
{
	struct dune_leaf leaf;

	return dune_vm_split(root, LEAF_1G + 9 * PAGE, 12, &leaf);
}

static int new_clone(void)
{
	memory_left = 1;		/* the root's own */
	return dune_vm_clone(root, DUNE_CLONE_COW, &clone);
}

/* Of a page within a leaf of 2 MiB that a clone shares. */
static int write_shared(void)
{
	return dune_cow_write(root, LEAF_2M + 7 * PAGE + 3) ? 0 : -ENOMEM;
}

static void share(void)
{
	clone = NULL;
	ok(!dune_vm_clone(root, DUNE_CLONE_COW, &clone), "a clone");
}

static const struct call {
	const char	*name;
	int		(*make)(void);
	void		(*before)(void);
	bool		takes_tables, takes_pages;
} calls[] = {
	{ "fresh pages", map_small, NULL, true, true },
	{ "fresh pages of 2 MiB", map_middle, NULL, false, true },
	{ "a guest-physical range", map_phys, NULL, true, false },
	{ "an alias", alias, NULL, true, false },
	{ "rights of part of a large leaf", protect, NULL, true, false },
	{ "rights of one page of a large leaf", protect_one, NULL, true, false },
	{ "part of a large leaf unmapped", unmap, NULL, true, false },
	{ "a split", split, NULL, true, false },
	{ "a clone", new_clone, NULL, true, false },
	{ "a write to a shared page", write_shared, share, true, true },
};

/* ---- memory that others have ---- */

static struct pt_edit hog;
static void *hogged;

/* All tables but @n, which are free. */
static void hog_tables(uint32_t n)
{
	struct pt_edit left = { 0 };

	dune_tables_take(&left, n);
	dune_tables_take(&hog, UINT32_MAX);
	dune_tables_give_back(&left);
}

/* All pages but @n: the last ones, so that many of them are whole regions. */
static void hog_pages(uint32_t n)
{
	void *p;

	memory_left = 0;
	while ((p = dune_pool_take(DUNE_SHIFT_4K, false)))
		dune_pool_push(&hogged, p);
	while (n--)
		dune_pool_put(dune_pool_pop(&hogged));
}

static void let_go(void)
{
	memory_left = -1;
	dune_tables_give_back(&hog);
	while (hogged)
		dune_pool_put(dune_pool_pop(&hogged));
}

/* ---- each call, with more and more ---- */

static void prepare(const struct call *call)
{
	dune_global.info = (struct dune_info){ .features = DUNE_FEATURE_GUEST_1G, .gpa_bits = 40 };
	dune_global.fd = 3;
	largest_map = MIB;		/* an area of 256 tables */
	ok(!dune_root_init(), "roots");
	largest_map = ~0UL;
	dune_global.ready = true;
	ok(!dune_root_new(&root) && !dune_vm_map(root, LEAF_2M, 2 * MIB, RW, 21) &&
	   !dune_vm_map_phys(root, LEAF_1G, GIB, 1UL << 36, RW, 30), "what there is before");
	if (call->before)
		call->before();
}

/* Nothing was lost: what was in use is, and no more. */
static bool is_as_before(uint64_t print, const struct dune_vm_stats *before)
{
	struct dune_vm_stats now;

	dune_vm_stats(&now);
	return fingerprint() == print && now.pool_pages == before->pool_pages &&
	       now.tables - before->tables <= 2;	/* of a leaf that was split at one end */
}

static void until_it_succeeds(const struct call *call, void (*hog_some)(uint32_t), uint32_t unit)
{
	uint64_t print = fingerprint(), again;
	struct dune_vm_stats before, with;
	bool unchanged = true;
	int r = -ENOMEM, n;

	dune_vm_stats(&before);
	for (n = 0; r == -ENOMEM && n < 64; n++) {
		hog_some(n * unit);
		dune_vm_stats(&with);
		memory_left = 0;
		r = call->make();
		if (r)
			unchanged &= is_as_before(print, &with);
		let_go();
		if (r)
			unchanged &= is_as_before(print, &before);
	}
	again = fingerprint();
	printf("# %s: %d times refused\n", call->name, n - 1);
	ok(!r && n > 1, "refused, and in the end not");
	ok(unchanged, "nothing had changed by then");
	ok(again != print || call->make == split, "and now it has");
}

static const struct call *current;

static void with_few_tables(void)
{
	prepare(current);
	until_it_succeeds(current, hog_tables, 1);
}

static void with_few_pages(void)
{
	prepare(current);
	until_it_succeeds(current, hog_pages, current->make == map_middle ? 512 : 1);
}

static void no_roots(void)
{
	struct dune_root *more;

	prepare(&calls[0]);
	memory_left = 0;
	ok(dune_root_new(&more) == -ENOMEM && dune_vm_clone(root, 0, &more) == -ENOMEM,
	   "no memory for a root");
	memory_left = -1;
	ok(!dune_root_new(&more) && !dune_root_free(more), "and then there is");
}

int main(void)
{
	for (current = calls; current < calls + sizeof(calls) / sizeof(calls[0]); current++) {
		if (current->takes_tables)
			run_part(with_few_tables);
		if (current->takes_pages)
			run_part(with_few_pages);
	}
	run_part(no_roots);
	return tap_end();
}
