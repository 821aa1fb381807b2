/* SPDX-License-Identifier: MIT */
/*
 * vm_test.c - guest page tables: what is mapped, its rights, its bits, and which root counts
 */
#include "kselftest_harness.h"
#include "vm.h"

TEST(fresh_pages)
{
	struct dune_root *root = dune_vm_mirror();
	struct dune_vm_stats before, after;

	ENTER();
	begin();
	dune_vm_stats(&before);
	EXPECT_EQ(-1, peek(FREE));
	ASSERT_EQ(0, dune_vm_map(root, FREE, 3 * PAGE, RW, DUNE_SHIFT_4K));
	EXPECT_EQ(0, peek(FREE + 2 * PAGE + 7));
	EXPECT_EQ(0, poke(FREE + 2 * PAGE + 7, 5));
	EXPECT_EQ(5, peek(FREE + 2 * PAGE + 7));
	EXPECT_EQ(-EEXIST, dune_vm_map(root, FREE + PAGE, 3 * PAGE, RW, DUNE_SHIFT_4K));
	EXPECT_EQ(-1, peek(FREE + 3 * PAGE));
	EXPECT_EQ(0, fault_error & DUNE_PF_PRESENT);
	EXPECT_EQ(FREE + 3 * PAGE, fault_at);
	EXPECT_EQ(0, dune_vm_unmap(root, FREE, 3 * PAGE));
	EXPECT_EQ(-1, peek(FREE + 2 * PAGE + 7));
	ASSERT_EQ(0, dune_vm_map(root, FREE, 3 * PAGE, RW, DUNE_SHIFT_4K));
	EXPECT_EQ(0, peek(FREE + 2 * PAGE + 7));
	EXPECT_EQ(0, dune_vm_unmap(root, FREE, 3 * PAGE));
	dune_vm_stats(&after);
	EXPECT_EQ(before.tables, after.tables);
	EXPECT_EQ(0, after.pool_pages);
}

TEST(rights)
{
	struct dune_root *root = dune_vm_mirror();
	char *p = memory(2 * MIB);
	uintptr_t at = (uintptr_t)p + 5 * PAGE;

	ENTER();
	begin();
	memset(p, 3, 2 * MIB);
	ASSERT_EQ(0, dune_vm_protect(root, at, PAGE, R));
	EXPECT_EQ(-1, poke(at, 1));
	EXPECT_EQ(DUNE_PF_PRESENT | DUNE_PF_WRITE, fault_error);
	EXPECT_EQ(3, peek(at));
	EXPECT_EQ(0, poke(at - 1, 1));
	EXPECT_EQ(0, poke(at + PAGE, 1));
	ASSERT_EQ(0, dune_vm_protect(root, at, PAGE, 0));
	EXPECT_EQ(-1, peek(at));
	EXPECT_EQ(0, fault_error);
	EXPECT_EQ(1, peek(at - 1));
	ASSERT_EQ(0, dune_vm_protect(root, at, PAGE, RW));
	EXPECT_EQ(0, poke(at, 4));
	EXPECT_EQ(4, peek(at));
	EXPECT_EQ(0, dune_vm_merge(root, (uintptr_t)p & ~(GIB - 1), GIB));
	EXPECT_GT(dune_vm_lookup(root, at).shift, DUNE_SHIFT_2M - 1);
	EXPECT_EQ(4, peek(at));
}

struct visit {
	uintptr_t	from[8];
	unsigned int	shift[8];
	int		nr, stop_after;
};

static int visit(struct dune_leaf leaf, uintptr_t va, void *data)
{
	struct visit *v = data;

	v->from[v->nr] = va;
	v->shift[v->nr++] = leaf.shift;
	return v->nr == v->stop_after ? 7 : 0;
}

