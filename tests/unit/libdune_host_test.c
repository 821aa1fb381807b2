/* SPDX-License-Identifier: MIT */
/*
 * libdune_host_test.c - what the host half makes of an exit
 */
#include "libdune_fake_sys.h"
#include "../../libdune/host.c"

#include <string.h>

#include "libdune_tap.h"

static struct dune_run run;
static struct dune_thread thread = { .run = &run };
static struct dune_thread *const t = &thread;

static bool claimed;
static uintptr_t raised_access;
static int fatal_signal, syscalls, traps, left;

static bool grows;		/* the stack that has no place for a frame */

char dune_trap_move[16], dune_trap_bad_stack[16], dune_uaccess_insn[16], dune_uaccess_words[16];
char dune_user_vmcall_done[16], dune_pgflt_bad_stack[16];
char pgflt_pushes[64];
/* The code in between, of which only the addresses matter here. */
asm(".globl dune_pgflt_push, dune_pgflt_pushed, dune_pgflt_args_push, dune_pgflt_args_pushed\n"
    ".set dune_pgflt_push, pgflt_pushes\n"
    ".set dune_pgflt_pushed, pgflt_pushes + 16\n"
    ".set dune_pgflt_args_push, pgflt_pushes + 32\n"
    ".set dune_pgflt_args_pushed, pgflt_pushes + 48");
struct dune_global dune_global;

long fake_sys(long nr, long a, long b, long c, long d, long e, long f)
{
	return nr == __NR_getrandom && grows ? 1 : -ENOSYS;
}

long dune_sigaction(struct dune_sighand *hand, int sig, const struct dune_action *new,
		    struct dune_action *old)
{
	return sig;
}
bool dune_pgflt_claimed(const struct dune_thread *thr) { return claimed; }
void dune_report_exit(struct dune_thread *thr, long code) { }
void dune_raise_access(struct dune_thread *thr, uintptr_t va, uint32_t access) { raised_access = va; }
void dune_raise_fatal(int sig, int code, uintptr_t addr) { fatal_signal = sig; }
void dune_raise_trap(struct dune_thread *thr, const struct dune_tf *tf, uintptr_t cr2) { traps++; }
void dune_report_trap(const struct dune_tf *tf, uintptr_t cr2) { }
void dune_bases_to_linux(struct dune_thread *thr) { left++; }

int dune_host_syscall(struct dune_thread *thr)
{
	syscalls++;
	return HOST_RESUME;
}

static void forget(void)
{
	memset(&run, 0, sizeof(run));
	claimed = false;
	raised_access = 0;
	fatal_signal = syscalls = traps = left = 0;
	thread.entered = 1;
	thread.sig.count = thread.sig.kick = 0;
	dune_global.ring3_signals = 0;
	grows = false;
	run.regs.rip = 0x401000;
}

#define VA	0x123456789000UL

static void refuse(uint32_t access, uint32_t cpl)
{
	run.info = (struct dune_exit_info) {
		.gva = VA, .hva = VA, .gpa = 0x9000, .access = access, .cpl = cpl,
	};
}

static bool injected(uint8_t vector, bool has_error, uint32_t error)
{
	return (run.set & DUNE_SET_EVENT) && run.event.vector == vector &&
	       run.event.has_error == has_error && run.event.error == error;
}

static void test_ept_fault(void)
{
	forget();
	refuse(DUNE_ACCESS_WRITE, 0);
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok(raised_access == VA && !run.set, "an access Linux refuses: Linux answers");

	forget();
	claimed = true;
	refuse(DUNE_ACCESS_WRITE, 0);
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok(injected(TRAP_PF, true, PF_FROM_LINUX | DUNE_PF_WRITE) && run.event.cr2 == VA &&
	   !raised_access, "where it is claimed: a page fault");

	forget();
	claimed = true;
	refuse(DUNE_ACCESS_EXEC, 3);
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok(injected(TRAP_PF, true, PF_FROM_LINUX | DUNE_PF_FETCH | DUNE_PF_USER),
	   "of ring 3's, to execute");

	forget();
	claimed = true;
	refuse(DUNE_ACCESS_WRITE, 0);
	run.regs.rip = (uintptr_t)dune_trap_move;
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok(!raised_access && (run.set & DUNE_SET_REGS) &&
	   run.regs.rip == (uintptr_t)dune_trap_bad_stack,
	   "a trap's frame without a stack: on to another");

	forget();
	claimed = true;
	refuse(DUNE_ACCESS_WRITE, 0);
	run.regs.rip = (uintptr_t)dune_pgflt_push + 8;
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok(!raised_access && (run.set & DUNE_SET_REGS) &&
	   run.regs.rip == (uintptr_t)dune_pgflt_bad_stack,
	   "a page fault's frame without a stack, too");

	forget();
	claimed = true;
	refuse(DUNE_ACCESS_WRITE, 0);
	run.regs.rip = (uintptr_t)dune_pgflt_args_push;
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok((run.set & DUNE_SET_REGS) && run.regs.rip == (uintptr_t)dune_pgflt_bad_stack,
	   "in the shorter form as well");

	forget();
	claimed = true;
	refuse(DUNE_ACCESS_WRITE, 0);
	run.regs.rip = (uintptr_t)dune_pgflt_pushed;
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok(injected(TRAP_PF, true, PF_FROM_LINUX | DUNE_PF_WRITE), "not behind the pushes");

	forget();
	grows = true;
	refuse(DUNE_ACCESS_WRITE, 0);
	run.regs.rip = (uintptr_t)dune_trap_move;
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok(!raised_access && !run.set, "on a stack that can grow: again");

	forget();
	refuse(DUNE_ACCESS_READ, 0);
	run.regs.rip = (uintptr_t)dune_uaccess_insn;
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok(injected(TRAP_PF, true, PF_FROM_LINUX), "libdune's own copying: a page fault, always");

	forget();
	refuse(DUNE_ACCESS_READ, 0);
	run.regs.rip = (uintptr_t)dune_uaccess_words;
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok(injected(TRAP_PF, true, PF_FROM_LINUX), "of words, too");

	forget();
	refuse(DUNE_ACCESS_READ, 3);
	run.regs.rip = (uintptr_t)dune_uaccess_insn;
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok(raised_access == VA, "but not ring 3's at that address");

	forget();
	claimed = true;
	refuse(DUNE_ACCESS_WRITE, 0);
	run.info.intr_info = 0x80000b0e;
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok(raised_access == VA && !run.set, "while an event is delivered: Linux answers");

	forget();
	claimed = true;
	refuse(DUNE_ACCESS_READ, 0);
	run.info.hva = ~0ULL;
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok(fatal_signal == 11 && !run.set, "outside every slot: the end");
}

