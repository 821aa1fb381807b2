/* SPDX-License-Identifier: MIT */
/*
 * domain.h - what the sandbox's files share
 *
 * All of it is guest half. While a domain's code runs, and while its system
 * calls and traps are handled, the thread has the domain's FS base; interrupts
 * are off in the handlers, so that no handler of the program's runs then.
 */
#ifndef _LIBDUNE_SANDBOX_DOMAIN_H
#define _LIBDUNE_SANDBOX_DOMAIN_H

#include <dune/sandbox.h>

#include "../priv.h"
#include "extents.h"
#include "numbers.h"

#define GIB		(1UL << 30)
#define TOP_ENTRY_SIZE	(1UL << 39)	/* what an entry of the top table spans */
#define PAGE_DOWN(x)	((x) & ~(PAGE_SIZE - 1))
#define PAGE_UP(x)	PAGE_DOWN((x) + PAGE_SIZE - 1)

#define MAX_THREADS	16
#define MAX_FILES	16
#define MAX_MODULES	32
#define MAX_EXTENTS	1000
#define FIRST_FD	3
#define PATH_SIZE	1024
#define NAME_SIZE	64

/* What IRET takes. */
struct dom_frame {
	uint64_t	rip, cs, rflags, rsp, ss;
};

/* A call under way: on the program's stack, or the domain's one. */
struct dom_call {
	struct dune_domain *d;
	struct dom_thread *thread;
	struct dom_call	*outer;		/* in whose callback it was made */
	uint64_t	host_cr3, host_fs, host_gs;
	uint64_t	fs;		/* the domain's, whenever it does not run */
	uint64_t	sp;		/* below it the domain uses nothing */
	uint64_t	deadline;	/* CLOCK_MONOTONIC nanoseconds, or 0 */
	uint64_t	result, fresult;
	uint32_t	pkru;
	struct dune_tf	interrupted;	/* by a signal of the program's */
	/* Of one that goes the short way: */
	struct dune_domain_call *args;	/* or NULL */
	uint64_t	cr3;		/* the domain's */
	struct dom_frame go;
	uint8_t		vectors[512] __attribute__((aligned(16)));	/* the program's */
};

/*
 * A thread of the domain's: a stack and thread-local data of its libc's. It runs
 * only as long as a thread of the program lends itself to it.
 */
struct dom_thread {
	uint32_t	tid;		/* Linux's, of who lent itself; TAKEN; 0: free */
	uint64_t	sp, fs;		/* where a call begins */
	uint64_t	mail;		/* a page for arguments that are memory */
	uint64_t	until;		/* of a wait that goes on, or 0 */
	struct dune_tf	first;		/* of one that has not run yet */
};

#define TAKEN	(1U << 31)	/* nobody's, but not free */

struct dom_file {
	int		fd;		/* Linux's, or -1 */
	char		name[NAME_SIZE];
};

/* Where code of a file is. */
struct dom_module {
	uint64_t	start, end, offset;
	char		name[NAME_SIZE];
};

/* A file mapped to be read and not changed since: bytes from @offset on. */
struct dom_image {
	uint64_t	start, end, offset;
	int		fd;		/* Linux's; it is still open */
};

struct dom_callback {
	dune_domain_fn	fn;
	void		*data;
};

struct dom_space;
struct dom_snapshot;

struct dune_domain {
	uint64_t	region;		/* TOP_ENTRY_SIZE, reserved for it alone */
	uint32_t	lock;		/* extents, files, image, modules, shares */
	uint32_t	dead;
	uint32_t	loading;	/* may open files */
	uint32_t	waiters;	/* for a thread to be free */
	uint32_t	free_count;	/* how often one was, for waiters: a futex */
	uint32_t	load_lock;
	bool		spawning;
	uint64_t	limit;		/* bytes of memory */
	uint64_t	brk_start, brk;
	struct extents	extents;
	struct dom_space *space;
	struct dom_snapshot *snapshot;
	struct dom_entries entries;	/* of the loader in it */
	struct dune_domain_options options;
	unsigned int	nr_threads;
	struct dom_thread threads[MAX_THREADS];
	struct dom_call	short_call;	/* by the first of them, see switch.S */
	uint32_t	nr_callbacks;
	struct dom_callback callbacks[MAX_CALLBACKS];
	struct dom_file	files[MAX_FILES];
	struct dom_image image;		/* the last one; end 0: none */
	unsigned int	nr_modules;
	struct dom_module modules[MAX_MODULES];
	bool		memory_refused;
	char		folder[PATH_SIZE];	/* of what is being loaded */
	struct dune_domain_report report;
};

static inline void dom_lock(struct dune_domain *d)
{
	/* Whoever has it may not be running. */
	while (__atomic_exchange_n(&d->lock, 1, __ATOMIC_ACQUIRE))
		sys(__NR_sched_yield);
}

static inline void dom_unlock(struct dune_domain *d)
{
	__atomic_store_n(&d->lock, 0, __ATOMIC_RELEASE);
}

