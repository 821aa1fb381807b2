/* SPDX-License-Identifier: MIT */
/*
 * attack_test.c - what a guest may not do, tried
 *
 * Each attack runs in a process of its own, which must end by the signal that
 * a program at ring 3 would get, after a report that says what and where.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#include "kselftest_harness.h"

static char report[8192];
static int report_fd;

static void to_pipe(void *data, const char *text)
{
	if (write(report_fd, text, strlen(text)) > 0)
		(void)!write(report_fd, "\n", 1);
}

static void read_report(int fd)
{
	size_t size = 0;
	ssize_t n;

	while ((n = read(fd, report + size, sizeof(report) - 1 - size)) > 0)
		size += n;
	report[size] = 0;
	close(fd);
}

static pid_t start(void (*attack)(void), int *fd)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		return -1;
	pid = fork();
	if (!pid) {
		report_fd = fds[1];
		close(fds[0]);
		dune_set_log(to_pipe, NULL);
		if (dune_init(0) || dune_enter())
			_exit(100);
		attack();
		_exit(0);
	}
	close(fds[1]);
	*fd = fds[0];
	return pid;
}

/* The status with which a process ends that does @attack in Dune mode. */
static int status_of(void (*attack)(void))
{
	int status = -1, fd;
	pid_t pid = start(attack, &fd);

	read_report(fd);
	waitpid(pid, &status, 0);
	return status;
}

