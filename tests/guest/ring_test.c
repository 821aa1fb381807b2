/* SPDX-License-Identifier: MIT */
/*
 * ring_test.c - ring 3: every way into ring 0, and what comes back
 *
 * (What ring 3 may not do is in attack_test.c.)
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#include "kselftest_harness.h"

#define RING3		0x400000000000UL
#define SIZE		(64 * 1024UL)
#define NR_LEAVE	1000
#define GPRS_ONLY	__attribute__((target("general-regs-only")))

#define ENTER() do { ASSERT_EQ(0, dune_init(0)); ASSERT_EQ(0, dune_enter()); } while (0)

/* Ring 3's programs: position-independent, copied to where it may run. */
#define PROGRAM(name, code)						\
	asm(".pushsection .rodata\n" #name ":\n" code			\
	    "\n	mov	%rax, %rdi\n	mov	$1000, %eax\n	syscall\n" #name "_end:\n.popsection"); \
	extern const char name[], name##_end[]

static char *memory;
static volatile long calls, traps;
static volatile uint64_t seen_vector, seen_error, seen_rip, seen_rax, seen_cs, seen_flags;

static void prepare(void)
{
	memory = mmap((void *)RING3, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	dune_vm_slot_protect(RING3, 1UL << 30, DUNE_PTE_U);
}

static struct dune_tf begin(const char *program, const char *end)
{
	/* SMAP: not by ring 0's own hands. */
	dune_copy_to_user(RING3, program, end - program);
	return (struct dune_tf) { .rip = RING3, .rsp = RING3 + SIZE - 64, .rflags = 2 };
}
#define BEGIN(name)	begin(name, name##_end)

GPRS_ONLY static void answer(struct dune_tf *tf)
{
	calls++;
	if (tf->rax == NR_LEAVE)
		dune_ring3_exit(tf->rdi);
	tf->rax = tf->rax + tf->rdi + tf->rsi + tf->rdx + tf->r10 + tf->r8 + tf->r9;
}

/* r15 = how many registers were not as Linux leaves them; every argument counted. */
PROGRAM(all_registers,
	"	xor	%r15d, %r15d\n"
	"	mov	$1, %eax\n	mov	$10, %edi\n	mov	$100, %esi\n"
	"	mov	$1000, %edx\n	mov	$10000, %r10d\n	mov	$100000, %r8d\n"
	"	mov	$1000000, %r9d\n	mov	$77, %ebx\n	mov	$78, %ebp\n"
	"	mov	$79, %r12d\n	mov	$80, %r13d\n	mov	$81, %r14d\n"
	"	mov	%rsp, %rcx\n	mov	%rcx, -64(%rsp)\n"
	"	syscall\n"
	"1:	lea	1b(%rip), %r11\n	cmp	%r11, %rcx\n	setne	%cl\n"
	"	add	%cl, %r15b\n	cmp	%rsp, -64(%rsp)\n	setne	%cl\n"
	"	add	%cl, %r15b\n"
	"	cmp	$10, %rdi\n	setne	%cl\n	add	%cl, %r15b\n"
	"	cmp	$100, %rsi\n	setne	%cl\n	add	%cl, %r15b\n"
	"	cmp	$1000, %rdx\n	setne	%cl\n	add	%cl, %r15b\n"
	"	cmp	$10000, %r10\n	setne	%cl\n	add	%cl, %r15b\n"
	"	cmp	$100000, %r8\n	setne	%cl\n	add	%cl, %r15b\n"
	"	cmp	$1000000, %r9\n	setne	%cl\n	add	%cl, %r15b\n"
	"	cmp	$77, %rbx\n	setne	%cl\n	add	%cl, %r15b\n"
	"	cmp	$78, %rbp\n	setne	%cl\n	add	%cl, %r15b\n"
	"	cmp	$79, %r12\n	setne	%cl\n	add	%cl, %r15b\n"
	"	cmp	$80, %r13\n	setne	%cl\n	add	%cl, %r15b\n"
	"	cmp	$81, %r14\n	setne	%cl\n	add	%cl, %r15b\n"
	"	shl	$32, %r15\n	or	%r15, %rax\n"
	"	cmp	$1111111, %rax\n	setne	%al\n	movzbl	%al, %eax\n"
	"	shr	$32, %r15\n	add	%r15, %rax\n");

static const unsigned int kinds[] = { 0, DUNE_TRAP_GPRS_ONLY, DUNE_TRAP_ARGS_ONLY };

TEST(system_calls_of_every_kind_of_handler)
{
	struct dune_tf tf;
	unsigned int i;

	prepare();
	ENTER();
	tf = BEGIN(all_registers);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, dune_trap_set_syscall_handler(answer, kinds[i]));
		EXPECT_EQ(0, dune_ring3_enter(&tf)) TH_LOG("kind %u", i);
	}
	EXPECT_EQ(6, calls);
	EXPECT_EQ(-EINVAL, dune_trap_set_handler(6, (dune_trap_fn)answer, DUNE_TRAP_ARGS_ONLY));
	EXPECT_EQ(-EINVAL, dune_trap_set_syscall_handler(answer, 4));
}

