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

char dune_trap_move[16];

long fake_sys(long nr, long a, long b, long c, long d, long e, long f) { return -ENOSYS; }
bool dune_pgflt_claimed(void) { return claimed; }
void dune_report_exit(struct dune_thread *thr, long code) { }
void dune_raise_access(uintptr_t va, uint32_t access) { raised_access = va; }
void dune_raise_fatal(int sig, int code, uintptr_t addr) { fatal_signal = sig; }
void dune_raise_trap(const struct dune_tf *tf, uintptr_t cr2) { traps++; }
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
	thread.linux_fault = 0;
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
	ok(injected(TRAP_PF, true, DUNE_PF_PRESENT | DUNE_PF_WRITE) && run.event.cr2 == VA &&
	   thread.linux_fault && !raised_access, "where it is claimed: a page fault");

	forget();
	claimed = true;
	refuse(DUNE_ACCESS_EXEC, 3);
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok(injected(TRAP_PF, true, DUNE_PF_PRESENT | DUNE_PF_FETCH | DUNE_PF_USER),
	   "of ring 3's, to execute");

	forget();
	claimed = true;
	refuse(DUNE_ACCESS_WRITE, 0);
	run.regs.rip = (uintptr_t)dune_trap_move;
	dune_host_exit(t, DUNE_EXIT_EPT_FAULT);
	ok(raised_access == VA && !run.set, "a trap's frame without a stack: Linux answers");

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
	test_no_way_on();
	return tap_end();
}
