/* SPDX-License-Identifier: MIT */
/*
 * libdune_vm_test.c - page tables against a model, by chance
 *
 * Roots are changed at random and beside them a plain array: for each page of a
 * window, what it maps. A walk as the CPU's must find the same, the pool must count
 * the same users, and at the end nothing may be left.
 *
 * SOURCES: libdune/root.c libdune/pt.c libdune/tables.c libdune/pool.c libdune/lock.c libdune/vm.c libdune/vm_root.c libdune/vm_flush.c libdune/vm_lookup.c libdune/vm_protect.c libdune/vm_scan.c libdune/vm_copy.c libdune/cow.c
 * CFLAGS: -include tests/unit/libdune_fake_sys.h
 */
#include <errno.h>
#include <time.h>

#include "libdune_fake_module.h"

#define BASE		0x210000000000UL
#define WINDOW		(3 * GIB)
#define NR_PAGES	(WINDOW / PAGE)
#define NR_ROOTS	4
#define ROUNDS		4000

struct page {
	uint64_t	pa;		/* where, and 1: there is something */
	uint64_t	rights;
	bool		pool;
	bool		cow;		/* copied when written to */
};

static struct dune_root *roots[NR_ROOTS];
static struct page *model[NR_ROOTS];
static uint64_t seed;

static uint64_t any(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

struct range {
	uint64_t va, len;
	struct page *page;
	uint64_t n;
};

/* Of leaves of @shift: often few, now and then many. */
static struct range some_range(int root, unsigned int shift)
{
	uint64_t units = WINDOW >> shift, first = any(units), n;

	switch (any(8)) {
	case 0:
		n = any(units) + 1;
		break;
	case 1:
		first &= ~511UL;
		n = 512 * (any(3) + 1);
		break;
	default:
		n = any(any(2) ? 4 : 700) + 1;
	}
	if (first + n > units)
		n = units - first;
	n <<= shift - 12;
	first <<= shift - 12;
	return (struct range){ BASE + first * PAGE, n * PAGE, &model[root][first], n };
}

static const unsigned int shifts[] = { 12, 12, 12, 21, 30 };

static unsigned int some_shift(unsigned int max)
{
	unsigned int shift;

	do {
		shift = shifts[any(5)];
	} while (shift > max);
	return shift;
}

static uint64_t some_rights(void)
{
	static const uint64_t rights[] = {
		DUNE_PTE_P, DUNE_PTE_P | DUNE_PTE_W, DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_U,
		DUNE_PTE_P | DUNE_PTE_U | DUNE_PTE_NX, 0, DUNE_PTE_W | DUNE_PTE_SW(3),
		DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_PKEY(5) | DUNE_PTE_SW(0),
	};

	return rights[any(sizeof(rights) / sizeof(rights[0]))];
}

static bool all_free(const struct range *r)
{
	uint64_t i;

	for (i = 0; i < r->n; i++)
		if (r->page[i].pa)
			return false;
	return true;
}

static bool all_used(const struct page *page, uint64_t n)
{
	while (n && page[n - 1].pa)
		n--;
	return !n;
}

static bool good = true;
static char trouble[256];

#define EXPECT(condition, ...) do {					\
	if (!(condition) && good) {					\
		good = false;						\
		snprintf(trouble, sizeof(trouble), __VA_ARGS__);	\
	}								\
} while (0)

static void do_map(int root)
{
	unsigned int shift = some_shift(21);
	struct range r = some_range(root, shift);
	uint64_t rights = some_rights(), i;
	bool empty = all_free(&r);
	int got;

	if (r.len > 64 * MIB)
		return;
	got = dune_vm_map(roots[root], r.va, r.len, rights, shift);
	EXPECT(got == (empty ? 0 : -EEXIST), "map: %d", got);
	for (i = 0; !got && i < r.n; i++) {
		struct dune_leaf leaf = dune_vm_lookup(roots[root], r.va + i * PAGE);
		uint64_t pa = *leaf.pte & DUNE_PTE_ADDR;

		pa += (r.va + i * PAGE) & ((1UL << leaf.shift) - 1);
		r.page[i] = (struct page){ pa | 1, rights, true, false };
		EXPECT(leaf.shift == shift, "a leaf of another size");
		EXPECT(dune_pool_users(dune_pa_to_va(pa)) == 1, "a fresh page has users");
		EXPECT(*(uint64_t *)dune_pa_to_va(pa) == 0, "a fresh page is not zero");
		*(uint64_t *)dune_pa_to_va(pa) = ~0UL;
	}
}

