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

/* Slot + 1; with SLOT_PENDING, negative for entry.S, until its leaf is there. */
uint32_t dune_slot_table[NR_BLOCKS];
#define SLOT_PENDING	(1U << 31)

static uint32_t order[NR_BLOCKS];	/* blocks by the time they came */
static uint32_t nr_order;

/* What dune_vm_slot_protect() said of a block (0: nothing), and: is in order[]. */
enum { RIGHTS_DEFAULT, RIGHTS_SUPERVISOR, RIGHTS_USER, RIGHTS_MASK = 3, LISTED = 4 };
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
	return (rights[block] & RIGHTS_MASK) == RIGHTS_USER ? DUNE_PTE_U : 0;
}

DUNE_API uint64_t dune_va_to_pa(const void *va)
{
	uintptr_t a = (uintptr_t)va;
	uint32_t slot;

	if (a >> 47)
		return ~0ULL;
	slot = __atomic_load_n(&dune_slot_table[a >> SHIFT_1G], __ATOMIC_ACQUIRE);
	slot &= ~SLOT_PENDING;
	if (!slot)
		return ~0ULL;
	return ((uint64_t)(slot - 1) << SHIFT_1G) | (a & ((1UL << SHIFT_1G) - 1));
}

static int add_block(uint32_t block);

/* An entry that points to @table, whose own block this brings in. */
static int table_entry(const void *table, uint64_t *entry)
{
	int r = add_block((uintptr_t)table >> SHIFT_1G);

	*entry = dune_va_to_pa(table) | DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_U;
	return r;
}

/*
 * Where the CPU has no leaves of 1 GiB: a page of 512 smaller ones per block,
 * in an area reserved once and touched where needed.
 */
static uint64_t (*small_tables)[512];

static int small_leaves(uint32_t block, uint64_t leaf, uint64_t *entry)
{
	uint64_t *pd = small_tables[block];
	unsigned int i;

	for (i = 0; i < 512; i++)
		__atomic_store_n(&pd[i], leaf + ((uint64_t)i << 21), __ATOMIC_RELAXED);
	return table_entry(pd, entry);
}

static int write_leaf(uint32_t block)
{
	uint64_t gpa = dune_va_to_pa((void *)((uintptr_t)block << SHIFT_1G)), top;
	uint64_t leaf = gpa | DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_A | DUNE_PTE_D |
			DUNE_PTE_PS | leaf_rights(block);
	int r = table_entry(pdpt[block >> 9], &top);

	if (!r && small_tables)
		r = small_leaves(block, leaf, &leaf);
	if (r)
		return r;
	__atomic_store_n(&pdpt[block >> 9][block & 511], leaf, __ATOMIC_RELEASE);
	__atomic_store_n(&pml4[block >> 9], top, __ATOMIC_RELEASE);
	return 0;
}

static void clear_leaf(uint32_t block)
{
	__atomic_store_n(&pdpt[block >> 9][block & 511], 0, __ATOMIC_RELEASE);
}

static long unmap_slot(uint32_t block, uint64_t flags)
{
	struct dune_slot s = { .va = (uint64_t)block << SHIFT_1G, .gpa = flags };

	return sys(__NR_ioctl, dune_global.fd, DUNE_UNMAP_SLOT, &s);
}

/*
 * Give the module back the places of blocks that hold nothing any more. The leaf
 * goes first, so that nobody gets through it to what comes to that place; only
 * where the module says that nothing is there, as this code and its stack have
 * leaves too. Who faults meanwhile waits for the lock.
 */
static bool give_back_unused(void)
{
	bool any = false;
	uint32_t i;

	for (i = 0; i < nr_order; i++) {
		uint32_t block = order[i], slot = dune_slot_table[block];

		if (!slot || (slot & SLOT_PENDING) || unmap_slot(block, DUNE_SLOT_ASK))
			continue;
		clear_leaf(block);
		if (unmap_slot(block, 0)) {
			write_leaf(block);
			continue;
		}
		__atomic_store_n(&dune_slot_table[block], 0, __ATOMIC_RELEASE);
		any = true;
	}
	return any;
}

