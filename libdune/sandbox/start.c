/* SPDX-License-Identifier: MIT */
/*
 * start.c - bring a domain to where it waits for calls
 *
 * The dynamic linker is mapped, as the kernel would map it for the command
 * "ld.so LOADER_PATH", and runs; it loads libc and the loader, whose main()
 * waits in a system call. Then the loader makes more threads.
 */
#include <elf.h>
#include <linux/auxvec.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "domain.h"
#include "switch.h"

#define LINKER		"/lib64/ld-linux-x86-64.so.2"
#define MAX_HEADERS	32
#define MAX_SIZE	(64UL << 20)	/* no dynamic linker is that large */

struct image {
	Elf64_Ehdr	head;
	Elf64_Phdr	segment[MAX_HEADERS];
	uint64_t	base, size;
};

static int read_image(int fd, struct image *image)
{
	const Elf64_Ehdr *e = &image->head;
	uint64_t size = sizeof(Elf64_Phdr);
	unsigned int i;

	if (sys(__NR_pread64, fd, &image->head, sizeof(image->head), 0) != sizeof(image->head) ||
	    *(const uint32_t *)e->e_ident != 0x464c457f || e->e_type != ET_DYN ||
	    e->e_machine != EM_X86_64 || e->e_phentsize != size || !e->e_phnum ||
	    e->e_phnum > MAX_HEADERS)
		return -ENOEXEC;
	size *= e->e_phnum;
	if (sys(__NR_pread64, fd, image->segment, size, e->e_phoff) != (long)size)
		return -ENOEXEC;
	image->size = 0;
	for (i = 0; i < e->e_phnum; i++) {
		const Elf64_Phdr *p = &image->segment[i];

		if (p->p_type != PT_LOAD)
			continue;
		if (p->p_vaddr > MAX_SIZE || p->p_memsz > MAX_SIZE || p->p_filesz > p->p_memsz ||
		    (p->p_vaddr - p->p_offset) % PAGE_SIZE)
			return -ENOEXEC;
		if (p->p_vaddr + p->p_memsz > image->size)
			image->size = PAGE_UP(p->p_vaddr + p->p_memsz);
	}
	return image->size ? 0 : -ENOEXEC;
}

