/* SPDX-License-Identifier: MIT */
/*
 * extents.h - which parts of a domain's address range are in use, and for what
 */
#ifndef _LIBDUNE_SANDBOX_EXTENTS_H
#define _LIBDUNE_SANDBOX_EXTENTS_H

#include <stdbool.h>
#include <stdint.h>

#define EXTENT_PAGE	4096UL

enum extent_kind {
	EXTENT_OWN,		/* mapped by the domain, which may change it */
	EXTENT_FILE,		/* the same, from a file */
	EXTENT_HELD,		/* the host's to change: it relies on it */
	EXTENT_BUFFER,		/* held, from dune_domain_alloc() */
};

struct extent {
	uint64_t	start, end;
	uint8_t		prot;		/* PROT_* */
	uint8_t		kind;
	uint8_t		used;		/* had a prot once, so that memory may be there still */
};

/*
 * Sorted, apart. Neighbours that say the same are one, but for files': to Linux
 * these are as many mappings as there are pieces.
 */
struct extents {
	uint64_t	low, high;	/* the range they are in */
	uint64_t	memory;		/* bytes of those that take memory */
	unsigned int	nr, max;
	unsigned long	joins;		/* of two with memory, made */
	struct extent	*at;
};

/* Of what is only reserved there is none. */
static inline bool extent_takes_memory(const struct extent *e)
{
	return e->prot || e->used;
}

bool dune_extents_inside(const struct extents *x, uint64_t start, uint64_t end);
int dune_extents_set(struct extents *x, const struct extent *new);
int dune_extents_clear(struct extents *x, uint64_t start, uint64_t end);
const struct extent *dune_extents_next(const struct extents *x, uint64_t addr);
const struct extent *dune_extents_find(const struct extents *x, uint64_t addr);
uint64_t dune_extents_place(const struct extents *x, uint64_t size);
bool dune_extents_free(const struct extents *x, uint64_t start, uint64_t end);
bool dune_extents_own(const struct extents *x, uint64_t start, uint64_t end, bool whole);
uint64_t dune_extents_memory(const struct extents *x, uint64_t start, uint64_t end);

#endif /* _LIBDUNE_SANDBOX_EXTENTS_H */