#define ATTACK(name, signal, words, ...)			\
	static void do_##name(void) { __VA_ARGS__ }		\
	TEST(cpl0_##name)					\
	{							\
		int status = status_of(do_##name);		\
		EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("status %#x, report:\n%s", status, report); \
		EXPECT_EQ(signal, WTERMSIG(status));		\
		EXPECT_NE(NULL, strstr(report, words)) TH_LOG("%s", report); \
		EXPECT_NE(NULL, strstr(report, "RIP 0x"));	\
	}

#define INSN(name, signal, words, ...) \
	ATTACK(name, signal, words, asm volatile(__VA_ARGS__);)

INSN(in_cmos, SIGSEGV, "port I/O", "inb $0x71, %%al" : : : "rax")
INSN(out_post, SIGSEGV, "port I/O", "outb %%al, $0x80" : : "a"(0))
INSN(out_pci, SIGSEGV, "port I/O", "outl %%eax, %%dx" : : "a"(0x80000000), "d"(0xcf8))
INSN(out_reset, SIGSEGV, "port I/O", "outb %%al, %%dx" : : "a"(6), "d"(0xcf9))
INSN(ins, SIGSEGV, "port I/O", "mov %%rsp, %%rdi; sub $256, %%rdi; insb" : : "d"(0x60) : "rdi", "memory")
INSN(hlt, SIGSEGV, "HLT", "hlt")
INSN(cli_hlt, SIGSEGV, "HLT", "cli; hlt")
INSN(monitor, SIGILL, "MONITOR", "monitor" : : "a"(report), "c"(0), "d"(0))
INSN(mwait, SIGILL, "MWAIT", "mwait" : : "a"(0), "c"(0))
INSN(rdmsr_efer, SIGSEGV, "RDMSR", "rdmsr" : : "c"(0xc0000080) : "rax", "rdx")
INSN(rdmsr_lstar, SIGSEGV, "RDMSR", "rdmsr" : : "c"(0xc0000082) : "rax", "rdx")
INSN(rdmsr_apic_base, SIGSEGV, "RDMSR", "rdmsr" : : "c"(0x1b) : "rax", "rdx")
INSN(rdmsr_high, SIGSEGV, "RDMSR", "rdmsr" : : "c"(0x40000000) : "rax", "rdx")
INSN(rdmsr_between, SIGSEGV, "RDMSR", "rdmsr" : : "c"(0xc0002000) : "rax", "rdx")
INSN(wrmsr_efer, SIGSEGV, "WRMSR", "wrmsr" : : "c"(0xc0000080), "a"(0), "d"(0))
INSN(wrmsr_lstar, SIGSEGV, "WRMSR", "wrmsr" : : "c"(0xc0000082), "a"(0), "d"(0))
INSN(wrmsr_sysenter, SIGSEGV, "WRMSR", "wrmsr" : : "c"(0x176), "a"(0), "d"(0))
INSN(wrmsr_spec_ctrl, SIGSEGV, "WRMSR", "wrmsr" : : "c"(0x48), "a"(0), "d"(0))
INSN(wrmsr_feature_control, SIGSEGV, "WRMSR", "wrmsr" : : "c"(0x3a), "a"(0), "d"(0))
INSN(wrmsr_misc_enable, SIGSEGV, "WRMSR", "wrmsr" : : "c"(0x1a0), "a"(0), "d"(0))
INSN(wrmsr_debugctl, SIGSEGV, "WRMSR", "wrmsr" : : "c"(0x1d9), "a"(1), "d"(0))
INSN(wrmsr_x2apic, SIGSEGV, "WRMSR", "wrmsr" : : "c"(0x830), "a"(0), "d"(0))
INSN(xsetbv, SIGSEGV, "XSETBV", "xsetbv" : : "c"(0), "a"(1), "d"(0))
INSN(cr0_paging_off, SIGSEGV, "control register", "mov %%cr0, %%rax; btr $31, %%rax; mov %%rax, %%cr0" : : : "rax")
INSN(cr0_protection_off, SIGSEGV, "control register", "mov %%cr0, %%rax; and $~1, %%rax; mov %%rax, %%cr0" : : : "rax")
INSN(cr0_wp_off, SIGSEGV, "control register", "mov %%cr0, %%rax; btr $16, %%rax; mov %%rax, %%cr0" : : : "rax")
INSN(cr4_smep_off, SIGSEGV, "control register", "mov %%cr4, %%rax; btr $20, %%rax; mov %%rax, %%cr4" : : : "rax")
INSN(cr4_smap_off, SIGSEGV, "control register", "mov %%cr4, %%rax; btr $21, %%rax; mov %%rax, %%cr4" : : : "rax")
INSN(cr4_vmxe_on, SIGSEGV, "control register", "mov %%cr4, %%rax; bts $13, %%rax; mov %%rax, %%cr4" : : : "rax")
INSN(cr8_read, SIGSEGV, "control register", "mov %%cr8, %%rax" : : : "rax")
INSN(cr8_write, SIGSEGV, "control register", "mov %%rax, %%cr8" : : "a"(15UL))
INSN(lmsw, SIGSEGV, "control register", "lmsw %%ax" : : "a"(0))
INSN(clts_needs_no_exit_or_faults, SIGSEGV, "", "clts; hlt")
INSN(dr0_write, SIGSEGV, "debug register", "mov %%rax, %%dr0" : : "a"(report))
INSN(dr6_read, SIGSEGV, "debug register", "mov %%dr6, %%rax" : : : "rax")
INSN(dr7_write, SIGSEGV, "debug register", "mov %%rax, %%dr7" : : "a"(0x401UL))
INSN(vmxon, SIGILL, "VMXON", "vmxon (%0)" : : "r"(report) : "memory", "cc")
INSN(vmxoff, SIGILL, "VMXOFF", "vmxoff" : : : "cc")
INSN(vmclear, SIGILL, "VMCLEAR", "vmclear (%0)" : : "r"(report) : "memory", "cc")
INSN(vmptrld, SIGILL, "VMPTRLD", "vmptrld (%0)" : : "r"(report) : "memory", "cc")
INSN(vmptrst, SIGILL, "VMPTRST", "vmptrst (%0)" : : "r"(report) : "memory", "cc")
INSN(vmread, SIGILL, "VMREAD", "vmread %%rax, %%rcx" : : "a"(0x681eUL) : "rcx", "cc")
INSN(vmwrite, SIGILL, "VMWRITE", "vmwrite %%rcx, %%rax" : : "a"(0x681eUL), "c"(0UL) : "cc")
INSN(vmlaunch, SIGILL, "VMLAUNCH", "vmlaunch" : : : "cc")
INSN(vmresume, SIGILL, "VMRESUME", "vmresume" : : : "cc")
INSN(invept, SIGILL, "INVEPT", "invept (%0), %1" : : "r"(report), "r"(2UL) : "memory", "cc")
INSN(invvpid, SIGILL, "INVVPID", "invvpid (%0), %1" : : "r"(report), "r"(2UL) : "memory", "cc")
INSN(vmfunc, SIGILL, "invalid opcode", "vmfunc" : : "a"(0), "c"(0))
INSN(invd, SIGSEGV, "INVD", "invd")
INSN(wbinvd, SIGSEGV, "WBINVD", "wbinvd")
INSN(rdpmc, SIGSEGV, "RDPMC", "rdpmc" : : "c"(0) : "rax", "rdx")
INSN(getsec, SIGILL, "", "getsec" : : "a"(0))
INSN(rsm, SIGILL, "", "rsm")
INSN(non_canonical_jump, SIGSEGV, "general protection", "jmp *%0" : : "r"(0x1234567890abcdefUL))
INSN(kernel_jump, SIGSEGV, "page fault", "jmp *%0" : : "r"(0xffffffff81000000UL))
INSN(kernel_read, SIGSEGV, "page fault", "mov (%0), %%rax" : : "r"(0xffff888000000000UL) : "rax")
INSN(unmapped_jump, SIGSEGV, "", "jmp *%0" : : "r"(0x345600000000UL))
INSN(null_write, SIGSEGV, "", "movl $1, (%0)" : : "r"(0UL) : "memory")
/* A descriptor table of rubbish, then any exception: a triple fault. */
static struct { uint16_t limit; uint64_t base; } __attribute__((packed)) rubbish = { 4095, 0x5a5a5a5000 };
INSN(lidt_rubbish, SIGSEGV, "triple fault", "lidt %0; ud2" : : "m"(rubbish))
INSN(lgdt_rubbish, SIGSEGV, "", "lgdt %0; mov $0x18, %%eax; mov %%eax, %%ss; ud2" : : "m"(rubbish) : "rax")

ATTACK(prot_none_jump, SIGSEGV, "Linux allows the process no such access",
	void *p = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	((void (*)(void))p)();)
ATTACK(no_exec_jump, SIGSEGV, "Linux allows the process no such access",
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*(char *)p = 0xc3;
	((void (*)(void))p)();)
ATTACK(read_only_write, SIGSEGV, "write at",
	char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*(volatile char *)p = 1;)
ATTACK(code_write, SIGSEGV, "write at",
	*(volatile char *)(uintptr_t)status_of = 1;)

/*
 * A page table of our own, that maps this program's code as the mirror root
 * does, and at 0x1000 has a leaf that points to @gpa.
 */
static void use_table(uint64_t gpa)
{
	uint64_t *table = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	table[0] = dune_va_to_pa(table + 512) | 7;
	table[512] = gpa | 0xe7;
	asm volatile("mov %0, %%cr3; movb $1, 0x1000" : : "r" (dune_va_to_pa(table)) : "memory");
}

static void cr3_outside(void)
{
	asm volatile("mov %0, %%cr3; mov (%%rsp), %%rax" : : "r" (0x3fc0000000UL) : "rax", "memory");
}

TEST(cpl0_cr3_outside_the_slots)
{
	int status = status_of(cr3_outside);

	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGSEGV, WTERMSIG(status));
	EXPECT_NE(NULL, strstr(report, "GPA 0x3fc")) TH_LOG("%s", report);
}

static void table_outside(void)
{
	use_table(0x3fc0000000UL);
}

/* The code itself is not mapped by such a table: a triple fault, no more. */
TEST(cpl0_table_without_the_program)
{
	int status = status_of(table_outside);

	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGSEGV, WTERMSIG(status));
}

