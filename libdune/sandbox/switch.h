/* SPDX-License-Identifier: MIT */
/*
 * switch.h - registers of the thread's that change with the ring
 */
#ifndef _LIBDUNE_SANDBOX_SWITCH_H
#define _LIBDUNE_SANDBOX_SWITCH_H

#include "../priv.h"

#define MSR_FS_BASE	0xc0000100

static inline void write_cr3(uint64_t cr3)
{
	asm volatile("mov %0, %%cr3" : : "r" (cr3) : "memory");
}

static inline uint64_t read_cr3(void)
{
	uint64_t cr3;

	asm volatile("mov %%cr3, %0" : "=r" (cr3));
	return cr3;
}

static inline bool has_fsgsbase(void)
{
	return dune_global.info.cr4 & CR4_FSGSBASE;
}

static inline uint64_t read_fs(void)
{
	uint64_t v;
	uint32_t a, d;

	if (has_fsgsbase()) {
		asm volatile("rdfsbase %0" : "=r" (v));
		return v;
	}
	asm volatile("rdmsr" : "=a" (a), "=d" (d) : "c" (MSR_FS_BASE));
	return a | (uint64_t)d << 32;
}

static inline void write_fs(uint64_t v)
{
	if (has_fsgsbase())
		asm volatile("wrfsbase %0" : : "r" (v) : "memory");
	else
		asm volatile("wrmsr" : : "c" (MSR_FS_BASE), "a" ((uint32_t)v),
			     "d" ((uint32_t)(v >> 32)) : "memory");
}

/*
 * Ring 3's GS base; returns what it was. Interrupts are off. Where ring 3 has no
 * instruction for it, it never changes.
 */
static inline uint64_t exchange_user_gs(uint64_t v)
{
	uint64_t old;

	if (!has_fsgsbase())
		return v;
	asm volatile("swapgs\n\t"
		     "rdgsbase %0\n\t"
		     "wrgsbase %1\n\t"
		     "swapgs" : "=&r" (old) : "r" (v) : "memory");
	return old;
}

static inline uint32_t read_pkru(void)
{
	uint32_t a = 0, d;

	if (dune_global.info.cr4 & CR4_PKE)
		asm volatile("rdpkru" : "=a" (a), "=d" (d) : "c" (0));
	return a;
}

static inline void write_pkru(uint32_t v)
{
	if (dune_global.info.cr4 & CR4_PKE)
		asm volatile("wrpkru" : : "a" (v), "c" (0), "d" (0) : "memory");
}

#endif /* _LIBDUNE_SANDBOX_SWITCH_H */
