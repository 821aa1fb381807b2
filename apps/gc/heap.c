/* SPDX-License-Identifier: MIT */
/*
 * heap.c - blocks, allocation, sweeping
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "heap.h"

#define NONE		UINT32_MAX
#define SWEEP_BATCH	32
#define ALIGNMENT	(2UL << 20)
#define MIN_TRIGGER	(2UL << 20)	/* bytes allocated between collections, at the least */

struct heap heap;

/* What several threads change: block kinds, lists, counts. Nobody rests while he holds it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const uint16_t class_size[NR_CLASSES] = {
	16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, MAX_SMALL };
static uint8_t class_of[MAX_SMALL / GRANULE + 1];

int heap_init(size_t size)
{
	unsigned int i, class = 0;

	heap.size = size;
	heap.nr_blocks = size / BLOCK_SIZE;
	heap.base = mmap(NULL, size + ALIGNMENT, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	heap.blocks = mmap(NULL, heap.nr_blocks * sizeof(struct block), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (heap.base == MAP_FAILED || heap.blocks == MAP_FAILED)
		return -ENOMEM;
	/* Blocks lie at multiples of their size. */
	heap.base = (char *)(((uintptr_t)heap.base + ALIGNMENT - 1) & -ALIGNMENT);
	/* Barriers tell pages apart, so pages should be small ones. */
	madvise(heap.base, size, MADV_NOHUGEPAGE);
	for (i = 0; i <= MAX_SMALL / GRANULE; i++) {
		if (i * GRANULE > class_size[class])
			class++;
		class_of[i] = class;
	}
	memset(heap.partial, 0xff, sizeof(heap.partial));
	heap.trigger = MIN_TRIGGER;
	return 0;
}

static uint32_t block_index(const struct block *b)
{
	return b - heap.blocks;
}

bool heap_find(uintptr_t p, struct object *o)
{
	size_t offset = p - (uintptr_t)heap.base;
	struct block *b;

	if (offset >= heap.used)
		return false;
	b = &heap.blocks[offset >> BLOCK_SHIFT];
	if (b->kind == BLOCK_LARGE_MORE)
		b = &heap.blocks[b->next];
	o->block = b;
	o->start = (uintptr_t)heap.base + ((size_t)block_index(b) << BLOCK_SHIFT);
	if (b->kind == BLOCK_SMALL) {
		o->index = (offset & (BLOCK_SIZE - 1)) * (uint64_t)b->inverse >> 32;
		o->start += o->index * b->size;
		o->size = b->size;
		return o->index < b->objects && bit_test(b->alloc, o->index);
	}
	o->index = 0;
	o->size = (size_t)b->size << BLOCK_SHIFT;
	return b->kind == BLOCK_LARGE;
}

/* The marker, without the lock, sees the rest of a block as its kind says. */
static void set_kind(struct block *b, enum block_kind kind)
{
	__atomic_store_n(&b->kind, kind, __ATOMIC_RELEASE);
}

/* ---- finding blocks; under the lock ---- */

/* @n free blocks in a row: among those used before, or above them. */
static struct block *find_free(uint32_t n)
{
	uint32_t i, run = 0;

	for (i = heap.first_free; heap.nr_free >= n && i < heap.nr_used; i++) {
		run = heap.blocks[i].kind == BLOCK_FREE ? run + 1 : 0;
		if (run == n) {
			heap.nr_free -= n;
			if (n == 1)
				heap.first_free = i + 1;
			return &heap.blocks[i - n + 1];
		}
	}
	if (heap.nr_used + n > heap.nr_blocks)
		return NULL;
	i = heap.nr_used;
	heap.nr_used += n;
	heap.used = (size_t)heap.nr_used << BLOCK_SHIFT;
	return &heap.blocks[i];
}

static void account(size_t bytes)
{
	heap.allocated += bytes;
	if (heap.allocated >= heap.trigger)
		collect_request();
}

static struct block *new_small(unsigned int class, bool pointer_free)
{
	struct block *b = find_free(1);

	if (!b)
		return NULL;
	memset(b->alloc, 0, sizeof(b->alloc));
	memset(b->mark, 0, sizeof(b->mark));
	b->epoch = heap.epoch;
	b->class = class;
	b->pointer_free = pointer_free;
	b->size = class_size[class];
	b->inverse = ((1ULL << 32) + b->size - 1) / b->size;
	b->objects = BLOCK_SIZE / b->size;
	set_kind(b, BLOCK_SMALL);
	return b;
}

static struct block *new_large(uint32_t n, bool pointer_free)
{
	struct block *b = find_free(n);
	uint32_t i;

	if (!b)
		return NULL;
	for (i = 1; i < n; i++) {
		b[i].next = block_index(b);
		set_kind(&b[i], BLOCK_LARGE_MORE);
	}
	b->epoch = heap.epoch;
	b->pointer_free = pointer_free;
	b->size = n;
	b->mark[0] = 0;
	set_kind(b, BLOCK_LARGE);
	return b;
}

/* ---- sweeping: what is not marked is free ---- */

static void free_blocks(struct block *b, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		set_kind(&b[i], BLOCK_FREE);
	heap.nr_free += n;
	if (block_index(b) < heap.first_free)
		heap.first_free = block_index(b);
}

