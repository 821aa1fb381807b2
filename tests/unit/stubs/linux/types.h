/* SPDX-License-Identifier: MIT */
/* types.h - as much of the kernel as its pure parts need, in user space */
#ifndef _STUB_TYPES_H
#define _STUB_TYPES_H

#include_next <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define READ_ONCE(x)		(*(volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))
#undef __always_inline	/* glibc has its own */
#define __always_inline	inline __attribute__((always_inline))
#define likely(x)		(x)
#define unlikely(x)		(x)

/* Allocation, which a test may let fail. */
#define GFP_KERNEL_ACCOUNT	0
extern int stub_allocations_left;	/* -1: no end */

static inline void *stub_alloc(size_t n, size_t size)
{
	if (!stub_allocations_left)
		return NULL;
	if (stub_allocations_left > 0)
		stub_allocations_left--;
	return calloc(n, size);
}

#define kzalloc(size, gfp)	stub_alloc(1, size)
#define kvcalloc(n, size, gfp)	stub_alloc(n, size)
#define kfree(p)		free(p)
#define kvfree(p)		free(p)

/*
 * Pages: physical and virtual addresses are the same here, and what the kernel
 * keeps in struct page stands behind the page.
 */
struct page {
	unsigned long private;
};

extern long stub_pages;			/* how many there are */

#define virt_to_page(p)		((struct page *)((char *)(p) + 4096))
#define page_private(page)	((page)->private)
#define set_page_private(page, v) ((page)->private = (v))
#define NR_SECONDARY_PAGETABLE	0
#define mod_lruvec_page_state(page, item, n) (stub_pages += (n))

#define __va(p)			((void *)(uintptr_t)(p))
#define __pa(p)			((u64)(uintptr_t)(p))

static inline unsigned long get_zeroed_page(int gfp)
{
	void *p;

	if (!stub_allocations_left)
		return 0;
	if (stub_allocations_left > 0)
		stub_allocations_left--;
	p = aligned_alloc(4096, 8192);
	return (unsigned long)__builtin_memset(p, 0, 8192);
}

#define free_page(p)		free((void *)(p))

static inline void clear_bit(int bit, unsigned long *p)
{
	__atomic_fetch_and(p, ~(1UL << bit), __ATOMIC_SEQ_CST);
}

#endif /* _STUB_TYPES_H */
