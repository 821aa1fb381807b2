/* SPDX-License-Identifier: MIT */
/*
 * pt.h - a guest page table as libdune keeps it
 *
 * The CPU walks top -> low -> tables of 2 MiB entries -> tables of 4 KiB entries.
 * The second level lies behind the first in one piece, so that libdune begins
 * there: low[va >> 30] is the entry of each block of 1 GiB. All tables below come
 * from one area (tables.c), in which guest-physical and virtual addresses are a
 * constant apart.
 */
#ifndef _LIBDUNE_PT_H
#define _LIBDUNE_PT_H

#include "priv.h"

#define VA_BITS		47
#define NR_BLOCKS	(1U << (VA_BITS - DUNE_SHIFT_1G))

/* libdune's bits of a leaf: one of the first two, unless the program wrote it. */
#define PTE_LEAF	(1ULL << 9)	/* in use, be it present or not */
#define PTE_COW		(1ULL << 11)	/* shared until it is written to */
#define PTE_WANTS_W	(1ULL << 52)	/* and may be written to, then */
#define PTE_POOL	(1ULL << 10)	/* pages of pool.c, which counts this leaf */

/*
 * The low byte of an entry that leads to a table, and of no leaf. A is set from
 * the start, so that the CPU never changes it.
 */
#define PT_TABLE	(DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_U | DUNE_PTE_A)

struct dune_held;

/* @away: a thread has left the root and its TLB has not; or one that flushes, with its number. */
#define AWAY_LEFT	1U
#define AWAY_FLUSHING	(1U << 31)

struct dune_root {
	uint64_t	top[512];
	union {
		struct {
			uint32_t	lock;
			uint32_t	id;		/* picks its PCID */
			union {
				struct {
					uint32_t active;	/* threads in Dune mode on it */
					uint32_t away;		/* see vm_flush.c */
				};
				uint64_t users;
			};
			uint64_t	stamp;		/* see vm_flush.c */
			uint64_t	cr3;
			struct dune_root *next;	/* of all roots, see vm_root.c */
			bool		follows;	/* gets blocks as the mirror root does */
			bool		is_ring0s;	/* but never for ring 3 */
		};
		uint8_t	page[4096];
	};
	uint64_t	low[NR_BLOCKS];
} __attribute__((aligned(4096)));

static inline bool pt_has_1g(void)
{
	return dune_global.info.features & DUNE_FEATURE_GUEST_1G;
}

/* Levels: 3 are entries of low[], 1 those that map 4 KiB. */
static inline unsigned int pt_shift(unsigned int level)
{
	return 3 + 9 * level;
}

static inline uint64_t pt_size(unsigned int level)
{
	return 1ULL << pt_shift(level);
}

static inline unsigned int pt_index(uint64_t va, unsigned int level)
{
	return va >> pt_shift(level) & 511;
}

