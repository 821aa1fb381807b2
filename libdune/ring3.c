/* SPDX-License-Identifier: MIT */
/*
 * ring3.c - ring 3 in a root and with an FS base of its own
 *
 * Ring 0's root need not be fit for ring 3, nor ring 3's for ring 0: pages that
 * are ring 3's there ring 0 may neither execute (SMEP) nor read (SMAP). So every
 * entry from ring 3 goes on in the root and with the FS base that
 * dune_ring3_enter_root() was called with, before any handler runs, and back in
 * ring 3's. Between the change and the instruction that enters ring 3 interrupts
 * are off: what libdune itself has there is mapped in both.
 */
#include "pt.h"

#define MSR_FS_BASE		0xc0000100
#define MSR_KERNEL_GS_BASE	0xc0000102
#define BLOCK			(1UL << 30)
#define STACK_NEEDED		(16 * PAGE_SIZE)

enum { HERE, FS_SAVED, THERE };		/* how much of ring 3's is loaded */

static uint64_t read_msr(uint32_t msr)
{
	uint32_t a, d;

	asm volatile("rdmsr" : "=a" (a), "=d" (d) : "c" (msr));
	return a | (uint64_t)d << 32;
}

static void write_msr(uint32_t msr, uint64_t v)
{
	asm volatile("wrmsr" : : "c" (msr), "a" ((uint32_t)v), "d" ((uint32_t)(v >> 32)));
}

static uint64_t read_fs(void)
{
	uint64_t base;

	if (!(dune_global.info.cr4 & CR4_FSGSBASE))
		return read_msr(MSR_FS_BASE);
	asm volatile("rdfsbase %0" : "=r" (base));
	return base;
}

static void write_fs(uint64_t base)
{
	if (dune_global.info.cr4 & CR4_FSGSBASE)
		asm volatile("wrfsbase %0" : : "r" (base) : "memory");
	else
		write_msr(MSR_FS_BASE, base);
}

static uint32_t read_pkru(void)
{
	uint32_t pkru = 0, d;

	if (dune_global.info.cr4 & CR4_PKE)
		asm volatile("rdpkru" : "=a" (pkru), "=d" (d) : "c" (0));
	return pkru;
}

static void write_pkru(uint32_t pkru)
{
	if (dune_global.info.cr4 & CR4_PKE)
		asm volatile("wrpkru" : : "a" (pkru), "c" (0), "d" (0) : "memory");
}

/* The other side's code on this side's root: nothing goes on. */
static void change_root(struct dune_root *root)
{
	if (!dune_vm_switch(root))
		return;
	dune_log("dune: ring 3's root, or its handlers', no longer maps the thread's stack "
		 "and libdune: leave these pages as dune_ring3_enter_root() found them");
	for (;;)
		dune_raise_fatal(11, 2 /* SEGV_ACCERR */, (uintptr_t)__builtin_frame_address(0));
}

/*
 * At CPL 0, from ring 3. A signal may come first and do the same in between: any
 * part of it may be done twice.
 */
void dune_ring3_arrive(struct dune_thread *t)
{
	struct dune_ring3 *r = &t->ring3;

	if (r->there == THERE) {
		r->fs = read_fs();
		__atomic_store_n(&r->there, FS_SAVED, __ATOMIC_RELEASE);
	}
	write_fs(r->ring0_fs);
	change_root(r->ring0_root);
	__atomic_store_n(&r->there, HERE, __ATOMIC_RELEASE);
}

/* The last before ring 3. Interrupts stay off. */
void dune_ring3_depart(void)
{
	struct dune_ring3 *r;

	asm volatile("cli" : : : "memory");
	r = &dune_this_thread()->ring3;
	change_root(r->root);
	write_fs(r->fs);
	r->there = THERE;
}

static int map_block(struct dune_root *root, uintptr_t va)
{
	uintptr_t block = va & ~(BLOCK - 1);
	int r = dune_vm_map_phys(root, block, BLOCK, dune_va_to_pa((void *)block),
				 DUNE_PTE_P | DUNE_PTE_W, 0);

	return r == -EEXIST ? 0 : r;
}

