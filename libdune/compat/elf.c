/* SPDX-License-Identifier: MIT */
/*
 * elf.c - read 64-bit ELF files, from a descriptor or from memory, and load them
 *
 * Nothing that the file says is believed before it is checked.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat.h"

#define MAX_TABLE	(64U << 20)	/* bytes */

/* All of it, or not. */
static int read_at(struct dune_elf *elf, void *to, size_t size, uint64_t from)
{
	ssize_t n;

	if (from > INT64_MAX)
		return -EIO;
	if (elf->mem) {
		if (from > (uint64_t)elf->len || size > elf->len - from)
			return -EIO;
		memcpy(to, elf->mem + from, size);
		return 0;
	}
	n = pread(elf->fd, to, size, from);
	return n >= 0 && (size_t)n == size ? 0 : -EIO;
}

/* A copy of a part of the file, with a zero behind it. */
static int read_table(struct dune_elf *elf, size_t size, uint64_t from, void *table)
{
	char *copy;
	int r;

	if (size > MAX_TABLE)
		return -EINVAL;
	copy = malloc(size + 1);
	if (!copy)
		return -ENOMEM;
	r = read_at(elf, copy, size, from);
	if (r) {
		free(copy);
		return r;
	}
	copy[size] = 0;
	*(void **)table = copy;
	return 0;
}

static bool is_usable(const Elf64_Ehdr *h)
{
	return !memcmp(h->e_ident, ELFMAG, SELFMAG) && h->e_ident[EI_CLASS] == ELFCLASS64 &&
	       h->e_ident[EI_DATA] == ELFDATA2LSB && h->e_ident[EI_VERSION] == EV_CURRENT &&
	       h->e_version == EV_CURRENT && h->e_machine == EM_X86_64;
}

static int open_elf(struct dune_elf *elf)
{
	int r = read_at(elf, &elf->hdr, sizeof(elf->hdr), 0);

	elf->phdr = NULL;
	elf->shdr = NULL;
	elf->shdrstr = NULL;
	if (!r && !is_usable(&elf->hdr))
		r = -EINVAL;
	if (r)
		dune_compat_elf_close(elf);
	return r;
}

int dune_compat_elf_open(struct dune_elf *elf, const char *path)
{
	elf->mem = NULL;
	elf->len = 0;
	elf->fd = open(path, O_RDONLY | O_CLOEXEC);
	return elf->fd < 0 ? -EIO : open_elf(elf);
}

int dune_compat_elf_open_mem(struct dune_elf *elf, void *mem, int len)
{
	if (!mem || len < 0)
		return -EINVAL;
	elf->fd = -1;
	elf->mem = mem;
	elf->len = len;
	return open_elf(elf);
}

int dune_compat_elf_close(struct dune_elf *elf)
{
	free(elf->phdr);
	free(elf->shdr);
	free(elf->shdrstr);
	elf->phdr = NULL;
	elf->shdr = NULL;
	elf->shdrstr = NULL;
	if (elf->fd >= 0)
		close(elf->fd);
	elf->fd = -1;
	return 0;
}

int dune_compat_elf_iter_ph(struct dune_elf *elf, dune_elf_phcb cb)
{
	int i, r;

	if (!elf->phdr && elf->hdr.e_phnum) {
		if (elf->hdr.e_phentsize != sizeof(Elf64_Phdr))
			return -EINVAL;
		r = read_table(elf, elf->hdr.e_phnum * sizeof(Elf64_Phdr), elf->hdr.e_phoff,
			       &elf->phdr);
		if (r)
			return r;
	}
	for (i = 0; i < elf->hdr.e_phnum; i++) {
		r = cb(elf, &elf->phdr[i]);
		if (r)
			return r;
	}
	return 0;
}

