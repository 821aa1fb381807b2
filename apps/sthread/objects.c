/* SPDX-License-Identifier: MIT */
/*
 * objects.c - what of the program every sthread has: code, constants, variables
 *
 * Of each object that is loaded, its segments without the right to write, and
 * what the loader makes read-only once it is relocated (RELRO: tables of
 * addresses); and of its variables a copy of its own, as they were when
 * sthread_init() was called. But nothing of the object that libdune is in: ring 0
 * runs there on behalf of the sthread, and SMEP and SMAP keep ring 0 off ring 3's
 * pages; and not the vDSO, whose clocks are a system call like another.
 */
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "priv.h"

struct objects objects;

static int add_range(uintptr_t start, uintptr_t end, bool exec)
{
	if (start >= end)
		return 0;
	if (objects.nr == NR_RANGES)
		return -ENOMEM;
	objects.range[objects.nr++] = (struct range) { start, end, STHREAD_READ, exec };
	return 0;
}

/* Variables begin where RELRO ends; the page between holds both, and is theirs. */
static uintptr_t relro_end(const struct dl_phdr_info *info, uintptr_t start)
{
	unsigned int i;

	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t relro = info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_GNU_RELRO && PAGE_DOWN(relro) == start)
			return PAGE_DOWN(relro + ph->p_memsz);
	}
	return start;
}

static int add_data(uintptr_t start, uintptr_t end)
{
	void *image;

	if (start >= end)
		return 0;
	objects.data_size += end - start;
	if (objects.nr_data == NR_DATA || objects.data_size > MAX_DATA)
		return -E2BIG;
	image = malloc(end - start);
	if (!image)
		return -ENOMEM;
	memcpy(image, (void *)start, end - start);
	objects.data[objects.nr_data++] = (struct data) { start, end, image };
	return 0;
}

static int add_segment(const struct dl_phdr_info *info, const ElfW(Phdr) *ph)
{
	uintptr_t start = info->dlpi_addr + ph->p_vaddr, end = PAGE_UP(start + ph->p_memsz);
	uintptr_t data;

	if (ph->p_type != PT_LOAD)
		return 0;
	start = PAGE_DOWN(start);
	if (!(ph->p_flags & PF_W))
		return add_range(start, end, ph->p_flags & PF_X);
	data = relro_end(info, start);
	return add_range(start, data, false) ?: add_data(data, end);
}

static uintptr_t this_thread_pointer(void)
{
	uintptr_t p;

	asm("movq %%fs:0, %0" : "=r" (p));
	return p;
}

/* Modules loaded at start have their blocks at the same offset in every thread. */
static int add_tls(const struct dl_phdr_info *info, const ElfW(Phdr) *ph)
{
	ptrdiff_t offset = (uintptr_t)info->dlpi_tls_data - this_thread_pointer();

	if (!info->dlpi_tls_data || offset >= 0 || offset < -65536)
		return 0;
	if (objects.nr_tls == NR_TLS)
		return -ENOMEM;
	objects.tls[objects.nr_tls++] = (struct tls_image) {
		(void *)(info->dlpi_addr + ph->p_vaddr), ph->p_filesz, offset };
	if ((size_t)-offset > objects.tls_size)
		objects.tls_size = -offset;
	return 0;
}

static bool has_address(const struct dl_phdr_info *info, uintptr_t address)
{
	unsigned int i;

	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_LOAD &&
		    address - info->dlpi_addr - ph->p_vaddr < ph->p_memsz)
			return true;
	}
	return false;
}

static int add_object(struct dl_phdr_info *info, size_t size, void *data)
{
	/* By its data: a function's address may be that of the program's own PLT. */
	bool hidden = has_address(info, (uintptr_t)dune_info()) ||
		      has_address(info, getauxval(AT_SYSINFO_EHDR));
	unsigned int i;
	int r = 0;

	for (i = 0; !r && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_TLS)
			r = add_tls(info, ph);
		else if (!hidden)
			r = add_segment(info, ph);
	}
	return r;
}

/* exit(value), where a function's return address leads. */
extern const char gate_start[], gate_end[];
asm(".pushsection .rodata\n"
    "gate_start:\n"
    "	mov	%rax, %rdi\n"
    "	mov	$60, %eax\n"
    "	syscall\n"
    "	ud2\n"
    "gate_end:\n"
    ".popsection");

static int add_gate(void)
{
	char *page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	if (page == MAP_FAILED)
		return -ENOMEM;
	memcpy(page, gate_start, gate_end - gate_start);
	if (mprotect(page, PAGE_SIZE, PROT_READ | PROT_EXEC)) {
		munmap(page, PAGE_SIZE);
		return -ENOMEM;
	}
	objects.gate = (uintptr_t)page;
	return add_range(objects.gate, objects.gate + PAGE_SIZE, true);
}

static void forget_all(void)
{
	unsigned int i;

	for (i = 0; i < objects.nr_data; i++)
		free((void *)objects.data[i].image);
	memset(&objects, 0, sizeof(objects));
}

int objects_init(void)
{
	int r;

	r = dl_iterate_phdr(add_object, NULL);
	r = r ? r : add_gate();
	if (r)
		forget_all();
	return r;
}