/* Ring 0 can write there, ring 3 cannot. */
static bool is_ring0s(uint64_t leaf)
{
	return (leaf & (DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_U)) == (DUNE_PTE_P | DUNE_PTE_W);
}

/* How far that is so from @va on; at most to the end of a table. */
static uintptr_t ring0s_until(struct dune_root *root, uintptr_t va, uintptr_t end)
{
	struct dune_leaf leaf = dune_vm_lookup(root, va);
	uint64_t *entry = leaf.pte;

	while (entry && va < end && is_ring0s(pt_read(entry))) {
		va = (va | ((1UL << leaf.shift) - 1)) + 1;
		entry = va >> leaf.shift & 511 ? entry + 1 : NULL;
	}
	return va;
}

/* The page at @va: a block of which the root has nothing at all is added to it. */
static int have_page(struct dune_root *root, uintptr_t va)
{
	uint64_t *entry = dune_vm_lookup(root, va).pte;
	int r = entry && !*entry ? map_block(root, va) : 0;

	if (dune_cow_used)
		dune_cow_write(root, va);
	entry = dune_vm_lookup(root, va).pte;
	return r ?: entry && is_ring0s(pt_read(entry)) ? 0 : -EFAULT;
}

static int have_range(struct dune_root *root, const void *start, size_t size)
{
	uintptr_t va = (uintptr_t)start, end = va + size;
	int r = 0;

	while (!r && (va = ring0s_until(root, va, end)) < end)
		r = have_page(root, va);
	return r;
}

/* What the CPU and the entries need of this thread. */
static int prepare(struct dune_root *root, struct dune_thread *t)
{
	char *sp = __builtin_frame_address(0);

	return have_range(root, t->block, BLOCK_SIZE) ?:
	       have_range(root, t->run, dune_global.info.run_size) ?:
	       have_range(root, sp - STACK_NEEDED, STACK_NEEDED);
}

/* entry_syscall.S calls a short handler in whatever root and with whatever FS base there is. */
static void call_handlers_from_c(void)
{
	static bool done;

	if (__atomic_load_n(&done, __ATOMIC_ACQUIRE))
		return;
	dune_handlers_lengthen(HANDLER_SYSCALL);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
}

DUNE_API int dune_ring3_enter_root(const struct dune_tf *tf, struct dune_root *root,
				   uint64_t fs_base)
{
	struct dune_thread *t = dune_this_thread();
	struct dune_ring3 outer = t->ring3;
	struct dune_tf copy = *tf;
	uint64_t gs = read_msr(MSR_KERNEL_GS_BASE);
	uint32_t pkru = read_pkru();
	int r;

	if (copy.rip >> 47 || fs_base >> 47 || !root || root == dune_vm_current() ||
	    dune_global.ring3_signals)
		return FAIL(-EINVAL);
	r = prepare(root, t);
	if (r)
		return FAIL(r);
	call_handlers_from_c();
	t->ring3 = (struct dune_ring3) {
		.ring0_root = dune_vm_current(), .root = root,
		.ring0_fs = read_fs(), .fs = fs_base };
	write_msr(MSR_KERNEL_GS_BASE, 0);
	dune_ring3_depart();
	r = dune_ring3_run(&copy, t);
	t->ring3 = outer;
	write_msr(MSR_KERNEL_GS_BASE, gs);
	write_pkru(pkru);
	asm volatile("sti");
	return r;
}

DUNE_API int dune_ring3_enter(const struct dune_tf *tf)
{
	struct dune_thread *t = dune_this_thread();
	struct dune_root *outer = t->ring3.root;
	struct dune_tf copy = *tf;
	int r;

	/* SYSRET and IRET alike refuse what is not a user address. */
	if (copy.rip >> 47)
		return FAIL(-EINVAL);
	t->ring3.root = NULL;
	r = dune_ring3_run(&copy, t);
	t->ring3.root = outer;
	return r;
}
