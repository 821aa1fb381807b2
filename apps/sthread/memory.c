/* SPDX-License-Identifier: MIT */
/*
 * memory.c - an sthread's page table, stack, thread-local storage and variables
 *
 *	guard page | stack | guard page | TLS, thread pointer, struct pthread | variables
 *
 * Its root is a clone of the mirror root, in which all is ring 0's, with the
 * pages of its grants made ring 3's. Memory lies at the same address for the
 * program and the sthread, but for variables: their addresses lead the sthread to
 * its own copy.
 *
 * For the next use, the pages of its own that the last one changed are made as
 * they were: those with the dirty bit in its root, and those that Linux wrote for
 * it, of which the root knows nothing. Tags stay as they are.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "priv.h"

/* Above the thread pointer: as much as glibc's struct pthread, and more. */
#define PTHREAD_SIZE	PAGE_SIZE
#define WORD_BITS	64

/* The head of struct pthread, as compiled code and libc's own find it. */
struct tcb {
	uintptr_t	self;
	uintptr_t	dtv;
	uintptr_t	thread;
	uint64_t	multiple_threads;
	uint64_t	sysinfo;
	uint64_t	stack_guard;
	uint64_t	pointer_guard;
};

static size_t nr_pages(const struct area *a)
{
	return (a->end - a->start) / PAGE_SIZE;
}

static size_t nr_words(const struct area *a)
{
	return (nr_pages(a) + WORD_BITS - 1) / WORD_BITS;
}

/* ---- what it begins with ------------------------------------------------- */

/* A variable of libc's that is set up for each thread: as in the calling one. */
static void copy_variable(struct sthread *s, const void *of_caller)
{
	uintptr_t caller;

	asm("movq %%fs:0, %0" : "=r" (caller));
	memcpy((void *)(s->thread_pointer + ((uintptr_t)of_caller - caller)), of_caller,
	       sizeof(void *));
}

/* Not the program's, which it must not get to know. */
static int make_guards(struct tcb *tcb)
{
	uint64_t random[2];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -errno;
	tcb->stack_guard = random[0] & ~0xffUL;		/* no string gets past its end */
	tcb->pointer_guard = random[1];
	return 0;
}

static int fill_tls(struct sthread *s)
{
	struct tcb *tcb = (struct tcb *)s->thread_pointer;
	unsigned int i;

	for (i = 0; i < objects.nr_tls; i++) {
		const struct tls_image *t = &objects.tls[i];

		memcpy((void *)(s->thread_pointer + t->offset), t->image, t->size);
	}
	tcb->self = tcb->thread = s->thread_pointer;
	tcb->dtv = s->thread_pointer + PTHREAD_SIZE / 2;
	/* isalpha() and its like. */
	copy_variable(s, __ctype_b_loc());
	copy_variable(s, __ctype_tolower_loc());
	copy_variable(s, __ctype_toupper_loc());
	return make_guards(tcb);
}

static struct area *add_area(struct sthread *s, char *memory, size_t size)
{
	struct area *a = &s->area[s->nr_areas++];

	*a = (struct area) { (uintptr_t)memory, (uintptr_t)memory + size, memory, NULL, NULL };
	return a;
}

static void add_areas(struct sthread *s, size_t tls)
{
	char *p = s->base + PAGE_SIZE;
	unsigned int i;

	add_area(s, p, STHREAD_STACK);
	p += STHREAD_STACK + PAGE_SIZE;
	add_area(s, p, tls)->image = s->tls_image;
	p += tls;
	s->thread_pointer = (uintptr_t)p - PTHREAD_SIZE;
	for (i = 0; i < objects.nr_data; i++) {
		const struct data *d = &objects.data[i];
		struct area *a = add_area(s, p, d->end - d->start);

		a->start = d->start;
		a->end = d->end;
		a->image = d->image;
		p += d->end - d->start;
	}
}

