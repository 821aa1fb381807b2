/* SPDX-License-Identifier: MIT */
/**
 * @file vm.h - the guest's page tables
 */
#ifndef _DUNE_VM_H
#define _DUNE_VM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct dune_root - a guest page table
 *
 * Its address is that of its top table, 512 entries of the CPU's own format.
 * Every function below may be called in Dune mode at CPL 0, in a trap or signal
 * handler too, and outside Dune mode; from any thread at any time. A call that
 * fails leaves the tables as they were.
 */
struct dune_root;

/* Bits of a leaf. */
#define DUNE_PTE_P	(1ULL << 0)
#define DUNE_PTE_W	(1ULL << 1)
#define DUNE_PTE_U	(1ULL << 2)
#define DUNE_PTE_PWT	(1ULL << 3)
#define DUNE_PTE_PCD	(1ULL << 4)
#define DUNE_PTE_A	(1ULL << 5)
#define DUNE_PTE_D	(1ULL << 6)
#define DUNE_PTE_PS	(1ULL << 7)
#define DUNE_PTE_ADDR	0x000ffffffffff000ULL
#define DUNE_PTE_SW(n)	(1ULL << (53 + (n)))	/* 0 to 5: the program's own use */
#define DUNE_PTE_PKEY(n) ((uint64_t)(n) << 59)	/* 0 to 15; where the CPU has keys */
#define DUNE_PTE_NX	(1ULL << 63)

/*
 * What the @pte of a function may hold. Without DUNE_PTE_P the memory stays
 * mapped but nobody may access it. Bits 9, 10, 11 and 52 of a leaf are libdune's.
 */
#define DUNE_PTE_RIGHTS	(DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_U | DUNE_PTE_PWT | \
			 DUNE_PTE_PCD | DUNE_PTE_PKEY(15) | 63 * DUNE_PTE_SW(0) | DUNE_PTE_NX)

/* Sizes of leaves, as powers of two. */
#define DUNE_SHIFT_4K	12U
#define DUNE_SHIFT_2M	21U
#define DUNE_SHIFT_1G	30U

/**
 * dune_vm_mirror - the root that every thread starts with
 *
 * It has all memory of the process where it is outside Dune mode; its blocks of
 * 1 GiB come when they are first used. The functions below change it like any
 * other root.
 */
struct dune_root *dune_vm_mirror(void);

/** dune_vm_current - the calling thread's root; outside Dune mode the mirror root. */
struct dune_root *dune_vm_current(void);

/**
 * dune_root_new - make a root that gives ring 3 nothing
 *
 * It has the blocks in which libdune's own memory lies, for ring 0 alone: enough
 * for a thread to run on, if its code and its stack lie there too. Blocks that the
 * program comes to use later are not added to it. Returns 0 and the root, or
 * -EINVAL before dune_init(), -ENOMEM, -ENOSPC.
 */
int dune_root_new(struct dune_root **root);

#define DUNE_CLONE_COW		(1U << 0)
#define DUNE_CLONE_RING0	(1U << 1)

/**
 * dune_vm_clone - make a copy of a root
 * @flags: 0: both map the same memory. DUNE_CLONE_COW: pages of libdune's pool are
 *	shared only until one of the two roots is written to; the page fault of that
 *	write is libdune's. (Where there is no memory it is the handler's after all.)
 *	All other memory, which is Linux's, both map in any case: what is written
 *	there by one root, or by a system call, the other reads too. A root can be
 *	kept from writing to it by dune_vm_protect().
 *	DUNE_CLONE_RING0: nothing in the copy is ring 3's, now or later, but what
 *	dune_vm_protect() and others give it there.
 *
 * Blocks of 1 GiB that the process uses for the first time after this are added to
 * the clones of the mirror root, and to theirs, as they are to the mirror root: with
 * the rights of dune_vm_default_slot() and dune_vm_slot_protect(), and around what
 * the root maps there by itself. What has been unmapped or protected in a clone
 * stays so.
 *
 * Returns 0 and the copy, or -EINVAL, -ENOMEM, -ENOSPC.
 */
