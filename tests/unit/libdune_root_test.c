/* SPDX-License-Identifier: MIT */
/*
 * libdune_root_test.c - the mirror root, walked as a CPU walks it
 *
 * A false module hands out slots. The walk begins at CR3 and believes nothing
 * but the entries; a guest-physical address is turned back by the slots.
 */
#include "libdune_fake_sys.h"
#include "../../libdune/root.c"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "libdune_tap.h"

#define GIB		(1UL << 30)
#define MAX_SLOTS	64
#define NONE		(~0UL)

struct dune_global dune_global;

static uint64_t slots[MAX_SLOTS];	/* va of each */
static unsigned int nr_slots, max_slots;
static uintptr_t empty_block;		/* Linux maps nothing here */
static bool came_back;			/* but it does by the time it is taken */
static bool area_at_end;

void *dune_map(size_t size)
{
	/* At a block's upper end the tables of two blocks lie in two blocks. */
	uintptr_t at = area_at_end ? 0x150000000000UL - GIB / 4 : 0x150000000000UL;
	void *p = mmap((void *)at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		       MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

bool dune_active(void)
{
	return false;
}

static unsigned int find_slot(uint64_t va)
{
	unsigned int i;

	for (i = 0; i < nr_slots && slots[i] != va; i++)
		;
	return i;
}

static long map_slot(struct dune_slot *slot)
{
	uint64_t va = slot->va & ~(GIB - 1);
	unsigned int i = find_slot(va);

	if (va == empty_block)
		return -EFAULT;
	if (i == nr_slots)
		i = find_slot(NONE);
	if (i == max_slots)
		return -ENOSPC;
	if (i == nr_slots)
		nr_slots++;
	slots[i] = va;
	slot->gpa = i * GIB;
	return 0;
}

static bool absent(uintptr_t va);
static uint64_t walk(uintptr_t va, uint64_t *access);

/* Only what holds nothing; and by then nothing may lead there. */
static long unmap_slot_of(struct dune_slot *slot)
{
	uint64_t va = slot->va & ~(GIB - 1), access;
	unsigned int i = find_slot(va);

	if (va != empty_block)
		return -EBUSY;
	if (i == nr_slots)
		return -ENOENT;
	if (slot->gpa == DUNE_SLOT_ASK)
		return 0;
	if (came_back)
		return -EBUSY;
	if (walk(va, &access) != NONE)
		abort();
	slots[i] = NONE;
	return 0;
}

long fake_sys(long nr, long a, long b, long c, long d, long e, long f)
{
	if (nr == __NR_ioctl && b == (long)DUNE_MAP_SLOT)
		return map_slot((struct dune_slot *)c);
	if (nr == __NR_ioctl && b == (long)DUNE_UNMAP_SLOT)
		return unmap_slot_of((struct dune_slot *)c);
	abort();
}

static uint64_t *table_at(uint64_t entry)
{
	uint64_t gpa = entry & 0x000ffffffffff000UL;

	if (gpa / GIB >= nr_slots)
		return NULL;
	return (uint64_t *)(slots[gpa / GIB] + gpa % GIB);
}

/* The guest-physical address of @va, or NONE; *rights: U and W of all levels. */
static uint64_t walk(uintptr_t va, uint64_t *access)
{
	uint64_t entry = dune_root_cr3(), *table, size;
	int shift;

	*access = DUNE_PTE_U | DUNE_PTE_W;
	for (shift = 39; shift >= 21; shift -= 9) {
		table = table_at(entry);
		if (!table)
			return NONE;
		entry = table[va >> shift & 511];
		if (!(entry & DUNE_PTE_P))
			return NONE;
		*access &= entry;
		if (shift == 39 && (entry & DUNE_PTE_PS))
			return NONE;
		if (!(entry & DUNE_PTE_PS))
			continue;
		size = 1UL << shift;
		return (entry & 0x000ffffffffff000UL & ~(size - 1)) | (va & (size - 1));
	}
	return NONE;
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

static void start(uint64_t features)
{
	memset(pml4, 0, sizeof(pml4));
	memset(pdpt, 0, sizeof(pdpt));
	memset(dune_slot_table, 0, sizeof(dune_slot_table));
	memset(rights, 0, sizeof(rights));
	nr_order = 0;
	default_rights = 0;
	small_tables = NULL;
	nr_slots = 0;
	max_slots = MAX_SLOTS;
	empty_block = NONE;
	dune_global.info.features = features;
}

static void test_blocks(const char *leaves)
{
	uintptr_t far = 0x7ffffffff123UL, near = 0x1234567, mid = 0x123456789abcUL;

	printf("# %s\n", leaves);
	ok(!dune_root_init(), "the root can be made");
	ok(mirrors((uintptr_t)pml4, 0) && mirrors((uintptr_t)&pdpt[255][511], 0),
	   "it maps itself");
	ok(mirrors((uintptr_t)dune_root_add, 0), "and the code");
	ok(absent(mid), "a block not in use is absent");
	ok(!dune_root_add(mid) && mirrors(mid, 0), "a block is added");
	ok(mirrors(mid & ~(GIB - 1), 0) && mirrors(mid | (GIB - 1), 0), "from end to end");
	ok(!dune_root_add(far) && mirrors(far, 0), "the highest block");
	ok(!dune_root_add(near) && mirrors(near, 0), "the lowest block");
	ok(!dune_root_add(mid) && mirrors(mid, 0), "adding it again changes nothing");
	ok(dune_root_add(1UL << 47) == -EFAULT, "no block beyond the address space");
	ok(!(dune_slot_table[mid >> 30] & SLOT_PENDING), "nothing stays pending");
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
	before = nr_order;

	nr_slots = 0;		/* another VM */
	ok(!dune_root_rebuild() && dune_root_cr3() == cr3, "a child's root is at the same place");
	ok(dune_va_to_pa((void *)a) == gpa_a && mirrors(a, DUNE_PTE_U) && mirrors(c, 0),
	   "and maps the same");

	nr_slots = 0;
	empty_block = b;
	ok(!dune_root_rebuild() && absent(b), "a block that has gone is absent");
	ok(mirrors(a, DUNE_PTE_U) && mirrors(c, 0) && mirrors((uintptr_t)pml4, 0) &&
	   mirrors(0x200000000000UL + GIB, DUNE_PTE_U), "the others have moved with their entries");
	empty_block = NONE;
	ok(!dune_root_add(b) && mirrors(b, 0) && nr_order == before,
	   "it can come back, and is listed once");
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
	ok(!dune_root_rebuild() && mirrors(a, 0) && mirrors(b, 0), "a child has both");
}

static void test_all(const char *leaves, uint64_t features)
{
	start(features);
	test_blocks(leaves);
	test_rights();
	test_fork();
	test_full();
	test_give_back();
}

int main(void)
{
	test_all("leaves of 1 GiB", DUNE_FEATURE_GUEST_1G);
	test_all("leaves of 2 MiB", 0);
	area_at_end = true;
	test_all("leaves of 2 MiB, their tables in two blocks", 0);
	return tap_end();
}
