/* SPDX-License-Identifier: MIT */
/*
 * vm_root.c - roots: made, copied, freed, and switched to
 */
#include "lock.h"
#include "pt.h"

/* All roots; the mirror root is the first and stays. */
static uint32_t roots_lock;		/* goes before the lock of a root */
static uint32_t last_id;

void dune_roots_lock(struct dune_held *held)
{
	dune_lock(&roots_lock, held);
}

void dune_roots_unlock(const struct dune_held *held)
{
	dune_unlock(&roots_lock, held);
}

/*
 * The block's leaf wherever the program has put nothing else in @root. Where the CPU
 * has no leaves of 1 GiB, 512 smaller ones.
 */
static int add_leaf(struct dune_root *root, uint32_t block, uint64_t leaf)
{
	struct pt_edit edit = { .root = root };
	struct pt_pos pos = { &root->low[block], 3 };
	bool small = !pt_has_1g();

	if (small && !dune_tables_take(&edit, 1))
		return -ENOMEM;
	dune_lock_nested(&root->lock);
	if (small && !pt_read(pos.entry))
		pt_split(&edit, pos);
	pt_fill(&edit, pos.entry, pos.level, leaf);
	dune_unlock_nested(&root->lock);
	dune_tables_give_back(&edit);
	return 0;
}

/*
 * A block that has come into use: in the mirror root and its clones. A clone that no
 * table is left for lacks it, as if it were not mapped there.
 */
int dune_roots_add_block(uint32_t block)
{
	uint64_t leaf = dune_block_leaf(block);
	struct dune_root *root;
	struct dune_held held;
	int r;

	dune_lock(&roots_lock, &held);
	r = add_leaf(&dune_mirror, block, leaf);
	for (root = dune_mirror.next; !r && root; root = root->next)
		if (root->follows)
			add_leaf(root, block, root->is_ring0s ? leaf & ~DUNE_PTE_U : leaf);
	dune_unlock(&roots_lock, &held);
	return r;
}

/*
 * As the mirror root has it, but never ring 3's. Without a table the root lacks the
 * block. dune_vm_switch() looks.
 */
static void share(struct dune_root *root, uint32_t block)
{
	add_leaf(root, block, dune_block_leaf(block) & ~DUNE_PTE_U);
}

void dune_roots_share(uint32_t block)
{
	struct dune_held held;
	struct dune_root *root;

	if (__atomic_load_n(&dune_blocks[block], __ATOMIC_RELAXED) & BLOCK_SHARED)
		return;
	dune_lock(&roots_lock, &held);
	__atomic_fetch_or(&dune_blocks[block], BLOCK_SHARED, __ATOMIC_RELAXED);
	for (root = dune_mirror.next; root; root = root->next)
		share(root, block);
	dune_unlock(&roots_lock, &held);
}

/* Leaves to guest-physical memory that goes to somebody else. */
static void forget(uint64_t *table, unsigned int n, unsigned int level, uint64_t pa, uint64_t size)
{
	uint64_t entry;
	unsigned int i;

	for (i = 0; i < n; i++) {
		entry = pt_read(&table[i]);
		if (pt_is_table(entry, level))
			forget(pt_table(entry), 512, level - 1, pa, size);
		else if (entry && (entry & DUNE_PTE_ADDR) - pa < size)
			__atomic_store_n(&table[i], 0, __ATOMIC_RELAXED);
	}
}

/* The caller has all TLBs flushed. */
void dune_roots_forget(uint64_t pa, uint64_t size)
{
	struct dune_root *root;
	struct dune_held held;
	unsigned int i;

	dune_lock(&roots_lock, &held);
	for (root = &dune_mirror; root; root = root->next) {
		dune_lock_nested(&root->lock);
		for (i = 0; i < NR_BLOCKS / 512; i++)
			if (root->top[i])
				forget(&root->low[i * 512], 512, 3, pa, size);
		dune_unlock_nested(&root->lock);
	}
	dune_unlock(&roots_lock, &held);
}