static int map_areas(struct sthread *s)
{
	size_t tls = PAGE_UP(objects.tls_size + 64) + PTHREAD_SIZE;

	s->size = 2 * PAGE_SIZE + STHREAD_STACK + tls + objects.data_size;
	s->base = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->base == MAP_FAILED) {
		s->base = NULL;
		return -ENOMEM;
	}
	s->tls_image = malloc(tls);
	if (!s->tls_image || mprotect(s->base, PAGE_SIZE, PROT_NONE) ||
	    mprotect(s->base + PAGE_SIZE + STHREAD_STACK, PAGE_SIZE, PROT_NONE))
		return -ENOMEM;
	add_areas(s, tls);
	return 0;
}

static int make_bitmaps(struct sthread *s)
{
	size_t words = 0;
	unsigned int i;

	for (i = 0; i < s->nr_areas; i++)
		words += nr_words(&s->area[i]);
	s->dirty = calloc(words, sizeof(*s->dirty));
	if (!s->dirty)
		return -ENOMEM;
	words = 0;
	for (i = 0; i < s->nr_areas; i++) {
		s->area[i].dirty = s->dirty + words;
		words += nr_words(&s->area[i]);
	}
	return 0;
}

static int fill_areas(struct sthread *s)
{
	struct area *tls = &s->area[1], *a;
	int r = fill_tls(s);

	if (r)
		return r;
	memcpy(s->tls_image, tls->memory, tls->end - tls->start);
	for (a = tls + 1; a < s->area + s->nr_areas; a++)
		memcpy(a->memory, a->image, a->end - a->start);
	return 0;
}

/* ---- its page table ------------------------------------------------------ */

static uint64_t entry_rights(unsigned int rights, bool exec)
{
	return DUNE_PTE_P | DUNE_PTE_U | (rights & STHREAD_WRITE ? DUNE_PTE_W : 0) |
	       (exec ? 0 : DUNE_PTE_NX);
}

static int give(struct sthread *s, uintptr_t start, uintptr_t end, unsigned int rights, bool exec)
{
	return dune_vm_protect(s->root, start, end - start, entry_rights(rights, exec));
}

/* What the context has and the root has not yet. */
int memory_grant(struct sthread *s)
{
	int r = 0;

	for (; s->nr_grants < s->sc->nr_grants; s->nr_grants++) {
		const struct grant *g = &s->sc->grant[s->nr_grants];

		r = give(s, g->tag->start, g->tag->start + g->tag->size, g->rights, false);
		if (r)
			break;
	}
	return r;
}

static int give_area(struct sthread *s, const struct area *a)
{
	size_t size = a->end - a->start;

	if (a->start == (uintptr_t)a->memory)
		return give(s, a->start, a->end, STHREAD_WRITE, false);
	return dune_vm_unmap(s->root, a->start, size) ?:
	       dune_vm_alias(s->root, a->start, size, entry_rights(STHREAD_WRITE, false),
			     dune_vm_mirror(), (uintptr_t)a->memory);
}

static int make_root(struct sthread *s)
{
	unsigned int i;
	int r = dune_vm_clone(dune_vm_mirror(), DUNE_CLONE_RING0, &s->root);

	for (i = 0; !r && i < objects.nr; i++) {
		const struct range *o = &objects.range[i];

		r = give(s, o->start, o->end, o->rights, o->exec);
	}
	for (i = 0; !r && i < s->nr_areas; i++)
		r = give_area(s, &s->area[i]);
	return r ?: memory_grant(s);
}

/* Adds the pages that the sthread wrote; none has the dirty bit any more. */
static void scan(struct sthread *s, const struct area *a)
{
	uint64_t bits[nr_words(a)];
	size_t i;

	dune_vm_scan(s->root, a->start, a->end - a->start, DUNE_PTE_D, DUNE_SCAN_CLEAR, bits);
	for (i = 0; i < nr_words(a); i++)
		a->dirty[i] |= bits[i];
}