GPRS_ONLY static void forward(struct dune_tf *tf)
{
	calls++;
	if (tf->rax == NR_LEAVE)
		dune_ring3_exit(tf->rdi);
	dune_passthrough_syscall(tf);
}

PROGRAM(get_ppid, "	mov	$110, %eax\n	syscall\n");
/* -ENOSYS each, from a handler that has no frame to begin a child with. */
PROGRAM(need_a_frame,
	"	mov	$56, %eax\n	xor	%edi, %edi\n	syscall\n	mov	%rax, %rbx\n"
	"	mov	$57, %eax\n	syscall\n	add	%rax, %rbx\n"
	"	mov	$58, %eax\n	syscall\n	add	%rax, %rbx\n"
	"	mov	$435, %eax\n	syscall\n	add	%rax, %rbx\n"
	"	mov	$15, %eax\n	syscall\n	add	%rbx, %rax\n");
/* The upper half of a number does not count: no hypercall, no other call. */
PROGRAM(upper_half, "	movabs	$0x44554e450000006e, %rax\n	syscall\n");

TEST(system_calls_passed_on)
{
	struct dune_tf tf;
	unsigned int i;

	prepare();
	ENTER();
	for (i = 0; i < 3; i++) {
		dune_trap_set_syscall_handler(forward, kinds[i]);
		tf = BEGIN(get_ppid);
		EXPECT_EQ(getppid(), dune_ring3_enter(&tf));
		tf = BEGIN(upper_half);
		EXPECT_EQ(getppid(), dune_ring3_enter(&tf));
	}
	tf = BEGIN(need_a_frame);
	EXPECT_EQ(-5 * ENOSYS, dune_ring3_enter(&tf));
}

/* A handler that changes more than SYSRET can bring back. */
GPRS_ONLY static void move_on(struct dune_tf *tf)
{
	if (tf->rax == NR_LEAVE)
		dune_ring3_exit(tf->rdi);
	tf->rip += 2;			/* over the UD2 */
	tf->rflags |= 0x17100;		/* TF, IOPL 1, NT, RF */
	tf->rax = 5;
}

GPRS_ONLY static int step(struct dune_tf *tf)
{
	traps++;
	seen_flags = tf->rflags;
	tf->rflags &= ~0x4100UL;
	return DUNE_TRAP_DONE;
}

PROGRAM(skipped, "	mov	$79, %r12d\n	syscall\n	ud2\n	nop\n	add	%r12, %rax\n");

TEST(a_frame_changed_in_a_system_call)
{
	struct dune_tf tf;
	unsigned int i;

	prepare();
	ENTER();
	dune_trap_set_handler(1, step, DUNE_TRAP_GPRS_ONLY);
	tf = BEGIN(skipped);
	for (i = 0; i < 3; i++) {
		dune_trap_set_syscall_handler(move_on, kinds[i]);
		EXPECT_EQ(84, dune_ring3_enter(&tf)) TH_LOG("kind %u", i);
		EXPECT_EQ(i + 1, traps);
		EXPECT_EQ(0, seen_flags & 0x3000);	/* no IOPL that counts */
	}
}