/* Whoever changes two roots locks them in another order than that of the list. */
static bool lock_all(void)
{
	struct dune_root *root, *locked;

	for (root = &dune_mirror; root; root = root->next) {
		if (dune_try_lock(&root->lock))
			continue;
		for (locked = &dune_mirror; locked != root; locked = locked->next)
			dune_unlock_nested(&locked->lock);
		return false;
	}
	return true;
}

/* Around a fork: see root.c. */
void dune_roots_freeze(void)
{
	dune_lock_wait(&roots_lock);
	while (!lock_all())
		sys(__NR_sched_yield);
}

void dune_roots_thaw(void)
{
	struct dune_root *root;

	for (root = &dune_mirror; root; root = root->next)
		dune_unlock_nested(&root->lock);
	dune_unlock_nested(&roots_lock);
}

/* In the child of a fork: no thread is in Dune mode yet. */
void dune_roots_forked(void)
{
	struct dune_root *root;

	roots_lock = 0;
	for (root = &dune_mirror; root; root = root->next) {
		root->lock = 0;
		root->active = 0;
		root->away = 0;
	}
}

static void share_all(struct dune_root *root)
{
	uint32_t i, block;

	for (i = 0; i < dune_slots_end; i++) {
		block = dune_slot_blocks[i] - 1;
		if (dune_slot_blocks[i] && (dune_blocks[block] & BLOCK_SHARED))
			share(root, block);
	}
}

/* Under the lock of the roots. */
void dune_root_publish(struct dune_root *root)
{
	root->id = ++last_id;
	root->stamp = dune_stamp_new();
	share_all(root);
	root->next = dune_mirror.next;
	__atomic_store_n(&dune_mirror.next, root, __ATOMIC_RELEASE);
}

static bool remove_root(struct dune_root *root)
{
	struct dune_held held;
	struct dune_root *at;
	bool idle;

	dune_lock(&roots_lock, &held);
	for (at = &dune_mirror; at && at->next != root; at = at->next)
		;
	idle = at && !__atomic_load_n(&root->active, __ATOMIC_SEQ_CST);
	if (idle)
		__atomic_store_n(&at->next, root->next, __ATOMIC_RELAXED);
	dune_unlock(&roots_lock, &held);
	return idle;
}

/* Not yet one of the roots. */
struct dune_root *dune_root_alloc(int *r)
{
	struct dune_root *root;

	*r = -EINVAL;
	if (!dune_global.ready)
		return NULL;
	*r = -ENOMEM;
	root = dune_map(sizeof(*root));
	if (!root)
		return NULL;
	*r = dune_root_add_range(root, sizeof(*root));
	if (*r) {
		dune_unmap(root, sizeof(*root));
		return NULL;
	}
	root->cr3 = dune_va_to_pa(root);
	return root;
}

DUNE_API int dune_root_new(struct dune_root **root)
{
	int r;
	struct dune_root *new = dune_root_alloc(&r);
	struct dune_held held;

	if (r)
		return FAIL(r);
	dune_roots_lock(&held);
	dune_root_publish(new);
	dune_roots_unlock(&held);
	*root = new;
	return 0;
}

DUNE_API int dune_root_free(struct dune_root *root)
{
	struct pt_edit edit = { .root = root };

	if (!root || root == &dune_mirror)
		return FAIL(-EINVAL);
	if (!remove_root(root))
		return FAIL(-EBUSY);
	pt_clear(&edit, 0, 1UL << VA_BITS);
	dune_tables_give_back(&edit);
	dune_pool_free(edit.released);
	dune_unmap(root, sizeof(*root));
	return 0;
}

DUNE_API void dune_vm_stats(struct dune_vm_stats *stats)
{
	stats->tables = dune_tables_in_use();
	stats->pool_pages = dune_pool_in_use();
}

DUNE_API struct dune_root *dune_vm_mirror(void)
{
	return &dune_mirror;
}

DUNE_API struct dune_root *dune_vm_current(void)
{
	return dune_inside() ? dune_this_thread()->root : &dune_mirror;
}