TEST(a_walk_visits_every_leaf)
{
	struct dune_root *root = dune_vm_mirror();
	const uintptr_t big = FREE + 4 * MIB;
	struct visit v = { .nr = 0 };

	ENTER();
	begin();
	ASSERT_EQ(0, dune_vm_map(root, FREE + PAGE, 2 * PAGE, RW, DUNE_SHIFT_4K));
	ASSERT_EQ(0, dune_vm_map(root, big, 2 * MIB, RW, DUNE_SHIFT_2M));
	EXPECT_EQ(0, dune_vm_walk(root, FREE, big + PAGE - FREE, visit, &v));
	ASSERT_EQ(3, v.nr);
	EXPECT_EQ(FREE + PAGE, v.from[0]);
	EXPECT_EQ(FREE + 2 * PAGE, v.from[1]);
	EXPECT_EQ(big, v.from[2]);
	EXPECT_EQ(DUNE_SHIFT_4K, v.shift[0]);
	EXPECT_EQ(DUNE_SHIFT_2M, v.shift[2]);
	/* From within the large leaf; and a visit that ends it. */
	v.nr = 0;
	EXPECT_EQ(0, dune_vm_walk(root, big + 5 * PAGE, PAGE, visit, &v));
	EXPECT_EQ(1, v.nr);
	EXPECT_EQ(big, v.from[0]);
	v = (struct visit){ .stop_after = 2 };
	EXPECT_EQ(7, dune_vm_walk(root, FREE, big + PAGE - FREE, visit, &v));
	EXPECT_EQ(2, v.nr);
	v.nr = 0;
	EXPECT_EQ(0, dune_vm_walk(root, FREE + 3 * PAGE, MIB, visit, &v));
	EXPECT_EQ(0, v.nr);
	EXPECT_EQ(-EINVAL, dune_vm_walk(root, FREE, PAGE, NULL, NULL));
	EXPECT_EQ(-EINVAL, dune_vm_walk(root, 1UL << 47, PAGE, visit, &v));
	EXPECT_EQ(0, dune_vm_unmap(root, FREE, 6 * MIB));
}

TEST(flushes_of_any_range)
{
	struct dune_root *root = dune_vm_mirror();

	ENTER();
	EXPECT_EQ(0, dune_vm_flush_range(root, (1UL << 47) - PAGE, PAGE));
	EXPECT_EQ(0, dune_vm_flush_range(root, 0, 1UL << 47));
	EXPECT_EQ(-EINVAL, dune_vm_flush_range(root, (1UL << 47) - PAGE, 2 * PAGE));
	EXPECT_EQ(-EINVAL, dune_vm_flush_range(root, PAGE, -PAGE));
	EXPECT_EQ(-EINVAL, dune_vm_flush_range(NULL, 0, PAGE));
}

/* A part of a block taken away is the handler's; the rest comes as ever. */
TEST(holes_in_the_mirror_root)
{
	struct dune_root *root = dune_vm_mirror();
	char *p = memory(4 * MIB);

	ENTER();
	begin();
	p[0] = p[MIB] = 1;
	ASSERT_EQ(0, dune_vm_unmap(root, (uintptr_t)p, PAGE));
	EXPECT_EQ(-1, peek((uintptr_t)p));
	EXPECT_EQ(1, peek((uintptr_t)p + MIB));
	ASSERT_EQ(0, dune_vm_map_phys(root, (uintptr_t)p, PAGE, dune_va_to_pa(p), RW, 0));
	EXPECT_EQ(1, peek((uintptr_t)p));
}