/* ---- other ways in --------------------------------------------------------- */

GPRS_ONLY static int count(struct dune_tf *tf)
{
	traps++;
	seen_vector = tf->vector;
	seen_error = tf->error;
	seen_rip = tf->rip;
	seen_rax = tf->rax;
	seen_cs = tf->cs;
	tf->rax = 4;
	if (tf->vector == 13)
		tf->rip += 2;		/* INT n, SYSENTER */
	return DUNE_TRAP_DONE;
}

PROGRAM(int_0x80, "	mov	$20, %eax\n	int	$0x80\n");
PROGRAM(int_200, "	int	$200\n");
PROGRAM(sysenter, "	sysenter\n");
PROGRAM(int_3, "	int3\n");

TEST(software_interrupts)
{
	struct dune_tf tf;

	EXPECT_EQ(-EINVAL, dune_trap_allow_ring3(14, true));
	EXPECT_EQ(-EINVAL, dune_trap_allow_ring3(2, true));
	EXPECT_EQ(-EINVAL, dune_trap_allow_ring3(255, true));
	EXPECT_EQ(-EINVAL, dune_trap_allow_ring3(256, true));
	ASSERT_EQ(0, dune_trap_allow_ring3(0x80, true));	/* before dune_init(), too */
	prepare();
	ENTER();
	dune_trap_set_syscall_handler(answer, DUNE_TRAP_ARGS_ONLY);
	dune_trap_set_handler(0x80, count, DUNE_TRAP_GPRS_ONLY);
	dune_trap_set_handler(200, count, DUNE_TRAP_GPRS_ONLY);
	dune_trap_set_handler(13, count, DUNE_TRAP_GPRS_ONLY);
	dune_trap_set_handler(3, count, DUNE_TRAP_GPRS_ONLY);

	tf = BEGIN(int_0x80);
	EXPECT_EQ(4, dune_ring3_enter(&tf));
	EXPECT_EQ(0x80, seen_vector);
	EXPECT_EQ(RING3 + 7, seen_rip);

	tf = BEGIN(int_200);		/* not allowed: #GP, with the vector */
	EXPECT_EQ(4, dune_ring3_enter(&tf));
	EXPECT_EQ(13, seen_vector);
	EXPECT_EQ(200 * 8 + 2, seen_error);
	EXPECT_EQ(RING3, seen_rip);
	ASSERT_EQ(0, dune_trap_allow_ring3(200, true));
	EXPECT_EQ(4, dune_ring3_enter(&tf));
	EXPECT_EQ(200, seen_vector);
	ASSERT_EQ(0, dune_trap_allow_ring3(200, false));
	EXPECT_EQ(4, dune_ring3_enter(&tf));
	EXPECT_EQ(13, seen_vector);

	/* A general protection fault, whose handler answers it as a system call. */
	tf = BEGIN(sysenter);
	tf.rax = 20;
	EXPECT_EQ(4, dune_ring3_enter(&tf));
	EXPECT_EQ(13, seen_vector);
	EXPECT_EQ(0, seen_error);
	EXPECT_EQ(RING3, seen_rip);
	EXPECT_EQ(20, seen_rax);
	EXPECT_EQ(3, seen_cs & 3);

	tf = BEGIN(int_3);
	EXPECT_EQ(4, dune_ring3_enter(&tf));
	EXPECT_EQ(3, seen_vector);
	EXPECT_EQ(6, traps);
}

/* ---- what the CPU keeps ring 0 and 3 from ------------------------------------ */

PROGRAM(sgdt, "	sgdt	-32(%rsp)\n");
PROGRAM(smsw, "	smsw	%eax\n	nop\n");

static int skip_umip(struct dune_tf *tf)
{
	uint8_t insn[3] = "";

	traps++;
	/* SGDT -32(%rsp) has five bytes, SMSW three. */
	dune_copy_from_user(insn, tf->rip, 3);
	tf->rip += insn[2] == 0xe0 ? 3 : 5;
	return DUNE_TRAP_DONE;
}

