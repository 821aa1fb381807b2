/* SPDX-License-Identifier: MIT */
/*
 * call.c - from the program into a domain and back
 *
 * A call is a stay in ring 3 (dune_ring3_run()) with other registers around it:
 * the page table, the FS base, the user's GS base, PKRU. They are the program's
 * whenever code of the program's runs, in callbacks and signal handlers too.
 * The plainest calls go a shorter way to the same (switch.S).
 */
#include "domain.h"
#include "switch.h"

static void enter(struct dune_thread *t, struct dom_call *c)
{
	c->host_fs = read_fs();
	c->host_cr3 = read_cr3();
	c->pkru = read_pkru();
	t->call = c;
	write_fs(c->fs);
	c->host_gs = exchange_user_gs(0);
	write_cr3(dune_space_cr3(c->d));
}

/* With interrupts off. Where the call is with the program already, nothing. */
static void leave(struct dune_thread *t, struct dom_call *c)
{
	if (t->call != c)
		return;
	c->fs = read_fs();
	exchange_user_gs(c->host_gs);
	write_fs(c->host_fs);
	dune_space_to_host(t, c->host_cr3);
	write_pkru(c->pkru);
	t->call = NULL;
}

/* In a callback or a handler of the program's, calls cannot go the short way. */
static void set_waiting(struct dune_thread *t, struct dom_call *c)
{
	bool able = has_fsgsbase() && dune_global.xsave_size;

	t->waiting = c;
	t->call_tid = able && !c ? t->tid : 0;
}

/* The domain has ended, and the call with it. */
void dune_dom_leave(struct dom_call *c)
{
	if (!c->args)
		dune_ring3_exit(-EOWNERDEAD);
	leave(dune_this_thread(), c);
	dune_dom_abandon(c);
}

/* ---- for switch.S, where there is more to a page table than its address ---- */

void dune_dom_to_domain(struct dom_call *c)
{
	c->pkru = read_pkru();
	c->cr3 = dune_space_cr3(c->d);
}

void dune_dom_to_host(struct dom_call *c)
{
	dune_space_to_host(dune_this_thread(), c->host_cr3);
	write_pkru(c->pkru);
}

/* ---- threads of the domain's --------------------------------------------- */

static struct dom_thread *try_take(struct dune_domain *d, uint32_t tid)
{
	unsigned int i;
	uint32_t none;

	for (i = 0; i < d->nr_threads; i++) {
		none = 0;
		if (__atomic_compare_exchange_n(&d->threads[i].tid, &none, tid, false,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return &d->threads[i];
	}
	return NULL;
}

/* The word counts up whenever somebody may try again. */
struct dom_thread *dune_dom_take_thread(struct dune_domain *d)
{
	struct dune_thread *t = dune_this_thread();
	struct dom_thread *thread;
	uint32_t seen;

	if (!t->tid)
		dune_deadline_first_call(t);
	thread = try_take(d, t->tid);

	while (!thread) {
		__atomic_add_fetch(&d->waiters, 1, __ATOMIC_ACQ_REL);
		seen = __atomic_load_n(&d->free_count, __ATOMIC_ACQUIRE);
		thread = try_take(d, t->tid);
		if (!thread)
			sys(__NR_futex, &d->free_count, 128 /* FUTEX_WAIT, private */, seen, NULL);
		__atomic_sub_fetch(&d->waiters, 1, __ATOMIC_ACQ_REL);
	}
	return thread;
}

void dune_dom_put_thread(struct dune_domain *d, struct dom_thread *thread)
{
	__atomic_store_n(&thread->until, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&thread->tid, 0, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&d->waiters, __ATOMIC_SEQ_CST))
		dune_dom_wake(d);
}

/* One of those that wait for a thread. */
void dune_dom_wake(struct dune_domain *d)
{
	__atomic_add_fetch(&d->free_count, 1, __ATOMIC_ACQ_REL);
	sys(__NR_futex, &d->free_count, 129 /* FUTEX_WAKE, private */, 1, NULL);
}

/* ---- a call --------------------------------------------------------------- */

/*
 * Run @thread from @tf on until the call is over. 0, or -EOWNERDEAD: the domain
 * has ended. The rest of @c is the caller's to fill in.
 */
int dune_dom_run(struct dom_call *c, const struct dune_tf *tf, uint64_t timeout)
{
	struct dune_thread *t = dune_this_thread();
	long timer;
	int r = -EOWNERDEAD;

	c->args = NULL;
	c->outer = t->waiting;
	timer = dune_deadline_arm(c, timeout);
	if (timer < -1)
		return timer;

	asm volatile("cli" : : : "memory");
	/* From here on a kick finds us in ring 3. */
	if (!__atomic_load_n(&c->d->dead, __ATOMIC_SEQ_CST)) {
		enter(t, c);
		r = dune_ring3_run(tf, t);
		leave(t, c);
	}
	set_waiting(t, c->outer);
	asm volatile("sti" : : : "memory");
	dune_deadline_disarm(timer);
	return r;
}

/* A call of the same domain's that waits for us: its thread is ours already. */
static struct dom_call *waiting_call(const struct dune_domain *d)
{
	struct dom_call *c = dune_this_thread()->waiting;

