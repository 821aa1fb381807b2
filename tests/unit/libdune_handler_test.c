/* SPDX-License-Identifier: MIT */
/*
 * libdune_handler_test.c - whose handler is called, and on which way
 */
#include <stdlib.h>
#include <asm/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libdune_fake_sys.h"
#include "../../libdune/handler.c"

#include "libdune_tap.h"

struct dune_locks dune_locks;
static struct dune_thread thread;
static bool inside, no_memory, gate;
static int calls[3];

long fake_sys(long nr, long a, long b, long c, long d, long e, long f) { return -ENOSYS; }
bool dune_active(void) { return inside; }
void dune_locks_begin(void) { }
void dune_lock(uint32_t *word, struct dune_held *h) { *word = 1; }
void dune_unlock(uint32_t *word, const struct dune_held *h) { *word = 0; }
void *dune_map(size_t size) { return no_memory ? NULL : calloc(1, size); }
void dune_unmap(void *p, size_t size) { free(p); }
void dune_no_short_pgflt(void) { }
void dune_no_args_pgflt(void) { }
void dune_no_short_syscall(void) { }
void dune_args_syscall_entry(void) { }
void dune_long_syscall_entry(void) { }

static bool syscalls_are_long(void)
{
	return dune_short_syscall == dune_no_short_syscall &&
	       dune_ring3_syscall == dune_long_syscall_entry;
}

static bool syscalls_are_short(void *fn)
{
	return dune_short_syscall == fn && dune_ring3_syscall == dune_args_syscall_entry;
}

void dune_idt_set_pgflt(bool args_only) { gate = args_only; }

long dune_call_saving_vectors(void *fn, uint64_t a, uint64_t b, uint64_t c)
{
	calls[0]++;
	return ((int (*)(uint64_t a, uint64_t b, uint64_t c))fn)(a, b, c);
}

static int take(struct dune_tf *tf) { calls[1]++; return DUNE_TRAP_DONE; }
static int pass(struct dune_tf *tf) { calls[2]++; return DUNE_TRAP_PASS; }
static int fault(uintptr_t addr, uint64_t error, struct dune_tf *tf) { return DUNE_TRAP_DONE; }
static void syscall_fn(struct dune_tf *tf) { }

static bool called(int saving, int taking, int passing)
{
	bool right = calls[0] == saving && calls[1] == taking && calls[2] == passing;

	calls[0] = calls[1] = calls[2] = 0;
	return right;
}

static void test_vectors(void)
{
	ok(dune_trap_set_handler(2, take, 0) == -EINVAL && dune_trap_set_handler(8, take, 0) == -EINVAL &&
	   dune_trap_set_handler(18, take, 0) == -EINVAL && dune_trap_set_handler(255, take, 0) == -EINVAL &&
	   dune_trap_set_handler(~0U, take, 0) == -EINVAL, "vectors that are not the program's");
	ok(dune_trap_set_handler(6, take, DUNE_TRAP_ARGS_ONLY) == -EINVAL &&
	   dune_trap_set_pgflt_handler(fault, 4) == -EINVAL &&
	   dune_trap_set_syscall_handler(syscall_fn, 4) == -EINVAL, "flags that are not for it");
	ok(dune_trap_set_handler(6, (dune_trap_fn)(1UL << 47), 0) == -EINVAL,
	   "a function where there can be none");
	ok(!dune_handlers_claim(6, 0, 0, 0) && called(0, 0, 0), "none");
	ok(!dune_trap_set_handler(6, take, 0) && dune_handlers_claim(6, 0, 0, 0) && called(1, 1, 0),
	   "the process's, with vector registers saved");
	ok(!dune_trap_set_handler(6, take, DUNE_TRAP_GPRS_ONLY) &&
	   dune_handlers_claim(6, 0, 0, 0) && called(0, 1, 0), "and without");
	ok(!dune_trap_set_handler(6, NULL, 0) && !dune_handlers_claim(6, 0, 0, 0), "given back");
}

