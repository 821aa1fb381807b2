/* SPDX-License-Identifier: MIT */
/*
 * dune.h - the interface of the original Dune (2012 to 2018)
 *
 * For programs written for it; dune_compat(7) lists all names and the differences.
 * New programs take <dune/dune.h>. A source file includes one or the other.
 */
#ifndef _DUNE_COMPAT_DUNE_H
#define _DUNE_COMPAT_DUNE_H

#if defined(_DUNE_DUNE_H) && !defined(DUNE_COMPAT_LIBRARY)
#error "<dune/dune.h> and \"libdune/dune.h\" have the same names for different things"
#endif

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "mmu.h"
#include <elf.h>
#include "fpu.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- types ------------------------------------------------------------ */

typedef void (*dune_sighandler)(int);

/* Selectors, as in Linux. */
#define GD_KT		0x10
#define GD_KD		0x18
#define GD_UD		0x28
#define GD_UT		0x30

#ifndef DUNE_COMPAT_LIBRARY
/*
 * Registers of interrupted code. (That of <dune/trap.h>, where the original's
 * narrower fields are the low part of what is there.)
 */
struct dune_tf {
	uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t vector;
	uint32_t err, pad1;
	uint64_t rip;
	uint16_t cs, pad2[3];
	uint64_t rflags;
	uint64_t rsp;
	uint16_t ss, pad3[3];
};
#endif

/* Arguments of a system call, in its handler. */
#define ARG0(tf)	((tf)->rdi)
#define ARG1(tf)	((tf)->rsi)
#define ARG2(tf)	((tf)->rdx)
#define ARG3(tf)	((tf)->rcx)
#define ARG4(tf)	((tf)->r8)
#define ARG5(tf)	((tf)->r9)

typedef void (*dune_intr_cb)(struct dune_tf *tf);
typedef void (*dune_pgflt_cb)(uintptr_t addr, uint64_t fec, struct dune_tf *tf);
typedef void (*dune_syscall_cb)(struct dune_tf *tf);

#define DUNE_SIGNAL_INTR_BASE	200

/* One for each page of guest-physical memory; only those of the pool are in use. */
SLIST_HEAD(page_head, page);
typedef SLIST_ENTRY(page) page_entry_t;

struct page {
	page_entry_t link;
	uint64_t ref;
};

typedef int (*page_walk_cb)(const void *arg, ptent_t *ptep, void *va);

#define PROCMAP_TYPE_UNKNOWN	0x00
#define PROCMAP_TYPE_FILE	0x01
#define PROCMAP_TYPE_ANONYMOUS	0x02
#define PROCMAP_TYPE_HEAP	0x03
#define PROCMAP_TYPE_STACK	0x04
#define PROCMAP_TYPE_VSYSCALL	0x05
#define PROCMAP_TYPE_VDSO	0x06
#define PROCMAP_TYPE_VVAR	0x07

struct dune_procmap_entry {
	uintptr_t begin;
	uintptr_t end;
	uint64_t offset;
	bool r;
	bool w;
	bool x;
	bool p;			/* private */
	char *path;		/* valid during the call only */
	int type;
};

typedef void (*dune_procmap_cb)(const struct dune_procmap_entry *entry);

struct dune_elf {
	int fd;
	unsigned char *mem;
	int len;
	Elf64_Ehdr hdr;
	Elf64_Phdr *phdr;
	Elf64_Shdr *shdr;
	char *shdrstr;
	void *priv;
};

typedef int (*dune_elf_phcb)(struct dune_elf *elf, Elf64_Phdr *phdr);
typedef int (*dune_elf_shcb)(struct dune_elf *elf, const char *sname, int snum,
			     Elf64_Shdr *shdr);

/* ---- rights ------------------------------------------------------------ */

#define PERM_NONE	0
#define PERM_R		0x0001
#define PERM_W		0x0002
#define PERM_X		0x0004
#define PERM_U		0x0008		/* ring 3 too */
#define PERM_UC		0x0010		/* not cached */
#define PERM_COW	0x0020
#define PERM_BIG	0x0100		/* leaves of 2 MiB */
#define PERM_BIG_1GB	0x0200
#define PERM_USR1	0x1000		/* the program's own */
#define PERM_USR2	0x2000
#define PERM_USR3	0x4000

#define PERM_SCODE	(PERM_R | PERM_X)
#define PERM_STEXT	(PERM_R | PERM_W)
#define PERM_SSTACK	PERM_STEXT
#define PERM_UCODE	(PERM_R | PERM_U | PERM_X)
#define PERM_UTEXT	(PERM_R | PERM_U | PERM_W)
#define PERM_USTACK	PERM_UTEXT

#define VA_START	((void *)0)
#define VA_END		((void *)-1)

enum {
	CREATE_NONE = 0,
	CREATE_NORMAL = 1,
	CREATE_BIG = 2,
	CREATE_BIG_1GB = 3,
};

/* ---- functions and data ------------------------------------------------ */

#ifdef DUNE_COMPAT_LIBRARY
#define DUNE_FN(result, name, arguments)	result dune_compat_##name arguments
#define DUNE_DATA(type, name)			extern type dune_compat_##name
#else
#define DUNE_FN(result, name, arguments) \
	result dune_##name arguments __asm__("dune_compat_" #name)
#define DUNE_DATA(type, name)			extern type name __asm__("dune_compat_" #name)
#endif

#include "functions.h"

/* The root that threads start with, in the CPU's format. */
DUNE_DATA(ptent_t *, pgroot);
/* Indexed by guest-physical page number. */
DUNE_DATA(struct page *, pages);
DUNE_DATA(long, num_pages);
/* Where mmap() puts things and where the stack is, or below. */
DUNE_DATA(uintptr_t, mmap_base);
DUNE_DATA(uintptr_t, stack_base);

#undef DUNE_FN
#undef DUNE_DATA

#define PAGEBASE	0UL

#ifndef DUNE_COMPAT_LIBRARY
#include "inline.h"
#endif

#ifdef __cplusplus
}
#endif

#endif /* _DUNE_COMPAT_DUNE_H */
