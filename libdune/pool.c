/* SPDX-License-Identifier: MIT */
/*
 * pool.c - counted pages for guest page tables to map
 *
 * Memory comes in chunks of 64 MiB, cut into regions of 2 MiB, and those into
 * pages. The first region of a chunk says of each page how many users it has. A
 * region of which nothing is in use goes back to Linux.
 */
#include <linux/mman.h>

#include "lock.h"
#include "pt.h"

#define CHUNK		(64UL << 20)
#define REGION		(2UL << 20)
#define NR_REGIONS	(CHUNK / REGION)
#define NR_PAGES	(CHUNK / PAGE_SIZE)
#define REGION_PAGES	512U
#define REGION_WORDS	(REGION_PAGES / 64)

struct region {
	uint64_t	busy[REGION_WORDS];	/* a bit for each page */
	uint64_t	used[REGION_WORDS];	/* not zero any more */
	uint32_t	nr_busy;
};

struct chunk {
	struct chunk	*next;
	struct region	region[NR_REGIONS];
	uint32_t	users[NR_PAGES];
	void		*link[NR_PAGES];	/* of a list of pages nobody uses */
};

_Static_assert(sizeof(struct chunk) <= REGION, "a chunk begins with one region");

static struct chunk *chunks;		/* never shrinks; the newest first */
static uint32_t lock;
static uint64_t nr_in_use;

static struct chunk *chunk_of(const void *p)
{
	return (struct chunk *)((uintptr_t)p & ~(CHUNK - 1));
}

static unsigned int in_chunk(const void *p)
{
	return ((uintptr_t)p & (CHUNK - 1)) / PAGE_SIZE;
}

static uint32_t *users_of(const void *p)
{
	return &chunk_of(p)->users[in_chunk(p)];
}

static struct region *region_of(const void *p)
{
	return &chunk_of(p)->region[((uintptr_t)p & (CHUNK - 1)) / REGION];
}

static unsigned int page_of(const void *p)
{
	return ((uintptr_t)p & (REGION - 1)) / PAGE_SIZE;
}

static bool is_ours(const void *p)
{
	const struct chunk *c = __atomic_load_n(&chunks, __ATOMIC_ACQUIRE);

	for (; c; c = c->next)
		if (c == chunk_of(p))
			return ((uintptr_t)p & (CHUNK - 1)) >= REGION;
	return false;
}

static bool add_chunk(void)
{
	struct chunk *c = dune_map_aligned(CHUNK);
	struct dune_held held;

	if (!c)
		return false;
	if (dune_root_add_range(c, CHUNK)) {
		dune_unmap(c, CHUNK);
		return false;
	}
	dune_lock(&lock, &held);
	c->next = chunks;
	__atomic_store_n(&chunks, c, __ATOMIC_RELEASE);
	dune_unlock(&lock, &held);
	return true;
}

/* A page of a region that is not full. */
static void *take_page(struct region *r, char *start)
{
	unsigned int w, bit;

	for (w = 0; !~r->busy[w]; w++)
		;
	bit = __builtin_ctzll(~r->busy[w]);
	r->busy[w] |= 1ULL << bit;
	r->nr_busy++;
	return start + (w * 64 + bit) * PAGE_SIZE;
}

static void *take_region(struct region *r, char *start)
{
	unsigned int w;

	for (w = 0; w < REGION_WORDS; w++)
		r->busy[w] = ~0ULL;
	r->nr_busy = REGION_PAGES;
	return start;
}

static void *take(bool whole)
{
	struct chunk *c;
	struct region *r;
	unsigned int i;

	for (c = chunks; c; c = c->next) {
		for (i = 1; i < NR_REGIONS; i++) {
			r = &c->region[i];
			if (r->nr_busy < REGION_PAGES && (!whole || !r->nr_busy))
				return (whole ? take_region : take_page)(r, (char *)c + i * REGION);
		}
	}
	return NULL;
}

/* Whether something was there before; from now on it was. */
static bool make_used(void *p)
{
	uint64_t *word = &region_of(p)->used[page_of(p) / 64], bit = 1ULL << page_of(p) % 64;
	bool was = *word & bit;

	*word |= bit;
	return was;
}

static bool prepare(char *p, size_t size)
{
	bool used = false;
	char *at;

	for (at = p; at < p + size; at += PAGE_SIZE) {
		*users_of(at) = 1;
		used |= make_used(at);
	}
	nr_in_use += size / PAGE_SIZE;
	return used;
}

/*
 * A page, or the 512 of a region, with one user each. @zero: or else whatever
 * was there. NULL: no memory.
 */
void *dune_pool_take(unsigned int shift, bool zero)
{
	size_t size = 1UL << shift;
	struct dune_held held;
	bool used = false;
	void *p;

	do {
		dune_lock(&lock, &held);
		p = take(shift == DUNE_SHIFT_2M);
		if (p)
			used = prepare(p, size);
		dune_unlock(&lock, &held);
	} while (!p && add_chunk());
	if (p && zero && used)
		__builtin_memset(p, 0, size);
	return p;
}

