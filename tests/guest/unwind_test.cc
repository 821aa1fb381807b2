/* SPDX-License-Identifier: MIT */
/*
 * unwind_test.cc - through a trap's frame: backtraces, and exceptions of C++ that
 * a handler throws and the interrupted code catches
 */
#include <cstdio>
#include <cstring>
#include <sys/mman.h>
#include <unwind.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#include "own_root.h"

#define ROUNDS	200

static int cases, failures, destroyed;

static void check(bool ok, const char *what)
{
	printf("%s %d %s\n", ok ? "ok" : "not ok", ++cases, what);
	failures += !ok;
}

struct guard {
	~guard() { destroyed++; }
};

static int throw_from_trap(struct dune_tf *tf)
{
	throw tf->vector;
}

static int throw_from_fault(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	throw addr;
}

/* A local in every call, to be destroyed on the way. */
template <typename trap>
__attribute__((noinline)) static int deep(int n, trap cause)
{
	guard g;

	if (n)
		return deep(n - 1, cause) + 1;
	cause();
	return 0;
}

/* How often what @cause throws arrives as @want, with all locals destroyed. */
template <typename value, typename trap>
static bool thrown(value want, trap cause)
{
	int caught = 0;

	destroyed = 0;
	for (int i = 0; i < ROUNDS; i++) {
		try {
			deep(10, cause);
		} catch (value got) {
			caught += got == want;
		}
	}
	return caught == ROUNDS && destroyed == 11 * ROUNDS;
}

/* ---- backtraces ------------------------------------------------------------ */

static uintptr_t ips[64];
static int nr_ips;

static _Unwind_Reason_Code note_ip(struct _Unwind_Context *context, void *data)
{
	ips[nr_ips++] = _Unwind_GetIP(context);
	return nr_ips < 64 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static uintptr_t trapped_at;

static int backtrace_from_trap(struct dune_tf *tf)
{
	trapped_at = tf->rip;
	nr_ips = 0;
	_Unwind_Backtrace(note_ip, nullptr);
	tf->rip += 2;
	return DUNE_TRAP_DONE;
}

static int backtrace_from_fault(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	backtrace_from_trap(tf);
	tf->rip -= 2;
	own_set(reinterpret_cast<void *>(addr), 0, DUNE_PTE_W);
	return DUNE_TRAP_DONE;
}

/* The interrupted instruction is there, and a caller of its own beyond. */
static bool backtrace_is_right()
{
	int i = 0;

	while (i < nr_ips && ips[i] != trapped_at)
		i++;
	return i > 0 && i + 11 < nr_ips;
}

int main()
{
	char *area = own_area();
	volatile char *forbidden = static_cast<char *>(mmap(nullptr, 4096, PROT_NONE,
							     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	volatile char *read_only = area + 4096;
	auto ud2 = [] { asm volatile("ud2"); };
	auto refused = [=] { *forbidden = 1; };
	auto write = [=] { *read_only = 1; };

	if (dune_init(0) || dune_enter())
		return 1;
	dune_trap_set_handler(6, throw_from_trap, 0);
	check(thrown<uint64_t>(6, ud2), "an exception from the handler of a trap");
	dune_trap_set_pgflt_handler(throw_from_fault, 0);
	check(thrown(reinterpret_cast<uintptr_t>(forbidden), refused),
	      "from the handler of an access that Linux refuses");

	own_switch(area);
	own_set(area + 4096, DUNE_PTE_W, 0);
	check(thrown(reinterpret_cast<uintptr_t>(read_only), write),
	      "from the handler of a page fault");
	/* The interrupted code has nothing in vector registers that it wants back. */
	dune_trap_set_pgflt_handler(throw_from_fault, DUNE_TRAP_GPRS_ONLY);
	check(thrown(reinterpret_cast<uintptr_t>(read_only), write),
	      "from one that was called the short way");

	dune_trap_set_handler(6, backtrace_from_trap, 0);
	deep(10, ud2);
	check(backtrace_is_right(), "a backtrace from the handler of a trap");
	dune_trap_set_pgflt_handler(throw_from_fault, DUNE_TRAP_ARGS_ONLY);
	check(thrown(reinterpret_cast<uintptr_t>(read_only), write), "the shortest way");
	for (unsigned int flags = 0; flags <= DUNE_TRAP_ARGS_ONLY; flags++) {
		own_set(area + 4096, DUNE_PTE_W, 0);
		dune_trap_set_pgflt_handler(backtrace_from_fault, flags);
		deep(10, write);
		check(backtrace_is_right(), flags ? "called the short way" : "of a page fault");
	}
	return failures != 0;
}
