/* SPDX-License-Identifier: MIT */
/**
 * @file sandbox.h - run code that is not trusted in a part of this process
 *
 * A domain is memory of its own in this process's address space, and code that
 * runs in it at CPL 3, with a dynamic linker and a C library of its own. It
 * reaches nothing else: the rest of memory is the supervisor's, other domains
 * are not in its page table, and a system call ends in libdune, which does for
 * it what loading, memory and locks need and refuses all else. The program
 * calls its functions as it calls those of a shared object, by a change of
 * ring and no exit.
 *
 * Everything a domain hands out (results, symbols' addresses, the contents of
 * its memory, the arguments of callbacks) is to be judged like a file from a
 * stranger. Memory that it shares with the program may change at any moment.
 *
 * All functions are for threads in Dune mode (dune_enter()) and return -EPERM
 * outside. They are thread-safe, but for dune_domain_destroy(): nobody may use
 * the domain any more. The functions that run code of the domain may wait for
 * other threads' calls to end.
 */
#ifndef _DUNE_SANDBOX_H
#define _DUNE_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dune_domain;

/* The real-time signal by which a domain's thread is interrupted. */
#define DUNE_DOMAIN_SIGNAL	63

/* No memory of the domain may be writable and executable at once. */
#define DUNE_DOMAIN_W_XOR_X	(1U << 0)

/** struct dune_domain_options - of a new domain; zeros are the defaults */
struct dune_domain_options {
	uint64_t size;		/* bytes of addresses, at most 64 GiB; 0: 1 GiB.
				 * Rounded up to 1 GiB */
	uint64_t memory;	/* bytes it may have mapped, those included that it
				 * has put out of reach; 0: all of size */
	uint64_t stack;		/* bytes of each stack; 0: 1 MiB */
	uint32_t threads;	/* calls at a time, 1 to 16; 0: 1 */
	uint32_t flags;		/* DUNE_DOMAIN_W_XOR_X */
	int output;		/* descriptor to which what it writes to its
				 * standard output and error goes; 0: nowhere */
	const char *library_path;	/* as LD_LIBRARY_PATH; may be NULL */
	uint64_t timeout;	/* nanoseconds for its dynamic linker, constructors
				 * included, in each load and each look at symbols,
				 * until the domain is ended; 0: none */
};

/**
 * dune_domain_create - make a domain, with a dynamic linker and libc in it
 * @domain: where to put it
 * @options: NULL for the defaults
 *
 * The first takes DUNE_DOMAIN_SIGNAL for itself. A forked child cannot use its
 * parent's domains. Returns 0, or
 *   -EPERM   not in Dune mode;
 *   -EINVAL  an option out of range, an unknown flag;
 *   -EBUSY   the program has a handler for DUNE_DOMAIN_SIGNAL;
 *   -ENOMEM, -ENOSPC  no memory, no addresses (the program's or the guest's) left;
 *   -ENOENT  there is no /lib64/ld-linux-x86-64.so.2;
 *   -ENOEXEC the dynamic linker or libc did not start.
 */
int dune_domain_create(struct dune_domain **domain, const struct dune_domain_options *options);

/**
 * dune_domain_destroy - end it and give everything back
 *
 * Returns 0, or -EBUSY while a call is under way. NULL is none, and done.
 */
int dune_domain_destroy(struct dune_domain *domain);

/**
 * dune_domain_end - end it, with the calls that are under way
 *
 * From another thread, or from a callback: these calls return -EOWNERDEAD as soon
 * as the domain is to run on, later ones at once. Its memory stays, until
 * dune_domain_destroy(), and dune_domain_reset() brings it back to life. Not for
 * signal handlers. Returns 0, of one that has ended before too; -EPERM: not in
 * Dune mode.
 */
int dune_domain_end(struct dune_domain *domain);

/**
 * dune_domain_load - load a shared object, with the libraries it needs
 * @path: its file
 *
 * As dlopen(3) with RTLD_NOW and RTLD_GLOBAL; its constructors run in the
 * domain. Until it returns, and only then, the domain may open ELF files to
 * read, below the folder of @path and those of the system's libraries. Returns
 * 0, or
 *   -ENOENT, -EACCES, ...  as for open(2);
 *   -ENAMETOOLONG  a path of 1024 bytes or more;
 *   -ENOEXEC  the dynamic linker refused it: dune_domain_report() has its words;
 *   -EAGAIN  no timer for the options' timeout (RLIMIT_SIGPENDING);
 *   -EOWNERDEAD  the domain has ended.
 */
int dune_domain_load(struct dune_domain *domain, const char *path);

/**
 * dune_domain_symbol - the address of a function or variable in the domain
 *
 * Returns 0; -ENOENT: no such symbol; -ENAMETOOLONG; -EAGAIN as above; -EOWNERDEAD.
 */
int dune_domain_symbol(struct dune_domain *domain, const char *name, uint64_t *address);

/* farg is used. */
#define DUNE_CALL_DOUBLES	(1U << 0)

/** struct dune_domain_call - arguments and result of a call */
struct dune_domain_call {
	uint64_t arg[6];	/* integers, and addresses in the domain */
	double farg[8];		/* with DUNE_CALL_DOUBLES */
	uint64_t timeout;	/* nanoseconds until the domain is ended; 0: none */
	uint32_t flags;
	uint32_t reserved;	/* 0 */
	uint64_t result;	/* what it returned, if an integer or address */
	double fresult;		/* if a double */
};