/* False: nobody uses the page. */
static bool count_page(void *p)
{
	uint32_t *users = users_of(p), old = __atomic_load_n(users, __ATOMIC_RELAXED);

	while (old && !__atomic_compare_exchange_n(users, &old, old + 1, false, __ATOMIC_RELAXED,
						   __ATOMIC_RELAXED))
		;
	return old;
}

/* One more user, of each page; or false: not all are pages of the pool in use. */
bool dune_pool_count(uint64_t pa, unsigned int shift)
{
	char *start = dune_pa_to_va(pa), *end = start + (1UL << shift), *p;
	void *released = NULL;

	if (!is_ours(start) || !is_ours(end - 1))
		return false;
	for (p = start; p < end && count_page(p); p += PAGE_SIZE)
		;
	if (p < end)
		dune_pool_drop(pa, p - start, &released);
	return p == end;
}

unsigned int dune_pool_users_at(uint64_t pa)
{
	return __atomic_load_n(users_of(dune_pa_to_va(pa)), __ATOMIC_ACQUIRE);
}

/* Lists of pages, linked from beside them. */
void dune_pool_push(void **list, void *p)
{
	chunk_of(p)->link[in_chunk(p)] = *list;
	*list = p;
}

void *dune_pool_pop(void **list)
{
	void *p = *list;

	*list = chunk_of(p)->link[in_chunk(p)];
	return p;
}

/*
 * One less. Pages that have none any more go to the list @released: nobody maps
 * them, but TLBs may still lead there.
 */
void dune_pool_drop(uint64_t pa, size_t size, void **released)
{
	char *p = dune_pa_to_va(pa), *end = p + size;

	for (; p < end; p += PAGE_SIZE) {
		if (__atomic_sub_fetch(users_of(p), 1, __ATOMIC_ACQ_REL))
			continue;
		dune_pool_push(released, p);
	}
}

/* Under the lock. Whether @p's region is of no use to anybody now. */
static bool free_page(void *p)
{
	struct region *r = region_of(p);
	unsigned int w;

	r->busy[page_of(p) / 64] &= ~(1ULL << page_of(p) % 64);
	nr_in_use--;
	if (--r->nr_busy)
		return false;
	/* Held until its memory is gone. */
	r->nr_busy = REGION_PAGES;
	for (w = 0; w < REGION_WORDS; w++)
		r->used[w] = 0;
	return true;
}

static void empty_region(void *p)
{
	struct region *r = region_of(p);
	struct dune_held held;

	sys(__NR_madvise, (uintptr_t)p & ~(REGION - 1), REGION, MADV_DONTNEED);
	dune_lock(&lock, &held);
	r->nr_busy = 0;
	dune_unlock(&lock, &held);
}

/* The pages of a list, after the flush. */
void dune_pool_free(void *released)
{
	struct dune_held held;
	bool empty;
	void *p;

	while ((p = released)) {
		dune_pool_pop(&released);
		dune_lock(&lock, &held);
		empty = free_page(p);
		dune_unlock(&lock, &held);
		if (empty)
			empty_region(p);
	}
}

/* Pages taken and not used after all; each of @size. */
void dune_pool_unuse(void *list, size_t size)
{
	void *released = NULL;

	while (list)
		dune_pool_drop(dune_va_to_pa(dune_pool_pop(&list)), size, &released);
	dune_pool_free(released);
}

/* Around a fork: see root.c. */
void dune_pool_freeze(void)
{
	dune_lock_wait(&lock);
}

void dune_pool_thaw(void)
{
	dune_unlock_nested(&lock);
}

/* What has a user is busy: no thread is here that would free the rest, or had begun to. */
static void count_region(struct region *r, const uint32_t *users)
{
	bool was_busy = r->nr_busy;
	unsigned int i;

	r->nr_busy = 0;
	__builtin_memset(r->busy, 0, sizeof(r->busy));
	for (i = 0; i < REGION_PAGES; i++) {
		if (!users[i])
			continue;
		r->busy[i / 64] |= 1ULL << i % 64;
		r->nr_busy++;
	}
	nr_in_use += r->nr_busy;
	/* Its memory may not have gone to Linux yet. */
	if (was_busy && !r->nr_busy)
		__builtin_memset(r->used, 0xff, sizeof(r->used));
}

/* In the child of a fork. */
void dune_pool_forked(void)
{
	struct chunk *c;
	unsigned int i;

	lock = 0;
	nr_in_use = 0;
	for (c = chunks; c; c = c->next)
		for (i = 1; i < NR_REGIONS; i++)
			count_region(&c->region[i], &c->users[i * REGION_PAGES]);
}

uint64_t dune_pool_in_use(void)
{
	return nr_in_use;
}

DUNE_API void *dune_pool_get(void)
{
	return dune_global.ready ? dune_pool_take(DUNE_SHIFT_4K, true) : NULL;
}

DUNE_API void dune_pool_hold(void *page)
{
	if (is_ours(page))
		count_page(page);
}

DUNE_API void dune_pool_put(void *page)
{
	void *released = NULL;

	if (!dune_pool_users(page))
		return;
	dune_pool_drop(dune_va_to_pa(page), PAGE_SIZE, &released);
	dune_pool_free(released);
}

DUNE_API unsigned int dune_pool_users(const void *page)
{
	return is_ours(page) ? __atomic_load_n(users_of(page), __ATOMIC_RELAXED) : 0;
}
