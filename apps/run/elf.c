/* SPDX-License-Identifier: MIT */
/*
 * elf.c - what an ELF file asks to have mapped
 *
 * Nothing is believed: every offset, size and address is checked here, so that
 * load.c can do as it is told. Pure; tested with hostile headers.
 */
#include <elf.h>
#include <string.h>

#include "run.h"

#include <linux/mman.h>

static bool header_ok(const Elf64_Ehdr *e, size_t size)
{
	return size >= sizeof(*e) && e->e_ident[EI_MAG0] == ELFMAG0 &&
	       e->e_ident[EI_MAG1] == ELFMAG1 && e->e_ident[EI_MAG2] == ELFMAG2 &&
	       e->e_ident[EI_MAG3] == ELFMAG3 && e->e_ident[EI_CLASS] == ELFCLASS64 &&
	       e->e_ident[EI_DATA] == ELFDATA2LSB && e->e_machine == EM_X86_64 &&
	       (e->e_type == ET_EXEC || e->e_type == ET_DYN) &&
	       e->e_phentsize == sizeof(Elf64_Phdr) && e->e_phnum &&
	       e->e_phoff <= size && e->e_phnum <= (size - e->e_phoff) / sizeof(Elf64_Phdr) &&
	       e->e_phoff % 8 == 0;
}

static int protection(uint32_t flags)
{
	return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
	       (flags & PF_X ? PROT_EXEC : 0);
}

static int add_segment(struct elf *elf, const Elf64_Phdr *p, uint64_t file_size)
{
	struct segment *s = &elf->segment[elf->nr];
	uint64_t end;

	if (!p->p_memsz)
		return 0;
	if (elf->nr == MAX_SEGMENTS || p->p_filesz > p->p_memsz ||
	    p->p_vaddr >= TASK_SIZE || p->p_memsz > TASK_SIZE - p->p_vaddr ||
	    p->p_offset > file_size || p->p_filesz > file_size - p->p_offset ||
	    (p->p_vaddr - p->p_offset) % PAGE_SIZE)
		return -ENOEXEC;
	end = PAGE_UP(p->p_vaddr + p->p_memsz);
	/* In order and apart, as the specification has it. */
	if (elf->nr && PAGE_DOWN(p->p_vaddr) < elf->high)
		return -ENOEXEC;

	*s = (struct segment) { p->p_vaddr, p->p_filesz, p->p_memsz, p->p_offset,
				protection(p->p_flags) };
	if (!elf->nr)
		elf->low = PAGE_DOWN(p->p_vaddr);
	elf->high = end;
	elf->nr++;
	return 0;
}

/* Where in memory the program headers are: in the segment that holds them. */
static void find_phdr(struct elf *elf, const Elf64_Ehdr *e)
{
	unsigned int i;

	for (i = 0; i < elf->nr; i++) {
		const struct segment *s = &elf->segment[i];

		if (e->e_phoff >= s->offset && e->e_phoff - s->offset < s->filesz)
			elf->phdr = s->vaddr + (e->e_phoff - s->offset);
	}
}

int elf_parse(struct elf *elf, const void *header, size_t size, uint64_t file_size)
{
	const Elf64_Ehdr *e = header;
	const Elf64_Phdr *p;
	unsigned int i;
	int r;

	memset(elf, 0, sizeof(*elf));
	if (!header_ok(e, size))
		return -ENOEXEC;
	elf->dynamic = e->e_type == ET_DYN;
	elf->entry = e->e_entry;
	elf->phnum = e->e_phnum;

	p = (const Elf64_Phdr *)((const char *)header + e->e_phoff);
	for (i = 0; i < e->e_phnum; i++, p++) {
		switch (p->p_type) {
		case PT_LOAD:
			r = add_segment(elf, p, file_size);
			if (r)
				return r;
			break;
		case PT_INTERP:
			if (elf->interp_size || p->p_filesz < 2 || p->p_filesz > 4096 ||
			    p->p_offset > file_size || p->p_filesz > file_size - p->p_offset)
				return -ENOEXEC;
			elf->interp_offset = p->p_offset;
			elf->interp_size = p->p_filesz;
			break;
		case PT_GNU_STACK:
			elf->exec_stack = p->p_flags & PF_X;
			break;
		}
	}
	if (!elf->nr || (!elf->dynamic && elf->entry >= TASK_SIZE))
		return -ENOEXEC;
	find_phdr(elf, e);
	return 0;
}