/**
 * dune_domain_call - call a function of the domain
 * @address: any; one that is no function ends the domain
 * @call: arguments and, after it, results
 *
 * A callback may call again, this domain or another. With as many calls under
 * way as the domain has threads, waits for one to end. Time counts while a
 * callback runs, but does not end it; a call of the same domain's there has no
 * more than is left of it. Signals of the program reach its handlers while the
 * domain runs; a handler must not jump out of the call. Returns 0, or
 *   -EINVAL      an unknown flag; an address beyond 2^47;
 *   -EOWNERDEAD  the domain has ended, now or earlier: dune_domain_report()
 *                says why.
 */
int dune_domain_call(struct dune_domain *domain, uint64_t address, struct dune_domain_call *call);

/**
 * typedef dune_domain_fn - a function of the program that a domain may call
 * @data: as given to dune_domain_callback()
 * @arg: what the domain passed: integers and addresses, all of them hostile
 *
 * Runs in the program, on the stack of the thread that called the domain.
 */
typedef uint64_t (*dune_domain_fn)(void *data, const uint64_t arg[6]);

/**
 * dune_domain_callback - declare a callback
 * @address: gets the address by which the domain calls it
 *
 * Returns 0; -ENOSPC: the domain has 32 already.
 */
int dune_domain_callback(struct dune_domain *domain, dune_domain_fn fn, void *data,
			 uint64_t *address);

/**
 * dune_domain_alloc - a buffer in the domain's memory
 *
 * It can be used by the program and the domain at the same address, to read and
 * write, and the domain cannot take it away. Zeroed, and aligned to a page.
 * Returns NULL where there is no memory left in the domain (or outside Dune mode).
 */
void *dune_domain_alloc(struct dune_domain *domain, size_t size);

/** dune_domain_free - give it back. Returns 0; -EINVAL: it is none. */
int dune_domain_free(struct dune_domain *domain, void *buffer);

#define DUNE_SHARE_WRITE	(1U << 0)

/**
 * dune_domain_share - show a buffer of the program's to the domain
 * @buffer: page-aligned
 * @size: bytes, whole pages
 * @flags: DUNE_SHARE_WRITE: it may write there, too
 * @address: gets where the domain finds it
 *
 * The memory itself, no copy; it must stay mapped until it is unshared. System
 * calls of the domain cannot use it. Returns
 * 0, or -EINVAL: not aligned, empty, of a domain's, an unknown flag; -ENOMEM;
 * -ENOSPC: too many are shared.
 */
int dune_domain_share(struct dune_domain *domain, void *buffer, size_t size, unsigned int flags,
		      uint64_t *address);

/** dune_domain_unshare - end that, for all threads. 0; -EINVAL: none is at @address. */
int dune_domain_unshare(struct dune_domain *domain, uint64_t address);

/**
 * dune_domain_read - copy from the domain's memory
 * dune_domain_write - copy to it
 *
 * For memory that the domain may take away meanwhile (its own malloc(3)'s, say).
 * Return 0, or -EFAULT: some of it is not the domain's, or not accessible.
 */
int dune_domain_read(struct dune_domain *domain, void *to, uint64_t from, size_t size);
int dune_domain_write(struct dune_domain *domain, uint64_t to, const void *from, size_t size);

/**
 * dune_domain_snapshot - remember the domain as it is now
 *
 * From now on it cannot unmap or change what was mapped and not writable. A
 * second one takes the first one's place. Returns 0, or -EBUSY while a call is
 * under way or a buffer is shared; -EOWNERDEAD; -ENOMEM.
 */
int dune_domain_snapshot(struct dune_domain *domain);

/**
 * dune_domain_reset - make it again what it was then
 *
 * What has been written since is written back, page by page as the CPU's dirty
 * bits say; what has been mapped since is gone, buffers too. A domain that has
 * ended lives again. Returns 0, or -EINVAL without a snapshot; -EBUSY while a
 * call is under way or a buffer is shared; -ENOMEM: it has ended.
 */
int dune_domain_reset(struct dune_domain *domain);

/* Why a domain has ended. */
enum dune_domain_cause {
	DUNE_DOMAIN_ALIVE,	/* it has not */
	DUNE_DOMAIN_CRASHED,	/* an exception: vector, signal, address */
	DUNE_DOMAIN_STACK,	/* one, as a stack was full */
	DUNE_DOMAIN_MEMORY,	/* one, or abort(), after memory had been refused */
	DUNE_DOMAIN_DEADLINE,	/* a call took longer than its timeout */
	DUNE_DOMAIN_EXITED,	/* by exit(): status */
	DUNE_DOMAIN_ABORTED,	/* by a signal to itself: signal */
	DUNE_DOMAIN_ENDED,	/* by dune_domain_end() */
};

/** struct dune_domain_report - how a domain is, or was */
struct dune_domain_report {
	uint32_t cause;		/* enum dune_domain_cause */
	int32_t signal;		/* what a process would have died of, or 0 */
	int32_t status;
	uint32_t vector;	/* of the exception */
	uint64_t error;		/* its error code (DUNE_PF_*) */
	uint64_t address;	/* of the page fault */
	uint64_t rip, rsp;
	uint64_t refused;	/* system calls refused so far */
	uint64_t last_refused;	/* the last one's number */
	uint64_t memory;	/* bytes mapped */
	char module[64];	/* file in which rip is, or "" */
	uint64_t offset;	/* of rip in that file */
	char linker[256];	/* what the dynamic linker said last */
};

/** dune_domain_report - tell how it is. Returns 0. */
int dune_domain_report(struct dune_domain *domain, struct dune_domain_report *report);

/**
 * dune_domain_strerror - a sentence for an error of these functions
 * @error: the negative errno returned
 *
 * Names the cause and the remedy; dune_strerror()'s where it has none of its own.
 * Returns static text, never NULL. For any thread, in Dune mode or not.
 */
const char *dune_domain_strerror(int error);

#ifdef __cplusplus
}
#endif

#endif /* _DUNE_SANDBOX_H */
