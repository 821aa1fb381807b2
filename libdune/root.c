/* SPDX-License-Identifier: MIT */
/*
 * root.c - the mirror root: the guest page table every thread starts with
 *
 * Virtual memory appears in the guest in blocks of 1 GiB, each where it is
 * outside, in the slot of guest-physical memory that the module gave it. One
 * leaf a block is enough: what Linux forbids inside the block, the EPT forbids.
 * Blocks come when they are first used (a page fault, see trap.c) and stay.
 *
 * The program may change the tables like those of any other root, see vm.c.
 */
#include "lock.h"
#include "pt.h"

#define SHIFT_1G	DUNE_SHIFT_1G

struct dune_root dune_mirror LARGE;

/* In one word each, so that few pages of memory are touched: see priv.h. */
uint32_t dune_blocks[NR_BLOCKS] LARGE;

/* And back: block + 1 by slot. No module hands out more. */
#define NR_SLOTS	8192
uint32_t dune_slot_blocks[NR_SLOTS] LARGE;
uint32_t dune_slots_end;		/* those from here on were never in use */

_Static_assert(NR_SLOTS < BLOCK_SLOT, "slots are numbered in fewer bits");

static uint64_t default_rights;

static uint32_t lock;			/* goes before the lock of the roots */

static uint32_t slot_of(uint32_t block)
{
	return __atomic_load_n(&dune_blocks[block], __ATOMIC_ACQUIRE) & BLOCK_SLOT;
}