/* The program's memory in a block that Linux comes to use afterwards. */
TEST(a_block_comes_around_what_is_there)
{
	struct dune_root *root = dune_vm_mirror();

	ENTER();
	begin();
	ASSERT_EQ(0, dune_vm_map(root, FREE + 8 * PAGE, PAGE, RW, DUNE_SHIFT_4K));
	EXPECT_EQ(0, poke(FREE + 8 * PAGE, 77));
	ASSERT_EQ((void *)FREE, mmap((void *)FREE, 16 * PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	EXPECT_EQ(0, poke(FREE, 1));
	EXPECT_EQ(0, poke(FREE + 9 * PAGE, 2));
	EXPECT_EQ(77, peek(FREE + 8 * PAGE));
	EXPECT_EQ(0, dune_vm_unmap(root, FREE + 8 * PAGE, PAGE));
	EXPECT_EQ(-1, peek(FREE + 8 * PAGE));
	EXPECT_EQ(2, peek(FREE + 9 * PAGE));
}

TEST(aliases)
{
	struct dune_root *root = dune_vm_mirror();
	char *p = memory(4 * MIB);
	uintptr_t at = (uintptr_t)p;

	ENTER();
	begin();
	memset(p, 1, 4 * MIB);
	ASSERT_EQ(0, dune_vm_alias(root, FREE, 4 * MIB, R, root, at));
	EXPECT_EQ(DUNE_SHIFT_2M, dune_vm_lookup(root, FREE).shift);
	p[3 * MIB] = 9;
	EXPECT_EQ(9, peek(FREE + 3 * MIB));
	EXPECT_EQ(-1, poke(FREE, 1));
	ASSERT_EQ(0, dune_vm_alias(root, FREE + GIB, 3 * PAGE, RW, root, at + PAGE));
	EXPECT_EQ(0, poke(FREE + GIB, 8));
	EXPECT_EQ(8, p[PAGE]);
	EXPECT_EQ(8, peek(FREE + PAGE));
	EXPECT_EQ(0, dune_vm_unmap(root, FREE, 2 * GIB));
}

TEST(leaves_of_all_sizes)
{
	struct dune_root *root = dune_vm_mirror();
	char *p = memory(2 * MIB);
	uint64_t pa;

	ENTER();
	begin();
	p[12345] = 42;
	pa = dune_va_to_pa(p);
	ASSERT_EQ(0, dune_vm_map_phys(root, FREE, 2 * MIB, pa, RW, DUNE_SHIFT_2M));
	EXPECT_EQ(42, peek(FREE + 12345));
	ASSERT_EQ(0, dune_vm_map(root, FREE + 4 * MIB, 2 * MIB, RW, DUNE_SHIFT_2M));
	EXPECT_EQ(0, poke(FREE + 5 * MIB, 4));
	if (dune_info()->features & DUNE_FEATURE_GUEST_1G) {
		ASSERT_EQ(0, dune_vm_map_phys(root, FREE + GIB, GIB, pa & ~(GIB - 1), RW,
					      DUNE_SHIFT_1G));
		EXPECT_EQ(42, peek(FREE + GIB + (pa & (GIB - 1)) + 12345));
		ASSERT_EQ(0, dune_vm_unmap(root, FREE + GIB, PAGE));
		EXPECT_EQ(42, peek(FREE + GIB + (pa & (GIB - 1)) + 12345));
		EXPECT_EQ(-1, peek(FREE + GIB));
	}
	EXPECT_EQ(0, dune_vm_protect(root, FREE + 4 * MIB, PAGE, R));
	EXPECT_EQ(4, peek(FREE + 5 * MIB));
	EXPECT_EQ(-1, poke(FREE + 4 * MIB, 4));
	EXPECT_EQ(0, dune_vm_unmap(root, FREE, 2 * GIB));
}

/* Pages of the 4 MiB at @at that do not have the W bit as it should be: clear in a range. */
static int wrong_rights(uintptr_t at, unsigned int first, unsigned int n)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < 1024; i++) {
		uint64_t pte = *dune_vm_lookup(dune_vm_mirror(), at + i * PAGE).pte;

		wrong += !(pte & DUNE_PTE_P) || !(pte & DUNE_PTE_D);
		wrong += !(pte & DUNE_PTE_W) != (i - first < n);
	}
	return wrong;
}

