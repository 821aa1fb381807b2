/* SPDX-License-Identifier: MIT */
/*
 * domain.c - make a domain, have it load what it is for, give it back
 */
#include <linux/mman.h>

#include "domain.h"

/*
 * Where regions are looked for: far from where Linux puts programs, libraries
 * and stacks, so that nothing is in the way.
 */
#define FIRST_REGION	32UL
#define END_OF_REGIONS	160UL

#define MAX_SIZE	(64 * GIB)

static int check_options(struct dune_domain_options *o)
{
	if (o->flags & ~DUNE_DOMAIN_W_XOR_X || o->threads > MAX_THREADS || o->size > MAX_SIZE ||
	    o->output < 0)
		return -EINVAL;
	o->size = o->size ? (o->size + GIB - 1) & -GIB : GIB;
	o->memory = o->memory ?: o->size;
	o->stack = o->stack ? o->stack : 1UL << 20;
	o->threads = o->threads ?: 1;
	if (o->stack > o->size / 4 || o->stack < 65536 ||
	    (o->library_path && __builtin_strlen(o->library_path) > PATH_SIZE - 32))
		return -EINVAL;
	o->stack = PAGE_UP(o->stack);
	return 0;
}

/* Regions of domains, by the entry of the top table. */
static uint8_t in_use[END_OF_REGIONS];

bool dune_dom_has_region(uint64_t start, uint64_t size)
{
	uint64_t i = start / TOP_ENTRY_SIZE;

	for (; i < END_OF_REGIONS && i * TOP_ENTRY_SIZE < start + size; i++)
		if (__atomic_load_n(&in_use[i], __ATOMIC_RELAXED))
			return true;
	return false;
}

static void mark_region(uint64_t region, uint8_t used)
{
	__atomic_store_n(&in_use[region / TOP_ENTRY_SIZE], used, __ATOMIC_RELAXED);
}

/* An entry of the top table that nothing of the process's lies in. */
static uint64_t reserve_region(void)
{
	uint64_t i;
	long r;

	for (i = FIRST_REGION; i < END_OF_REGIONS; i++) {
		r = sys(__NR_mmap, i * TOP_ENTRY_SIZE, TOP_ENTRY_SIZE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
		if (r == (long)(i * TOP_ENTRY_SIZE)) {
			mark_region(r, 1);
			return r;
		}
	}
	return 0;
}

static size_t domain_size(void)
{
	return sizeof(struct dune_domain) + MAX_EXTENTS * sizeof(struct extent) +
	       dune_space_size();
}

static void free_domain(struct dune_domain *d)
{
	dune_files_close_all(d);
	dune_snapshot_free(d);
	dune_space_free(d);
	if (d->region) {
		mark_region(d->region, 0);
		sys(__NR_munmap, d->region, TOP_ENTRY_SIZE);
	}
	dune_unmap(d, domain_size());
}

DUNE_API int dune_domain_create(struct dune_domain **domain,
				const struct dune_domain_options *options)
{
	struct dune_domain_options o = { 0 };
	struct dune_domain *d;
	int r;

	if (!dune_active())
		return -EPERM;
	if (options)
		o = *options;
	r = check_options(&o) ?: dune_deadline_init();
	if (r)
		return r;
	d = dune_map(domain_size());
	if (!d)
		return -ENOMEM;
	/* A domain's calls are not for the program's handler. */
	dune_handlers_lengthen(HANDLER_SYSCALL);
	dune_files_init(d);
	d->options = o;
	d->limit = o.memory;
	d->region = reserve_region();
	if (!d->region) {
		free_domain(d);
		return -ENOMEM;
	}
	/* The block below is a guard, as is all that follows. */
	d->extents = (struct extents) {
		.low = d->region + GIB, .high = d->region + GIB + o.size,
		.at = (struct extent *)(d + 1), .max = MAX_EXTENTS,
	};
	d->space = (struct dom_space *)(d->extents.at + MAX_EXTENTS);
	d->brk = d->brk_start = d->extents.low + o.size / 2;
	r = dune_space_new(d) ?: dune_dom_start(d);
	d->options.library_path = NULL;
	if (r)
		free_domain(d);
	else
		*domain = d;
	return r;
}

/* Whether there is no call; then there will be none until dune_dom_put_all(). */
bool dune_dom_take_all(struct dune_domain *d)
{
	unsigned int i, taken;
	uint32_t none;

	for (taken = 0; taken < d->nr_threads; taken++) {
		none = 0;
		if (!__atomic_compare_exchange_n(&d->threads[taken].tid, &none, TAKEN, false,
						 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			break;
	}
	if (taken == d->nr_threads)
		return true;
	for (i = 0; i < taken; i++)
		dune_dom_put_thread(d, &d->threads[i]);
	return false;
}

void dune_dom_put_all(struct dune_domain *d)
{
	unsigned int i;

	for (i = 0; i < d->nr_threads; i++)
		dune_dom_put_thread(d, &d->threads[i]);
}

DUNE_API int dune_domain_destroy(struct dune_domain *d)
{
	if (!dune_active())
		return -EPERM;
	if (!d)
		return 0;
	if (!dune_dom_take_all(d))
		return -EBUSY;
	dune_space_unshare_all(d);
	free_domain(d);
	return 0;
}

/* ---- what it is for -------------------------------------------------------- */

DUNE_API int dune_domain_load(struct dune_domain *d, const char *path)
{
	char real[PATH_SIZE];
	uint64_t handle = 0;
	int r;

	if (!dune_active())
		return -EPERM;
	while (__atomic_exchange_n(&d->load_lock, 1, __ATOMIC_ACQUIRE))
		sys(__NR_sched_yield);
	d->report.linker[0] = 0;
	r = dune_files_allow(d, path, real);
	if (!r) {
		d->loading = 1;
		r = dune_dom_call_loader(d, d->entries.load, real, 0, &handle);
		d->loading = 0;
		if (!r && !handle)
			r = -ENOEXEC;
	}
	dom_lock(d);
	dune_files_close_all(d);
	dom_unlock(d);
	__atomic_store_n(&d->load_lock, 0, __ATOMIC_RELEASE);
	return r;
}

DUNE_API int dune_domain_symbol(struct dune_domain *d, const char *name, uint64_t *address)
{
	int r;

	if (!dune_active())
		return -EPERM;
	if (__builtin_strlen(name) >= PATH_SIZE)
		return -ENAMETOOLONG;
	*address = 0;
	r = dune_dom_call_loader(d, d->entries.symbol, name, 0, address);
	if (r)
		return r;
	return *address ? 0 : -ENOENT;
}

DUNE_API int dune_domain_callback(struct dune_domain *d, dune_domain_fn fn, void *data,
				  uint64_t *address)
{
	uint32_t i;

	if (!dune_active())
		return -EPERM;
	dom_lock(d);
	i = d->nr_callbacks;
	if (i < MAX_CALLBACKS) {
		d->callbacks[i] = (struct dom_callback) { fn, data };
		__atomic_store_n(&d->nr_callbacks, i + 1, __ATOMIC_RELEASE);
		*address = d->entries.callbacks + i * CALLBACK_SIZE;
	}
	dom_unlock(d);
	return i < MAX_CALLBACKS ? 0 : -ENOSPC;
}
