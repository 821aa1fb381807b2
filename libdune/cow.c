/* SPDX-License-Identifier: MIT */
/*
 * cow.c - the first write to a page that clones share
 */
#include "lock.h"
#include "pt.h"

bool dune_cow_used;

/* Of a thread's own root: the table that a leaf of 2 MiB takes, and the new page. */
struct copy {
	struct pt_edit	edit;
	void		*page;		/* not yet in use */
};

static bool is_waiting(uint64_t leaf)
{
	return (leaf & (PTE_COW | PTE_WANTS_W)) == (PTE_COW | PTE_WANTS_W);
}

static uint64_t writable(uint64_t leaf)
{
	return (leaf & ~(PTE_COW | PTE_WANTS_W)) | PTE_LEAF | DUNE_PTE_W;
}

/* The small leaf of @va, if it waits to be copied; under the lock. */
static uint64_t *find_waiting(struct copy *c, uint64_t va)
{
	struct pt_pos pos = pt_find(c->edit.root, va);

	if (!is_waiting(pt_read(pos.entry)))
		return NULL;
	return pt_descend(&c->edit, va, 1).entry;
}

static void copy_page(void *to, const void *from)
{
	/* In words: in bytes it would take eight times as long in some machines. */
	asm volatile("rep movsq" : "+D" (to), "+S" (from) : "c" (PAGE_SIZE / 8) : "memory");
}

/*
 * A page of this root's own in place of one that others have, too, and that nobody
 * can write to. Who reads by an older translation must not miss what is written to
 * the copy: all change to it before anybody can.
 */
static uint64_t move_to_copy(struct copy *c, uint64_t *entry, uint64_t va, uint64_t old)
{
	struct dune_root *root = c->edit.root;
	uint64_t new = (old & ~DUNE_PTE_ADDR) | dune_va_to_pa(c->page);

	copy_page(c->page, dune_pa_to_va(old & DUNE_PTE_ADDR));
	if (root->users != 1) {
		__atomic_store_n(entry, new, __ATOMIC_SEQ_CST);
		dune_flush(root, va, va + PAGE_SIZE);
	}
	c->page = NULL;
	pt_release(&c->edit, old, 1);
	return new;
}

enum step { NOTHING, WRITABLE, DONE, NO_PAGE };

static bool is_writable(struct dune_root *root, uint64_t va)
{
	const uint64_t want = DUNE_PTE_P | DUNE_PTE_W;

	return (pt_read(pt_find(root, va).entry) & want) == want;
}

/*
 * One look at the leaf, under the lock: where another thread was first, the next
 * clone may already make it wait again.
 */
static enum step step(struct copy *c, uint64_t va)
{
	uint64_t *entry = find_waiting(c, va), leaf;

	if (!entry)
		return is_writable(c->edit.root, va) ? WRITABLE : NOTHING;
	leaf = pt_read(entry);
	if (dune_pool_users_at(leaf & DUNE_PTE_ADDR) > 1) {
		if (!c->page)
			return NO_PAGE;
		leaf = move_to_copy(c, entry, va, leaf);
	}
	/* A and D of a page that cannot be written to say nothing new. */
	__atomic_store_n(entry, writable(leaf) | DUNE_PTE_A | DUNE_PTE_D, __ATOMIC_SEQ_CST);
	return DONE;
}

/* With a page in hand, if one is needed. */
static enum step take_page(struct copy *c, uint64_t va)
{
	struct dune_held held;
	enum step r;

	for (;;) {
		dune_lock(&c->edit.root->lock, &held);
		r = step(c, va);
		dune_unlock(&c->edit.root->lock, &held);
		if (r != NO_PAGE)
			return r;
		c->page = dune_pool_take(DUNE_SHIFT_4K, false);
		if (!c->page)
			return NOTHING;
	}
}

/* A write to @va: true if it waited for a copy, or no longer does, and may be made again. */
bool dune_cow_write(struct dune_root *root, uint64_t va)
{
	struct copy c = { .edit = { .root = root } };
	enum step r = NOTHING;

	va &= ~(PAGE_SIZE - 1);
	if (dune_tables_take(&c.edit, 1))
		r = take_page(&c, va);
	if (r == DONE)
		dune_flush(root, va, va + PAGE_SIZE);
	dune_tables_give_back(&c.edit);
	dune_pool_free(c.edit.released);
	if (c.page)
		dune_pool_put(c.page);
	return r == DONE || r == WRITABLE;
}
