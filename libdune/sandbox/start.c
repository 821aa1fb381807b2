/* SPDX-License-Identifier: MIT */
/*
 * start.c - bring a domain to where it waits for calls
 *
 * Its program is mapped and runs; the dynamic linker loads libc, and the loader's
 * main() waits in a system call. Then the loader makes more threads.
 */
#include "domain.h"
#include "switch.h"

/*
 * The loader waits. From its first thread it says where its functions are; the
 * domain's memory holds nothing but it and libc yet.
 */
void dune_dom_parked(struct dom_call *c, struct dune_tf *tf)
{
	if (c->thread->sp || (tf->rdi && dune_mem_read(c->d, &c->d->entries, tf->rdi,
						       sizeof(c->d->entries)))) {
		tf->rax = -ENOSYS;
		return;
	}
	c->thread->sp = (tf->rsp - 512) & ~15UL;
	c->thread->fs = read_fs();
	dune_ring3_exit(0);
}

/* A thread that the loader makes: no thread of Linux's, but a place in the table. */
long dune_dom_clone(struct dom_call *c, const struct dune_tf *tf)
{
	struct dune_domain *d = c->d;
	struct dom_thread *new = &d->threads[d->nr_threads];
	uint32_t tid = 2 + d->nr_threads;

	if (!d->spawning || d->nr_threads == MAX_THREADS || new->first.rip ||
	    tf->r8 >> 47)
		return -EAGAIN;
	new->first = *tf;
	new->first.rax = 0;
	new->first.rsp = tf->rsi;
	new->fs = tf->r8;
	if (dune_mem_write(d, tf->rdx, &tid, sizeof(tid)))
		return -EFAULT;
	return tid;
}

/* Run a thread up to where it waits; its stack is ours to begin calls on. */
static int park(struct dune_domain *d, struct dom_thread *thread, const struct dune_tf *tf)
{
	struct dune_thread *t = dune_this_thread();
	struct dom_call c;
	int r;

	c.d = d;
	c.thread = thread;
	c.fs = thread->fs;
	if (!t->tid)
		dune_deadline_first_call(t);
	thread->tid = t->tid;
	r = dune_dom_run(&c, tf, 0);
	if (!r && !thread->mail)
		thread->mail = dune_mem_map_held(d, PAGE_SIZE, EXTENT_HELD);
	if (!r && (!thread->sp || !thread->mail))
		r = -ENOMEM;
	thread->tid = 0;
	return r ?: dune_mem_hold(d, thread->sp);
}

static int spawn(struct dune_domain *d, unsigned int nr)
{
	uint64_t result;
	int r = 0;

	d->nr_threads = 1;
	while (!r && d->nr_threads < nr) {
		d->spawning = true;
		r = dune_dom_call_loader(d, d->entries.spawn, NULL, d->options.stack, &result);
		d->spawning = false;
		if (!r && (result || !d->threads[d->nr_threads].first.rip))
			r = -ENOMEM;
		r = r ?: park(d, &d->threads[d->nr_threads],
			      &d->threads[d->nr_threads].first);
		if (!r)
			d->nr_threads++;
	}
	return r;
}

int dune_dom_start(struct dune_domain *d)
{
	struct dune_tf tf = { .rflags = FLAG_IF | FLAG_FIXED };
	int r = dune_dom_map_program(d, &tf);

	if (r)
		return r;
	d->loading = 1;
	r = park(d, &d->threads[0], &tf);
	d->loading = 0;
	dune_files_close_all(d);
	if (r == -EOWNERDEAD || (!r && !d->entries.spawn))
		r = -ENOEXEC;
	if (r)
		return r;
	dune_dom_prepare_short(d);
	return spawn(d, d->options.threads);
}