static bool has_pcids(void)
{
	return dune_global.info.cr4 & CR4_PCIDE;
}

static uint64_t pcid_of(const struct dune_root *root)
{
	return root->id % NR_PCIDS;
}

/* The stamp by which the thread's TLB has nothing of @root that is not so. */
uint64_t *dune_thread_note(struct dune_thread *t, const struct dune_root *root)
{
	return &t->stamp[pcid_of(root)];
}

/* The CPU may have noted what @root said when this vcpu was on it last. */
static bool tlb_is_stale(struct dune_thread *t, const struct dune_root *root, uint64_t stamp)
{
	return t->tlb_used && (*dune_thread_note(t, root) != stamp ||
			       (!has_pcids() && t->tlb_root != root->id));
}

static void leave(struct dune_root *root)
{
	__atomic_store_n(&root->away, AWAY_LEFT, __ATOMIC_SEQ_CST);
}

/*
 * Before a thread begins to run on @root; NULL: it has ended. It counts itself
 * before it looks at the stamp: see flush_elsewhere().
 */
void dune_thread_root(struct dune_thread *t, struct dune_root *root)
{
	uint64_t stamp;

	if (t->root) {
		t->tlb_root = t->root->id;
		leave(t->root);
		__atomic_fetch_sub(&t->root->active, 1, __ATOMIC_SEQ_CST);
	}
	t->root = root;
	if (!root)
		return;
	__atomic_fetch_add(&root->active, 1, __ATOMIC_SEQ_CST);
	stamp = __atomic_load_n(&root->stamp, __ATOMIC_SEQ_CST);
	if (tlb_is_stale(t, root, stamp))
		dune_vm_flush();
	*dune_thread_note(t, root) = stamp;
	t->tlb_used = true;
}

/* Whether no thread but the caller is in Dune mode; where there are roots, not known. */
bool dune_is_alone(void)
{
	return __atomic_load_n(&dune_mirror.active, __ATOMIC_SEQ_CST) == 1 && !dune_mirror.next;
}

/* What must be there for the thread to go on at all. */
static bool can_run_on(struct dune_root *root, const struct dune_thread *t)
{
	const uint64_t want = DUNE_PTE_P | DUNE_PTE_W;
	uintptr_t stack = (uintptr_t)__builtin_frame_address(0);

	if (dune_cow_used)
		dune_cow_write(root, stack);
	return (pt_read(dune_vm_lookup(root, stack).pte) & want) == want &&
	       (pt_read(dune_vm_lookup(root, (uintptr_t)t).pte) & want) == want &&
	       (pt_read(dune_vm_lookup(root, (uintptr_t)dune_vm_switch).pte) & DUNE_PTE_P);
}

static uint64_t cr3_for(struct dune_thread *t, struct dune_root *old, struct dune_root *new)
{
	uint64_t pcid = pcid_of(new), stamp = __atomic_load_n(&new->stamp, __ATOMIC_SEQ_CST);

	if (!has_pcids())
		return new->cr3;
	leave(old);
	if (t->stamp[pcid] == stamp)
		return new->cr3 | pcid | CR3_NO_FLUSH;
	t->stamp[pcid] = stamp;
	return new->cr3 | pcid;
}

DUNE_API int dune_vm_switch(struct dune_root *root)
{
	struct dune_thread *t;
	struct dune_root *old;
	uint64_t flags;

	if (!root || !dune_inside())
		return FAIL(-EINVAL);
	t = dune_this_thread();
	if (!can_run_on(root, t))
		return FAIL(-EFAULT);
	flags = dune_irq_off();
	old = t->root;
	if (root != old) {
		__atomic_fetch_add(&root->active, 1, __ATOMIC_SEQ_CST);
		t->root = root;
		asm volatile("mov %0, %%cr3" : : "r" (cr3_for(t, old, root)) : "memory");
		__atomic_fetch_sub(&old->active, 1, __ATOMIC_SEQ_CST);
	}
	dune_irq_restore(flags);
	return 0;
}
