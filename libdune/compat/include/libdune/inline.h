/* SPDX-License-Identifier: MIT */
/*
 * inline.h - the rest of the original's dune.h: what is inline
 */
#ifndef _DUNE_COMPAT_INLINE_H
#define _DUNE_COMPAT_INLINE_H

typedef dune_sighandler sighandler_t;

#ifndef assert
#define assert(expr) \
	((expr) ? (void)0 : dune_assert_failed(#expr, __FILE__, __LINE__, __func__))
#endif

#define CR3_NOFLUSH	(1UL << 63)
#define MAX_PAGES	((unsigned long)num_pages)

static inline unsigned long dune_get_ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a" (low), "=d" (high));
	return (unsigned long)high << 32 | low;
}

static inline int dune_init_and_enter(void)
{
	int ret = dune_init(true);

	return ret ? ret : dune_enter();
}

static inline struct page *dune_pa2page(physaddr_t pa)
{
	return &pages[PPN(pa)];
}

static inline physaddr_t dune_page2pa(struct page *pg)
{
	return (physaddr_t)(pg - pages) << PGSHIFT;
}

static inline uintptr_t dune_mmap_addr_to_pa(void *ptr)
{
	return dune_va_to_pa(ptr);
}

static inline uintptr_t dune_stack_addr_to_pa(void *ptr)
{
	return dune_va_to_pa(ptr);
}

/* This CPU's TLB. */
static inline void dune_flush_tlb_one(unsigned long addr)
{
	__asm__ volatile("invlpg (%0)" : : "r" (addr) : "memory");
}

static inline void dune_flush_tlb(void)
{
	unsigned long cr3;

	__asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r" (cr3) : : "memory");
}

/* A root, by the address of its top table; with CR3_NOFLUSH, keeping the TLB. */
static inline void load_cr3(unsigned long cr3)
{
	dune_load_root(cr3);
}

static inline unsigned long get_cr3(void)
{
	return (unsigned long)dune_get_root();
}

/* Of the PCID in use. */
static inline void __invpcid(int mode, unsigned long addr)
{
	unsigned long cr3;
	struct {
		uint64_t pcid, addr;
	} what;

	__asm__ volatile("mov %%cr3, %0" : "=r" (cr3));
	what.pcid = cr3 & 0xfff;
	what.addr = addr;
	__asm__ volatile("invpcid %0, %1" : : "m" (what), "r" ((uint64_t)mode) : "memory");
}

#endif /* _DUNE_COMPAT_INLINE_H */