TEST(umip)
{
	struct dune_tf tf;

	prepare();
	ENTER();
	if (!(dune_info()->cr4 & 1UL << 11))
		SKIP(return, "this CPU has no UMIP");
	dune_trap_set_syscall_handler(answer, DUNE_TRAP_ARGS_ONLY);
	dune_trap_set_handler(13, skip_umip, 0);
	tf = BEGIN(sgdt);
	dune_ring3_enter(&tf);
	tf = BEGIN(smsw);
	dune_ring3_enter(&tf);
	EXPECT_EQ(2, traps);
}

static uintptr_t pf_addr;

GPRS_ONLY static int leave_user_memory(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	traps++;
	pf_addr = addr;
	seen_error = error;
	tf->rip = *(uint64_t *)tf->rsp;		/* as RET would */
	tf->rsp += 8;
	return DUNE_TRAP_DONE;
}

GPRS_ONLY static int leave_read(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	traps++;
	pf_addr = addr;
	seen_error = error;
	tf->rip += 2;
	return DUNE_TRAP_DONE;
}

/* Ring 0 neither executes nor, but for its copies, reads ring 3's memory. */
TEST(smep_and_smap)
{
	uint64_t cr4;
	char c;

	prepare();
	*memory = 0xc3;
	ENTER();
	cr4 = dune_info()->cr4;
	dune_trap_set_pgflt_handler(leave_user_memory, DUNE_TRAP_GPRS_ONLY);
	if (cr4 & 1UL << 20) {
		((void (*)(void))memory)();
		EXPECT_EQ(1, traps);
		EXPECT_EQ(RING3, pf_addr);
		EXPECT_EQ(DUNE_PF_PRESENT | DUNE_PF_FETCH, seen_error);
	}
	traps = 0;
	dune_trap_set_pgflt_handler(leave_read, DUNE_TRAP_GPRS_ONLY);
	if (cr4 & 1UL << 21) {
		asm volatile("movb (%%rdi), %%al" : "=a" (c) : "D" (memory), "a" (0));
		EXPECT_EQ(1, traps);
		EXPECT_EQ(RING3, pf_addr);
		EXPECT_EQ(DUNE_PF_PRESENT, seen_error);
		EXPECT_EQ(0, c);
	}
	EXPECT_EQ(0, dune_copy_from_user(&c, RING3, 1));
	EXPECT_EQ((char)0xc3, c);
	EXPECT_EQ(-EFAULT, dune_copy_from_user(&c, (uintptr_t)&cr4, 1));
	EXPECT_EQ(-EFAULT, dune_copy_from_user(&c, RING3 + SIZE, 1));
	EXPECT_EQ(-EFAULT, dune_copy_from_user(&c, -1UL, 1));
	EXPECT_EQ(-EFAULT, dune_copy_to_user(RING3 + SIZE - 1, &c, 2));
	EXPECT_EQ(-EFAULT, dune_copy_to_user(RING3, &c, -1UL));
	EXPECT_EQ(0, dune_copy_to_user(RING3 + SIZE - 1, &c, 1));
	mprotect(memory, 4096, PROT_READ);
	EXPECT_EQ(-EFAULT, dune_copy_to_user(RING3, &c, 1));
}

/* Copies go by the U bits of single pages, too, and change nothing where they may not. */
TEST(copies_go_by_pages)
{
	const uint64_t rights = DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_U;
	struct dune_root *root;
	char c = 1, page[2 * 4096];

	prepare();
	memset(memory, 5, 3 * 4096);
	ENTER();
	root = dune_vm_current();
	EXPECT_EQ(0, dune_copy_from_user(page, RING3 + 4096, 2 * 4096));
	ASSERT_EQ(0, dune_vm_protect(root, RING3 + 4096, 4096, rights & ~DUNE_PTE_U));
	EXPECT_EQ(-EFAULT, dune_copy_from_user(&c, RING3 + 4096, 1));
	EXPECT_EQ(-EFAULT, dune_copy_to_user(RING3 + 8191, &c, 1));
	EXPECT_EQ(-EFAULT, dune_copy_from_user(page, RING3 + 4095, 2));
	EXPECT_EQ(-EFAULT, dune_copy_from_user(page, RING3, 3 * 4096));
	EXPECT_EQ(0, dune_copy_from_user(&c, RING3 + 4095, 1));
	EXPECT_EQ(0, dune_copy_to_user(RING3 + 8192, &c, 1));
	ASSERT_EQ(0, dune_vm_protect(root, RING3 + 4096, 4096, rights));
	EXPECT_EQ(0, dune_copy_from_user(&c, RING3 + 8191, 1));
	EXPECT_EQ(5, c);
	/* Not to be written to: Linux would. */
	ASSERT_EQ(0, dune_vm_protect(root, RING3 + 4096, 4096, rights & ~DUNE_PTE_W));
	c = 9;
	EXPECT_EQ(-EFAULT, dune_copy_to_user(RING3 + 4096, &c, 1));
	EXPECT_EQ(0, dune_copy_from_user(&c, RING3 + 4096, 1));
	EXPECT_EQ(5, c);
}

