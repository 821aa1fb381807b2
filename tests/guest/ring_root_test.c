/* SPDX-License-Identifier: MIT */
/*
 * ring_root_test.c - ring 3 in a root of its own: in whose its handlers run
 *
 * (Programs that use it, and attacks, are in sthread_test.c and the like.)
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#include "kselftest_harness.h"

#define RING3		0x400000000000UL
#define SIZE		(64 * 1024UL)
#define RING3_FS	0x1234000UL
#define NR_LEAVE	1000
#define GPRS_ONLY	__attribute__((target("general-regs-only")))

#define PROGRAM(name, code)						\
	asm(".pushsection .rodata\n" #name ":\n" code			\
	    "\n	mov	%rax, %rdi\n	mov	$1000, %eax\n	syscall\n" #name "_end:\n.popsection"); \
	extern const char name[], name##_end[]

FIXTURE(ring)
{
	char *memory;
	struct dune_root *root;
	uint64_t rdi;		/* ring 3's at the beginning */
};

/* What a handler has, and how often that was not what the caller had. */
static uint64_t our_fs, our_cr3;
static volatile int calls, traps, faults, strange;

GPRS_ONLY static uint64_t fs_base(void)
{
	uint64_t base;

	asm volatile("rdfsbase %0" : "=r" (base));
	return base;
}

GPRS_ONLY static uint64_t cr3(void)
{
	uint64_t value;

	asm volatile("mov %%cr3, %0" : "=r" (value));
	return value;
}

GPRS_ONLY static void look(volatile int *count)
{
	++*count;
	strange += fs_base() != our_fs || cr3() != our_cr3;
}

GPRS_ONLY static void answer(struct dune_tf *tf)
{
	look(&calls);
	if (tf->rax == NR_LEAVE)
		dune_ring3_exit(tf->rdi);
	tf->rax = -ENOSYS;
}

GPRS_ONLY static void pass_on(struct dune_tf *tf)
{
	look(&calls);
	if (tf->rax == NR_LEAVE)
		dune_ring3_exit(tf->rdi);
	dune_passthrough_syscall(tf);
	look(&calls);
}

GPRS_ONLY static int go_on(struct dune_tf *tf)
{
	look(&traps);
	return DUNE_TRAP_DONE;
}

/* What faults is two bytes long. */
GPRS_ONLY static int skip(uintptr_t address, uint64_t error, struct dune_tf *tf)
{
	look(&faults);
	tf->rip += 2;
	return DUNE_TRAP_DONE;
}

/* The memory is ring 3's in its root only. */
FIXTURE_SETUP(ring)
{
	self->memory = mmap((void *)RING3, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0);
	ASSERT_EQ(RING3, (uint64_t)self->memory);
	ASSERT_EQ(0, dune_init(0));
	ASSERT_EQ(0, dune_enter());
	if (!(dune_info()->cr4 & 1UL << 16))
		SKIP(return, "this CPU has no FSGSBASE");
	*self->memory = 0;
	ASSERT_EQ(0, dune_vm_clone(dune_vm_mirror(), 0, &self->root));
	ASSERT_EQ(0, dune_vm_protect(self->root, RING3, SIZE,
				     DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_U));
	our_fs = fs_base();
	our_cr3 = cr3();
}

FIXTURE_TEARDOWN(ring)
{
	EXPECT_EQ(our_fs, fs_base());
	EXPECT_EQ(our_cr3, cr3());
	EXPECT_EQ(0, dune_root_free(self->root));
}

static int run(FIXTURE_DATA(ring) *self, const char *program, const char *end)
{
	struct dune_tf tf = { .rip = RING3, .rsp = RING3 + SIZE - 64, .rflags = 2,
			      .rdi = self->rdi };

	memcpy(self->memory, program, end - program);
	return dune_ring3_enter_root(&tf, self->root, RING3_FS);
}
#define RUN(name)	run(self, name, name##_end)

/* Leaves with 0 if its FS base stays what it was given, and what it makes it. */
PROGRAM(all_ways,
	"	rdfsbase %rbx\n	sub	$0x1234000, %rbx\n"
	"	mov	$1, %eax\n	syscall\n	int3\n	mov	(%rbx), %al\n"
	"	rdfsbase %rcx\n	sub	$0x1234000, %rcx\n	or	%rcx, %rbx\n"
	"	mov	$0x777000, %eax\n	wrfsbase %rax\n"
	"	mov	$1, %eax\n	syscall\n	int3\n	xor	%ecx, %ecx\n	mov	(%rcx), %al\n"
	"	rdfsbase %rcx\n	sub	$0x777000, %rcx\n	or	%rcx, %rbx\n"
	"	mov	%rbx, %rax\n");

/* The short way first: nothing else has sent calls the long way yet. */
static const unsigned int kinds[] = { DUNE_TRAP_ARGS_ONLY, DUNE_TRAP_GPRS_ONLY, 0 };

TEST_F(ring, handlers_of_every_kind)
{
	unsigned int k;

	for (k = 0; k < 3; k++) {
		ASSERT_EQ(0, dune_trap_set_syscall_handler(answer, kinds[k]));
		ASSERT_EQ(0, dune_trap_set_pgflt_handler(skip, kinds[k]));
		ASSERT_EQ(0, dune_trap_set_handler(3, go_on, kinds[k] & DUNE_TRAP_GPRS_ONLY));
		EXPECT_EQ(0, RUN(all_ways)) TH_LOG("kind %u", kinds[k]);
		EXPECT_EQ(0, strange) TH_LOG("kind %u", kinds[k]);
	}
	EXPECT_EQ(9, calls);
	EXPECT_EQ(6, traps);
	EXPECT_EQ(6, faults);
}

