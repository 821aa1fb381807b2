/* SPDX-License-Identifier: MIT */
/*
 * priv.h - what the files of sthreads share
 */
#ifndef _APPS_STHREAD_PRIV_H
#define _APPS_STHREAD_PRIV_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#include "sthread.h"

#define PAGE_SIZE	4096UL
#define PAGE_DOWN(x)	((x) & ~(PAGE_SIZE - 1))
#define PAGE_UP(x)	PAGE_DOWN((x) + PAGE_SIZE - 1)

#define NR_FDS		1024
#define NR_TAGS		32		/* of one context */

/* tag.c */
struct sthread_tag {
	struct sthread_tag *next;	/* of all there are */
	char		name[STHREAD_NAME];
	uintptr_t	start;
	size_t		size;
	unsigned int	users;		/* contexts that have it */
	pthread_mutex_t	lock;
	size_t		hint;		/* unit to look at first */
	uint32_t	*units;		/* see tag.c */
};

void tag_hold(struct sthread_tag *tag);
void tag_put(struct sthread_tag *tag);
void tag_name_at(uintptr_t address, char *name);

/* objects.c: what every sthread has of the program */
struct range {
	uintptr_t	start, end;
	unsigned int	rights;		/* STHREAD_* */
	bool		exec;
};

#define NR_RANGES	256
#define NR_DATA		64
#define NR_TLS		64
#define MAX_DATA	(64UL << 20)

/* Variables of an object: of each sthread's own, as they were in the beginning. */
struct data {
	uintptr_t	start, end;
	const char	*image;
};

struct tls_image {
	const void	*image;
	size_t		size;		/* the rest of the module's block is zero */
	ptrdiff_t	offset;		/* from the thread pointer, below it */
};

struct objects {
	struct range	range[NR_RANGES];
	unsigned int	nr;
	struct data	data[NR_DATA];
	unsigned int	nr_data;
	size_t		data_size;
	struct tls_image tls[NR_TLS];
	unsigned int	nr_tls;
	size_t		tls_size;	/* below the thread pointer */
	uintptr_t	gate;		/* where functions return to */
	bool		ready;
};
extern struct objects objects;

int objects_init(void);

/* sc.c */
struct grant {
	struct sthread_tag *tag;
	unsigned int	rights;
};

struct sthread_sc {
	pthread_mutex_t	lock;
	struct grant	grant[NR_TAGS];
	unsigned int	nr_grants;
	uint8_t		fd[NR_FDS];	/* rights */
	uint64_t	calls;		/* by their place in the table of calls.c */
	unsigned int	cpu_ms;		/* 0: as long as they like */
	struct sthread	*idle;		/* to be used again */
	unsigned int	nr_running;	/* created, not joined yet */
};

/*
 * memory.c: memory of an sthread's own. @start is where the sthread has it,
 * @memory where the program and Linux have it.
 */
struct area {
	uintptr_t	start, end;
	char		*memory;
	const char	*image;		/* as it begins; NULL: zero */
	uint64_t	*dirty;		/* a bit for each page */
};

struct sthread {
	struct sthread	*next;
	struct sthread_sc *sc;
	struct dune_root *root;
	unsigned int	nr_grants;	/* of the context's, that the root has */
	char		*base;		/* one mapping for all areas, see memory.c */
	size_t		size;
	struct area	area[2 + NR_DATA];
	unsigned int	nr_areas;
	uint64_t	*dirty;		/* all areas' */
	char		*tls_image;
	uintptr_t	thread_pointer;
	struct dune_tf	tf;
	void		*value;
	struct sthread	*outer;		/* that a signal interrupted, whose handler runs this one */
	uint64_t	deadline;	/* of the thread's CPU time, or NO_DEADLINE */
	bool		expired;	/* its time is over */
	uint64_t	stopped_at;
	struct sthread_report report;
};

int memory_new(struct sthread *s);
void memory_free(struct sthread *s);
int memory_grant(struct sthread *s);
void memory_reset(struct sthread *s);
void memory_push(struct sthread *s, uintptr_t value);
void *memory_at(struct sthread *s, uintptr_t start, size_t size, bool write, uintptr_t *bad);

/* run.c */
struct sthread *run_current(void);
void run_end(struct sthread *s, enum sthread_end end, const struct dune_tf *tf)
	__attribute__((noreturn));

/* time.c */
#define NOWHERE		(1UL << 47)	/* where no code can be */
#define NO_DEADLINE	(~0UL)
int time_start(struct sthread *s);
void time_stop(struct sthread *s);

/* calls.c */
void calls_make(struct sthread *s, struct dune_tf *tf);
int calls_place(long nr);
const char *calls_name(long nr);

#endif /* _APPS_STHREAD_PRIV_H */
