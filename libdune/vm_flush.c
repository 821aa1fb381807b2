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
 * The order matters: @away before the stamp, since who leaves with the new stamp
 * sets it again; the stamp before @active is read, since who comes counts itself
 * before it reads the stamp.
 */
static void flush_elsewhere(struct dune_root *root, uint32_t here)
{
	__atomic_store_n(&root->away, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&root->stamp, dune_stamp_new(), __ATOMIC_SEQ_CST);
	if (here)
		dune_thread_note(dune_this_thread(), root);
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