static int read_sections(struct dune_elf *elf)
{
	const Elf64_Ehdr *h = &elf->hdr;
	Elf64_Shdr *shdr, *names;
	int r;

	if (h->e_shentsize != sizeof(Elf64_Shdr) || h->e_shstrndx >= h->e_shnum)
		return -EINVAL;
	r = read_table(elf, h->e_shnum * sizeof(Elf64_Shdr), h->e_shoff, &shdr);
	if (r)
		return r;
	names = &shdr[h->e_shstrndx];
	r = names->sh_type == SHT_STRTAB ?
	    read_table(elf, names->sh_size, names->sh_offset, &elf->shdrstr) : -EINVAL;
	if (r)
		free(shdr);
	else
		elf->shdr = shdr;
	return r;
}

int dune_compat_elf_iter_sh(struct dune_elf *elf, dune_elf_shcb cb)
{
	uint64_t size;
	int i, r;

	if (!elf->shdr && elf->hdr.e_shnum) {
		r = read_sections(elf);
		if (r)
			return r;
	}
	for (i = 0; i < elf->hdr.e_shnum; i++) {
		size = elf->shdr[elf->hdr.e_shstrndx].sh_size;
		if (elf->shdr[i].sh_name > size)
			return -EINVAL;
		r = cb(elf, elf->shdrstr + elf->shdr[i].sh_name, i, &elf->shdr[i]);
		if (r)
			return r;
	}
	return 0;
}

static int dump_section(struct dune_elf *elf, const char *name, int nr, Elf64_Shdr *s)
{
	dune_compat_printf("  [%2d] %-20s type %-10x %016lx + %08lx at %08lx %c%c%c\n", nr, name,
			   s->sh_type, s->sh_addr, s->sh_size, s->sh_offset,
			   s->sh_flags & SHF_ALLOC ? 'A' : ' ', s->sh_flags & SHF_WRITE ? 'W' : ' ',
			   s->sh_flags & SHF_EXECINSTR ? 'X' : ' ');
	return 0;
}

static int dump_segment(struct dune_elf *elf, Elf64_Phdr *p)
{
	dune_compat_printf("  type %-10x %016lx + %08lx (%08lx in the file) at %08lx %c%c%c\n",
			   p->p_type, p->p_vaddr, p->p_memsz, p->p_filesz, p->p_offset,
			   p->p_flags & PF_R ? 'R' : ' ', p->p_flags & PF_W ? 'W' : ' ',
			   p->p_flags & PF_X ? 'X' : ' ');
	return 0;
}

int dune_compat_elf_dump(struct dune_elf *elf)
{
	int r;

	dune_compat_printf("Section headers:\n");
	r = dune_compat_elf_iter_sh(elf, dump_section);
	if (r)
		return r;
	dune_compat_printf("Program headers:\n");
	return dune_compat_elf_iter_ph(elf, dump_segment);
}

static int prot_of(const Elf64_Phdr *p)
{
	return (p->p_flags & PF_R ? PROT_READ : 0) | (p->p_flags & PF_W ? PROT_WRITE : 0) |
	       (p->p_flags & PF_X ? PROT_EXEC : 0);
}

/* Where the segment's pages begin and end; false if that cannot be. */
static bool place(const Elf64_Phdr *p, off_t off, uintptr_t *start, uintptr_t *end)
{
	uintptr_t va = p->p_vaddr + off;

	*start = PGADDR(va);
	*end = PGADDR(va + p->p_memsz + PGMASK);
	return p->p_type == PT_LOAD && p->p_filesz <= p->p_memsz && va + p->p_memsz >= va &&
	       !(*end >> 47) && *start < *end && PGOFF(va) == PGOFF(p->p_offset);
}

/*
 * The pages are anonymous, and read in: so a segment from memory is loaded like
 * one from a file, and what lies behind its end is zero.
 */
int dune_compat_elf_load_ph(struct dune_elf *elf, Elf64_Phdr *p, off_t off)
{
	uintptr_t start, end;
	void *at;
	int r;

	if (!place(p, off, &start, &end))
		return -EINVAL;
	at = mmap((void *)start, end - start, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (at == MAP_FAILED)
		return -ENOMEM;
	r = read_at(elf, (void *)(p->p_vaddr + off), p->p_filesz, p->p_offset);
	if (!r && mprotect(at, end - start, prot_of(p)))
		r = -ENOMEM;
	if (r)
		munmap(at, end - start);
	return r;
}
