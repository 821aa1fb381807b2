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

#define DUNE_PTE_P	(1ULL << 0)
#define DUNE_PTE_W	(1ULL << 1)
#define DUNE_PTE_U	(1ULL << 2)
#define DUNE_PTE_A	(1ULL << 5)
#define DUNE_PTE_D	(1ULL << 6)
#define DUNE_PTE_PS	(1ULL << 7)
#define DUNE_PTE_NX	(1ULL << 63)

/**
 * dune_vm_default_slot - the rights new blocks of memory get in the mirror root
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
 *	enough); libdune maps over it with MAP_FIXED, from the bottom up
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
