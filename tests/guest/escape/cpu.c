/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - instructions by which ring 3 might become ring 0
 *
 * The answer is the exception that a CPU raises, at the very instruction. The guard is
 * ring 3 itself: at ring 0, in Dune mode, the same instructions get through, but for
 * those that the module refuses to ring 0 as well, and those that no CPU executes.
 */
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "escape.h"

/*
 * @before is harmless; the attempt follows, with what is behind it and operands. At
 * ring 0 some need values that leave things as they are.
 */
#define ATTACK_AROUND(name, before, ...)					\
	extern const char name##_at[] __attribute__((visibility("hidden")));	\
	static __attribute__((noinline, noclone)) void do_##name(void)		\
	{									\
		asm volatile(before "\n" #name "_at:\t" __VA_ARGS__);	\
	}									\
	static int name(void)							\
	{									\
		int r = ready() ?: fault_of(do_##name, name##_at, 0);		\
		again();							\
		return r;							\
	}
#define ATTACK(name, ...)	ATTACK_AROUND(name, "", __VA_ARGS__)

static struct __attribute__((packed)) {
	uint16_t	limit;
	uint64_t	base;
} gdt, idt;
static uint64_t own_cr3, own_gs;

/* What ring 3 cannot know, and needs not. */
static int ready(void)
{
#ifdef INSIDE
	uint32_t a, d;

	asm volatile("sgdt %0\n\tsidt %1\n\tmov %%cr3, %2"
		     : "=m" (gdt), "=m" (idt), "=r" (own_cr3));
	asm volatile("rdmsr" : "=a" (a), "=d" (d) : "c" (0xc0000102));
	own_gs = a | (uint64_t)d << 32;
#endif
	if (target_is_ours)
		memcpy((void *)TARGET_PAGE, "\xff\xe2", 2);	/* jmp *%rdx */
	return 0;
}

static void again(void)
{
#ifdef INSIDE
	asm volatile("pushfq\n\tandq $~0x3000, (%rsp)\n\tpopfq\n\tsti");
#endif
}

ATTACK(vmcall, "vmcall" : : "a" (39) : "memory", "rcx", "r11")
/* One of libdune's, without a meaning. */
ATTACK(vmcall_hypercall, "vmcall" : : "a" (0x44554e4500000005UL) : "memory", "rcx")
ATTACK(vmfunc, ".byte 0x0f, 0x01, 0xd4" : : "a" (0), "c" (0))
ATTACK(vmread, "vmread %0, %0" : : "r" (0UL))
ATTACK(int80, "int $0x80" : : "a" (20) : "memory")
ATTACK(int_signal_vector, "int $0xff")
ATTACK(int_double_fault, "int $8")
ATTACK(int_page_fault, "int $14")
ATTACK(sysenter, "sysenter" : : : "memory", "rcx", "rdx")
ATTACK(hlt, "hlt")
ATTACK(cli, "cli")
ATTACK(read_port, "in $0x71, %%al" : : : "eax")
ATTACK(read_cr3, "mov %%cr3, %%rax" : : : "rax")
ATTACK(write_cr3, "mov %0, %%cr3" : : "r" (own_cr3) : "memory")
ATTACK(invlpg, "invlpg (%0)" : : "r" (TARGET_PAGE))
ATTACK(lgdt, "lgdt %0" : : "m" (gdt))
ATTACK(lidt, "lidt %0" : : "m" (idt))
/* At ring 0 the CPU finds it in use. */
ATTACK(ltr, "ltr %w0" : : "r" (0x40))
ATTACK_AROUND(swapgs, "", "swapgs\n\tswapgs")
ATTACK(rdmsr, "rdmsr" : : "c" (0xc0000102) : "eax", "edx")
ATTACK(wrmsr, "wrmsr" : : "c" (0xc0000102), "a" ((uint32_t)own_gs), "d" (own_gs >> 32))
ATTACK(rdmsr_entry, "rdmsr" : : "c" (0xc0000082) : "eax", "edx")
ATTACK(wrmsr_entry, "wrmsr" : : "c" (0xc0000082), "a" (0), "d" (0))
ATTACK(xsetbv, "xsetbv" : : "c" (0), "a" (7), "d" (0))
ATTACK(debug_register, "mov %0, %%dr0" : : "r" (TARGET_PAGE))
ATTACK(stac, "stac" : : : "cc")
ATTACK_AROUND(load_data_segment, "mov %%ds, %%ecx", "mov %w0, %%ds\n\tmov %%ecx, %%ds" : :
	      "r" (0x18) : "rcx")
ATTACK_AROUND(load_stack_segment, "mov %%ss, %%ecx", "mov %w0, %%ss\n\tmov %%ecx, %%ss" : :
	      "r" (0x18) : "rcx")
ATTACK_AROUND(call_ring0, "lea 1f(%%rip), %%rdx\n\tpush $0x10\n\tpush %0", "lretq\n1:" : :
	      "r" (TARGET_PAGE) : "rdx", "memory")
#define FRAME(ss, flags, cs)						\
	"mov %%rsp, %%rcx\n\t" ss "push %%rax\n\tpush %%rcx\n\tpushfq\n\t" flags		\
	cs "push %%rax\n\tlea 1f(%%rip), %%rax\n\tpush %%rax\n\t"
ATTACK_AROUND(iret_ring0, FRAME("mov %%ss, %%eax\n\t", "", "mov $0x10, %%eax\n\t"), "iretq\n1:" : : :
	      "rax", "rcx", "memory")
/* These are gone through, but the flags they set are not had. */
ATTACK_AROUND(iret_iopl, FRAME("mov %%ss, %%eax\n\t", "orq $0x3000, (%%rsp)\n\t",
			       "mov %%cs, %%eax\n\t") "iretq\n1:", "cli" : : : "rax", "rcx", "memory")
ATTACK_AROUND(popf_iopl, "pushfq\n\torq $0x3000, (%%rsp)\n\tpopfq", "cli" : : : "memory")

/* At ring 0 it leads to ring 3, where there is nothing for it. */
extern const char sysret_at[] __attribute__((visibility("hidden")));

static __attribute__((noinline, noclone)) void do_sysret(void)
{
	asm volatile("sysret_at:\tsysretq" : : "c" (TARGET_PAGE) : "r11");
}

static int sysret(void)
{
#ifdef INSIDE
	return fault_of(do_sysret, (void *)TARGET_PAGE, TARGET_PAGE);
#endif
	return fault_of(do_sysret, sysret_at, 0);
}

/* Natively Linux gives a process ports, if it may ask. */
static int read_allowed_port(void)
{
	return ioperm(0x71, 1, 1) ? errno : read_port();
}

/* SYSCALL with all that its entry could trip over: then a privileged instruction. */
ATTACK_AROUND(syscall_with_monitor_stack,
	      "mov %%rsp, %%rbx\n\tmov %1, %%rsp\n\tsyscall\n\tmov %%rbx, %%rsp", "cli" :
	      : "a" (SYS_getpid), "r" (TARGET_PAGE) : "rbx", "rcx", "r11", "memory")
ATTACK_AROUND(syscall_with_odd_flags,
	      "pushfq\n\torq $0x44400, (%%rsp)\n\tpopfq\n\tsyscall\n\t"	/* AC, NT, DF */
	      "pushfq\n\tandq $~0x44400, (%%rsp)\n\tpopfq", "cli" :
	      : "a" (SYS_getpid) : "rcx", "r11", "memory")
ATTACK_AROUND(syscall_with_monitor_gs,
	      "rdgsbase %%rbx\n\twrgsbase %1\n\tsyscall\n\twrgsbase %%rbx", "cli" :
	      : "a" (SYS_getpid), "r" (TARGET_PAGE) : "rbx", "rcx", "r11", "memory")

const struct attempt cpu_attempts[] = {
	A0(vmcall, "#UD"), A0(vmcall_hypercall, "#UD"),
	A0(int_signal_vector, "#GP:7fa"), A0(cli, "#GP:0"), A0(read_cr3, "#GP:0"),
	A0(write_cr3, "#GP:0"), A0(invlpg, "#GP:0"), A0(lgdt, "#GP:0"), A0(lidt, "#GP:0"),
	A0(swapgs, "#GP:0"), A0(rdmsr, "#GP:0"), A0(wrmsr, "#GP:0"), A0(stac, "#UD"),
	A0(call_ring0, "#GP:10"), A0(iret_ring0, "#GP:10"), A0(iret_iopl, "#GP:0"),
	A0(popf_iopl, "#GP:0"), A0(load_data_segment, "#GP:18"),
	A0(load_stack_segment, "#GP:18"), A0(syscall_with_monitor_stack, "#GP:0"),
	A0(syscall_with_odd_flags, "#GP:0"),
	AX(ltr, "#GP:0", "#GP:40", RING0), AX(sysret, "#GP:0", "#PF", RING0),
	A(int80, #GP:402), A(read_allowed_port, ENOSYS),
	AX(sysenter, "#GP:0", "elsewhere", NATIVE),	/* at Linux's entry for 32 bits */

	/* Linux's own, at its ring: ring 0 of Dune mode keeps its block there. */
	AX(syscall_with_monitor_gs, "#GP:0", "#GP:0", NATIVE),
	/* A CPU would find no error code on the stack: nothing at ring 0 may execute these. */
	AX(int_double_fault, "#GP:42", "#GP:42", NATIVE),
	AX(int_page_fault, "#GP:72", "#GP:72", NATIVE),
	/* What the module refuses to ring 0 as well. */
	AX(vmfunc, "#UD", "#UD", RING0), AX(vmread, "#UD", "#UD", RING0),
	AX(hlt, "#GP:0", "#GP:0", RING0), AX(read_port, "#GP:0", "#GP:0", RING0),
	AX(rdmsr_entry, "#GP:0", "#GP:0", RING0), AX(wrmsr_entry, "#GP:0", "#GP:0", RING0),
	AX(xsetbv, "#GP:0", "#GP:0", RING0), AX(debug_register, "#GP:0", "#GP:0", RING0),
	{ 0 },
};
