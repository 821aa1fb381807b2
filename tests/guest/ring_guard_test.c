/* SPDX-License-Identifier: MIT */
/*
 * ring_guard_test.c - what keeps the rings apart: UMIP, SMEP, SMAP, pages' U bits, the
 * bases of both sides, and hostile registers
 */
#include "ring.h"

PROGRAM(get_ppid, "	mov	$110, %eax\n	syscall\n");

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

TEST_HARNESS_MAIN
