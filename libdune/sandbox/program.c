/* SPDX-License-Identifier: MIT */
/*
 * program.c - what a domain starts with: loader, dynamic linker, stack
 *
 * They are mapped as the kernel would map a program and its interpreter.
 */
#include <elf.h>
#include <linux/auxvec.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "domain.h"

#define LINKER		"/lib64/ld-linux-x86-64.so.2"
#define MAX_HEADERS	32
#define MAX_SIZE	(64UL << 20)	/* no dynamic linker is that large */

struct image {
	Elf64_Ehdr	head;
	Elf64_Phdr	segment[MAX_HEADERS];
	uint64_t	base, size;
	char		libc[PATH_SIZE];
};

/* One mapping: the stack, a page for mail, the loader. */
struct first_memory {
	uint64_t	stack_end, loader;
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

static int prot_of(const Elf64_Phdr *p)
{
	return (p->p_flags & PF_R ? PROT_READ : 0) | (p->p_flags & PF_W ? PROT_WRITE : 0) |
	       (p->p_flags & PF_X ? PROT_EXEC : 0);
}

static int map_segment(struct dune_domain *d, int fd, uint64_t base, const Elf64_Phdr *p)
{
	uint64_t start = base + PAGE_DOWN(p->p_vaddr), file_end = base + p->p_vaddr + p->p_filesz;
	uint64_t end = PAGE_UP(base + p->p_vaddr + p->p_memsz);
	struct extent e = { start, end, prot_of(p), EXTENT_OWN, 0 };
	long r = 0;

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
	dune_files_beside(d, fd, "libc.so.6", image->libc);
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

static const Elf64_Ehdr *loader_head(void)
{
	return (const Elf64_Ehdr *)dune_loader;
}

static const Elf64_Phdr *loader_segments(void)
{
	return (const Elf64_Phdr *)(dune_loader + loader_head()->e_phoff);
}

static uint64_t loader_size(void)
{
	uint64_t size = 0;
	unsigned int i;

	for (i = 0; i < loader_head()->e_phnum; i++)
		if (loader_segments()[i].p_type == PT_LOAD)
			size = loader_segments()[i].p_vaddr + loader_segments()[i].p_memsz;
	return PAGE_UP(size);
}

/* Its segments lie in pages of their own; what is written is the last. */
static int copy_loader(struct dune_domain *d, uint64_t base)
{
	struct extent e = { .kind = EXTENT_HELD };
	const Elf64_Phdr *p = loader_segments();
	unsigned int i;
	int r = 0;

	for (i = 0; !r && i < loader_head()->e_phnum; i++) {
		if (p[i].p_type != PT_LOAD)
			continue;
		__builtin_memcpy((void *)(base + p[i].p_vaddr), dune_loader + p[i].p_offset,
				 p[i].p_filesz);
		e.prot = prot_of(&p[i]);
		if (e.prot & PROT_WRITE)
			continue;
		e.start = base + PAGE_DOWN(p[i].p_vaddr);
		e.end = PAGE_UP(base + p[i].p_vaddr + p[i].p_memsz);
		r = dune_extents_set(&d->extents, &e) ?:
		    sys(__NR_mprotect, e.start, e.end - e.start, e.prot);
	}
	return r;
}

static int map_first(struct dune_domain *d, struct first_memory *m)
{
	uint64_t size = d->options.stack + PAGE_SIZE + loader_size();
	uint64_t stack = dune_mem_map_held(d, size, EXTENT_HELD);

	if (!stack)
		return -ENOMEM;
	m->stack_end = stack + d->options.stack;
	d->threads[0].mail = m->stack_end;
	m->loader = m->stack_end + PAGE_SIZE;
	return copy_loader(d, m->loader);
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
static uint64_t build_stack(struct dune_domain *d, const struct image *image,
			    const struct first_memory *m)
{
	const char *path = d->options.library_path;
	char variable[PATH_SIZE] = "LD_BIND_NOW=1";
	uint64_t top = m->stack_end - 16, random = top, now, libc, libraries, name, *sp;
	const uint64_t rest[] = {
		AT_PHDR, m->loader + loader_head()->e_phoff,
		AT_PHENT, sizeof(Elf64_Phdr),
		AT_PHNUM, loader_head()->e_phnum,
		AT_PAGESZ, PAGE_SIZE,
		AT_BASE, image->base,
		AT_ENTRY, m->loader + loader_head()->e_entry,
		AT_UID, 65534, AT_EUID, 65534, AT_GID, 65534, AT_EGID, 65534,
		AT_SECURE, 0,
		AT_CLKTCK, 100,
	};

	sys(__NR_getrandom, random, 16, 0);
	now = push_string(&top, variable);
	dune_fmt(variable, sizeof(variable), "LD_LIBRARY_PATH=%s", path ? path : "");
	libraries = push_string(&top, variable);
	/* By its path, for which the dynamic linker need not look in many folders. */
	dune_fmt(variable, sizeof(variable), "LD_PRELOAD=%s", image->libc);
	libc = push_string(&top, variable);
	name = push_string(&top, "dune-loader");
	top = (top & ~15UL) - (sizeof(rest) + 12 * 8);
	sp = (uint64_t *)top;
	*sp++ = 1;
	*sp++ = name;
	*sp++ = 0;
	*sp++ = now;
	*sp++ = libraries;
	*sp++ = libc;
	*sp++ = 0;
	__builtin_memcpy(sp, rest, sizeof(rest));
	sp += sizeof(rest) / 8;
	*sp++ = AT_RANDOM;
	*sp++ = random;
	*sp++ = AT_NULL;
	*sp = 0;
	return top;
}

int dune_dom_map_program(struct dune_domain *d, struct dune_tf *tf)
{
	struct first_memory m;
	struct image image;
	int r = map_linker(d, &image) ?: map_first(d, &m);

	if (r)
		return r;
	tf->rip = image.base + image.head.e_entry;
	tf->rsp = build_stack(d, &image, &m);
	return 0;
}
