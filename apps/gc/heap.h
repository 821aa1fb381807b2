/* SPDX-License-Identifier: MIT */
/*
 * heap.h - what the collector's files share
 *
 * The heap is one range, cut into blocks of 16 KiB. A block holds objects of one
 * size, or a large object begins or goes on in it. All that is known of a block
 * is kept outside the heap, so that the collector itself writes no page of it.
 */
#ifndef _APPS_GC_HEAP_H
#define _APPS_GC_HEAP_H

#include "barrier.h"
#include "gc.h"

#define BLOCK_SHIFT	14
#define BLOCK_SIZE	(1UL << BLOCK_SHIFT)
#define GRANULE		16
#define BITMAP_WORDS	(BLOCK_SIZE / GRANULE / 64)
#define NR_CLASSES	13
#define MAX_SMALL	2048

enum block_kind { BLOCK_FREE, BLOCK_SMALL, BLOCK_LARGE, BLOCK_LARGE_MORE };

struct block {
	uint8_t		kind;
	bool		pointer_free;
	uint8_t		class;
	uint32_t	epoch;		/* of the sweep that it went through, or was made after */
	uint32_t	size;		/* of an object; of a large one in blocks */
	uint32_t	inverse;	/* 2^32 / size */
	uint32_t	objects;
	uint32_t	next;		/* in a list; of BLOCK_LARGE_MORE: where it begins */
	uint64_t	alloc[BITMAP_WORDS], mark[BITMAP_WORDS];
};

/* What a thread allocates from: a word of the bitmap at a time. */
struct cursor {
	struct block	*block;
	uint64_t	free;
	unsigned int	word;
};

struct gc_thread {
	bool		used;
	void		*sp, *stack_top;	/* sp while it is at rest */
	struct cursor	cursor[NR_CLASSES][2];
};

struct heap {
	char		*base;
	size_t		size, used;	/* bytes; used: ever, from the bottom up */
	struct block	*blocks;
	uint32_t	nr_blocks, nr_used, nr_free;	/* free: among those used */
	uint32_t	first_free;			/* none below */
	uint32_t	epoch, swept;
	uint32_t	partial[NR_CLASSES][2];		/* lists of blocks with room */
	size_t		live, allocated, trigger;	/* bytes, in whole blocks */
};

extern struct heap heap;

/* An object that a word may point to. */
struct object {
	struct block	*block;
	unsigned int	index;
	uintptr_t	start;
	size_t		size;
};

static inline bool bit_test(const uint64_t *map, unsigned int i)
{
	return __atomic_load_n(&map[i / 64], __ATOMIC_RELAXED) >> (i % 64) & 1;
}

/* Whether it was clear. */
static inline bool bit_set(uint64_t *map, unsigned int i)
{
	uint64_t bit = 1ULL << (i % 64);

	return !(__atomic_fetch_or(&map[i / 64], bit, __ATOMIC_RELAXED) & bit);
}

/* heap.c */
int heap_init(size_t size);
bool heap_find(uintptr_t p, struct object *object);
void heap_begin_sweep(void);
bool heap_sweep_some(void);
void heap_forget_cursors(struct gc_thread *thread);

/* mark.c */
int mark_init(void);
void mark_roots(void);
void mark(uint8_t *dirty, size_t used);

/* verify.c */
int verify_init(void);
unsigned long verify_heap(void);

/* world.c */
struct gc_thread *world_self(void);
void world_stop(void);
void world_start(void);
void world_each_thread(void (*fn)(struct gc_thread *thread));
void world_each_root(void (*fn)(const uintptr_t *from, const uintptr_t *to));

/* collect.c */
void collect_request(void);
void collect_wait(void);

#endif /* _APPS_GC_HEAP_H */