int dune_vm_clone(struct dune_root *root, unsigned int flags, struct dune_root **clone);

/**
 * dune_root_free - give a root's tables back, and pages only it mapped
 *
 * Returns 0, -EINVAL (the mirror root), or -EBUSY: a thread in Dune mode is on it.
 */
int dune_root_free(struct dune_root *root);

/**
 * dune_vm_switch - go on with another root
 *
 * Where the CPU has PCIDs, the TLB keeps what it knows of both. Context: CPL 0 in
 * Dune mode. Returns 0, -EINVAL outside, or -EFAULT: @root does not map the stack,
 * or code and memory of libdune's, as ring 0 needs them.
 */
int dune_vm_switch(struct dune_root *root);

/**
 * dune_vm_map - map fresh memory
 * @root: where
 * @va: page-aligned address below 2^47
 * @len: bytes, a multiple of the leaves' size
 * @pte: rights, of DUNE_PTE_RIGHTS
 * @shift: DUNE_SHIFT_4K or DUNE_SHIFT_2M: the size of the leaves
 *
 * The pages are zero, belong to libdune's pool and go back to it once the last
 * root that maps them has unmapped them. Linux knows nothing of them at @va.
 * Returns 0, or
 *   -EINVAL  not aligned to the leaves, not below 2^47, another bit or size;
 *   -EEXIST  something is mapped in the range;
 *   -ENOMEM  no memory for pages or tables;
 *   -ENOSPC  no guest-physical address is left.
 */
int dune_vm_map(struct dune_root *root, uintptr_t va, size_t len, uint64_t pte,
		unsigned int shift);

/**
 * dune_vm_map_phys - map a guest-physical range
 * @pa: aligned to the leaves' size; see dune_va_to_pa()
 * @shift: the size of the leaves, DUNE_SHIFT_1G too where the CPU has such leaves;
 *	0: as large as @va, @pa and @len allow
 *
 * Pages of libdune's pool count another user; of all other memory the program
 * sees to it that it stays mapped in Linux. As dune_vm_map() for the rest.
 * Returns 0, -EINVAL, -EEXIST or -ENOMEM.
 */
int dune_vm_map_phys(struct dune_root *root, uintptr_t va, size_t len, uint64_t pa,
		     uint64_t pte, unsigned int shift);

/**
 * dune_vm_alias - map what is mapped elsewhere once more
 * @root: where to
 * @va: page-aligned address
 * @from: the root that has the range, may be @root
 * @source: page-aligned address there
 *
 * Leaves are as large as both ranges allow. Memory that waits to be copied (see
 * dune_vm_clone()) waits in both. Returns 0, -EINVAL, -EEXIST, -ENOMEM, or
 * -ENOENT: a part of the range at @source is not mapped.
 */
int dune_vm_alias(struct dune_root *root, uintptr_t va, size_t len, uint64_t pte,
		  struct dune_root *from, uintptr_t source);

/**
 * dune_vm_unmap - take a range away
 *
 * Leaves that the range cuts through are split. Nothing need be mapped there. No
 * thread goes on using the range once this has returned. Returns 0, -EINVAL or
 * -ENOMEM: a leaf would have to be split.
 */
int dune_vm_unmap(struct dune_root *root, uintptr_t va, size_t len);

/**
 * dune_vm_protect - change the rights of a range
 * @pte: the new rights, of DUNE_PTE_RIGHTS; they take the place of the old
 *
 * Leaves that the range cuts through are split. A and D bits stay. No thread goes
 * on with the old rights once this has returned. Returns 0, -EINVAL, -ENOENT: a
 * part of the range is not mapped, or -ENOMEM: a leaf would have to be split.
 */
int dune_vm_protect(struct dune_root *root, uintptr_t va, size_t len, uint64_t pte);

