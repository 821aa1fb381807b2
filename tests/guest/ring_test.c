/* SPDX-License-Identifier: MIT */
/*
 * ring_test.c - ring 3: every way into ring 0, and what comes back
 *
 * (What ring 3 may not do is in attack_test.c and ring_guard_test.c.)
 */
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring.h"

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

/* ---- handlers that get arguments only --------------------------------------- */

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