static void do_map_phys(int root)
{
	unsigned int shift = any(2) ? some_shift(pt_has_1g() ? 30 : 21) : 0;
	struct range r = some_range(root, shift ? shift : 12);
	uint64_t pa = (any(1UL << 26) + (1UL << 27)) << 12, rights = some_rights(), i;
	bool empty = all_free(&r);
	int got;

	if (shift)
		pa &= ~((1UL << shift) - 1);
	else if (any(2))
		pa = (pa & ~(GIB - 1)) + r.va % GIB;	/* large leaves fit */
	got = dune_vm_map_phys(roots[root], r.va, r.len, pa, rights, shift);
	EXPECT(got == (empty ? 0 : -EEXIST), "map_phys: %d", got);
	for (i = 0; !got && i < r.n; i++)
		r.page[i] = (struct page){ (pa + i * PAGE) | 1, rights, false, false };
}

static void do_alias(int root)
{
	int from = any(NR_ROOTS);
	struct range r = some_range(root, some_shift(30));
	uint64_t source = any(NR_PAGES - r.n + 1), rights = some_rights(), i;
	struct page *there;
	int got, expected;

	if (any(2))		/* congruent, so that large leaves fit */
		source = source / 262144 * 262144 + (r.va - BASE) / PAGE % 262144;
	if (source + r.n > NR_PAGES)
		return;
	there = &model[from][source];
	expected = !all_free(&r) ? -EEXIST : !all_used(there, r.n) ? -ENOENT : 0;
	got = dune_vm_alias(roots[root], r.va, r.len, rights, roots[from], BASE + source * PAGE);
	EXPECT(got == expected, "alias: %d", got);
	for (i = 0; !got && i < r.n; i++)
		r.page[i] = (struct page){ there[i].pa, rights, there[i].pool, there[i].cow };
}

static void do_unmap(int root)
{
	struct range r = some_range(root, some_shift(30));
	int got = dune_vm_unmap(roots[root], r.va, r.len);

	EXPECT(!got, "unmap: %d", got);
	memset(r.page, 0, r.n * sizeof(*r.page));
}

static void do_protect(int root)
{
	struct range r = some_range(root, some_shift(30));
	uint64_t rights = some_rights(), i;
	int expected = all_used(r.page, r.n) ? 0 : -ENOENT;
	struct dune_vm_stats before, after;
	int got;

	dune_vm_stats(&before);
	got = dune_vm_protect(roots[root], r.va, r.len, rights);
	dune_vm_stats(&after);
	EXPECT(got == expected, "protect: %d", got);
	EXPECT(!got || before.tables == after.tables, "a protect that failed left a table");
	for (i = 0; !got && i < r.n; i++)
		r.page[i].rights = rights;
}

static void do_split(int root)
{
	unsigned int shift = some_shift(30);
	uint64_t va = BASE + any(WINDOW);
	struct dune_leaf leaf;

	EXPECT(!dune_vm_split(roots[root], va, shift, &leaf), "split");
	EXPECT(leaf.shift <= shift && leaf.pte == dune_vm_lookup(roots[root], va).pte, "split to");
}

static void do_merge(int root)
{
	struct range r = some_range(root, some_shift(30));

	EXPECT(!dune_vm_merge(roots[root], r.va, r.len), "merge");
}

/* What a CPU does to the leaf of an access. */
static void do_access(int root)
{
	struct dune_leaf leaf = dune_vm_lookup(roots[root], BASE + any(WINDOW));

	if (*leaf.pte & DUNE_PTE_P)
		*leaf.pte |= DUNE_PTE_A | (any(2) && (*leaf.pte & DUNE_PTE_W) ? DUNE_PTE_D : 0);
}