PROGRAM(leaves, "	xor	%eax, %eax\n");

/* Of this thread's stack. */
static uintptr_t stack_page(unsigned int down)
{
	return ((uintptr_t)__builtin_frame_address(0) & ~4095UL) - down * 4096;
}

/* Ring 0 must be able to write to all of its stack there, and ring 3 to none. */
TEST_F(ring, needs_the_stack)
{
	static const uint64_t bad[] = {
		DUNE_PTE_P, DUNE_PTE_W, DUNE_PTE_P | DUNE_PTE_W | DUNE_PTE_U };
	unsigned int i, down;

	ASSERT_EQ(0, dune_trap_set_syscall_handler(answer, 0));
	for (down = 1; down < 12; down += 5) {
		for (i = 0; i < 3; i++) {
			ASSERT_EQ(0, dune_vm_protect(self->root, stack_page(down), 4096, bad[i]));
			EXPECT_EQ(-EFAULT, RUN(leaves)) TH_LOG("%u down, %lx", down, bad[i]);
		}
		ASSERT_EQ(0, dune_vm_protect(self->root, stack_page(down), 4096,
					     DUNE_PTE_P | DUNE_PTE_W));
		EXPECT_EQ(0, RUN(leaves));
	}
	EXPECT_EQ(0, strange);
}

static struct dune_root *robbed;

static void rob(struct dune_tf *tf)
{
	/* From well below here to what has called us. */
	if (tf->rax == 1 && dune_vm_protect(robbed, stack_page(13), 15 * 4096, DUNE_PTE_P))
		dune_ring3_exit(1);
	answer(tf);
}

PROGRAM(calls_once, "	mov	$1, %eax\n	syscall\n	xor	%eax, %eax\n");

/* A handler that takes the stack away: ring 3 does not go on where the handler was. */
TEST_F(ring, loses_the_stack)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		robbed = self->root;
		dune_trap_set_syscall_handler(rob, 0);
		_exit(100 + RUN(calls_once));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) TH_LOG("%x", status);
}

/* No secret: what ring 3 makes it, it stays. */
PROGRAM(takes_ours,
	"	wrfsbase %rdi\n	mov	$1, %eax\n	syscall\n	int3\n"
	"	rdfsbase %rax\n	sub	%rdi, %rax\n");

TEST_F(ring, fs_base_as_the_callers)
{
	ASSERT_EQ(0, dune_trap_set_syscall_handler(answer, 0));
	ASSERT_EQ(0, dune_trap_set_handler(3, go_on, 0));
	self->rdi = our_fs;
	EXPECT_EQ(0, RUN(takes_ours));
	EXPECT_EQ(2, calls);
	EXPECT_EQ(1, traps);
	EXPECT_EQ(0, strange);
}

static uint64_t away_from;

GPRS_ONLY static void send_away(struct dune_tf *tf)
{
	answer(tf);
	away_from = tf->rip;
	tf->rip = 1UL << 47;
}

GPRS_ONLY static int come_back(struct dune_tf *tf)
{
	look(&traps);
	tf->rip = away_from;
	return DUNE_TRAP_DONE;
}

/* To no address of ring 3's: a fault, whose handler mends it. */
TEST_F(ring, a_return_that_is_mended)
{
	ASSERT_EQ(0, dune_trap_set_syscall_handler(send_away, 0));
	ASSERT_EQ(0, dune_trap_set_handler(13, come_back, 0));
	ASSERT_EQ(0, dune_trap_set_handler(3, go_on, 0));
	self->rdi = RING3_FS + 4096;
	EXPECT_EQ(0, RUN(takes_ours));
	EXPECT_EQ(2, calls);
	EXPECT_EQ(2, traps);
	EXPECT_EQ(0, strange);
}

/* A thread: CLONE_VM and what belongs to it; then a process with another FS base. */
PROGRAM(clones,
	"	mov	$56, %eax\n	mov	$0x10f00, %edi\n	mov	%rsp, %rsi\n"
	"	syscall\n	mov	%rax, %rbx\n"
	"	mov	$56, %eax\n	mov	$0x80011, %edi\n	xor	%esi, %esi\n"
	"	mov	$0x777000, %r8d\n	syscall\n	add	%rbx, %rax\n");
/* In the child 17, in the parent its number. */
PROGRAM(forks,
	"	mov	$57, %eax\n	syscall\n	test	%eax, %eax\n	jnz	1f\n"
	"	mov	$17, %eax\n1:\n");

TEST_F(ring, clones)
{
	int status, r;

	ASSERT_EQ(0, dune_trap_set_syscall_handler(pass_on, 0));
	EXPECT_EQ(-2 * EPERM, RUN(clones));
	r = RUN(forks);
	if (r == 17)
		_exit(fs_base() == our_fs && !strange ? 17 : 1);
	ASSERT_LT(0, r);
	EXPECT_EQ(r, waitpid(r, &status, 0));
	EXPECT_EQ(17 << 8, status);
	EXPECT_EQ(0, strange);
}

TEST_F(ring, wrong_arguments)
{
	struct dune_tf tf = { .rip = RING3, .rsp = RING3 + SIZE - 64, .rflags = 2 };

	EXPECT_EQ(-EINVAL, dune_ring3_enter_root(&tf, NULL, 0));
	EXPECT_EQ(-EINVAL, dune_ring3_enter_root(&tf, dune_vm_current(), 0));
	EXPECT_EQ(-EINVAL, dune_ring3_enter_root(&tf, self->root, 1UL << 47));
	tf.rip = 1UL << 47;
	EXPECT_EQ(-EINVAL, dune_ring3_enter_root(&tf, self->root, 0));
}

TEST_HARNESS_MAIN
