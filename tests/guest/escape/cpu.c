/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - instructions and registers by which ring 3 might become ring 0
 *
 * Natively they fail as well: there is no monitor to reach. The fault that a CPU
 * raises is the answer expected; an attempt that goes on has done something.
 */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "escape.h"

static sigjmp_buf out;

static void on_fault(int sig)
{
	siglongjmp(out, sig);
}

static int faults(void (*fn)(void))
{
	static const int signals[] = { SIGSEGV, SIGILL, SIGBUS, SIGTRAP, SIGFPE, SIGSYS };
	unsigned int i;
	int sig;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], on_fault);
	sig = sigsetjmp(out, 1);
	if (sig)
		return sig;
	fn();
	return 0;
}

#define FAULTS(name, ...)						\
	static void do_##name(void) { asm volatile(__VA_ARGS__); }	\
	static int name(void) { return faults(do_##name); }

FAULTS(vmcall, "vmcall" : : "a" (39) : "memory", "rcx")
FAULTS(vmcall_hypercall, "vmcall" : : "a" (0x44554e4500000000UL) : "memory", "rcx")
FAULTS(vmfunc, ".byte 0x0f, 0x01, 0xd4" : : "a" (0), "c" (0))
FAULTS(int80, "int $0x80" : : "a" (20) : "memory")
FAULTS(int_signal_vector, "int $0xff")
FAULTS(int_double_fault, "int $8")
FAULTS(int_page_fault, "int $14")
FAULTS(sysenter, "sysenter" : : : "memory", "rcx", "rdx")
FAULTS(hlt, "hlt")
FAULTS(cli, "cli")
FAULTS(in_port, "in $0x71, %%al" : : : "eax")
FAULTS(read_cr3, "mov %%cr3, %%rax" : : : "rax")
FAULTS(write_cr3, "mov %0, %%cr3" : : "r" (0UL))
FAULTS(invlpg, "invlpg (%0)" : : "r" (TARGET_PAGE))
FAULTS(lgdt, "lgdt (%0)" : : "r" (&out))
FAULTS(lidt, "lidt (%0)" : : "r" (&out))
FAULTS(ltr, "ltr %w0" : : "r" (8))
FAULTS(swapgs, "swapgs")
FAULTS(rdmsr, "rdmsr" : : "c" (0xc0000082) : "eax", "edx")
FAULTS(wrmsr, "wrmsr" : : "c" (0xc0000082), "a" (0), "d" (0))
FAULTS(sysret, "sysretq" : : "c" (TARGET_PAGE) : "r11")
FAULTS(xsetbv, "xsetbv" : : "c" (0), "a" (7), "d" (0))
FAULTS(debug_register, "mov %0, %%dr0" : : "r" (TARGET_PAGE))
FAULTS(stac, "stac\n\tmov %0, %%rax\n\tmovb (%%rax), %%al" : : "r" (TARGET_PAGE) : "rax")
FAULTS(call_ring0, "mov %0, %%rax\n\tpush $8\n\tpush %%rax\n\tlretq" : : "r" (TARGET_PAGE) : "rax")
FAULTS(iret_ring0,
       "mov %%ss, %%eax\n\tpush $0\n\tpush %%rsp\n\tpushfq\n\tpush $8\n\tlea 1f(%%rip), %%rcx\n\t"
       "push %%rcx\n\tiretq\n1:" : : : "rax", "rcx", "memory")
FAULTS(iret_iopl,
       "mov %%rsp, %%rcx\n\tmov %%ss, %%eax\n\tpush %%rax\n\tpush %%rcx\n\tpushfq\n\t"
       "orq $0x3000, (%%rsp)\n\tmov %%cs, %%eax\n\tpush %%rax\n\tlea 1f(%%rip), %%rax\n\t"
       "push %%rax\n\tiretq\n1:\tcli" : : : "rax", "rcx", "memory")
FAULTS(load_data_segment, "mov %w0, %%ds\n\tmov %%ds, %w0\n\tcmp $0, %w0\n\tjne 1f\n\tud2\n1:" : :
       "r" (0x10))

/* A frame with ring 0's segments, or the monitor's addresses, for rt_sigreturn(). */
static volatile int how;

static void on_usr1(int sig, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	switch (how) {
	case 0:
		r[REG_CSGSFS] = (r[REG_CSGSFS] & ~0xffffL) | 0x8;
		r[REG_EFL] |= 0x3000;
		break;
	case 1:
		r[REG_RIP] = TARGET_PAGE;
		break;
	case 2:
		r[REG_RIP] = 0x8000000000000000L;
		break;
	case 3:
		r[REG_EFL] |= 0x3000 | 0x20000 | 0x4000;	/* IOPL, VM, NT */
		break;
	}
}

static void forge(int what)
{
	struct sigaction action = { .sa_sigaction = on_usr1, .sa_flags = SA_SIGINFO };

	how = what;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

static void ring0_frame(void)
{
	forge(0);
	asm volatile("cli");
}

static void monitor_frame(void)
{
	forge(1);
}

static void noncanonical_frame(void)
{
	forge(2);
}

static void flags_frame(void)
{
	forge(3);
	asm volatile("cli");
}

static int sigreturn_ring0(void)
{
	return faults(ring0_frame);
}

static int sigreturn_monitor(void)
{
	return faults(monitor_frame);
}

static int sigreturn_noncanonical(void)
{
	return faults(noncanonical_frame);
}

static int sigreturn_flags(void)
{
	return faults(flags_frame);
}

/* SYSCALL with all that its entry could trip over: then a privileged instruction. */
static void odd_syscall(void)
{
	long nr = SYS_getpid;

	asm volatile("push %%rbp\n\tmov %%rsp, %%rbp\n\tmov %1, %%rsp\n\t"
		     "syscall\n\tmov %%rbp, %%rsp\n\tpop %%rbp\n\tcli"
		     : "+a" (nr) : "r" (TARGET_PAGE) : "rcx", "r11", "memory");
}

static int syscall_with_monitor_stack(void)
{
	return faults(odd_syscall);
}

static void flags_syscall(void)
{
	long nr = SYS_getpid;

	/* TF is not set: a trap for each instruction is another test's. */
	asm volatile("pushfq\n\torq $0x44000, (%%rsp)\n\tpopfq\n\tsyscall\n\t"
		     "pushfq\n\tandq $~0x44000, (%%rsp)\n\tpopfq\n\tcli"
		     : "+a" (nr) : : "rcx", "r11", "memory");
}

static int syscall_with_odd_flags(void)
{
	return faults(flags_syscall);
}

static void gs_syscall(void)
{
	long nr = SYS_getpid, base = TARGET_PAGE;

	asm volatile("wrgsbase %1\n\tsyscall\n\tcli" : "+a" (nr) : "r" (base) : "rcx", "r11", "memory");
}

static int syscall_with_monitor_gs(void)
{
	return faults(gs_syscall);
}

static void wild_stack(void)
{
	asm volatile("mov %0, %%rsp\n\tud2" : : "r" (TARGET_PAGE) : "memory");
}

static int fault_on_monitor_stack(void)
{
	stack_t stack = { .ss_sp = (char[16384]){ 0 }, .ss_size = 16384 };
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_ONSTACK };

	sigaltstack(&stack, NULL);
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(out, 1))
		return SIGILL;
	wild_stack();
	return 0;
}

const struct attempt cpu_attempts[] = {
	A(vmcall), A(vmcall_hypercall), A(vmfunc), A(int80), A(int_signal_vector),
	A(int_double_fault), A(int_page_fault), A(sysenter), A(hlt), A(cli), A(in_port),
	A(read_cr3), A(write_cr3), A(invlpg), A(lgdt), A(lidt), A(ltr), A(swapgs), A(rdmsr),
	A(wrmsr), A(sysret), A(xsetbv), A(debug_register), A(stac), A(call_ring0),
	A(iret_ring0), A(iret_iopl), A(load_data_segment), A(sigreturn_ring0),
	A(sigreturn_monitor), A(sigreturn_noncanonical), A(sigreturn_flags),
	A(syscall_with_monitor_stack), A(syscall_with_odd_flags), A(syscall_with_monitor_gs),
	A(fault_on_monitor_stack), { 0 },
};