static void do_scan(int root)
{
	static const uint64_t wanted[] = { DUNE_PTE_A, DUNE_PTE_D, DUNE_PTE_A | DUNE_PTE_D };
	struct range r = some_range(root, 12);
	uint64_t bits = wanted[any(3)], i, words = (r.n + 63) / 64;
	uint64_t *found = malloc(words * 8), *expected = calloc(words, 8);
	unsigned int flags = any(2) ? DUNE_SCAN_CLEAR : 0;

	for (i = 0; i < r.n; i++)
		if (*dune_vm_lookup(roots[root], r.va + i * PAGE).pte & bits)
			expected[i / 64] |= 1UL << i % 64;
	EXPECT(!dune_vm_scan(roots[root], r.va, r.len, bits, flags, found), "scan");
	EXPECT(!memcmp(found, expected, words * 8), "scan found something else");
	for (i = 0; flags && i < r.n; i++)
		EXPECT(!(*dune_vm_lookup(roots[root], r.va + i * PAGE).pte & bits),
		       "scan left a bit");
	free(found);
	free(expected);
}

static void do_clone(int root)
{
	int to = any(NR_ROOTS - 1) + 1;
	unsigned int flags = any(2) ? DUNE_CLONE_COW : 0;
	struct dune_root *clone;
	uint64_t i;

	if (to == root)
		return;
	EXPECT(!dune_vm_clone(roots[root], flags, &clone), "clone");
	EXPECT(!dune_root_free(roots[to]), "free");
	roots[to] = clone;
	for (i = 0; flags && i < NR_PAGES; i++)
		model[root][i].cow |= model[root][i].pool;
	memcpy(model[to], model[root], NR_PAGES * sizeof(struct page));
}

/* What a write does to a page that others have, too; where there is one. */
static void do_write(int root)
{
	uint64_t i = any(NR_PAGES), n, old, users;
	struct page *page;
	struct dune_leaf leaf;
	bool copied;

	for (n = 0; n < NR_PAGES && !(model[root][i].cow && model[root][i].rights & DUNE_PTE_W); n++)
		i = (i + 1) % NR_PAGES;
	page = &model[root][i];
	old = page->pa & ~1UL;
	users = page->cow ? dune_pool_users(dune_pa_to_va(old)) : 0;
	copied = dune_cow_write(roots[root], BASE + i * PAGE + any(PAGE));
	EXPECT(copied == (page->cow && (page->rights & DUNE_PTE_W)), "a write to be copied");
	if (!copied)
		return;
	leaf = dune_vm_lookup(roots[root], BASE + i * PAGE);
	EXPECT(leaf.shift == 12 && (*leaf.pte & DUNE_PTE_W), "the copy is not to be written to");
	page->cow = false;
	page->pa = (*leaf.pte & DUNE_PTE_ADDR) | 1;
	EXPECT((page->pa == (old | 1)) == (users == 1), "copied with %lu users", (unsigned long)users);
	EXPECT(*(uint64_t *)dune_pa_to_va(page->pa & ~1UL) == ~0UL, "the copy is not the same");
}

static void (*const actions[])(int root) = {
	do_map, do_map, do_map, do_map_phys, do_map_phys, do_alias, do_alias, do_unmap, do_unmap,
	do_protect, do_protect, do_split, do_merge, do_access, do_scan, do_clone, do_write,
	do_write,
};