/**
 * struct dune_leaf - where in the tables an address is decided
 * @pte: the entry; 0 in it: nothing is mapped. NULL: there is none
 * @shift: what it maps, as a power of two
 */
struct dune_leaf {
	uint64_t	*pte;
	unsigned int	shift;
};

/**
 * dune_vm_lookup - the entry that decides about an address
 *
 * The one in the lowest table that there is. A program may write leaves through
 * it, by single atomic writes (the CPU sets A and D meanwhile), and then flushes
 * what it took away itself. It holds until the range is unmapped, split or merged.
 * @pte is NULL if @va is not below 2^47. @root is not looked at.
 */
struct dune_leaf dune_vm_lookup(struct dune_root *root, uintptr_t va);

/**
 * dune_vm_split - have an entry of a size for an address
 * @shift: DUNE_SHIFT_4K, _2M or _1G
 * @leaf: the entry, as of dune_vm_lookup(); of that size, or of a smaller one if
 *	there is a table already
 *
 * Splits a larger leaf, makes tables where there is nothing. Returns 0, -EINVAL
 * or -ENOMEM.
 */
int dune_vm_split(struct dune_root *root, uintptr_t va, unsigned int shift,
		  struct dune_leaf *leaf);

/**
 * dune_vm_merge - have leaves as large as they can be
 *
 * Where 512 leaves in a row map memory in a row with the same rights, within the
 * range as a whole, one takes their place; their A and D bits are added up.
 * Returns 0 or -EINVAL.
 */
int dune_vm_merge(struct dune_root *root, uintptr_t va, size_t len);

/**
 * typedef dune_vm_walk_fn - called for a leaf
 * @leaf: the entry and its size
 * @va: where what it maps begins, which may be below the range
 *
 * May call any function of this header. Returns 0 to go on.
 */
typedef int (*dune_vm_walk_fn)(struct dune_leaf leaf, uintptr_t va, void *data);

/**
 * dune_vm_walk - visit every leaf of a range that is in use, from the lowest up
 *
 * Returns 0, -EINVAL, or what @fn returned if not 0.
 */
int dune_vm_walk(struct dune_root *root, uintptr_t va, size_t len, dune_vm_walk_fn fn,
		 void *data);

#define DUNE_SCAN_CLEAR		(1U << 0)
#define DUNE_SCAN_NO_FLUSH	(1U << 1)

/**
 * dune_vm_scan - which pages of a range were accessed or written
 * @bits: DUNE_PTE_A, DUNE_PTE_D or both: what is looked for
 * @flags: DUNE_SCAN_CLEAR, to clear them too; with DUNE_SCAN_NO_FLUSH, without the
 *	flush that makes the CPU set them again
 * @bitmap: a bit for each 4 KiB of @len, from bit 0 of the first word on; whole
 *	words are written
 *
 * With DUNE_SCAN_CLEAR no write is lost while other threads run: one made before
 * this returns is in @bitmap, one made later will be in the next. (So look at
 * the pages' contents after it.) Where a larger leaf has the bit, all its pages
 * have: dune_vm_split() makes it finer. Pages not mapped have none.
 * Returns 0 or -EINVAL.
 */
int dune_vm_scan(struct dune_root *root, uintptr_t va, size_t len, uint64_t bits,
		 unsigned int flags, uint64_t *bitmap);

/**
 * dune_vm_flush_range - make every thread forget translations of a range
 *
 * After writing entries oneself. Returns 0 or -EINVAL. Costs a system call only
 * where another thread uses @root.
 */
int dune_vm_flush_range(struct dune_root *root, uintptr_t va, size_t len);

/** dune_vm_flush_page - the calling thread forgets one page's; CPL 0 in Dune mode. */
static inline void dune_vm_flush_page(uintptr_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r" (va) : "memory");
}

/**
 * dune_pool_get - a zeroed page of libdune's pool, with one user
 * dune_pool_hold - count one more user
 * dune_pool_put - one less; the page is given back with the last
 *
 * Mappings count as users by themselves. dune_pool_get() returns NULL where there
 * is no memory; the others do nothing with an address that is not in the pool.
 */
