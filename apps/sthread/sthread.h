/* SPDX-License-Identifier: MIT */
/**
 * @file sthread.h - separated threads: code that has only what it was given
 *
 * An sthread is a function that runs at CPL 3, in a guest page table of its own.
 * It reaches
 *
 *   - the code, the constants and the relocated read-only data (RELRO) of the
 *     program and its shared objects, but for the object that libdune is in;
 *   - of their variables (.data, .bss) a copy of its own, with the values of the
 *     time of sthread_init(); a stack; thread-local variables; all fresh each time;
 *   - the tags, descriptors and system calls of its security context, which are
 *     granted one by one.
 *
 * All else, the program's own variables, its heap and stacks, libdune and other
 * sthreads among it, is out of its reach. What it tries beyond its grants ends that
 * sthread and nothing else, with a report.
 *
 * It runs on the thread that joins it: no other thread is made, and several may
 * join sthreads at once. Functions return 0 or a negative errno. But where it is
 * said otherwise they may be called by every thread, and not from an sthread.
 *
 * Link the program with libdune.so.1 and with -z now (pkg-config --libs libsthread):
 * symbols cannot be looked up in an sthread. Of libc, what works on its arguments works there; what needs the
 * heap (malloc(), streams) does not.
 */
#ifndef _APPS_STHREAD_STHREAD_H
#define _APPS_STHREAD_STHREAD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Rights to a tag or a descriptor. */
#define STHREAD_READ	1U
#define STHREAD_WRITE	2U	/* of a tag: to read as well */

#define STHREAD_NAME	32	/* bytes of a tag's name, its end included */
#define STHREAD_STACK	65536	/* bytes of an sthread's stack */

struct sthread_tag;
struct sthread_sc;
struct sthread;

/**
 * sthread_init - prepare this process for sthreads
 *
 * Takes over the handlers of exceptions, page faults and ring 3's system calls
 * (dune/trap.h); those of CPL 0 are passed on to Linux. Objects that are loaded
 * later are not for sthreads; none that is there now may be unloaded. Call it in
 * Dune mode, before the program's variables hold a secret; more calls do nothing.
 * Returns 0; -EINVAL: not in Dune mode; -E2BIG: the program has more than 64 MiB
 * of variables; -ENOMEM.
 */
int sthread_init(void);

/**
 * sthread_tag_new - memory to give to sthreads
 * @tag: where the tag goes
 * @name: for reports; longer ones are cut
 * @size: bytes, rounded up to whole pages
 *
 * The program itself reads and writes it as any other memory. Returns 0;
 * -EINVAL: no size; -ENOMEM.
 */
int sthread_tag_new(struct sthread_tag **tag, const char *name, size_t size);

/**
 * sthread_tag_delete - give a tag's memory back
 *
 * Returns 0, or -EBUSY while it is in a security context.
 */
int sthread_tag_delete(struct sthread_tag *tag);

/**
 * sthread_smalloc - zeroed memory in a tag, aligned to 64 bytes
 * sthread_sfree - give it back; NULL is fine
 *
 * What lies where is noted outside of the tag, out of the reach of whoever
 * writes there. smalloc returns NULL if there is no room; sfree -EINVAL for a
 * pointer that smalloc has not given, or that is free.
 */
void *sthread_smalloc(struct sthread_tag *tag, size_t size);
int sthread_sfree(struct sthread_tag *tag, void *p);

/**
 * sthread_sc_new - a security context, with nothing in it
 * sthread_sc_free - its end; the sthreads kept for it go too
 *
 * Return 0; new: -ENOMEM; free: -EBUSY while one of its sthreads is not joined.
 */
int sthread_sc_new(struct sthread_sc **sc);
int sthread_sc_free(struct sthread_sc *sc);

/**
 * sthread_sc_mem_add - grant a tag
 * @rights: STHREAD_READ, or STHREAD_WRITE for both
 *
 * For sthreads created from now on. A tag stays granted as long as the context
 * lives. Returns 0; -EINVAL: no such rights; -EEXIST: granted already; -ENOSPC:
 * the context has 32 tags.
 */
int sthread_sc_mem_add(struct sthread_sc *sc, struct sthread_tag *tag, unsigned int rights);

/**
 * sthread_sc_fd_add - grant a descriptor
 * sthread_sc_fd_del - and take it back, from those that run as well
 * @rights: STHREAD_READ, STHREAD_WRITE or both
 *
 * Return 0; -EINVAL: no such rights; -EBADF: beyond 1023, or one that Dune mode
 * needs.
 */
int sthread_sc_fd_add(struct sthread_sc *sc, int fd, unsigned int rights);
int sthread_sc_fd_del(struct sthread_sc *sc, int fd);

