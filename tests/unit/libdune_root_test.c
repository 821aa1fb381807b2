/* SPDX-License-Identifier: MIT */
/*
 * libdune_root_test.c - the mirror root, walked as a CPU walks it
 *
 * SOURCES: libdune/pt.c libdune/tables.c libdune/pool.c libdune/lock.c libdune/vm.c libdune/vm_root.c libdune/vm_flush.c libdune/vm_lookup.c libdune/vm_copy.c libdune/cow.c
 * CFLAGS: -include tests/unit/libdune_fake_sys.h
 */
#include "../../libdune/root.c"

#include "libdune_fake_module.h"

static uint64_t walk(uintptr_t va, uint64_t *access)
{
	return walk_from(dune_root_cr3(), va, access);
}

/* @va is where the slots say, with these rights. */
static bool mirrors(uintptr_t va, uint64_t rights)
{
	uint64_t access, gpa = walk(va, &access);

	return gpa != NONE && gpa == dune_va_to_pa((void *)va) &&
	       slots[gpa / GIB] + gpa % GIB == va && access == (DUNE_PTE_W | rights);
}

static bool absent(uintptr_t va)
{
	uint64_t access;

	return walk(va, &access) == NONE && dune_va_to_pa((void *)va) == ~0ULL;
}

static void test_blocks(const char *leaves)
{
	uintptr_t far = 0x7ffffffff123UL, near = 0x1234567, mid = 0x123456789abcUL;

	printf("# %s\n", leaves);
	ok(!dune_root_init(), "the root can be made");
	ok(mirrors((uintptr_t)&dune_mirror, 0) &&
	   mirrors((uintptr_t)&dune_mirror.low[NR_BLOCKS - 1], 0),
	   "it maps itself");
	ok(mirrors((uintptr_t)dune_root_add, 0), "and the code");
	ok(absent(mid), "a block not in use is absent");
	ok(!dune_root_add(mid) && mirrors(mid, 0), "a block is added");
	ok(mirrors(mid & ~(GIB - 1), 0) && mirrors(mid | (GIB - 1), 0), "from end to end");
	ok(!dune_root_add(far) && mirrors(far, 0), "the highest block");
	ok(!dune_root_add(near) && mirrors(near, 0), "the lowest block");
	ok(!dune_root_add(mid) && mirrors(mid, 0), "adding it again changes nothing");
	ok(dune_root_add(1UL << 47) == -EFAULT, "no block beyond the address space");
	ok(!(dune_blocks[mid >> 30] & BLOCK_PENDING), "nothing stays pending");
}

static void test_rights(void)
{
	uintptr_t used = 0x200000000000UL, later = 0x210000000000UL;

	ok(!dune_root_add(used) && mirrors(used, 0), "blocks are supervisor-only");
	ok(!dune_vm_slot_protect(used, GIB, DUNE_PTE_U) && mirrors(used + 5, DUNE_PTE_U),
	   "a block in use becomes a user's");
	ok(!dune_vm_slot_protect(used, GIB, 0) && mirrors(used, 0), "and back");
	ok(!dune_vm_slot_protect(later, 2 * GIB, DUNE_PTE_U) && absent(later),
	   "one not in use stays absent");
	ok(!dune_root_add(later + GIB) && mirrors(later + GIB, DUNE_PTE_U),
	   "and has its rights when it comes");
	ok(!dune_vm_default_slot(DUNE_PTE_U) && !dune_root_add(used + GIB) &&
	   mirrors(used + GIB, DUNE_PTE_U) && mirrors(used, 0), "the default is for new ones");
	dune_vm_default_slot(0);
	ok(mirrors(used + GIB, DUNE_PTE_U), "and no change to those that are there");
	ok(dune_vm_slot_protect(used + 4096, GIB, 0) == -EINVAL &&
	   dune_vm_slot_protect(used, GIB / 2, 0) == -EINVAL &&
	   dune_vm_slot_protect(used, GIB, DUNE_PTE_W) == -EINVAL &&
	   dune_vm_slot_protect(used, 1UL << 47, 0) == -EINVAL &&
	   dune_vm_default_slot(DUNE_PTE_P) == -EINVAL, "wrong arguments are refused");
}

static void test_fork(void)
{
	uintptr_t a = 0x300000000000UL, b = 0x310000000000UL, c = 0x320000000000UL;
	uint64_t cr3 = dune_root_cr3(), gpa_a, before;

	dune_vm_slot_protect(a, GIB, DUNE_PTE_U);
	ok(!dune_root_add(a) && !dune_root_add(b) && !dune_root_add(c), "three blocks");
	gpa_a = dune_va_to_pa((void *)a);
	before = dune_slots_end;

	nr_slots = 0;		/* another VM */
	ok(!dune_root_rebuild() && dune_root_cr3() == cr3, "a child's root is at the same place");
	ok(dune_va_to_pa((void *)a) == gpa_a && mirrors(a, DUNE_PTE_U) && mirrors(c, 0),
	   "and maps the same");

	nr_slots = 0;
	empty_block = b;
	ok(!dune_root_rebuild() && absent(b), "a block that has gone is absent");
	ok(mirrors(a, DUNE_PTE_U) && mirrors(c, 0) && mirrors((uintptr_t)&dune_mirror, 0) &&
	   dune_va_to_pa((void *)a) == gpa_a &&
	   mirrors(0x200000000000UL + GIB, DUNE_PTE_U), "the others are where they were");
	empty_block = NONE;
	ok(!dune_root_add(b) && mirrors(b, 0) && dune_slots_end == before,
	   "it can come back, and takes no other slot");
}