static void sweep_small(struct block *b)
{
	uint64_t any = 0, all = ~0ULL;
	unsigned int i, words = (b->objects + 63) / 64;

	for (i = 0; i < words; i++) {
		uint64_t valid = i == words - 1 && b->objects % 64 ?
				 (1ULL << b->objects % 64) - 1 : ~0ULL;

		b->alloc[i] = b->mark[i];
		b->mark[i] = 0;
		any |= b->alloc[i];
		all &= b->alloc[i] | ~valid;
	}
	if (!any) {
		free_blocks(b, 1);
		return;
	}
	heap.live += BLOCK_SIZE;
	if (all != ~0ULL) {
		b->next = heap.partial[b->class][b->pointer_free];
		heap.partial[b->class][b->pointer_free] = block_index(b);
	}
}

/* The next block that has not been swept yet; false at the end. */
static bool sweep_one(void)
{
	struct block *b;

	if (heap.swept >= heap.nr_used)
		return false;
	b = &heap.blocks[heap.swept++];
	if (b->epoch == heap.epoch)
		return true;
	b->epoch = heap.epoch;
	if (b->kind == BLOCK_SMALL) {
		sweep_small(b);
	} else if (b->kind == BLOCK_LARGE) {
		if (b->mark[0])
			heap.live += (size_t)b->size << BLOCK_SHIFT;
		else
			free_blocks(b, b->size);
		b->mark[0] = 0;
	}
	return true;
}

/* The world is at rest, everything in use is marked. */
void heap_begin_sweep(void)
{
	heap.epoch++;
	heap.swept = 0;
	heap.live = 0;
	heap.allocated = 0;
	heap.trigger = heap.size;
	memset(heap.partial, 0xff, sizeof(heap.partial));
}

static void set_trigger(void)
{
	size_t room = heap.size - heap.live;

	heap.trigger = heap.live / 2 > MIN_TRIGGER ? heap.live / 2 : MIN_TRIGGER;
	if (heap.trigger > room / 2)
		heap.trigger = room / 2;
}

/* Some blocks; false once all are swept. */
bool heap_sweep_some(void)
{
	bool more = true;
	int i;

	pthread_mutex_lock(&lock);
	for (i = 0; more && i < SWEEP_BATCH; i++)
		more = sweep_one();
	if (!more)
		set_trigger();
	pthread_mutex_unlock(&lock);
	return more;
}

/* ---- allocation ---- */

void heap_forget_cursors(struct gc_thread *thread)
{
	memset(thread->cursor, 0, sizeof(thread->cursor));
}

static size_t room_in(const struct block *b)
{
	unsigned int i, used = 0;

	for (i = 0; i < (b->objects + 63) / 64; i++)
		used += __builtin_popcountll(b->alloc[i]);
	return (size_t)(b->objects - used) * b->size;
}

static struct block *take_block(unsigned int class, bool pointer_free)
{
	uint32_t *list = &heap.partial[class][pointer_free];
	struct block *b;

	pthread_mutex_lock(&lock);
	while (*list == NONE && sweep_one())
		;
	if (*list != NONE) {
		b = &heap.blocks[*list];
		*list = b->next;
	} else {
		b = new_small(class, pointer_free);
	}
	if (b)
		account(room_in(b));
	pthread_mutex_unlock(&lock);
	return b;
}

/* The next word of the cursor's block with room in it; false if there is none. */
static bool next_word(struct cursor *c)
{
	unsigned int words, last;

	if (!c->block)
		return false;
	words = (c->block->objects + 63) / 64;
	last = c->block->objects % 64;
	while (!c->free && c->word < words) {
		c->free = ~c->block->alloc[c->word];
		if (c->word == words - 1 && last)
			c->free &= (1ULL << last) - 1;
		c->word++;
	}
	return c->free;
}

static void *alloc_small(struct cursor *c, unsigned int class, bool pointer_free)
{
	struct block *b;
	unsigned int i;
	char *p;

	while (!c->free && !next_word(c)) {
		b = take_block(class, pointer_free);
		if (!b)
			return NULL;
		*c = (struct cursor){ .block = b };
	}
	b = c->block;
	i = (c->word - 1) * 64 + __builtin_ctzll(c->free);
	c->free &= c->free - 1;
	/*
	 * Not marked, even while others are: the marker gets to it, or the page that
	 * its first pointer is written to is dirty.
	 */
	__atomic_store_n(&b->alloc[i / 64], b->alloc[i / 64] | 1ULL << (i % 64),
			 __ATOMIC_RELEASE);
	p = heap.base + ((size_t)block_index(b) << BLOCK_SHIFT) + i * b->size;
	return memset(p, 0, b->size);
}

static void *alloc_large(size_t size, bool pointer_free)
{
	uint32_t n = (size + BLOCK_SIZE - 1) >> BLOCK_SHIFT;
	struct block *b;

	if (size > heap.size)
		return NULL;
	pthread_mutex_lock(&lock);
	b = new_large(n, pointer_free);
	while (!b && sweep_one())
		b = new_large(n, pointer_free);
	if (b)
		account((size_t)n << BLOCK_SHIFT);
	pthread_mutex_unlock(&lock);
	if (!b)
		return NULL;
	return memset(heap.base + ((size_t)block_index(b) << BLOCK_SHIFT), 0,
		      (size_t)n << BLOCK_SHIFT);
}

static void *alloc_once(size_t size, bool pointer_free)
{
	unsigned int class;

	if (size > MAX_SMALL)
		return alloc_large(size, pointer_free);
	class = class_of[(size + GRANULE - 1) / GRANULE];
	return alloc_small(&world_self()->cursor[class][pointer_free], class, pointer_free);
}

void *gc_alloc(size_t size, bool pointer_free)
{
	void *p;
	int tries;

	gc_safepoint();
	for (tries = 0; tries < 3; tries++) {
		p = alloc_once(size, pointer_free);
		if (p)
			return p;
		collect_wait();
	}
	return NULL;
}