/* ---- FS and GS bases of both sides ------------------------------------------- */

PROGRAM(bases,
	"	mov	$0x1234000, %eax\n	wrfsbase	%rax\n"
	"	mov	$0x5678000, %eax\n	wrgsbase	%rax\n"
	"	mov	$1, %eax\n	syscall\n	int3\n"
	"	rdfsbase	%rax\n	rdgsbase	%rcx\n	add	%rcx, %rax\n");

static uint64_t ring0_fs;
static volatile uint64_t seen_fs;

GPRS_ONLY static void note_bases(struct dune_tf *tf)
{
	uint64_t fs;

	asm volatile("rdfsbase %0" : "=r" (fs));
	calls++;
	if (tf->rax == NR_LEAVE) {
		asm volatile("wrfsbase %0" : : "r" (ring0_fs));
		dune_ring3_exit(tf->rdi);
	}
	seen_fs = fs;
}

/* GS is ring 3's own; FS is the same register on both sides, as in Linux. */
TEST(fs_and_gs_bases)
{
	struct dune_tf tf;

	prepare();
	ENTER();
	if (!(dune_info()->cr4 & 1UL << 16))
		SKIP(return, "this CPU has no FSGSBASE");
	asm volatile("rdfsbase %0" : "=r" (ring0_fs));
	dune_trap_set_handler(3, count, DUNE_TRAP_GPRS_ONLY);
	dune_trap_set_syscall_handler(note_bases, DUNE_TRAP_ARGS_ONLY);
	tf = BEGIN(bases);
	EXPECT_EQ(0x1234000 + 0x5678000, dune_ring3_enter(&tf));
	EXPECT_EQ(0x1234000, seen_fs);
	EXPECT_EQ(1, traps);
	EXPECT_TRUE(dune_active());
	EXPECT_LT(0, dune_vcpu_fd());		/* by ring 0's GS */
}

/* ---- hostile registers --------------------------------------------------------- */

/* RFLAGS with TF, NT, AC, DF and IOPL; then RSP in ring 0's memory; then a call. */
PROGRAM(hostile,
	"	mov	%rsp, %rbx\n	mov	%rdi, %rsp\n	mov	$3, %eax\n	syscall\n"
	"	mov	%rbx, %rsp\n	push	$0x47402\n	popfq\n	mov	$3, %eax\n	syscall\n"
	"	ud2\n");

static volatile uint64_t handler_flags;

GPRS_ONLY static void note_flags(struct dune_tf *tf)
{
	uint64_t flags;

	asm volatile("pushfq; pop %0" : "=r" (flags));
	handler_flags |= flags;
	answer(tf);
}

GPRS_ONLY static int end_it(struct dune_tf *tf)
{
	uint64_t flags;

	asm volatile("pushfq; pop %0" : "=r" (flags));
	handler_flags |= flags;
	traps++;
	dune_ring3_exit(33);
}