	while (c && c->d != d)
		c = c->outer;
	return c;
}

#define BELOW	256	/* bytes of the interrupted stack that stay as they are */

static uint64_t stack_top(const struct dom_call *c, const struct dom_call *below)
{
	return below ? (below->sp - BELOW) & ~15UL : c->thread->sp;
}

/* Where the call begins, below @sp; its return address is there. */
static uint64_t prepare_stack(struct dom_call *c, const struct dom_call *below, uint64_t sp)
{
	uint64_t back = c->d->entries.call_return;

	sp -= sizeof(back);
	if (below)	/* the domain's to choose */
		return dune_mem_write(c->d, sp, &back, sizeof(back)) ? 0 : sp;
	*(uint64_t *)sp = back;
	return sp;
}

/* The first thread waits for calls from now on. */
void dune_dom_prepare_short(struct dune_domain *d)
{
	d->short_call.d = d;
	d->short_call.thread = &d->threads[0];
	d->short_call.cr3 = dune_space_table(d);
	d->short_call.go = (struct dom_frame) {
		.cs = SEL_USER_CS,
		.rflags = FLAG_RING3 | FLAG_IF | FLAG_FIXED,
		.rsp = d->threads[0].sp - 8,
		.ss = SEL_USER_SS,
	};
}

static void first_frame(struct dune_tf *tf, const struct dom_call *c, uint64_t fn,
			const struct dune_domain_call *call)
{
	tf->rdi = call->arg[0];
	tf->rsi = call->arg[1];
	tf->rdx = call->arg[2];
	tf->rcx = call->arg[3];
	tf->r8 = call->arg[4];
	tf->r9 = call->arg[5];
	tf->rip = fn;
	tf->rflags = FLAG_IF | FLAG_FIXED;
	if (!(call->flags & DUNE_CALL_DOUBLES))
		return;
	/* It is held, so it can be written; and dune_domain_reset() is to know. */
	dune_mem_write(c->d, c->thread->mail, call->farg, sizeof(call->farg));
	tf->r10 = c->thread->mail;
	tf->r11 = fn;
	tf->rip = c->d->entries.call_with_doubles;
}

/* dune_domain_call() for calls that do not go the short way. */
int dune_dom_call(struct dune_domain *d, uint64_t address, struct dune_domain_call *call)
{
	struct dom_call *below, c;
	struct dune_tf tf = { 0 };
	int r = -EOWNERDEAD;

	if (!dune_active())
		return -EPERM;
	if (call->flags & ~DUNE_CALL_DOUBLES || address >> 47)
		return -EINVAL;
	below = waiting_call(d);
	c.d = d;
	c.thread = below ? below->thread : dune_dom_take_thread(d);
	c.fs = below ? below->fs : c.thread->fs;
	first_frame(&tf, &c, address, call);
	tf.rsp = prepare_stack(&c, below, stack_top(&c, below));
	if (tf.rsp)
		r = dune_dom_run(&c, &tf, call->timeout);
	else
		dune_dom_note(&c, &tf, DUNE_DOMAIN_STACK, 11);
	if (!below)
		dune_dom_put_thread(d, c.thread);
	if (!r) {
		call->result = c.result;
		__builtin_memcpy(&call->fresult, &c.fresult, sizeof(c.fresult));
	}
	return r;
}

/* What the loader has left in its mail: bytes of a stranger's. */
static void keep_answer(struct dune_domain *d, uint64_t mail)
{
	char *to = d->report.linker;

	dune_mem_read(d, to, mail, sizeof(d->report.linker) - 1);
	to[sizeof(d->report.linker) - 1] = 0;
}

/* A function of the loader's, with @text in its mail or an argument. */
int dune_dom_call_loader(struct dune_domain *d, uint64_t fn, const char *text, uint64_t arg,
			 uint64_t *result)
{
	struct dom_call *below = waiting_call(d), c;
	struct dune_tf tf = { .rip = fn, .rdi = arg, .rflags = FLAG_IF | FLAG_FIXED };
	uint64_t sp;
	int r = -EOWNERDEAD;

	c.d = d;
	c.thread = below ? below->thread : dune_dom_take_thread(d);
	c.fs = below ? below->fs : c.thread->fs;
	c.result = 0;
	sp = stack_top(&c, below);
	if (text) {	/* below another call's, its mail may be in use */
		tf.rdi = below ? sp -= PATH_SIZE : c.thread->mail;
		if (dune_mem_write(d, tf.rdi, text, __builtin_strlen(text) + 1))
			sp = 0;
	}
	tf.rsp = sp ? prepare_stack(&c, below, sp) : 0;
	if (tf.rsp)
		r = dune_dom_run(&c, &tf, d->options.timeout);
	else
		dune_dom_note(&c, &tf, DUNE_DOMAIN_STACK, 11);
	*result = c.result;
	if (!r && !c.result && fn == d->entries.load)
		keep_answer(d, tf.rdi);
	if (!below)
		dune_dom_put_thread(d, c.thread);
	return r;
}

/* ---- callbacks, and signals of the program's ------------------------------- */

void dune_dom_callback(struct dom_call *c, struct dune_tf *tf)
{
	const uint64_t arg[6] = { tf->rdi, tf->rsi, tf->rdx, tf->r10, tf->r8, tf->r9 };
	uint64_t index = tf->rax - NR_CALLBACK;
	struct dune_thread *t = dune_this_thread();
	const struct dom_callback *cb = &c->d->callbacks[index];

	if (index >= __atomic_load_n(&c->d->nr_callbacks, __ATOMIC_ACQUIRE)) {
		tf->rax = -ENOSYS;
		return;
	}
	c->sp = tf->rsp;
	leave(t, c);
	set_waiting(t, c);
	asm volatile("sti" : : : "memory");
	tf->rax = dune_call_saving_vectors(cb->fn, (uintptr_t)cb->data, (uintptr_t)arg, 0);
	asm volatile("cli" : : : "memory");
	set_waiting(t, c->outer);
	enter(t, c);
	dune_space_to_mirror(t);
}

#define ROOM	2048	/* between the frame for ring 3 and the handlers' stack */

/*
 * A signal has interrupted the domain. Its handler is to find the program's
 * state, so it interrupts dune_dom_resume() instead, whose turn comes after it.
 */
void dune_dom_signal(struct dune_thread *t, struct dom_call *c, struct dune_tf *tf)
{
	c->interrupted = *tf;
	c->sp = tf->rsp;
	leave(t, c);
	set_waiting(t, c);
	*tf = (struct dune_tf) {
		.rip = (uintptr_t)dune_dom_resume,
		.rsp = t->ring0_sp - ROOM,
		.rdi = (uintptr_t)c,
		.rflags = FLAG_IF | FLAG_FIXED,
		.cs = SEL_KERNEL_CS,
		.ss = SEL_KERNEL_SS,
	};
	dune_signal_deliver(t, tf);
}

/*
 * One that comes while libdune works for the domain: interrupts stay off from
 * here on, and the run loop, at its next turn, asks for another interrupt.
 */
void dune_dom_put_off_signal(struct dune_thread *t, struct dune_tf *tf)
{
	tf->rflags &= ~(uint64_t)FLAG_IF;
	t->sig.kick = 1;
	dune_hypercall(HYPERCALL(~0U), 0, 0);
}

/* From dune_dom_resume(): the frame to go on with. Interrupts are off. */
struct dune_tf *dune_dom_resumed(struct dom_call *c)
{
	struct dune_thread *t = dune_this_thread();
	struct dune_tf *frame = (struct dune_tf *)(t->ring0_sp & ~15UL) - 1;

	set_waiting(t, c->outer);
	if (dune_deadline_over(c))
		dune_dom_note(c, &c->interrupted, DUNE_DOMAIN_DEADLINE, 0);
	if (__atomic_load_n(&c->d->dead, __ATOMIC_ACQUIRE))
		dune_dom_leave(c);
	*frame = c->interrupted;
	enter(t, c);
	return frame;
}