static void test_full(void)
{
	uintptr_t a = 0x400000000000UL;

	max_slots = nr_slots + 1;
	ok(!dune_root_add(a), "the last slot");
	ok(dune_root_add(a + GIB) == -ENOSPC && absent(a + GIB), "none is left");
	ok(mirrors(a, 0), "the rest is as it was");
	empty_block = a + 2 * GIB;
	ok(dune_root_add(empty_block) == -EFAULT && absent(empty_block),
	   "nothing where Linux has nothing");
}

/* What @root has at @va, as the CPU sees it. */
static bool has(struct dune_root *root, uintptr_t va, uint64_t rights)
{
	uint64_t access, gpa = walk_from(root->cr3, va, &access);

	return gpa != NONE && gpa == dune_va_to_pa((void *)va) && access == (DUNE_PTE_W | rights);
}

static void test_clones(void)
{
	uintptr_t a = 0x440000000000UL, b = a + GIB, c = a + 2 * GIB, own = b + 5 * MIB;
	struct dune_root *clone, *second, *empty, *ring0s;
	uint64_t access;

	dune_global.ready = true;
	dune_global.info.gpa_bits = 40;
	ok(!dune_root_new(&empty) && !dune_vm_clone(dune_vm_mirror(), 0, &clone) &&
	   !dune_vm_clone(clone, 0, &second), "a clone, and one of it");
	ok(!dune_vm_clone(dune_vm_mirror(), DUNE_CLONE_RING0, &ring0s), "one for ring 0");
	dune_vm_slot_protect(a, GIB, DUNE_PTE_U);
	ok(!dune_vm_map_phys(clone, own, 4096, 0x5000, DUNE_PTE_P, 0) &&
	   !dune_root_add(a) && !dune_root_add(b), "two blocks come");
	ok(has(clone, a, DUNE_PTE_U) && has(second, a, DUNE_PTE_U) && has(second, own, 0),
	   "the clones have them");
	ok(has(ring0s, a, 0) && has(ring0s, b, 0), "that of ring 0 for itself");
	dune_root_free(ring0s);
	ok(!dune_vm_clone(clone, DUNE_CLONE_RING0, &ring0s) && has(ring0s, a, 0) &&
	   has(clone, a, DUNE_PTE_U) && !dune_root_free(ring0s), "also what is there already");
	ok(walk_from(clone->cr3, own, &access) == 0x5000 && has(clone, own + 4096, 0),
	   "around what is there already");
	ok(walk_from(empty->cr3, a, &access) == NONE, "an empty root has not");
	ok(!dune_vm_unmap(second, a, 4096) && !dune_root_add(c) && !dune_root_add(a) &&
	   walk_from(second->cr3, a, &access) == NONE && has(second, a + 4096, DUNE_PTE_U),
	   "what was unmapped stays away");
	nr_slots = 0;		/* another VM */
	ok(!dune_root_rebuild() && has(clone, c, 0) && walk_from(second->cr3, a, &access) == NONE,
	   "so they are in a forked child");
	ok(!dune_root_free(clone) && !dune_root_free(second) && !dune_root_free(empty),
	   "all are freed");
}

/* The place of a block that has become empty serves another one. */
static void test_give_back(void)
{
	uintptr_t a = 0x400000000000UL, b = a + GIB;
	uint64_t gpa = dune_va_to_pa((void *)a);

	empty_block = a;
	came_back = true;
	ok(dune_root_add(b) == -ENOSPC && mirrors(a, 0), "a block in use again keeps its place");
	came_back = false;
	ok(!dune_root_add(b) && mirrors(b, 0) && dune_va_to_pa((void *)b) == gpa,
	   "the place of an empty one is taken");
	ok(absent(a), "and nothing leads there any more");
	ok(dune_root_add(a) == -EFAULT, "it does not come back while it is empty");
	empty_block = b;
	ok(!dune_root_add(a) && mirrors(a, 0) && absent(b), "later it does, if there is a place");
	empty_block = NONE;
	nr_slots = 0;
	max_slots = MAX_SLOTS;
	ok(!dune_root_rebuild() && mirrors(a, 0) && absent(b), "a child has what was in use");
	ok(!dune_root_add(b) && mirrors(b, 0), "and gets the other when it comes");
}

static void test_all(const char *leaves, uint64_t features)
{
	dune_global.info.features = features;
	test_blocks(leaves);
	test_rights();
	test_fork();
	test_clones();
	test_full();
	test_give_back();
}

static void large_leaves(void)
{
	test_all("leaves of 1 GiB", DUNE_FEATURE_GUEST_1G);
}

static void small_leaves(void)
{
	test_all("leaves of 2 MiB", 0);
}

int main(void)
{
	run_part(large_leaves);
	run_part(small_leaves);
	return tap_end();
}