TEST(hostile_registers)
{
	struct dune_tf tf;
	uint64_t canary = 0x1234;
	unsigned int i;

	prepare();
	ENTER();
	dune_trap_set_handler(6, end_it, DUNE_TRAP_GPRS_ONLY);
	for (i = 0; i < 3; i++) {
		tf = BEGIN(hostile);
		tf.rdi = (uintptr_t)(&canary + 1);
		dune_trap_set_syscall_handler(note_flags, kinds[i]);
		EXPECT_EQ(33, dune_ring3_enter(&tf));
		EXPECT_EQ(0x1234, canary);
	}
	EXPECT_EQ(3, traps);
	EXPECT_EQ(6, calls);
	/* In no handler: TF, DF, IOPL, NT, AC. */
	EXPECT_EQ(0, handler_flags & 0x47500);

	for (i = 0; i < 4; i++) {
		static const uint64_t rips[] = { 1UL << 47, 1UL << 63, -4096UL, ~0UL };

		tf.rip = rips[i];
		EXPECT_EQ(-EINVAL, dune_ring3_enter(&tf));
	}
}

/* A handler that sends ring 3 to an address that is none of its: ring 3's fault. */
GPRS_ONLY static void send_away(struct dune_tf *tf)
{
	calls++;
	tf->rip = 1UL << 47;
	tf->rcx = tf->rip;
}

TEST(a_return_to_no_address)
{
	struct dune_tf tf;
	unsigned int i;

	prepare();
	ENTER();
	dune_trap_set_handler(13, end_it, DUNE_TRAP_GPRS_ONLY);
	tf = BEGIN(get_ppid);
	for (i = 0; i < 3; i++) {
		dune_trap_set_syscall_handler(send_away, kinds[i]);
		EXPECT_EQ(33, dune_ring3_enter(&tf)) TH_LOG("kind %u", i);
	}
	EXPECT_EQ(3, traps);
}

PROGRAM(two_calls,
	"	mov	$1, %eax\n	syscall\n	mov	$1, %eax\n	syscall\n	mov	$5, %eax\n");

static uint64_t away_from;

GPRS_ONLY static void send_away_once(struct dune_tf *tf)
{
	away_from = tf->rip;
	note_bases(tf);
	send_away(tf);
}

GPRS_ONLY static int come_back(struct dune_tf *tf)
{
	traps++;
	tf->rip = away_from;
	return DUNE_TRAP_DONE;
}

/* The handler of that fault mends it: ring 3 goes on with all it had. */
TEST(a_return_to_no_address_mended)
{
	uint64_t fs;
	struct dune_tf tf;
	unsigned int i;

	prepare();
	ENTER();
	if (!(dune_info()->cr4 & 1UL << 16))
		SKIP(return, "this CPU has no FSGSBASE");
	asm volatile("rdfsbase %0" : "=r" (ring0_fs));
	dune_trap_set_handler(13, come_back, DUNE_TRAP_GPRS_ONLY);
	tf = BEGIN(two_calls);
	for (i = 0; i < 3; i++) {
		traps = 0;
		seen_fs = 0;
		dune_trap_set_syscall_handler(send_away_once, kinds[i]);
		EXPECT_EQ(5, dune_ring3_enter(&tf)) TH_LOG("kind %u", i);
		asm volatile("rdfsbase %0" : "=r" (fs));
		EXPECT_EQ(ring0_fs, fs);
		EXPECT_EQ(ring0_fs, seen_fs);
		EXPECT_EQ(2, traps);
	}
}

PROGRAM(show_registers, "	mov	$1000, %ebx\n	mov	$200, %r12d\n	mov	$30, %r15d\n"
	"	mov	$7, %eax\n	syscall\n	add	%rbx, %rax\n");

static int asked;
static long main_parent;

GPRS_ONLY static void want_registers(struct dune_tf *tf)
{
	if (tf->rax == NR_LEAVE)
		dune_ring3_exit(tf->rdi);
	asked++;
	if (dune_whole_frame(tf))
		tf->rax = tf->rbx + tf->r12 + tf->r15 + (tf->rcx == tf->rip) + tf->rax;
}

TEST(a_handler_of_arguments_asks_for_the_rest)
{
	struct dune_tf tf;
	unsigned int i;

	prepare();
	ENTER();
	tf = BEGIN(show_registers);
	for (i = 0; i < 3; i++) {
		asked = 0;
		dune_trap_set_syscall_handler(want_registers, kinds[i]);
		EXPECT_EQ(2238, dune_ring3_enter(&tf)) TH_LOG("kind %u", i);
		EXPECT_EQ(kinds[i] == DUNE_TRAP_ARGS_ONLY ? 2 : 1, asked);
	}
}