static void test_own(void)
{
	ok(dune_thread_set_trap_handler(6, take, 0) == -EINVAL, "outside Dune mode");
	inside = no_memory = true;
	ok(dune_thread_set_trap_handler(6, take, 0) == -ENOMEM, "without memory");
	no_memory = false;
	dune_trap_set_handler(6, take, DUNE_TRAP_GPRS_ONLY);
	ok(!dune_thread_set_trap_handler(6, pass, DUNE_TRAP_GPRS_ONLY) &&
	   dune_handlers_claim(6, 0, 0, 0) && called(0, 1, 1), "a thread's comes first, and passes on");
	ok(!dune_thread_set_trap_handler(6, NULL, 0) && dune_handlers_claim(6, 0, 0, 0) &&
	   called(0, 1, 0), "given back: the process's");
}

static void test_short(void)
{
	ok(dune_short_pgflt == dune_no_short_pgflt && syscalls_are_long(), "no short way yet");
	dune_trap_set_pgflt_handler(fault, 0);
	dune_trap_set_syscall_handler(syscall_fn, DUNE_TRAP_GPRS_ONLY);
	ok(dune_short_pgflt == dune_no_short_pgflt && syscalls_are_long(), "not for these kinds");
	dune_trap_set_pgflt_handler(fault, DUNE_TRAP_GPRS_ONLY);
	dune_trap_set_syscall_handler(syscall_fn, DUNE_TRAP_ARGS_ONLY);
	ok(dune_short_pgflt == fault && syscalls_are_short(syscall_fn), "for these");
	ok(!gate && dune_args_pgflt == dune_no_args_pgflt, "of page faults, one with all registers");
	dune_trap_set_pgflt_handler(fault, DUNE_TRAP_ARGS_ONLY);
	ok(gate && dune_short_pgflt == fault && dune_args_pgflt == fault, "or without");
	ok(dune_handler_is(dune_syscall_handler(), DUNE_TRAP_GPRS_ONLY),
	   "nor are vector registers saved");

	dune_thread_set_pgflt_handler(fault, DUNE_TRAP_GPRS_ONLY);
	ok(!gate && dune_short_pgflt == dune_no_short_pgflt && syscalls_are_short(syscall_fn),
	   "a thread has its own of page faults");
	dune_thread_set_syscall_handler(syscall_fn, DUNE_TRAP_ARGS_ONLY);
	dune_thread_set_syscall_handler(syscall_fn, 0);
	ok(syscalls_are_long(), "of system calls");
	ok(dune_thread_set_pgflt_handler(NULL, 4) == -EINVAL &&
	   dune_thread_set_syscall_handler(NULL, 4) == -EINVAL && own_pgflts == 1 && own_syscalls == 1,
	   "and has it still where what would replace it is wrong");

	/* Another thread's, which a forked child does not have. */
	own_pgflts++;
	own_syscalls++;
	dune_handlers_after_fork();
	ok(dune_short_pgflt == fault && syscalls_are_short(syscall_fn) && gate,
	   "nor does any in a child of fork");
	own_pgflts = 3;
	dune_handlers_count_again(&thread);
	ok(dune_short_pgflt == dune_no_short_pgflt && syscalls_are_long() && !gate &&
	   own_pgflts == 1 && own_syscalls == 1, "but for the one that forked");
	dune_handlers_free(&thread);
	ok(dune_short_pgflt == fault && syscalls_are_short(syscall_fn) && !thread.handlers,
	   "until it ends");
	dune_trap_set_pgflt_handler(NULL, 0);
	dune_trap_set_syscall_handler(NULL, 0);
	ok(dune_short_pgflt == dune_no_short_pgflt && syscalls_are_long(), "given back");
	dune_trap_set_pgflt_handler(fault, DUNE_TRAP_GPRS_ONLY);
	dune_trap_set_syscall_handler(syscall_fn, DUNE_TRAP_ARGS_ONLY);
	dune_handlers_lengthen(HANDLER_PGFLT);
	ok(dune_short_pgflt == dune_no_short_pgflt && dune_short_syscall,
	   "not where a fault may be libdune's own");
	dune_handlers_lengthen(HANDLER_SYSCALL);
	ok(syscalls_are_long(), "nor where a call may be");
}

int main(void)
{
	/* Where the guest half finds its thread. */
	thread.self = &thread;
	syscall(SYS_arch_prctl, ARCH_SET_GS, &thread);
	test_vectors();
	test_own();
	test_short();
	return tap_end();
}
