/* SPDX-License-Identifier: MIT */
/*
 * libdune_extents_test.c - a domain's ranges against a table of pages
 *
 * SOURCES: libdune/sandbox/extents.c
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "libdune_tap.h"
#include "../../libdune/sandbox/extents.h"

#define LOW	0x100000UL
#define PAGES	300
#define MAX	24

static struct extent array[MAX];
static struct extents x;
static int shadow[PAGES];	/* 0: free, else 1 + prot * 4 + kind */

static void reset(void)
{
	x = (struct extents) { .low = LOW, .high = LOW + PAGES * EXTENT_PAGE, .at = array,
			       .max = MAX };
	memset(shadow, 0, sizeof(shadow));
}

static uint64_t at(int page)
{
	return LOW + page * EXTENT_PAGE;
}

static bool well_formed(void)
{
	uint64_t end = x.low, memory = 0;
	unsigned int i;

	for (i = 0; i < x.nr; i++) {
		const struct extent *e = &x.at[i];

		if (e->start < end || e->start >= e->end || e->end > x.high)
			return false;
		if (i && e[-1].end == e->start && e[-1].prot == e->prot &&
		    e[-1].kind == e->kind && e->kind != EXTENT_FILE &&
		    extent_takes_memory(&e[-1]) == extent_takes_memory(e))
			return false;
		end = e->end;
		memory += e->prot || e->used ? e->end - e->start : 0;
	}
	return x.nr <= x.max && memory == x.memory;
}

static bool agrees(void)
{
	int page, is;

	for (page = 0; page < PAGES; page++) {
		const struct extent *e = dune_extents_find(&x, at(page) + 5);

		is = e ? 1 + e->prot * 4 + e->kind : 0;
		if (is != shadow[page])
			return false;
	}
	return well_formed();
}

static bool shadow_free(int from, int to)
{
	for (; from < to; from++)
		if (shadow[from])
			return false;
	return true;
}

static bool shadow_own(int from, int to, bool whole)
{
	for (; from < to; from++)
		if (shadow[from] ? (shadow[from] - 1) % 4 > EXTENT_FILE : whole)
			return false;
	return true;
}

static bool questions_agree(int from, int to)
{
	uint64_t place = dune_extents_place(&x, (to - from) * EXTENT_PAGE);
	int first = (place - LOW) / EXTENT_PAGE;

	if (dune_extents_free(&x, at(from), at(to)) != shadow_free(from, to) ||
	    dune_extents_own(&x, at(from), at(to), true) != shadow_own(from, to, true) ||
	    dune_extents_own(&x, at(from), at(to), false) != shadow_own(from, to, false))
		return false;
	return !place || (first > 0 && first + to - from < PAGES &&
			  shadow_free(first - 1, first + to - from + 1));
}

static void random_model(void)
{
	bool good = true, refused = false;
	int round, page;

	reset();
	srandom(1);
	for (round = 0; good && round < 30000; round++) {
		int from = random() % PAGES, to = from + 1 + random() % (PAGES - from);
		int prot = random() % 3, kind = random() % 4;
		struct extent e = { at(from), at(to), prot, kind, random() % 2 };
		int r;

		if (random() % 4 && to > from + 5)
			e.end = at(to = from + 5);
		r = random() % 3 ? dune_extents_set(&x, &e) :
				   (prot = -1, dune_extents_clear(&x, e.start, e.end));
		refused |= !!r;
		for (page = from; !r && page < to; page++)
			shadow[page] = prot < 0 ? 0 : 1 + prot * 4 + kind;
		good = agrees() && questions_agree(from, to);
	}
	ok(good, "thirty thousand changes agree with a table of pages");
	ok(refused, "a full array refuses, and stays as it is");
}

static void places(void)
{
	struct extent e = { at(1), at(10), 1, EXTENT_OWN };

	reset();
	ok(dune_extents_place(&x, EXTENT_PAGE) == at(1), "the lowest place, behind a guard page");
	dune_extents_set(&x, &e);
	ok(dune_extents_place(&x, EXTENT_PAGE) == at(11), "a page stays free between two");
	ok(dune_extents_place(&x, (PAGES - 12) * EXTENT_PAGE) == at(11), "the largest place");
	ok(!dune_extents_place(&x, (PAGES - 11) * EXTENT_PAGE), "none that is larger");
	ok(!dune_extents_place(&x, ~0xfffUL), "nor the largest number");
	ok(!dune_extents_inside(&x, at(0) - 1, at(1)) && dune_extents_inside(&x, at(0), at(PAGES)) &&
	   !dune_extents_inside(&x, at(5), at(4)), "inside and outside");
}

/* Linux would not have one mapping, nor its memory back. */
static void pieces(void)
{
	struct extent own = { at(1), at(2), 1, EXTENT_OWN }, file = { at(5), at(6), 0, EXTENT_FILE };
	int i;

	reset();
	for (i = 0; i < 3; i++) {
		dune_extents_set(&x, &own);
		own.start = own.end;
		own.end += EXTENT_PAGE;
	}
	ok(x.nr == 1, "memory in a row is one");
	for (i = 0; i < 3; i++) {
		dune_extents_set(&x, &file);
		file.start = file.end;
		file.end += EXTENT_PAGE;
	}
	ok(x.nr == 4 && x.memory == 3 * EXTENT_PAGE, "files are as many as were mapped");
	own = (struct extent) { at(1), at(2), 0, EXTENT_OWN, 1 };
	dune_extents_set(&x, &own);
	ok(x.nr == 5 && x.memory == 3 * EXTENT_PAGE, "memory that was used counts out of reach");
	own.used = 0;
	dune_extents_set(&x, &own);
	ok(x.memory == 2 * EXTENT_PAGE, "but not what has taken its place");
}

int main(void)
{
	random_model();
	places();
	pieces();
	return tap_end();
}
