/* SPDX-License-Identifier: MIT */
/*
 * libdune_arena_test.c - address space given back, and had again
 */
#include "libdune_fake_sys.h"
#include "../../libdune/arena.c"

#include "libdune_tap.h"

struct dune_global dune_global;

static int mapped, unmapped;

long fake_sys(long nr, long a, long b, long c, long d, long e, long f)
{
	switch (nr) {
	case __NR_mmap:
		mapped++;
		return a ?: 0x7000000;
	case __NR_munmap:
		unmapped++;
		return 0;
	}
	return -ENOSYS;
}

#define BASE	0x100000UL

int main(void)
{
	char *a, *b, *c;
	uintptr_t *place;
	int i;

	ok(dune_map(10) == (void *)0x7000000, "without an arena, where the kernel likes");
	dune_unmap((void *)0x7000000, 10);
	ok(unmapped == 1 && dune_map(4096) == (void *)0x7000000, "and nothing is kept");

	ok(dune_set_arena(BASE + 1, 4096) == -EINVAL && dune_set_arena(BASE, 1) == -EINVAL,
	   "an arena of whole pages");
	ok(!dune_set_arena(BASE, 1UL << 20), "an arena");
	a = dune_map(8192);
	b = dune_map(1);
	c = dune_map_fd(8192, 3);
	ok(a == (char *)BASE && b == a + 8192 && c == b + 4096, "from the bottom up");
	dune_unmap(a, 8192);
	dune_unmap(b, 1);
	ok(dune_map(4096) == b, "of what was given back, what fits exactly");
	ok(dune_map(12288) == c + 8192, "nothing that would fit in part");
	ok(dune_map(8191) == a, "the other one too");
	ok(dune_map(4096) == c + 8192 + 12288, "and each once");

	place = dune_arena_freed(8192);
	ok(dune_map(8192) == c + 8192 + 12288 + 4096, "not before it is unmapped");
	*place = (uintptr_t)a;
	ok(dune_map(8192) == a, "but then");

	for (i = 0; i < NR_FREED; i++)
		dune_unmap((void *)(BASE + 65536 + i * 4096UL), 4096);
	dune_unmap(a, 8192);
	ok(dune_map(8192) != a, "a full table loses address space, no more");
	while (dune_map(1 << 16))
		;
	ok(dune_map(4096) != NULL, "an arena that is used up still has what was given back");
	dune_global.ready = true;
	ok(dune_set_arena(BASE, 4096) == -EBUSY, "too late");
	return tap_end();
}