/* Each page of a root, by the leaf that a walk finds. */
static void check_root(int root)
{
	uint64_t i, next, leaf, pa, access, rights;
	unsigned int shift;

	for (i = 0; i < NR_PAGES; i = next) {
		const struct page *page = &model[root][i];
		struct dune_leaf at = dune_vm_lookup(roots[root], BASE + i * PAGE);

		next = i + 1;
		leaf = walk_leaf(roots[root]->cr3, BASE + i * PAGE, &access, &shift);
		EXPECT(!leaf == !(page->pa && (page->rights & DUNE_PTE_P)), "present at %#lx", i);
		EXPECT(!*at.pte == !page->pa, "in use at %#lx", i);
		if (!page->pa)
			continue;
		EXPECT(!leaf || (leaf == *at.pte && shift == at.shift), "lookup at %#lx", i);
		pa = (*at.pte & DUNE_PTE_ADDR) + ((BASE + i * PAGE) & ((1UL << at.shift) - 1));
		rights = *at.pte & DUNE_PTE_RIGHTS;
		EXPECT(!(*at.pte & PTE_COW) == !page->cow, "copy on write at %#lx", i);
		if (page->cow)
			rights |= *at.pte & PTE_WANTS_W ? DUNE_PTE_W : 0;
		EXPECT(pa == (page->pa & ~1UL), "page at %#lx: %#lx", i, pa);
		EXPECT(rights == page->rights, "rights at %#lx: %#lx", i, rights);
		EXPECT(!(*at.pte & PTE_POOL) == !page->pool, "pool at %#lx", i);
	}
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Of every page of the pool, as many users as the models have. */
static void check_pool(void)
{
	static uint64_t all[NR_ROOTS * NR_PAGES];
	struct dune_vm_stats stats;
	uint64_t n = 0, pages = 0, i, j;
	int root;

	for (root = 0; root < NR_ROOTS; root++)
		for (i = 0; i < NR_PAGES; i++)
			if (model[root][i].pool)
				all[n++] = model[root][i].pa & ~1UL;
	qsort(all, n, sizeof(all[0]), by_number);
	for (i = 0; i < n; i = j, pages++) {
		for (j = i; j < n && all[j] == all[i]; j++)
			;
		EXPECT(dune_pool_users(dune_pa_to_va(all[i])) == j - i, "users of %#lx", all[i]);
	}
	dune_vm_stats(&stats);
	EXPECT(stats.pool_pages == pages, "%lu pages in use, not %lu", (unsigned long)stats.pool_pages,
	       (unsigned long)pages);
}

static void start(uint64_t features)
{
	int i;

	dune_global.info = (struct dune_info){ .features = features, .gpa_bits = 40 };
	dune_global.fd = 3;
	good = !dune_root_init();
	dune_global.ready = true;
	for (i = 0; i < NR_ROOTS; i++)
		model[i] = calloc(NR_PAGES, sizeof(struct page));
	roots[0] = dune_vm_mirror();
	for (i = 1; i < NR_ROOTS; i++)
		good &= !dune_root_new(&roots[i]);
	ok(good, "roots are made");
}

/* One block of the window is memory of Linux's. */
static void mirror_block(void)
{
	uint64_t pa, i;

	ok(!dune_root_add(BASE + GIB), "a block of the mirror root");
	pa = dune_va_to_pa((void *)(BASE + GIB));
	for (i = 0; i < GIB / PAGE; i++)
		model[0][GIB / PAGE + i] = (struct page){
			(pa + i * PAGE) | 1, DUNE_PTE_P | DUNE_PTE_W, false, false };
}

static void by_chance(uint64_t features)
{
	struct dune_vm_stats before, after;
	int i, root;

	start(features);
	dune_vm_stats(&before);
	mirror_block();
	for (i = 0; good && i < ROUNDS; i++) {
		root = any(NR_ROOTS);
		actions[any(sizeof(actions) / sizeof(actions[0]))](root);
		if (i % 256 == 0) {
			check_root(any(NR_ROOTS));
			check_pool();
		}
		if (!good)
			printf("# round %d: %s\n", i, trouble);
	}
	ok(good, "every call did what it said");
	for (i = 0; i < NR_ROOTS; i++)
		check_root(i);
	check_pool();
	if (!good)
		printf("# %s\n", trouble);
	ok(good, "all roots are as they should be");
	dune_vm_unmap(roots[0], BASE, WINDOW);
	for (i = 1; i < NR_ROOTS; i++)
		dune_root_free(roots[i]);
	dune_vm_stats(&after);
	ok(!after.pool_pages, "all pages are given back");
	ok(after.tables <= before.tables, "and all tables");
	for (i = 0; i < NR_ROOTS; i++)
		free(model[i]);
}

static void large(void)
{
	by_chance(DUNE_FEATURE_GUEST_1G);
}

static void small(void)
{
	by_chance(0);
}

static void refused(void)
{
	struct dune_root *root = NULL, *clone;
	struct dune_leaf leaf;
	uint64_t word, rw = DUNE_PTE_P | DUNE_PTE_W;

	start(0);
	root = roots[1];
	ok(dune_vm_map(root, BASE + 1, PAGE, rw, 12) == -EINVAL &&
	   dune_vm_map(root, BASE, PAGE + 1, rw, 12) == -EINVAL &&
	   dune_vm_map(root, BASE + PAGE, 2 * MIB, rw, 21) == -EINVAL &&
	   dune_vm_map(root, BASE, GIB, rw, 30) == -EINVAL &&
	   dune_vm_map(root, BASE, PAGE, rw, 13) == -EINVAL &&
	   dune_vm_map(root, BASE, PAGE, rw | DUNE_PTE_PS, 12) == -EINVAL &&
	   dune_vm_map(NULL, BASE, PAGE, rw, 12) == -EINVAL, "fresh pages");
	ok(dune_vm_map(root, (1UL << 47) - PAGE, 2 * PAGE, rw, 12) == -EINVAL &&
	   dune_vm_map(root, 1UL << 63, PAGE, rw, 12) == -EINVAL &&
	   dune_vm_map(root, -PAGE, 2 * PAGE, rw, 12) == -EINVAL, "beyond the address space");
	ok(dune_vm_map_phys(root, BASE, PAGE, 1UL << 40, rw, 12) == -EINVAL &&
	   dune_vm_map_phys(root, BASE, 2 * PAGE, (1UL << 40) - PAGE, rw, 12) == -EINVAL &&
	   dune_vm_map_phys(root, BASE, PAGE, -PAGE, rw, 12) == -EINVAL &&
	   dune_vm_map_phys(root, BASE, PAGE, 1, rw, 12) == -EINVAL &&
	   dune_vm_map_phys(root, BASE, GIB, 0, rw, 30) == -EINVAL, "guest-physical ranges");
	ok(dune_vm_protect(root, BASE, PAGE, rw) == -ENOENT &&
	   dune_vm_protect(root, BASE, PAGE, DUNE_PTE_A) == -EINVAL &&
	   dune_vm_protect(NULL, BASE, PAGE, rw) == -EINVAL &&
	   dune_vm_protect(root, BASE + 1, PAGE, rw) == -EINVAL, "rights");
	ok(dune_vm_unmap(root, BASE, 1) == -EINVAL && dune_vm_unmap(NULL, BASE, PAGE) == -EINVAL &&
	   !dune_vm_unmap(root, BASE, PAGE), "unmapping");
	ok(!dune_vm_lookup(root, 1UL << 47).pte && !dune_vm_lookup(root, -1UL).pte &&
	   dune_vm_split(root, BASE, 20, &leaf) == -EINVAL &&
	   dune_vm_split(root, 1UL << 47, 12, &leaf) == -EINVAL, "entries");
	ok(dune_vm_scan(root, BASE, PAGE, 0, 0, &word) == -EINVAL &&
	   dune_vm_scan(root, BASE, PAGE, DUNE_PTE_W, 0, &word) == -EINVAL &&
	   dune_vm_scan(root, BASE, PAGE, DUNE_PTE_D, 8, &word) == -EINVAL &&
	   dune_vm_scan(root, BASE, PAGE, DUNE_PTE_D, 0, NULL) == -EINVAL, "scans");
	ok(dune_vm_clone(root, 4, &clone) == -EINVAL && dune_vm_clone(NULL, 0, &clone) == -EINVAL &&
	   dune_root_free(NULL) == -EINVAL && dune_root_free(dune_vm_mirror()) == -EINVAL &&
	   dune_vm_switch(root) == -EINVAL, "roots");
	dune_pool_put(NULL);
	dune_pool_put(&word);
	ok(!dune_pool_users(&word) && !dune_pool_users(NULL), "pages that are none of the pool's");
}

/* Other chances each time; a failure names the seed, and DUNE_TEST_SEED=N repeats it. */
static void choose_seed(void)
{
	const char *given = getenv("DUNE_TEST_SEED");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	if (!seed)
		seed = 1;
	printf("# DUNE_TEST_SEED=%lu\n", (unsigned long)seed);
}

int main(void)
{
	choose_seed();
	run_part(refused);
	run_part(large);
	run_part(small);
	return tap_end();
}