static bool becomes(uint32_t reason, uint8_t vector)
{
	forget();
	run.info.hw_reason = reason;
	dune_host_exit(t, DUNE_EXIT_PRIVILEGED);
	return injected(vector, vector == TRAP_GP, 0);
}

static void test_privileged(void)
{
	ok(becomes(12, TRAP_GP), "HLT is a #GP");
	ok(becomes(28, TRAP_GP) && becomes(29, TRAP_GP), "CRn, DRn");
	ok(becomes(30, TRAP_GP), "IN and OUT");
	ok(becomes(31, TRAP_GP) && becomes(32, TRAP_GP), "RDMSR, WRMSR");
	ok(becomes(55, TRAP_GP), "XSETBV");
	ok(becomes(19, TRAP_UD) && becomes(27, TRAP_UD) && becomes(50, TRAP_UD) &&
	   becomes(53, TRAP_UD) && becomes(59, TRAP_UD), "VMX instructions are a #UD");
	ok(becomes(36, TRAP_UD) && becomes(39, TRAP_UD), "MWAIT, MONITOR");
}

static int call(uint64_t rax)
{
	forget();
	run.regs.rax = rax;
	return dune_host_exit(t, DUNE_EXIT_VMCALL);
}

static void test_hypercalls(void)
{
	ok(call(HC_LEAVE) == HOST_LEAVE && left == 1, "leave");
	ok(call(HC_RAISE) == HOST_RESUME && traps == 1, "raise");
	ok(call(HYPERCALL(77)) == HOST_RESUME && (long)run.regs.rax == -ENOSYS && !syscalls,
	   "no other hypercall");
	ok(call(56) == HOST_RESUME && syscalls == 1, "a system call");
	ok(call(0x100000038UL) == HOST_RESUME && syscalls == 1,
	   "Linux ignores the upper half of a number");
}

static struct dune_tf ring3;

static void call_from(bool from_ring3)
{
	forget();
	run.regs.rax = 0;
	run.regs.rip = from_ring3 ? (uintptr_t)dune_user_vmcall_done : 0x401003;
	run.regs.rbx = (uintptr_t)&ring3;
}

static void test_calls_and_signals(void)
{
	call_from(true);
	ok(dune_ring3_call(t) == &ring3, "a call of ring 3's, and its frame");
	dune_host_restart(t);
	ok((long)run.regs.rax == -ECALLAGAIN && !run.set, "put off: CPL 0 is told");

	call_from(false);
	ok(!dune_ring3_call(t), "a call of CPL 0's");
	dune_host_restart(t);
	ok(run.regs.rip == 0x401000 && run.regs.rax == 0 && (run.set & DUNE_SET_REGS),
	   "put off: it is made again");

	call_from(false);
	thread.sig.count = thread.sig.kick = 1;
	ok(!dune_host_may_call(t), "not before the handler");
	thread.sig.kick = 0;
	ok(dune_host_may_call(t), "unless CPL 0 keeps it waiting");
	call_from(true);
	thread.sig.count = 1;
	dune_global.ring3_signals = 1;
	ok(!dune_host_may_call(t), "ring 3 cannot keep it waiting");

	forget();
	thread.sig.count = thread.sig.kick = 1;
	run.regs.rip = 0x401003;
	run.regs.rax = HC_LEAVE;
	ok(dune_host_exit(t, DUNE_EXIT_VMCALL) == HOST_RESUME && run.regs.rip == 0x401000,
	   "leaving Dune mode waits too");
}

static void test_no_way_on(void)
{
	forget();
	ok(dune_host_exit(t, DUNE_EXIT_SHUTDOWN) == HOST_RESUME && fatal_signal == 11,
	   "a triple fault: the end");
	forget();
	dune_host_exit(t, -EIO);
	ok(fatal_signal == 11, "an error in the middle too");
	forget();
	thread.entered = 0;
	ok(dune_host_exit(t, -EINVAL) == HOST_LEAVE && (long)run.regs.rax == -EINVAL &&
	   !fatal_signal, "one before the guest has run is dune_enter()'s");
	thread.entered = 0;
	dune_host_exit(t, DUNE_EXIT_ENTRY_FAILED);
	ok(fatal_signal == 11, "a refused entry is not");
}

int main(void)
{
	test_ept_fault();
	test_privileged();
	test_hypercalls();
	test_calls_and_signals();
	test_no_way_on();
	return tap_end();
}
