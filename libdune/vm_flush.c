/* SPDX-License-Identifier: MIT */
/*
 * vm_flush.c - make TLBs forget what a root no longer says
 *
 * A thread keeps translations of a root while it runs on it (@active counts such
 * threads) and, where the CPU has PCIDs, after it has left it (@away). The latter
 * are found stale when the thread comes back: each root has a stamp that no other
 * root ever had, a thread notes the one it left by, and comes back without a flush
 * only if it still stands.
 */
#include "lock.h"
#include "pt.h"

static uint64_t last_stamp;

uint64_t dune_stamp_new(void)
{
	return __atomic_add_fetch(&last_stamp, 1, __ATOMIC_RELAXED);
}

/*
 * A stamp of our own. The calling thread's TLB has nothing stale if it had nothing
 * until now: nobody else may have stamped the root since this thread noted it.
 */
static void stamp_root(struct dune_root *root, uint64_t stamp, bool here)
{
	uint64_t *noted = here ? dune_thread_note(dune_this_thread(), root) : NULL, old;

	old = noted ? *noted : 0;
	if (noted && __atomic_compare_exchange_n(&root->stamp, &old, stamp, false,
						 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		*noted = stamp;
	else
		__atomic_store_n(&root->stamp, stamp, __ATOMIC_SEQ_CST);
}

/*
 * The order matters: @away says so until the stamp is new, so that nobody else who
 * flushes takes the work for done; it is 0 then unless somebody has left since, or
 * flushes, too. The stamp comes before @active is read, since who comes counts
 * itself before it reads the stamp.
 */
static void flush_elsewhere(struct dune_root *root, uint32_t here)
{
	uint64_t stamp = dune_stamp_new();
	uint32_t mine = (uint32_t)stamp | AWAY_FLUSHING;

	__atomic_store_n(&root->away, mine, __ATOMIC_SEQ_CST);
	stamp_root(root, stamp, here);
	__atomic_compare_exchange_n(&root->away, &mine, 0, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_RELAXED);
	if (__atomic_load_n(&root->active, __ATOMIC_SEQ_CST) > here)
		dune_vm_flush();
}

/* No thread goes on using what @root has said of the range. */
void dune_flush(struct dune_root *root, uint64_t start, uint64_t end)
{
	uint32_t here = 0;

	if (dune_inside() && dune_this_thread()->root == root) {
		here = 1;
		dune_flush_here(start, end);
	}
	/* After the change: a locked operation made it, or this orders it. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (root->active > here || root->away)
		flush_elsewhere(root, here);
}

DUNE_API int dune_vm_flush(void)
{
	if (dune_global.fd <= 0)
		return FAIL(-EINVAL);
	return sys(__NR_ioctl, dune_global.fd, DUNE_FLUSH_TLB, 0);
}

DUNE_API int dune_vm_flush_range(struct dune_root *root, uintptr_t va, size_t len)
{
	if (!dune_vm_good_range(root, va, len, 1))
		return FAIL(-EINVAL);
	dune_flush(root, va & ~(PAGE_SIZE - 1), va + len);
	return 0;
}