void *dune_pool_get(void);
void dune_pool_hold(void *page);
void dune_pool_put(void *page);

/** dune_pool_users - how many users a page has; 0: it is not one of the pool. */
unsigned int dune_pool_users(const void *page);

/** struct dune_vm_stats - memory that page tables take: pages of 4 KiB */
struct dune_vm_stats {
	uint64_t	tables;		/* in use, besides what a root has by itself */
	uint64_t	pool_pages;	/* in use */
};

/** dune_vm_stats - how much of it there is now */
void dune_vm_stats(struct dune_vm_stats *stats);

/**
 * dune_vm_default_slot - the rights new blocks get in the mirror root and its clones
 * @pte: DUNE_PTE_U for user blocks, 0 (the default) for supervisor ones
 *
 * A block that is in use already keeps what it has: see dune_vm_slot_protect().
 * Returns 0 or -EINVAL for another bit.
 */
int dune_vm_default_slot(uint64_t pte);

/**
 * dune_vm_slot_protect - make whole 1 GiB blocks user or supervisor
 * @va: 1 GiB-aligned address
 * @len: bytes, a multiple of 1 GiB
 * @pte: DUNE_PTE_U or 0
 *
 * Blocks not in use yet will have these rights when they come into use. No
 * thread goes on with the old ones once this has returned.
 * Returns 0, or -EINVAL: not aligned, beyond the address space, another bit.
 */
int dune_vm_slot_protect(uintptr_t va, size_t len, uint64_t pte);

/**
 * dune_vm_flush - make every thread forget translations
 *
 * Call it after taking something away from a guest page table that several
 * threads use: once it returns, none of them uses what the table no longer says.
 * (A thread's own INVLPG and MOV CR3 act on itself only.)
 * Returns 0, or -EINVAL before dune_init(). Context: anywhere but at CPL 3; one
 * system call, and an interrupt for each CPU on which a thread is in Dune mode.
 */
int dune_vm_flush(void);

#define DUNE_PREFAULT_READ	(1U << 0)
#define DUNE_PREFAULT_WRITE	(1U << 1)

/**
 * dune_prefault - make a range's first use in Dune mode cost no VM exit
 * @addr: first byte
 * @len: bytes
 * @flags: 0, to bring in what Linux has present and nothing else;
 *	DUNE_PREFAULT_READ or DUNE_PREFAULT_WRITE to have Linux fault the whole
 *	range in first, which takes the memory a program would by reading or
 *	writing every page of it
 *
 * Memory that Linux takes away again, or makes read-only (fork(2), mprotect(2)),
 * costs exits again. Returns 0, or
 *   -EINVAL   another flag, a range that ends beyond 2^47, before dune_init(), or
 *             with a flag a Linux older than 5.14;
 *   -ENOMEM   a part of the range is not mapped (with a flag), or no memory;
 *   -EFAULT   the range may not be accessed so (with a flag);
 *   -ENOSPC   no guest-physical address is left;
 *   -EINTR    the thread is being killed;
 *   -EHWPOISON, -EAGAIN, -EINTR  as for madvise(2).
 * Context: anywhere but at CPL 3.
 */
int dune_prefault(const void *addr, size_t len, unsigned int flags);

/**
 * dune_set_arena - where libdune takes its own memory from
 * @base: page-aligned start of a range reserved by the caller (PROT_NONE is
 *	enough); libdune maps over it with MAP_FIXED, from the bottom up, and
 *	what it gives back stays reserved
 * @size: bytes
 *
 * For a program that shares its address space with one in ring 3: everything
 * libdune allocates (threads' blocks, run pages, page tables) then lies in
 * blocks that the program keeps supervisor-only. Before dune_init(). Without
 * it the kernel chooses. Returns 0; -EINVAL: not aligned; -EBUSY: too late.
 */
int dune_set_arena(uintptr_t base, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* _DUNE_VM_H */