/* Calls in place of one whose frame has its arguments only; a child would need the rest. */
GPRS_ONLY static void forward_others(struct dune_tf *tf)
{
	const uint64_t none[6] = { 0 };
	long parent, child;

	if (tf->rax == NR_LEAVE)
		dune_ring3_exit(tf->rdi);
	tf->rax = dune_forward_syscall(tf, __NR_getppid, none, &parent) && parent == main_parent;
	if (dune_forward_syscall(tf, __NR_fork, none, &child) && child == -ENOSYS)
		tf->rax += 2;
}

TEST(a_handler_of_arguments_forwards_calls)
{
	struct dune_tf tf;

	prepare();
	main_parent = getppid();
	ENTER();
	tf = BEGIN(show_registers);
	dune_trap_set_syscall_handler(forward_others, DUNE_TRAP_ARGS_ONLY);
	EXPECT_EQ(1003, dune_ring3_enter(&tf));
}

/* ---- nested, and from several threads ------------------------------------------- */

PROGRAM(nest, "	mov	%rsi, %rbx\n	mov	$7, %eax\n	syscall\n	add	%rbx, %rax\n");

GPRS_ONLY static void go_deeper(struct dune_tf *tf)
{
	struct dune_tf inner;

	if (tf->rax == NR_LEAVE)
		dune_ring3_exit(tf->rdi);
	if (tf->rdi == 0) {
		tf->rax = 0;
		return;
	}
	inner = (struct dune_tf) { .rip = RING3, .rsp = tf->rsp - 256, .rflags = 2,
				   .rdi = tf->rdi - 1, .rsi = tf->rdi };
	tf->rax = dune_ring3_enter(&inner);
}

static void *nest_in_thread(void *arg)
{
	struct dune_tf tf = { .rip = RING3, .rflags = 2, .rdi = 20, .rsi = 21,
			      .rsp = RING3 + SIZE - (long)arg * 8192 - 64 };
	long i, bad = 0;

	for (i = 0; i < 50; i++)
		bad += dune_ring3_enter(&tf) != 21 * 22 / 2;
	return (void *)bad;
}

TEST(entries_nest_in_several_threads)
{
	static const unsigned int nesting[] = { 0, DUNE_TRAP_GPRS_ONLY, DUNE_TRAP_ARGS_ONLY };
	pthread_t threads[4];
	unsigned int i, k;
	void *bad;

	prepare();
	ENTER();
	(void)BEGIN(nest);
	for (k = 0; k < 3; k++) {
		dune_trap_set_syscall_handler(go_deeper, nesting[k]);
		for (i = 0; i < 4; i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL, nest_in_thread,
						    (void *)(long)i));
		for (i = 0; i < 4; i++) {
			ASSERT_EQ(0, pthread_join(threads[i], &bad));
			EXPECT_EQ(NULL, bad) TH_LOG("kind %u, thread %u", k, i);
		}
	}
}

GPRS_ONLY static void own_answer(struct dune_tf *tf)
{
	if (tf->rax == NR_LEAVE)
		dune_ring3_exit(tf->rdi);
	tf->rax = 1234;
}

static void *with_own_handler(void *arg)
{
	struct dune_tf tf = { .rip = RING3, .rflags = 2, .rsp = RING3 + SIZE - 64 };

	dune_thread_set_syscall_handler(own_answer, DUNE_TRAP_ARGS_ONLY);
	return (void *)(long)dune_ring3_enter(&tf);
}

TEST(a_threads_own_system_calls)
{
	pthread_t thread;
	struct dune_tf tf;
	void *value;

	prepare();
	ENTER();
	tf = BEGIN(get_ppid);
	dune_trap_set_syscall_handler(answer, DUNE_TRAP_ARGS_ONLY);
	pthread_create(&thread, NULL, with_own_handler, NULL);
	pthread_join(thread, &value);
	EXPECT_EQ((void *)1234, value);
	EXPECT_EQ(110, dune_ring3_enter(&tf));
}

TEST_HARNESS_MAIN
