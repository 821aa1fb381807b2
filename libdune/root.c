/* SPDX-License-Identifier: MIT */
/*
 * root.c - the mirror root: the guest page table every thread starts with
 *
 * Virtual memory appears in the guest in blocks of 1 GiB, each where it is
 * outside, in the slot of guest-physical memory that the module gave it. One
 * leaf a block is enough: what Linux forbids inside the block, the EPT forbids.
 * Blocks come when they are first used (a page fault, see trap.c) and stay.
 *
 * The tables are static: a page for each of the 256 entries that user addresses
 * have in the top table. Pages never touched cost nothing.
 */
#include "priv.h"

#define SHIFT_1G	30
#define NR_BLOCKS	(1U << (47 - SHIFT_1G))
#define NR_TOP		256

static uint64_t pml4[512] __attribute__((aligned(4096)));
static uint64_t pdpt[NR_TOP][512] __attribute__((aligned(4096)));

uint32_t dune_slot_table[NR_BLOCKS];
static uint32_t order[NR_BLOCKS];	/* blocks by the time they came */
static uint32_t nr_order;

/* What dune_vm_slot_protect() said of a block; 0: nothing. */
enum { RIGHTS_DEFAULT, RIGHTS_SUPERVISOR, RIGHTS_USER };
static uint8_t rights[NR_BLOCKS];
static uint64_t default_rights;

static uint32_t lock;

static void lock_root(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		asm volatile("pause");
}

static void unlock_root(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static uint64_t leaf_rights(uint32_t block)
{
	if (rights[block] == RIGHTS_DEFAULT)
		return default_rights;
	return rights[block] == RIGHTS_USER ? DUNE_PTE_U : 0;
}

DUNE_API uint64_t dune_va_to_pa(const void *va)
{
	uintptr_t a = (uintptr_t)va;
	uint32_t slot;

	if (a >> 47)
		return ~0ULL;
	slot = __atomic_load_n(&dune_slot_table[a >> SHIFT_1G], __ATOMIC_ACQUIRE);
	if (!slot)
		return ~0ULL;
	return ((uint64_t)(slot - 1) << SHIFT_1G) | (a & ((1UL << SHIFT_1G) - 1));
}

/*
 * Where the CPU has no leaves of 1 GiB: a page of 512 smaller ones per block,
 * in an area reserved once and touched where needed.
 */
static uint64_t (*small_tables)[512];

static uint64_t small_table(uint32_t block, uint64_t gpa, uint64_t bits)
{
	uint64_t *pd = small_tables[block];
	unsigned int i;

	for (i = 0; i < 512; i++)
		pd[i] = (gpa + ((uint64_t)i << 21)) | bits | DUNE_PTE_PS;
	return dune_va_to_pa(pd) | DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_U;
}

static void write_leaf(uint32_t block, uint64_t gpa)
{
	uint64_t bits = DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_A | DUNE_PTE_D | leaf_rights(block);
	uint64_t *entry = &pdpt[block >> 9][block & 511];
	uint64_t *top = &pml4[block >> 9];

	__atomic_store_n(entry, small_tables ? small_table(block, gpa, bits) :
			 gpa | bits | DUNE_PTE_PS, __ATOMIC_RELEASE);
	if (!*top)
		__atomic_store_n(top, dune_va_to_pa(pdpt[block >> 9]) |
				 DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_U, __ATOMIC_RELEASE);
}

static int ask_slot(uint32_t block, uint64_t *gpa)
{
	struct dune_slot slot = { .va = (uint64_t)block << SHIFT_1G };
	long r = sys(__NR_ioctl, dune_global.fd, DUNE_MAP_SLOT, &slot);

	*gpa = slot.gpa;
	return r;
}

static int add_block(uint32_t block)
{
	uint64_t gpa;
	int r;

	if (dune_slot_table[block])
		return 0;
	r = ask_slot(block, &gpa);
	if (r)
		return r;
	__atomic_store_n(&dune_slot_table[block], (uint32_t)(gpa >> SHIFT_1G) + 1,
			 __ATOMIC_RELEASE);
	write_leaf(block, gpa);
	order[nr_order++] = block;
	return 0;
}

/*
 * Make the block around @va present in the guest. 0, or -EFAULT: Linux maps
 * nothing there; -ENOSPC, -ENOMEM. In either half.
 */
int dune_root_add(uintptr_t va)
{
	int r;

	if (va >> 47)
		return -EFAULT;
	lock_root();
	r = add_block(va >> SHIFT_1G);
	unlock_root();
	return r;
}

int dune_root_add_range(const void *start, size_t size)
{
	uintptr_t va = (uintptr_t)start & ~((1UL << SHIFT_1G) - 1);
	int r = 0;

	for (; !r && va < (uintptr_t)start + size; va += 1UL << SHIFT_1G)
		r = dune_root_add(va);
	return r;
}

static int init_small_tables(void)
{
	size_t size = sizeof(small_tables[0]) * NR_BLOCKS;

	if (dune_global.info.features & DUNE_FEATURE_GUEST_1G)
		return 0;
	small_tables = dune_map(size);
	return small_tables ? dune_root_add_range(small_tables, size) : -ENOMEM;
}

int dune_root_init(void)
{
	/* The blocks of the tables themselves, whose addresses the rest needs. */
	return dune_root_add_range(pml4, sizeof(pml4)) ?:
	       dune_root_add_range(pdpt, sizeof(pdpt)) ?:
	       init_small_tables();
}

/*
 * After a fork the tables are the child's own copy, but its VM is new: ask for
 * every block again, in the same order. One that has gone loses its leaf.
 */
int dune_root_rebuild(void)
{
	uint32_t i, old = nr_order;
	int r = 0;

	lock = 0;
	nr_order = 0;
	for (i = 0; i < old; i++) {
		uint32_t block = order[i];

		dune_slot_table[block] = 0;
		pdpt[block >> 9][block & 511] = 0;
		r = add_block(block);
		if (r && r != -EFAULT)
			return r;
	}
	for (i = 0; i < NR_TOP; i++)
		if (pml4[i])
			pml4[i] = dune_va_to_pa(pdpt[i]) | DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_U;
	return 0;
}

uint64_t dune_root_cr3(void)
{
	return dune_va_to_pa(pml4);
}

DUNE_API int dune_vm_default_slot(uint64_t pte)
{
	if (pte & ~DUNE_PTE_U)
		return -EINVAL;
	default_rights = pte;
	return 0;
}

/* The guest's own TLB, if this is the guest. */
static void flush_tlb(void)
{
	uint64_t cr3;

	if (dune_active())
		asm volatile("mov %%cr3, %0\n\tmov %0, %%cr3" : "=r" (cr3) : : "memory");
}

DUNE_API int dune_vm_slot_protect(uintptr_t va, size_t len, uint64_t pte)
{
	uintptr_t mask = (1UL << SHIFT_1G) - 1;
	uint32_t block = va >> SHIFT_1G, end;

	if ((va | len) & mask || pte & ~DUNE_PTE_U || va + len < va || (va + len) >> 47)
		return -EINVAL;
	end = (va + len) >> SHIFT_1G;

	lock_root();
	for (; block < end; block++) {
		rights[block] = pte ? RIGHTS_USER : RIGHTS_SUPERVISOR;
		if (dune_slot_table[block])
			write_leaf(block, (uint64_t)(dune_slot_table[block] - 1) << SHIFT_1G);
	}
	unlock_root();
	flush_tlb();
	return 0;
}