static int map_segment(struct dune_domain *d, int fd, uint64_t base, const Elf64_Phdr *p)
{
	uint64_t start = base + PAGE_DOWN(p->p_vaddr), file_end = base + p->p_vaddr + p->p_filesz;
	uint64_t end = PAGE_UP(base + p->p_vaddr + p->p_memsz);
	struct extent e = { start, end, 0, EXTENT_OWN };
	long r = 0;

	e.prot = (p->p_flags & PF_R ? PROT_READ : 0) | (p->p_flags & PF_W ? PROT_WRITE : 0) |
		 (p->p_flags & PF_X ? PROT_EXEC : 0);
	if (!dune_mem_allowed(d, start, end - start, e.prot) || dune_extents_set(&d->extents, &e))
		return -ENOMEM;
	if (p->p_filesz)
		r = sys(__NR_mmap, start, file_end - start, e.prot, MAP_PRIVATE | MAP_FIXED, fd,
			PAGE_DOWN(p->p_offset));
	if (!sys_failed(r) && PAGE_UP(file_end) < end)
		r = sys(__NR_mmap, PAGE_UP(file_end), end - PAGE_UP(file_end), e.prot,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (sys_failed(r))
		return r;
	/* The rest of the file's last page is not the file's. */
	if ((e.prot & PROT_WRITE) && file_end % PAGE_SIZE)
		__builtin_memset((void *)file_end, 0, PAGE_UP(file_end) - file_end);
	return 0;
}

static int map_linker(struct dune_domain *d, struct image *image)
{
	long fd = sys(__NR_openat, AT_FDCWD, LINKER, O_RDONLY | O_CLOEXEC, 0);
	unsigned int i;
	int r;

	if (sys_failed(fd))
		return fd;
	r = read_image(fd, image);
	if (!r) {
		image->base = dune_extents_place(&d->extents, image->size);
		r = image->base ? 0 : -ENOMEM;
	}
	for (i = 0; !r && i < image->head.e_phnum; i++)
		if (image->segment[i].p_type == PT_LOAD)
			r = map_segment(d, fd, image->base, &image->segment[i]);
	sys(__NR_close, fd);
	return r;
}

/* Strings go down from the stack's end; returns where @s is now. */
static uint64_t push_string(uint64_t *top, const char *s)
{
	uint64_t size = __builtin_strlen(s) + 1;

	*top -= size;
	__builtin_memcpy((void *)*top, s, size);
	return *top;
}

/* What the kernel leaves on a program's stack (System V ABI, "Initial Stack"). */
static uint64_t build_stack(struct dune_domain *d, const struct image *image, uint64_t top)
{
	const char *path = d->options.library_path;
	char variable[PATH_SIZE] = "LD_BIND_NOW=1";
	uint64_t random, now, libraries, name, loader, *sp;
	const uint64_t rest[] = {
		AT_PHDR, image->base + image->head.e_phoff,
		AT_PHENT, sizeof(Elf64_Phdr),
		AT_PHNUM, image->head.e_phnum,
		AT_PAGESZ, PAGE_SIZE,
		AT_BASE, 0,
		AT_ENTRY, image->base + image->head.e_entry,
		AT_UID, 65534, AT_EUID, 65534, AT_GID, 65534, AT_EGID, 65534,
		AT_SECURE, 0,
		AT_CLKTCK, 100,
	};

	top -= 16;
	random = top;
	sys(__NR_getrandom, random, 16, 0);
	now = push_string(&top, variable);
	dune_fmt(variable, sizeof(variable), "LD_LIBRARY_PATH=%s", path ? path : "");
	libraries = push_string(&top, variable);
	name = push_string(&top, LINKER);
	loader = push_string(&top, LOADER_PATH);
	top = (top & ~15UL) - (sizeof(rest) + 12 * 8);
	sp = (uint64_t *)top;
	*sp++ = 2;
	*sp++ = name;
	*sp++ = loader;
	*sp++ = 0;
	*sp++ = now;
	*sp++ = libraries;
	*sp++ = 0;
	__builtin_memcpy(sp, rest, sizeof(rest));
	sp += sizeof(rest) / 8;
	*sp++ = AT_RANDOM;
	*sp++ = random;
	*sp++ = AT_NULL;
	*sp = 0;
	return top;
}

/*
 * The loader waits. From its first thread it says where its functions are; the
 * domain's memory holds nothing but it and libc yet.
 */
void dune_dom_parked(struct dom_call *c, struct dune_tf *tf)
{
	struct dom_entries entries;

	if (c->thread->sp || (tf->rdi && dune_mem_read(c->d, &entries, tf->rdi, sizeof(entries)))) {
		tf->rax = -ENOSYS;
		return;
	}
	if (tf->rdi) {
		c->d->load_fn = entries.load;
		c->d->symbol_fn = entries.symbol;
		c->d->spawn_fn = entries.spawn;
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
	thread->mail = r ? 0 : dune_mem_map_held(d, PAGE_SIZE, EXTENT_HELD);
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
		r = dune_dom_call_loader(d, d->spawn_fn, NULL, d->options.stack, &result);
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

static int map_code(struct dune_domain *d)
{
	uint64_t size = PAGE_UP(dune_dom_code_end - dune_dom_code);
	struct extent e = { 0, 0, PROT_READ | PROT_EXEC, EXTENT_HELD };

	d->code = dune_mem_map_held(d, size, EXTENT_HELD);
	if (!d->code)
		return -ENOMEM;
	__builtin_memcpy((void *)d->code, dune_dom_code, dune_dom_code_end - dune_dom_code);
	e.start = d->code;
	e.end = d->code + size;
	return dune_extents_set(&d->extents, &e) ?:
	       sys(__NR_mprotect, d->code, size, PROT_READ | PROT_EXEC);
}

int dune_dom_start(struct dune_domain *d)
{
	struct dune_tf tf = { .rflags = FLAG_IF | FLAG_FIXED };
	struct image image;
	uint64_t stack;
	int r = map_code(d) ?: map_linker(d, &image);

	if (r)
		return r;
	stack = dune_mem_map_held(d, d->options.stack, EXTENT_HELD);
	if (!stack)
		return -ENOMEM;
	tf.rip = image.base + image.head.e_entry;
	tf.rsp = build_stack(d, &image, stack + d->options.stack);
	d->loading = 1;
	r = park(d, &d->threads[0], &tf);
	d->loading = 0;
	dune_files_close_all(d);
	if (r == -EOWNERDEAD || (!r && !d->spawn_fn))
		r = -ENOEXEC;
	if (r)
		return r;
	dune_dom_prepare_short(d);
	return spawn(d, d->options.threads);
}