static inline uint64_t pt_read(const uint64_t *entry)
{
	return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

static inline bool pt_is_table(uint64_t entry, unsigned int level)
{
	return level > 1 && (entry & (DUNE_PTE_P | DUNE_PTE_PS)) == DUNE_PTE_P;
}

/* tables.c: what to add to an entry that leads to a table */
extern uint64_t dune_table_delta __attribute__((visibility("hidden")));

static inline uint64_t *pt_table(uint64_t entry)
{
	return (uint64_t *)((entry & ~0xfffULL) + PT_TABLE + dune_table_delta);
}

static inline uint64_t pt_table_entry(const uint64_t *table)
{
	return (uintptr_t)table - dune_table_delta;
}

/*
 * From an entry that leads to a table of libdune's: one addition, which the compiler
 * is not to take apart, for the arithmetic of addresses gets longer by that.
 */
static inline uint64_t *pt_next_table(uint64_t entry)
{
	asm("addq %1, %0" : "+r" (entry) : "m" (dune_table_delta) : "cc");
	return (uint64_t *)entry;
}

/*
 * The entry of @va for 4 KiB; false: there is no table of such. All of libdune's
 * tables are known by one byte of what leads to them. This is what lookup and
 * protect spend their time with.
 */
static inline __attribute__((always_inline)) bool pt_small(struct dune_root *root, uint64_t va,
							   uint64_t **small)
{
	uint64_t block = va >> DUNE_SHIFT_1G, entry;

	if (block >= NR_BLOCKS)
		return false;
	asm volatile("movq %c3(%1,%2,8), %0" : "=r" (entry)
		     : "r" (root), "r" (block), "i" (offsetof(struct dune_root, low)) : "memory");
	if ((uint8_t)entry != PT_TABLE)
		return false;
	entry = pt_read(&pt_next_table(entry)[pt_index(va, 2)]);
	if ((uint8_t)entry != PT_TABLE)
		return false;
	*small = &pt_next_table(entry)[pt_index(va, 1)];
	return true;
}

/* A place in the tables: an entry that is a leaf or empty. */
struct pt_pos {
	uint64_t	*entry;
	unsigned int	level;
};

/*
 * What a change needs and leaves behind: tables in hand before the lock is taken;
 * tables and pages that are freed once no TLB leads to them.
 */
struct pt_edit {
	struct dune_root *root;
	uint32_t	spare;		/* lists of tables, see tables.c */
	uint32_t	nr_spare;
	uint32_t	removed;
	void		*released;	/* list of pages, see pool.c */
};

struct pt_pos pt_find(struct dune_root *root, uint64_t va);
void pt_split(struct pt_edit *edit, struct pt_pos pos);
struct pt_pos pt_descend(struct pt_edit *edit, uint64_t va, unsigned int level);
unsigned int pt_tables_to_cut(struct dune_root *root, uint64_t va);
void pt_cut(struct pt_edit *edit, uint64_t va);
void pt_set(struct pt_edit *edit, uint64_t va, unsigned int level, uint64_t leaf);
void pt_clear(struct pt_edit *edit, uint64_t start, uint64_t end);
void pt_fill(struct pt_edit *edit, uint64_t *entry, unsigned int level, uint64_t leaf);
void pt_merge(struct pt_edit *edit, uint64_t start, uint64_t end);
void pt_release(struct pt_edit *edit, uint64_t leaf, unsigned int level);

static inline uint64_t pt_next(uint64_t va, unsigned int level)
{
	return (va & ~(pt_size(level) - 1)) + pt_size(level);
}

/* The leaf that is @offset bytes into @leaf, of @level. */
static inline uint64_t pt_part(uint64_t leaf, uint64_t offset, unsigned int level)
{
	return (level > 1 ? leaf : leaf & ~DUNE_PTE_PS) + offset;
}

/* tables.c */
#define NO_TABLE	0U
int dune_tables_init(void);
bool dune_tables_take(struct pt_edit *edit, uint32_t nr);
uint64_t *dune_table_use(struct pt_edit *edit);
void dune_table_remove(struct pt_edit *edit, uint64_t *table);
void dune_tables_give_back(struct pt_edit *edit);
void dune_tables_freeze(void);
void dune_tables_thaw(void);
void dune_tables_forked(void);
uint64_t dune_tables_in_use(void);

/* pool.c */
void *dune_pool_take(unsigned int shift, bool zero);
bool dune_pool_count(uint64_t pa, unsigned int shift);
void dune_pool_drop(uint64_t pa, size_t size, void **released);
unsigned int dune_pool_users_at(uint64_t pa);
void dune_pool_free(void *released);
void dune_pool_push(void **list, void *p);
void *dune_pool_pop(void **list);
void dune_pool_unuse(void *list, size_t size);
void dune_pool_freeze(void);
void dune_pool_thaw(void);
void dune_pool_forked(void);
uint64_t dune_pool_in_use(void);

/* root.c */
extern struct dune_root dune_mirror __attribute__((visibility("hidden")));
int dune_root_place(uintptr_t va);
void *dune_pa_to_va(uint64_t pa);
uint64_t dune_block_leaf(uint32_t block);
extern uint32_t dune_slot_blocks[];	/* block + 1 by slot */
extern uint32_t dune_slots_end;

/* vm_root.c */
struct dune_root *dune_root_alloc(int *r);
void dune_root_publish(struct dune_root *root);
int dune_roots_add_block(uint32_t block);
void dune_roots_share(uint32_t block);
void dune_roots_lock(struct dune_held *held);
void dune_roots_unlock(const struct dune_held *held);
void dune_roots_forget(uint64_t pa, uint64_t size);
void dune_roots_freeze(void);
void dune_roots_thaw(void);
void dune_roots_forked(void);

uint64_t *dune_thread_note(struct dune_thread *t, const struct dune_root *root);

/* vm_flush.c */
void dune_flush(struct dune_root *root, uint64_t start, uint64_t end);
uint64_t dune_stamp_new(void);

/* Above so many pages the CPU forgets all of the root's. */
#define SINGLE_PAGES	32

/* What the calling thread is on; in Dune mode. */
static inline void dune_flush_here(uint64_t start, uint64_t end)
{
	uint64_t va;

	if (end - start > SINGLE_PAGES * PAGE_SIZE) {
		asm volatile("mov %%cr3, %0\n\tmov %0, %%cr3" : "=r" (va) : : "memory");
		return;
	}
	for (va = start; va < end; va += PAGE_SIZE)
		dune_vm_flush_page(va);
}

/* Whether it is in units of @size, and below the end of what a root can map. */
static inline bool dune_vm_good_range(const struct dune_root *root, uintptr_t va, size_t len,
				      uint64_t size)
{
	return root && !((va | len) & (size - 1)) && va <= 1UL << VA_BITS &&
	       len <= (1UL << VA_BITS) - va;
}

/* vm.c */
void dune_vm_begin(struct pt_edit *edit, struct dune_held *held);
void dune_vm_end(struct pt_edit *edit, struct dune_held *held, uint64_t start, uint64_t end);
uint64_t dune_vm_tables_for(uint64_t va, uint64_t end, unsigned int level);
bool dune_vm_is_empty(struct dune_root *root, uint64_t va, uint64_t end);
unsigned int dune_vm_level_for(uint64_t va, uint64_t pa, uint64_t left, unsigned int level);
int dune_vm_begin_cut(struct pt_edit *edit, struct dune_held *held, uint64_t start, uint64_t end);
void dune_vm_cut(struct pt_edit *edit, uint64_t start, uint64_t end);

/* cow.c */
extern bool dune_cow_used __attribute__((visibility("hidden")));
bool dune_cow_write(struct dune_root *root, uint64_t va);

#endif /* _LIBDUNE_PT_H */