/**
 * sthread_sc_sys_add - grant a system call
 * @nr: its number
 *
 * Those that cannot be granted would reach beyond every other grant: calls that
 * name files, make processes, change memory or signals. Of clocks those of the
 * system are granted, not those of processes, threads and descriptors (-EINVAL).
 * Returns 0, or -EPERM.
 */
int sthread_sc_sys_add(struct sthread_sc *sc, long nr);

/* The signal by which time ends; libsthread's own once a context has a limit. */
#define STHREAD_SIGNAL	62

/**
 * sthread_sc_cpu_set - limit the CPU time of each sthread
 * @ms: milliseconds, 0: none
 *
 * Time in system calls that wait does not count. One that a signal's handler runs
 * within another counts as part of that: it is ended when its own time is over, or
 * that of the other, which then ends as well. No time ends while the thread blocks
 * STHREAD_SIGNAL, as in handlers of dune_signal_set_handler(). Returns 0, or what
 * dune_signal_set_handler() fails with.
 */
int sthread_sc_cpu_set(struct sthread_sc *sc, unsigned int ms);

/* How an sthread ended. */
enum sthread_end {
	STHREAD_RETURNED,	/* its function returned, or it called exit(2) */
	STHREAD_ACCESS,		/* memory it has no right to: address, access */
	STHREAD_TRAP,		/* another exception: vector */
	STHREAD_CALL,		/* a system call that is not granted: nr */
	STHREAD_FD,		/* a descriptor that is not: nr, argument, fd */
	STHREAD_TIME,		/* it had used up its CPU time */
	STHREAD_POINTER,	/* an argument that points to memory it has no right to */
};

struct sthread_report {
	enum sthread_end end;
	uint64_t	rip;		/* of the instruction */
	uint64_t	address;	/* ACCESS, POINTER */
	char		access;		/* 'r', 'w' or 'x' */
	char		where[STHREAD_NAME];	/* whose memory that is, if it is a tag's */
	unsigned int	vector;
	long		nr;
	int		argument;	/* of the call, from 0 */
	int		fd;
};

/* A line about @report, without its newline: snprintf(3)'s result. */
int sthread_report_text(const struct sthread_report *report, char *text, size_t size);

typedef void *(*sthread_fn)(void *arg);

/**
 * sthread_create - an sthread, ready to run
 * @s: where it goes
 * @sc: what it may
 * @fn: what it runs; its code must be among what sthreads reach
 * @arg: for @fn; a pointer is of use if it leads into a tag that is granted
 *
 * One that has ended is used again if there is one: its memory is as fresh then.
 * Returns 0; -EINVAL: without sthread_init(), or @fn lies elsewhere; -ENOMEM, or
 * what dune_vm_clone() and dune_vm_protect() fail with.
 */
int sthread_create(struct sthread **s, struct sthread_sc *sc, sthread_fn fn, void *arg);

/**
 * sthread_join - run it to its end
 * @value: where what @fn returns goes, NULL: nowhere
 * @report: how it ended, NULL: nowhere
 *
 * In any thread that is in Dune mode, once; @s is gone afterwards. Returns 0 if
 * the function returned; -ECANCELED if it was ended; or, with @s still there,
 * -EINVAL: not in Dune mode; or what timer_create(2) or dune_ring3_enter_root()
 * fails with.
 */
int sthread_join(struct sthread *s, void **value, struct sthread_report *report);

/* ---- in an sthread ------------------------------------------------------ */

/* Numbers of calls that are sthreads' own, beside Linux's. */
#define STHREAD_CALL_SMALLOC	0x10000
#define STHREAD_CALL_SFREE	0x10001

/** sthread_syscall - a system call, without libc; the result or a negative errno. */
static inline long sthread_syscall(long nr, long a0, long a1, long a2, long a3)
{
	register long r10 __asm__("r10") = a3;

	__asm__ volatile("syscall" : "+a" (nr) : "D" (a0), "S" (a1), "d" (a2), "r" (r10)
		     : "rcx", "r11", "memory");
	return nr;
}

/** sthread_smalloc_inside - sthread_smalloc(), of a tag granted to write */
static inline void *sthread_smalloc_inside(struct sthread_tag *tag, size_t size)
{
	return (void *)sthread_syscall(STHREAD_CALL_SMALLOC, (long)tag, (long)size, 0, 0);
}

static inline int sthread_sfree_inside(struct sthread_tag *tag, void *p)
{
	return (int)sthread_syscall(STHREAD_CALL_SFREE, (long)tag, (long)p, 0, 0);
}

#ifdef __cplusplus
}
#endif

#endif /* _APPS_STHREAD_STHREAD_H */