TEST(many_pages_at_once)
{
	static const unsigned int counts[] = { 1, 2, 3, 4, 5, 15, 16, 17, 33, 100, 511, 512, 513 };
	struct dune_root *root = dune_vm_mirror();
	char *p = memory(4 * MIB);
	uintptr_t at = (uintptr_t)p, start;
	struct dune_leaf leaf;
	unsigned int i, first;

	ENTER();
	begin();
	memset(p, 1, 4 * MIB);
	ASSERT_EQ(0, dune_vm_split(root, at, DUNE_SHIFT_4K, &leaf));
	ASSERT_EQ(0, dune_vm_split(root, at + 2 * MIB, DUNE_SHIFT_4K, &leaf));
	memset(p, 2, 4 * MIB);
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		/* Within one table, up to its end, and over it by little and by much. */
		for (first = 490; first <= 512; first += first == 490 ? 5 : 17) {
			start = at + first * PAGE;
			ASSERT_EQ(0, dune_vm_protect(root, start, counts[i] * PAGE, R));
			ASSERT_EQ(0, wrong_rights(at, first, counts[i]));
			ASSERT_EQ(-1, poke(start + (counts[i] - 1) * PAGE, 3));
			ASSERT_EQ(0, dune_vm_protect(root, start, counts[i] * PAGE, RW));
			ASSERT_EQ(0, wrong_rights(at, 0, 0));
			ASSERT_EQ(0, poke(start + (counts[i] - 1) * PAGE, 3));
		}
	}
	/* A part that is not mapped, in the second table: nothing has changed. */
	ASSERT_EQ(0, dune_vm_unmap(root, at + 530 * PAGE, PAGE));
	EXPECT_EQ(-ENOENT, dune_vm_protect(root, at + 500 * PAGE, 40 * PAGE, R));
	for (i = 500; i < 540; i++)
		EXPECT_EQ(i == 530 ? -1 : 0, poke(at + i * PAGE, 3));
	EXPECT_EQ(-EINVAL, dune_vm_protect(root, at + 1, 40 * PAGE, R));
	EXPECT_EQ(-EINVAL, dune_vm_protect(root, at, 40 * PAGE + 1, R));
	EXPECT_EQ(-EINVAL, dune_vm_protect(root, at, 40 * PAGE, DUNE_PTE_D));
	EXPECT_EQ(-EINVAL, dune_vm_protect(root, 0x7fffffffe000UL, 40 * PAGE, R));
	EXPECT_EQ(-EINVAL, dune_vm_protect(NULL, at, 40 * PAGE, R));
}

/* Every third page of the range dirty, and so one bit of three in the bitmap. */
static int wrong_bits(struct dune_root *root, uintptr_t at, unsigned int n)
{
	static uint64_t map[17];
	unsigned int i, wrong = 0;

	if (dune_vm_scan(root, at, n * PAGE, DUNE_PTE_D, DUNE_SCAN_CLEAR, map))
		return -1;
	for (i = 0; i < n; i += 3)
		*(volatile char *)(at + i * PAGE) = 1;
	memset(map, 0xff, sizeof(map));
	if (dune_vm_scan(root, at, n * PAGE, DUNE_PTE_D, DUNE_SCAN_CLEAR, map))
		return -1;
	for (i = 0; i < (n + 63) / 64 * 64; i++)
		wrong += (map[i / 64] >> i % 64 & 1) != (i < n && i % 3 == 0);
	return wrong + (map[i / 64] != ~0UL);
}

TEST(dirty_bits_of_many_tables)
{
	static const unsigned int counts[] = { 1, 15, 16, 63, 64, 65, 127, 300, 700 };
	struct dune_root *root = dune_vm_mirror();
	char *p = memory(4 * MIB);
	struct dune_leaf leaf;
	unsigned int i, first;

	ENTER();
	begin();
	memset(p, 1, 4 * MIB);
	ASSERT_EQ(0, dune_vm_split(root, (uintptr_t)p, DUNE_SHIFT_4K, &leaf));
	ASSERT_EQ(0, dune_vm_split(root, (uintptr_t)p + 2 * MIB, DUNE_SHIFT_4K, &leaf));
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		for (first = 0; first < 324; first += 27)
			ASSERT_EQ(0, wrong_bits(root, (uintptr_t)p + first * PAGE, counts[i]));
}

