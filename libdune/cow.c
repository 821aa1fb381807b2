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
	uint64_t	of;		/* and what was copied into it */
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

/* Nobody else has the page, or it has been copied: it is this root's. */
static bool take_page(struct copy *c, uint64_t *entry)
{
	uint64_t old = pt_read(entry), pa = old & DUNE_PTE_ADDR, new = writable(old);

	if (dune_pool_users_at(pa) > 1) {
		if (c->of != pa)
			return false;
		new = (new & ~DUNE_PTE_ADDR) | dune_va_to_pa(c->page);
	}
	/* A and D of a page that cannot be written to say nothing new. */
	__atomic_store_n(entry, new | DUNE_PTE_A | DUNE_PTE_D, __ATOMIC_SEQ_CST);
	if ((new & DUNE_PTE_ADDR) != pa) {
		c->page = NULL;
		pt_release(&c->edit, old, 1);
	}
	return true;
}

static bool copy_page(struct copy *c, uint64_t pa)
{
	if (!c->page)
		c->page = dune_pool_take(DUNE_SHIFT_4K, false);
	if (!c->page)
		return false;
	/* In words: in bytes it would take eight times as long in some machines. */
	asm volatile("rep movsq" : : "D" (c->page), "S" (dune_pa_to_va(pa)), "c" (PAGE_SIZE / 8)
		     : "memory");
	c->of = pa;
	return true;
}

enum step { NOTHING, DONE, AGAIN };

/*
 * One look at the leaf. While the root is not locked the page can be copied: this
 * root's leaf keeps it from changing, as no sharer may write to it.
 */
static enum step step(struct copy *c, uint64_t va)
{
	struct dune_held held;
	uint64_t *entry, pa = 0;
	enum step r = NOTHING;

	dune_lock(&c->edit.root->lock, &held);
	entry = find_waiting(c, va);
	if (entry) {
		pa = pt_read(entry) & DUNE_PTE_ADDR;
		r = take_page(c, entry) ? DONE : AGAIN;
	}
	dune_unlock(&c->edit.root->lock, &held);
	if (r == AGAIN && !copy_page(c, pa))
		r = NOTHING;
	return r;
}

/* A write to @va: true if it waited for a copy, and may be made again. */
bool dune_cow_write(struct dune_root *root, uint64_t va)
{
	struct copy c = { .edit = { .root = root } };
	enum step r = NOTHING;

	if (dune_tables_take(&c.edit, 1)) {
		do {
			r = step(&c, va);
		} while (r == AGAIN);
	}
	va &= ~(PAGE_SIZE - 1);
	if (r == DONE)
		dune_flush(root, va, va + PAGE_SIZE);
	dune_tables_give_back(&c.edit);
	dune_pool_free(c.edit.released);
	if (c.page)
		dune_pool_put(c.page);
	return r == DONE;
}