int memory_new(struct sthread *s)
{
	int r = map_areas(s) ?: make_bitmaps(s) ?: fill_areas(s) ?: make_root(s);
	unsigned int i;

	if (r) {
		memory_free(s);
		return r;
	}
	for (i = 0; i < s->nr_areas; i++) {
		scan(s, &s->area[i]);
		memset(s->area[i].dirty, 0, nr_words(&s->area[i]) * sizeof(uint64_t));
	}
	return 0;
}

/* Whatever of it there is. */
void memory_free(struct sthread *s)
{
	if (s->root)
		dune_root_free(s->root);
	if (s->base)
		munmap(s->base, s->size);
	free(s->tls_image);
	free(s->dirty);
}

/* ---- for the next use ---------------------------------------------------- */

static void reset_page(const struct area *a, size_t page)
{
	char *p = a->memory + page * PAGE_SIZE;

	if (a->image)
		memcpy(p, a->image + page * PAGE_SIZE, PAGE_SIZE);
	else
		memset(p, 0, PAGE_SIZE);
}

static void reset(struct sthread *s, const struct area *a)
{
	uint64_t word;
	size_t i;

	scan(s, a);
	for (i = 0; i < nr_words(a); i++) {
		for (word = a->dirty[i]; word; word &= word - 1)
			reset_page(a, i * WORD_BITS + __builtin_ctzl(word));
		a->dirty[i] = 0;
	}
}

void memory_reset(struct sthread *s)
{
	unsigned int i;

	for (i = 0; i < s->nr_areas; i++)
		reset(s, &s->area[i]);
}

/* ---- on its behalf ------------------------------------------------------- */

static void mark(const struct area *a, uintptr_t start, size_t size)
{
	size_t page, last = (start - a->start + size - 1) / PAGE_SIZE;

	if (!size)
		return;
	for (page = (start - a->start) / PAGE_SIZE; page <= last; page++)
		a->dirty[page / WORD_BITS] |= 1ULL << page % WORD_BITS;
}

/* What it returns to, as by a call: RSP is 8 off a multiple of 16. */
void memory_push(struct sthread *s, uintptr_t value)
{
	s->tf.rsp = s->area[0].end - 24;
	*(uintptr_t *)s->tf.rsp = value;	/* the same each time: not noted as dirty */
}

static bool within(uintptr_t at, uintptr_t start, uintptr_t end)
{
	return at - start < end - start;
}

/* The area or range that @at is in, as an area; false: none that it may use so. */
static bool find(const struct sthread *s, uintptr_t at, bool write, struct area *found)
{
	unsigned int i;

	for (i = 0; i < s->nr_areas; i++) {
		*found = s->area[i];
		if (within(at, found->start, found->end))
			return true;
	}
	for (i = 0; i < s->nr_grants; i++) {
		const struct grant *g = &s->sc->grant[i];
		uintptr_t start = g->tag->start;

		*found = (struct area) { start, start + g->tag->size, (char *)start, NULL, NULL };
		if (within(at, found->start, found->end))
			return !write || (g->rights & STHREAD_WRITE);
	}
	for (i = 0; i < objects.nr; i++) {
		const struct range *o = &objects.range[i];

		*found = (struct area) { o->start, o->end, (char *)o->start, NULL, NULL };
		if (within(at, o->start, o->end))
			return !write;
	}
	return false;
}

/*
 * A buffer of the sthread's that Linux or the program is to read or write, as they
 * have it. NULL: it may not use it so, from @bad on.
 */
void *memory_at(struct sthread *s, uintptr_t start, size_t size, bool write, uintptr_t *bad)
{
	struct area a;

	*bad = start;
	if (!size)
		return (void *)start;
	if (!find(s, start, write, &a))
		return NULL;
	if (size > a.end - start) {
		*bad = a.end;
		return NULL;
	}
	if (write && a.dirty)
		mark(&a, start, size);
	return a.memory + (start - a.start);
}