/* space.c: the domain's page table, and buffers of the program's in it */
size_t dune_space_size(void);
int dune_space_new(struct dune_domain *d);
void dune_space_free(struct dune_domain *d);
uint64_t dune_space_table(const struct dune_domain *d);
uint64_t dune_space_cr3(const struct dune_domain *d);
void dune_space_to_mirror(struct dune_thread *t);
void dune_space_to_host(struct dune_thread *t, uint64_t cr3);
bool dune_space_shares(const struct dune_domain *d);
uint64_t *dune_space_pte(struct dune_domain *d, uint64_t va, bool make);
int dune_space_use_pages(struct dune_domain *d);
void dune_space_forget(struct dune_domain *d);
void dune_space_unshare_all(struct dune_domain *d);
void dune_space_mark_dirty(struct dune_domain *d, uint64_t start, uint64_t end);

/* memory.c: its mappings */
int dune_mem_reserve(struct dune_domain *d, uint64_t start, uint64_t size);
uint64_t dune_mem_map_held(struct dune_domain *d, uint64_t size, enum extent_kind kind);
void dune_mem_unmap(struct dune_domain *d, uint64_t start, uint64_t size);
bool dune_seams_few(struct dune_domain *d);	/* seams.c */
bool dune_mem_allowed(struct dune_domain *d, uint64_t start, uint64_t size, int prot);
int dune_mem_hold(struct dune_domain *d, uint64_t addr);
bool dune_mem_inside(const struct dune_domain *d, uint64_t start, uint64_t size);
long dune_mem_read(const struct dune_domain *d, void *to, uint64_t from, uint64_t size);
long dune_mem_write(struct dune_domain *d, uint64_t to, const void *from, uint64_t size);

/* memcalls.c */
long dune_call_mmap(struct dune_domain *d, const struct dune_tf *tf);
long dune_call_munmap(struct dune_domain *d, const struct dune_tf *tf);
long dune_call_mprotect(struct dune_domain *d, const struct dune_tf *tf);
long dune_call_mremap(struct dune_domain *d, const struct dune_tf *tf);
long dune_call_madvise(struct dune_domain *d, const struct dune_tf *tf);
long dune_call_brk(struct dune_domain *d, const struct dune_tf *tf);

/* files.c */
void dune_files_beside(struct dune_domain *d, int fd, const char *name, char *path);
int dune_files_allow(struct dune_domain *d, const char *path, char *real);
void dune_files_init(struct dune_domain *d);
void dune_files_close_all(struct dune_domain *d);
const struct dom_file *dune_files_find(const struct dune_domain *d, uint64_t fd);
long dune_call_openat(struct dune_domain *d, const struct dune_tf *tf);
long dune_call_close(struct dune_domain *d, const struct dune_tf *tf);
long dune_call_read(struct dune_domain *d, const struct dune_tf *tf);
long dune_call_stat(struct dune_domain *d, const struct dune_tf *tf);
void dune_call_write(struct dune_domain *d, struct dune_tf *tf);

/* waits.c */
void dune_call_futex(struct dom_call *c, struct dune_tf *tf);
void dune_call_sleep(struct dom_call *c, struct dune_tf *tf);

/* deadline.c */
uint64_t dune_now(void);
int dune_deadline_init(void);
void dune_deadline_first_call(struct dune_thread *t);
long dune_deadline_arm(struct dom_call *c, uint64_t timeout);
void dune_deadline_disarm(long timer);
void dune_deadline_kick(const struct dune_domain *d);
bool dune_deadline_over(const struct dom_call *c);

/* ending.c: why it ended */
void dune_dom_note(struct dom_call *c, const struct dune_tf *tf, enum dune_domain_cause cause,
		   int signal);
void dune_dom_end(struct dom_call *c, const struct dune_tf *tf, enum dune_domain_cause cause,
		  int signal) __attribute__((noreturn));

/* program.c: loader, dynamic linker, stack; *@tf: where it begins */
int dune_dom_map_program(struct dune_domain *d, struct dune_tf *tf);

/* start.c: up to where it waits for calls */
int dune_dom_start(struct dune_domain *d);
void dune_dom_parked(struct dom_call *c, struct dune_tf *tf);
long dune_dom_clone(struct dom_call *c, const struct dune_tf *tf);

/* call.c */
int dune_dom_call(struct dune_domain *d, uint64_t address, struct dune_domain_call *call);
int dune_dom_run(struct dom_call *c, const struct dune_tf *tf, uint64_t timeout);
int dune_dom_call_loader(struct dune_domain *d, uint64_t fn, const char *text, uint64_t arg,
			 uint64_t *result);
void dune_dom_callback(struct dom_call *c, struct dune_tf *tf);
struct dom_thread *dune_dom_take_thread(struct dune_domain *d);
void dune_dom_put_thread(struct dune_domain *d, struct dom_thread *thread);
void dune_dom_wake(struct dune_domain *d);
void dune_dom_to_domain(struct dom_call *c);
void dune_dom_to_host(struct dom_call *c);
void dune_dom_prepare_short(struct dune_domain *d);
void dune_dom_leave(struct dom_call *c) __attribute__((noreturn));

/* switch.S */
void dune_dom_abandon(struct dom_call *c) __attribute__((noreturn));

/* domain.c */
bool dune_dom_has_region(uint64_t start, uint64_t size);
bool dune_dom_take_all(struct dune_domain *d);
void dune_dom_put_all(struct dune_domain *d);

/* snapshot.c */
void dune_snapshot_free(struct dune_domain *d);

/* code.S */
extern const char dune_loader[];
void dune_dom_resume(void);
struct dune_tf *dune_dom_resumed(struct dom_call *c);

#endif /* _LIBDUNE_SANDBOX_DOMAIN_H */
