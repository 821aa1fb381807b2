/* SPDX-License-Identifier: MIT */
/*
 * run.h - what dune-run's files share
 *
 * dune-run is the monitor, at CPL 0, of one program, at CPL 3. It uses no libc,
 * is linked at 1 TiB, and keeps to the 1 GiB block there; the rest of the
 * address space is the program's, laid out by Linux as ever: its stack, its
 * vDSO, its heap, its mappings. So the program's mmap() and munmap() need no
 * work on page tables, and to protect the monitor is to protect one block.
 */
#ifndef _APPS_RUN_RUN_H
#define _APPS_RUN_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#include <asm/errno.h>

#include "../../libdune/sys.h"

#define PAGE_SIZE	4096UL
#define PAGE_DOWN(x)	((x) & ~(PAGE_SIZE - 1))
#define PAGE_UP(x)	PAGE_DOWN((x) + PAGE_SIZE - 1)

#define MONITOR_BASE	0x10000000000UL			/* also in build.mk */
#define MONITOR_SIZE	(1UL << 30)
#define MONITOR_END	(MONITOR_BASE + MONITOR_SIZE)
#define MONITOR_GUARD	(MONITOR_BASE - PAGE_SIZE)	/* stops a copy that runs in */
#define ARENA_BASE	(MONITOR_BASE + (256UL << 20))
#define ARENA_SIZE	(640UL << 20)
#define EXEC_BASE	(ARENA_BASE + ARENA_SIZE)	/* see exec.c */
#define BOX_BASE	(MONITOR_END - (8UL << 20))	/* a policy, see sandboxed.c */
#define TASK_SIZE	(1UL << 47)

/* lib.c */
size_t length(const char *s);
bool equal(const char *a, const char *b);
bool starts_with(const char *s, const char *prefix);
void complain(const char *what, const char *why);
void die(int status, const char *what, const char *why) __attribute__((noreturn));

/* elf.c */
struct segment {
	uint64_t	vaddr, filesz, memsz, offset;
	int		prot;
};

#define MAX_SEGMENTS	16

struct elf {
	bool		dynamic;	/* ET_DYN: may be moved */
	bool		exec_stack;
	unsigned int	nr;
	struct segment	segment[MAX_SEGMENTS];
	uint64_t	entry, phdr, phnum;
	uint64_t	low, high;	/* what the segments cover */
	uint64_t	interp_offset, interp_size;
};

/* From the first bytes of a file; 0 or -ENOEXEC. Pure. */
int elf_parse(struct elf *elf, const void *header, size_t size, uint64_t file_size);

/* load.c */
struct image {
	struct elf	elf;
	uint64_t	bias;
};

struct program {
	struct image	main, interp;
	bool		has_interp;
	uint64_t	brk;
};

int load_program(struct program *p, const char *path);
long open_to_load(const char *path, bool program);

/* stack.c */
struct vectors {
	uint64_t	argc;
	char		**argv, **envp;
	uint64_t	*auxv;
};

void stack_read(uint64_t *sp, struct vectors *v);
uint64_t *stack_build(uint64_t *sp, const struct vectors *v, const struct program *p,
		      const char *path);

/* path.c */
const char *find_program(const char *name, char **envp);
#define SCRIPT_LINE	256		/* all that counts of a script's first line, and a 0 */
#define SCRIPT_DEPTH	5		/* interpreters that are scripts */
char *script_interpreter(char *start, long n, char **argument);
char **script_arguments(char **argv, const char **path, int *error);

/* check.c */
long check_file(struct dune_tf *tf, long fd, bool readable, unsigned int depth);
bool is_script(const char *path);

/* monitor.c */
void monitor_syscall(struct dune_tf *tf);
long do_arch_prctl(struct dune_tf *tf);

/* sandboxed.c: under a policy */
struct options {
	char	*argv0;
	bool	verbose;
	bool	by_fd;		/* from exec.c: close the descriptor it is found by */
	char	*record;	/* from dune-trace: where calls are written down */
	char	*policy;
	char	*policy_fd;
	char	*learn;
	bool	trace, report;
	char	**rest;		/* the program and its arguments */
};

/* block.c */
void block_reserve(void);
void block_retire(uint64_t start, uint64_t size);

void box_compile(const struct options *o, char **argv, char **envp);
void box_open(const struct options *o);
void box_begin(void);
bool box_on(void);
bool box_traces(void);
void box_say(const char *line, size_t size);
bool box_may_load(int fd, bool program);
bool box_may_map(int prot);
void box_handler(struct dune_tf *tf);
long box_find_program(struct dune_tf *tf, char *path, bool at, uint64_t dir, uint64_t flags);
long box_check_interpreter(struct dune_tf *tf, const char *path, unsigned int depth);
const char *box_fd_text(void);
const char *box_monitor(void);

/* record.c */
bool record_init(const char *path);
bool record_on(void);
void record_start(const char *path, char **argv, char **envp);
void record_syscall(struct dune_tf *tf);
const char *record_path(void);

/* refuse.c */
long refuse(const struct dune_tf *tf);
bool in_monitor(uint64_t start, uint64_t size);

/* pointers.c */
unsigned int pointer_args(uint64_t nr);

/* dispatch.c */
long dispatch_set(const struct dune_tf *tf);
bool dispatch_call(const struct dune_tf *tf);
void dispatch_off(void);

/* brk.c */
void brk_init(uint64_t start);
uint64_t brk_set(uint64_t to);
void brk_after_fork(void);

/* exec.c */
void exec_init(const char *path);
long read_self(uint64_t name, uint64_t to, uint64_t size);
void do_execve(struct dune_tf *tf);
void exec_forget(uint32_t tid);
void exec_after_fork(void);

/* execat.c */
#define FD_PATH_SIZE	40
void fd_path(char *to, unsigned int fd);
void fd_close(const char *path);
long exec_open_at(uint64_t dir, char *path, uint64_t flags);

#endif /* _APPS_RUN_RUN_H */