static void change_block(uint32_t block, uint32_t clear, uint32_t set)
{
	uint32_t old = __atomic_load_n(&dune_blocks[block], __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(&dune_blocks[block], &old, (old & ~clear) | set, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
}

DUNE_API uint64_t dune_va_to_pa(const void *va)
{
	uintptr_t a = (uintptr_t)va;
	uint32_t slot;

	if (a >> 47)
		return ~0ULL;
	slot = slot_of(a >> SHIFT_1G);
	if (!slot)
		return ~0ULL;
	return ((uint64_t)(slot - 1) << SHIFT_1G) | (a & ((1UL << SHIFT_1G) - 1));
}

/* Where tables and pool pages are found again: NULL if no block has that place. */
void *dune_pa_to_va(uint64_t pa)
{
	uint32_t block = pa >> SHIFT_1G < NR_SLOTS ? dune_slot_blocks[pa >> SHIFT_1G] : 0;

	if (!block)
		return NULL;
	return (void *)(((uintptr_t)(block - 1) << SHIFT_1G) + (pa & ((1UL << SHIFT_1G) - 1)));
}

uint64_t dune_block_leaf(uint32_t block)
{
	return dune_va_to_pa((void *)((uintptr_t)block << SHIFT_1G)) | DUNE_PTE_P | DUNE_PTE_W |
	       DUNE_PTE_A | DUNE_PTE_D | DUNE_PTE_PS | PTE_LEAF |
	       (dune_blocks[block] & BLOCK_USER ? DUNE_PTE_U : 0);
}

/* The list by slots has it at least as long as the block has, should a fork come. */
static void set_slot(uint32_t block, uint32_t slot)
{
	if (dune_slots_end < slot)
		dune_slots_end = slot;
	dune_slot_blocks[slot - 1] = block + 1;
	change_block(block, BLOCK_SLOT, slot | BLOCK_PENDING);
}

static void forget_slot(uint32_t block)
{
	uint32_t slot = slot_of(block);

	change_block(block, BLOCK_SLOT | BLOCK_PENDING, 0);
	dune_slot_blocks[slot - 1] = 0;
}

static int map_block(uint32_t block)
{
	int r = dune_roots_add_block(block);

	if (!r)
		change_block(block, BLOCK_PENDING, 0);
	return r;
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

	for (i = 0; i < dune_slots_end; i++) {
		uint32_t block = dune_slot_blocks[i] - 1;

		if (!dune_slot_blocks[i] || (dune_blocks[block] & BLOCK_PENDING) ||
		    unmap_slot(block, DUNE_SLOT_ASK))
			continue;
		dune_roots_forget(dune_block_leaf(block) & DUNE_PTE_ADDR, 1UL << SHIFT_1G);
		dune_vm_flush();
		if (unmap_slot(block, 0)) {
			change_block(block, 0, BLOCK_PENDING);
			map_block(block);
			continue;
		}
		forget_slot(block);
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
	if (!r && s.gpa >> SHIFT_1G >= NR_SLOTS)
		r = -ENOSPC;
	*slot = (uint32_t)(s.gpa >> SHIFT_1G) + 1;
	return r;
}

/*
 * A block that is pending has its address but no leaf yet. From now on the default
 * of rights does not matter to it any more.
 */
static int place_block(uint32_t block)
{
	uint32_t slot;
	int r;

	if (slot_of(block))
		return 0;
	r = ask_slot(block, &slot);
	if (r)
		return r;
	if (!(dune_blocks[block] & (BLOCK_USER | BLOCK_SUPERVISOR)))
		change_block(block, 0, default_rights ? BLOCK_USER : BLOCK_SUPERVISOR);
	set_slot(block, slot);
	return 0;
}

static int add_block(uint32_t block)
{
	int r = place_block(block);

	if (r || !(dune_blocks[block] & BLOCK_PENDING))
		return r;
	r = map_block(block);
	if (r)
		forget_slot(block);
	return r;
}

/* A place for the block around @va, which is not to be used yet. */
int dune_root_place(uintptr_t va)
{
	struct dune_held held;
	int r;

	dune_lock(&lock, &held);
	r = place_block(va >> SHIFT_1G);
	dune_unlock(&lock, &held);
	return r;
}

/*
 * Make the block around @va present in the guest. 0, or -EFAULT: Linux maps
 * nothing there; -ENOSPC, -ENOMEM. In either half.
 */
int dune_root_add(uintptr_t va)
{
	struct dune_held held;
	int r;

	if (va >> 47)
		return -EFAULT;
	if (dune_block_in_use(va))
		return 0;
	dune_lock(&lock, &held);
	r = add_block(va >> SHIFT_1G);
	dune_unlock(&lock, &held);
	return r;
}

/* Memory of libdune's own: in every root. */
int dune_root_add_range(const void *start, size_t size)
{
	uintptr_t va = (uintptr_t)start & ~((1UL << SHIFT_1G) - 1);
	int r = 0;

	for (; !r && va < (uintptr_t)start + size; va += 1UL << SHIFT_1G) {
		r = dune_root_add(va);
		if (!r)
			dune_roots_share(va >> SHIFT_1G);
	}
	return r;
}

static int place_range(uintptr_t va, uintptr_t end)
{
	int r = 0;

	for (va &= ~((1UL << SHIFT_1G) - 1); !r && va < end; va += 1UL << SHIFT_1G)
		r = dune_root_place(va);
	return r;
}

int dune_root_init(void)
{
	uintptr_t start = (uintptr_t)__ehdr_start, end = (uintptr_t)_end;
	int r;

	/*
	 * What an earlier dune_init() that failed has left is of a VM that is gone.
	 * The root lies within libdune: before its first leaf it has a place.
	 */
	r = dune_slots_end ? dune_root_rebuild() : 0;
	r = r ?: place_range(start, end) ?: dune_tables_init();
	if (r)
		return r;
	dune_mirror.cr3 = dune_va_to_pa(&dune_mirror);
	dune_mirror.follows = true;
	/*
	 * Entries, handlers, descriptor tables and the root: what the guest uses
	 * before a fault for a new block can be handled.
	 */
	return dune_root_add_range(__ehdr_start, end - start);
}

static long ask_place(uint32_t block, uint32_t slot)
{
	struct dune_slot s = {
		.va = (uint64_t)block << SHIFT_1G,
		.gpa = (uint64_t)(slot - 1) << SHIFT_1G | DUNE_SLOT_AT,
	};

	return sys(__NR_ioctl, dune_global.fd, DUNE_MAP_SLOT, &s);
}

static int ask_again(uint32_t block)
{
	int r = ask_place(block, slot_of(block));

	if (r == -EFAULT) {
		dune_roots_forget(dune_block_leaf(block) & DUNE_PTE_ADDR, 1UL << SHIFT_1G);
		forget_slot(block);
		return 0;
	}
	/* The fork came between its place and its leaf. */
	if (!r && (dune_blocks[block] & BLOCK_PENDING))
		r = map_block(block);
	return r;
}

/*
 * Around a fork from Dune mode, in the host half with all signals blocked: nobody
 * changes tables then, so that the child has them whole.
 */
void dune_root_freeze(void)
{
	dune_lock_wait(&lock);
	dune_roots_freeze();
	dune_tables_freeze();
	dune_pool_freeze();
}

void dune_root_thaw(void)
{
	dune_pool_thaw();
	dune_tables_thaw();
	dune_roots_thaw();
	dune_unlock_nested(&lock);
}

/*
 * After a fork the tables are the child's own copy, but its VM is new: ask for
 * every block again, at the place it has. One that has gone loses its leaves.
 */
int dune_root_rebuild(void)
{
	uint32_t i, block;
	int r = 0;

	lock = 0;
	dune_tables_forked();
	dune_pool_forked();
	dune_roots_forked();
	for (i = 0; !r && i < dune_slots_end; i++) {
		block = dune_slot_blocks[i] - 1;
		if (dune_slot_blocks[i] && slot_of(block) == i + 1)
			r = ask_again(block);
		else
			dune_slot_blocks[i] = 0;
	}
	return r;
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
		uint32_t rights = dune_blocks[block] & (BLOCK_USER | BLOCK_SUPERVISOR);

		if (rights == BLOCK_SUPERVISOR || (!rights && !default_rights))
			return false;
	}
	return true;
}

uint64_t dune_root_cr3(void)
{
	return dune_mirror.cr3;
}

DUNE_API int dune_vm_default_slot(uint64_t pte)
{
	if (pte & ~DUNE_PTE_U)
		return FAIL(-EINVAL);
	default_rights = pte;
	return 0;
}

static void set_user(uint64_t *entry, unsigned int level, bool user)
{
	uint64_t old = pt_read(entry);
	unsigned int i;

	if (pt_is_table(old, level)) {
		for (i = 0; i < 512; i++)
			set_user(&pt_table(old)[i], level - 1, user);
	} else if (old && user) {
		__atomic_fetch_or(entry, DUNE_PTE_U, __ATOMIC_RELAXED);
	} else if (old) {
		__atomic_fetch_and(entry, ~DUNE_PTE_U, __ATOMIC_RELAXED);
	}
}

DUNE_API int dune_vm_slot_protect(uintptr_t va, size_t len, uint64_t pte)
{
	uintptr_t mask = (1UL << SHIFT_1G) - 1;
	uint32_t block = va >> SHIFT_1G, end;
	struct dune_held held;

	if ((va | len) & mask || pte & ~DUNE_PTE_U || va + len < va || (va + len) >> 47)
		return FAIL(-EINVAL);
	end = (va + len) >> SHIFT_1G;

	dune_lock(&lock, &held);
	for (; block < end; block++) {
		change_block(block, BLOCK_USER | BLOCK_SUPERVISOR,
			     pte ? BLOCK_USER : BLOCK_SUPERVISOR);
		dune_lock_nested(&dune_mirror.lock);
		set_user(&dune_mirror.low[block], 3, pte);
		dune_unlock_nested(&dune_mirror.lock);
	}
	dune_unlock(&lock, &held);
	/* Before dune_init() nobody has a translation. */
	dune_vm_flush();
	return 0;
}