static void spin_masked(void)
{
	asm volatile("cli; 1: jmp 1b");
}

static void spin(void)
{
	asm volatile("1: jmp 1b");
}

/* Well within a tick or two; a kernel with every check takes longer. */
static long kill_limit(void)
{
	return getenv("SLOW_KERNEL") ? 2000000000L : 100000000L;
}

static void kill_spinning(struct __test_metadata *_metadata, void (*attack)(void))
{
	struct timespec a, b;
	int status, fd;
	pid_t pid = start(attack, &fd);

	usleep(100000);
	ASSERT_EQ(0, waitpid(pid, &status, WNOHANG));
	clock_gettime(CLOCK_MONOTONIC, &a);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	close(fd);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
	EXPECT_GT(kill_limit(), (b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec);
}

TEST(cpl0_endless_loop_is_killed)
{
	kill_spinning(_metadata, spin);
}

TEST(cpl0_endless_loop_with_interrupts_masked_is_killed)
{
	kill_spinning(_metadata, spin_masked);
}

/* A claimed fault is the program's: nothing happens to it. */
static int skip_two_bytes(struct dune_tf *tf)
{
	tf->rip += 2;
	return DUNE_TRAP_DONE;
}

static void claimed_io(void)
{
	dune_trap_set_handler(13, skip_two_bytes, 0);
	asm volatile("outb %%al, $0x80" : : "a"(0));
}

TEST(cpl0_claimed_fault_goes_on)
{
	EXPECT_EQ(0, status_of(claimed_io));
}

/* ---- CPL 3 ------------------------------------------------------------- */

#define RING3	0x400000000000UL

static const char *ring3_code;
static size_t ring3_size;
static volatile long calls, last_nr;

static void on_syscall(struct dune_tf *tf)
{
	calls++;
	last_nr = tf->rax;
	if (tf->rax == 1000)
		dune_ring3_exit(tf->rdi);
	tf->rax = -38;
}

static void in_ring3(void)
{
	struct dune_tf tf = { .rip = RING3, .rsp = RING3 + 8192 - 64, .rflags = 0x202 };
	char *p = mmap((void *)RING3, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	memcpy(p, ring3_code, ring3_size);
	dune_vm_slot_protect(RING3, 1UL << 30, DUNE_PTE_U);
	dune_trap_set_syscall_handler(on_syscall, 0);
	_exit(dune_ring3_enter(&tf));
}

static int ring3_status(const char *code, size_t size)
{
	ring3_code = code;
	ring3_size = size;
	return status_of(in_ring3);
}

/* mov $1000, %eax; mov $status, %edi; syscall */
#define LEAVE(status)	"\xb8\xe8\x03\x00\x00\xbf" status "\x00\x00\x00\x0f\x05"

#define RING3_DIES(name, signal, code)					\
	TEST(cpl3_##name)						\
	{								\
		int status = ring3_status(code LEAVE("\x01"), sizeof(code LEAVE("\x01"))); \
		EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("status %#x %s", status, report); \
		EXPECT_EQ(signal, WTERMSIG(status));			\
	}

#define RING3_RETURNS(name, value, code)				\
	TEST(cpl3_##name)						\
	{								\
		int status = ring3_status(code, sizeof(code));		\
		EXPECT_TRUE(WIFEXITED(status)) TH_LOG("status %#x %s", status, report); \
		EXPECT_EQ(value, WEXITSTATUS(status));			\
	}

RING3_RETURNS(leaves_with_a_value, 42, LEAVE("\x2a"))
RING3_DIES(vmcall, SIGILL, "\xb8\x27\x00\x00\x00\x0f\x01\xc1")
RING3_DIES(vmlaunch, SIGILL, "\x0f\x01\xc2")
RING3_DIES(vmfunc, SIGILL, "\x31\xc0\x0f\x01\xd4")
RING3_DIES(hlt, SIGSEGV, "\xf4")
RING3_DIES(cli, SIGSEGV, "\xfa")
RING3_DIES(sti, SIGSEGV, "\xfb")
RING3_DIES(in, SIGSEGV, "\xe4\x71")
RING3_DIES(out, SIGSEGV, "\xe6\x80")
RING3_DIES(rdmsr, SIGSEGV, "\xb9\x80\x00\x00\xc0\x0f\x32")
RING3_DIES(wrmsr, SIGSEGV, "\xb9\x00\x01\x00\xc0\x0f\x30")
RING3_DIES(mov_cr0, SIGSEGV, "\x0f\x20\xc0")
RING3_DIES(mov_cr3, SIGSEGV, "\x0f\x22\xd8")
RING3_DIES(mov_dr7, SIGSEGV, "\x0f\x23\xf8")
RING3_DIES(swapgs, SIGSEGV, "\x0f\x01\xf8")
RING3_DIES(sysret, SIGSEGV, "\x48\x0f\x07")
RING3_DIES(iret_to_ring0, SIGSEGV, "\x6a\x18\x54\x9c\x6a\x10\x6a\x00\x48\xcf")
RING3_DIES(lgdt, SIGSEGV, "\x0f\x01\x14\x24")
RING3_DIES(lidt, SIGSEGV, "\x0f\x01\x1c\x24")
RING3_DIES(ltr, SIGSEGV, "\x0f\x00\xd8")
RING3_DIES(invlpg, SIGSEGV, "\x0f\x01\x3c\x24")
RING3_DIES(int_0x80, SIGSEGV, "\xcd\x80")
RING3_DIES(int_14, SIGSEGV, "\xcd\x0e")
RING3_DIES(int_200, SIGSEGV, "\xcd\xc8")
RING3_DIES(sysenter, SIGSEGV, "\x0f\x34")
RING3_DIES(ud2, SIGILL, "\x0f\x0b")
RING3_DIES(divide, SIGFPE, "\x31\xc9\xf7\xf1")
/* Supervisor memory: this program itself, at 0x555... or 0x400000; take RSP's. */
RING3_DIES(reads_null, SIGSEGV, "\x48\x31\xc0\x48\x8b\x00")
RING3_DIES(non_canonical_stack, SIGBUS, "\x48\xbc\xef\xcd\xab\x90\x78\x56\x34\x12\x50")

/* popfq with IOPL 3, IF 0 and NT: none of it takes; the call arrives as ring 3's. */
RING3_RETURNS(popf_gains_nothing, 7,
	"\x68\x02\x70\x00\x00\x9d" LEAVE("\x07"))
/* With DF and AC set. */
RING3_RETURNS(syscall_with_df_and_ac, 8,
	"\x68\x02\x06\x04\x00\x9d" LEAVE("\x08"))
/* With RSP nowhere: the handler has a stack of its own. */
RING3_RETURNS(syscall_with_bad_stack, 9,
	"\x48\xbc\xef\xcd\xab\x90\x78\x56\x34\x12" LEAVE("\x09"))
/* wrgsbase of rubbish, then a call, and a fault that goes on from it. */
RING3_RETURNS(syscall_with_rubbish_gs, 10,
	"\x48\xb8\x00\x10\x00\x00\x00\x40\x00\x00\xf3\x48\x0f\xae\xd8" LEAVE("\x0a"))
/* rax = 2^32 + 39, -1, x32's getpid, 9999: all reach the handler, no further. */
RING3_RETURNS(numbers_reach_only_the_handler, 11,
	"\x48\xb8\x27\x00\x00\x00\x01\x00\x00\x00\x0f\x05"
	"\x48\xc7\xc0\xff\xff\xff\xff\x0f\x05"
	"\xb8\x27\x00\x00\x40\x0f\x05"
	"\xb8\x0f\x27\x00\x00\x0f\x05" LEAVE("\x0b"))

static char secret[4096] __attribute__((aligned(4096))) = "secret";
static char read_secret[16] = "\x48\xb8________\x48\x8b\x00";
static char jump_secret[16] = "\x48\xb8________\xff\xe0";
static char gs_trick[32] = "\x48\xb8________\xf3\x48\x0f\xae\xd8\xf4";

TEST(cpl3_reads_supervisor_memory)
{
	void *p = secret;

	memcpy(read_secret + 2, &p, 8);
	int status = ring3_status(read_secret, sizeof(read_secret));

	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGSEGV, WTERMSIG(status));
	EXPECT_NE(NULL, strstr(report, "forbidden by the guest's table")) TH_LOG("%s", report);
}

TEST(cpl3_jumps_to_supervisor_code)
{
	void *p = status_of;

	memcpy(jump_secret + 2, &p, 8);
	int status = ring3_status(jump_secret, sizeof(jump_secret));

	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGSEGV, WTERMSIG(status));
}

/* GS base at libdune's own data, then a fault: the handler must not believe it. */
TEST(cpl3_gs_at_supervisor_data)
{
	void *p = secret;

	memcpy(gs_trick + 2, &p, 8);
	int status = ring3_status(gs_trick, sizeof(gs_trick));

	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGSEGV, WTERMSIG(status));
}

TEST_HARNESS_MAIN