TEST(dirty_and_accessed_bits)
{
	struct dune_root *root = dune_vm_mirror();
	uint64_t map[3], i;
	char *p = memory(2 * MIB);
	uintptr_t at = (uintptr_t)p;
	struct dune_leaf leaf;

	ENTER();
	begin();
	memset(p, 1, 2 * MIB);
	ASSERT_EQ(0, dune_vm_split(root, at, DUNE_SHIFT_4K, &leaf));
	ASSERT_EQ(DUNE_SHIFT_4K, leaf.shift);
	ASSERT_EQ(0, dune_vm_scan(root, at, 130 * PAGE, DUNE_PTE_D, DUNE_SCAN_CLEAR, map));
	EXPECT_EQ(~0UL, map[0]);
	EXPECT_EQ(~0UL, map[1]);
	EXPECT_EQ(3, map[2]);
	for (i = 0; i < 20; i++) {
		p[3 * PAGE] = p[64 * PAGE] = p[129 * PAGE] = i;
		ASSERT_EQ(0, dune_vm_scan(root, at, 130 * PAGE, DUNE_PTE_D, DUNE_SCAN_CLEAR, map));
		ASSERT_EQ(1UL << 3, map[0]);
		ASSERT_EQ(1, map[1]);
		ASSERT_EQ(2, map[2]);
	}
	ASSERT_EQ(0, dune_vm_scan(root, at, 130 * PAGE, DUNE_PTE_D, 0, map));
	EXPECT_EQ(0, map[0] | map[1] | map[2]);
	ASSERT_EQ(0, dune_vm_scan(root, at, 64 * PAGE, DUNE_PTE_A, DUNE_SCAN_CLEAR, map));
	EXPECT_EQ(1, peek(at + 9 * PAGE));
	ASSERT_EQ(0, dune_vm_scan(root, at, 64 * PAGE, DUNE_PTE_A, 0, map));
	EXPECT_EQ(1UL << 9, map[0]);
}

TEST(roots_are_switched)
{
	struct dune_root *mirror = dune_vm_mirror(), *other;
	struct dune_vm_stats before, after;
	char *p = memory(2 * MIB);
	uintptr_t at = (uintptr_t)p;
	int i;

	ENTER();
	begin();
	p[0] = 1;
	dune_vm_stats(&before);
	ASSERT_EQ(0, dune_vm_clone(mirror, 0, &other));
	ASSERT_EQ(0, dune_vm_unmap(other, at, PAGE));
	ASSERT_EQ(0, dune_vm_map(other, at, PAGE, RW, DUNE_SHIFT_4K));
	EXPECT_EQ(mirror, dune_vm_current());
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, dune_vm_switch(other));
		ASSERT_EQ(i, peek(at));
		ASSERT_EQ(0, poke(at, i + 1));
		ASSERT_EQ(-EBUSY, dune_root_free(other));
		ASSERT_EQ(0, dune_vm_switch(mirror));
		ASSERT_EQ(1, peek(at));
	}
	/* What is taken away while the thread is elsewhere is gone when it is back. */
	ASSERT_EQ(0, dune_vm_switch(other));
	ASSERT_EQ(20, peek(at));
	ASSERT_EQ(0, dune_vm_switch(mirror));
	ASSERT_EQ(0, dune_vm_protect(other, at, PAGE, 0));
	ASSERT_EQ(0, dune_vm_switch(other));
	EXPECT_EQ(-1, peek(at));
	EXPECT_EQ(other, dune_vm_current());
	ASSERT_EQ(0, dune_vm_switch(mirror));
	EXPECT_EQ(0, dune_root_free(other));
	dune_vm_stats(&after);
	EXPECT_EQ(before.tables, after.tables);
	EXPECT_EQ(0, after.pool_pages);
}

TEST_HARNESS_MAIN
