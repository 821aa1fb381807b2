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
 * Blocks not in use yet will have these rights when they come into use. Other
 * threads in Dune mode may go on with the old rights of a block they have used
 * until they are next interrupted: tighten before they start.
 * Returns 0, or -EINVAL: not aligned, beyond the address space, another bit.
 */
int dune_vm_slot_protect(uintptr_t va, size_t len, uint64_t pte);

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