static int ask_slot(uint32_t block, uint32_t *slot)
{
	struct dune_slot s = { .va = (uint64_t)block << SHIFT_1G };
	long r = sys(__NR_ioctl, dune_global.fd, DUNE_MAP_SLOT, &s);

	if (r == -ENOSPC && give_back_unused())
		r = sys(__NR_ioctl, dune_global.fd, DUNE_MAP_SLOT, &s);
	*slot = (uint32_t)(s.gpa >> SHIFT_1G) + 1;
	return r;
}

/* The first time; from now on the default does not matter to it any more. */
static void list_block(uint32_t block)
{
	if (rights[block] & LISTED)
		return;
	if (rights[block] == RIGHTS_DEFAULT)
		rights[block] = default_rights ? RIGHTS_USER : RIGHTS_SUPERVISOR;
	__atomic_store_n(&order[nr_order], block, __ATOMIC_RELEASE);
	__atomic_store_n(&nr_order, nr_order + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&rights[block], rights[block] | LISTED, __ATOMIC_RELEASE);
}

/*
 * The tables themselves lie in blocks like any other, which add_block() brings
 * in on the way: a block that is pending has its address but no leaf yet. It is
 * listed before all else, so that a fork at any moment finds it.
 */
static int add_block(uint32_t block)
{
	uint32_t slot;
	int r;

	if (dune_slot_table[block])
		return 0;
	r = ask_slot(block, &slot);
	if (r)
		return r;
	list_block(block);
	__atomic_store_n(&dune_slot_table[block], slot | SLOT_PENDING, __ATOMIC_RELEASE);
	r = write_leaf(block);
	__atomic_store_n(&dune_slot_table[block], r ? 0 : slot, __ATOMIC_RELEASE);
	return r;
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
	if (small_tables || (dune_global.info.features & DUNE_FEATURE_GUEST_1G))
		return 0;
	small_tables = dune_map(sizeof(small_tables[0]) * NR_BLOCKS);
	return small_tables ? 0 : -ENOMEM;
}

/* The linker's: where the file that libdune is linked into begins and ends. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

int dune_root_init(void)
{
	/*
	 * Entries, handlers, descriptor tables and these tables: what the guest
	 * uses before a fault for a new block can be handled. (What an earlier
	 * dune_init() that failed has left is of a VM that is gone.)
	 */
	return init_small_tables() ?: dune_root_rebuild() ?:
	       dune_root_add_range(__ehdr_start, _end - __ehdr_start);
}

/*
 * After a fork the tables are the child's own copy, but its VM is new: ask for
 * every block again, in the same order, which gives the same addresses unless
 * one has gone. That one loses its leaf.
 */
int dune_root_rebuild(void)
{
	uint32_t i;
	int r;

	lock = 0;
	for (i = 0; i < nr_order; i++) {
		dune_slot_table[order[i]] = 0;
		clear_leaf(order[i]);
		pml4[order[i] >> 9] = 0;
	}
	for (i = 0; i < nr_order; i++) {
		r = add_block(order[i]);
		if (r && r != -EFAULT)
			return r;
	}
	return 0;
}

/*
 * Whether ring 3 may have memory there at all, as far as blocks go: those not in
 * use yet count as what they will be.
 */
bool dune_user_range(uint64_t start, uint64_t size)
{
	uint64_t end = start + size, block;

	if (end < start || end > 1UL << 47)
		return false;
	for (block = start >> SHIFT_1G; block << SHIFT_1G < end; block++) {
		uint8_t right = rights[block] & RIGHTS_MASK;

		if (right == RIGHTS_SUPERVISOR || (right == RIGHTS_DEFAULT && !default_rights))
			return false;
	}
	return true;
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

DUNE_API int dune_vm_flush(void)
{
	return dune_global.fd > 0 ? sys(__NR_ioctl, dune_global.fd, DUNE_FLUSH_TLB, 0) : -EINVAL;
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
		rights[block] = (rights[block] & LISTED) |
				(pte ? RIGHTS_USER : RIGHTS_SUPERVISOR);
		if (dune_slot_table[block])
			write_leaf(block);
	}
	unlock_root();
	/* Before dune_init() nobody has a translation. */
	dune_vm_flush();
	return 0;
}
