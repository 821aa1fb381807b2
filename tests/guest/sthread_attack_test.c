/* SPDX-License-Identifier: MIT */
/*
 * sthread_attack_test.c - what sthreads may not do, tried
 */
#include <errno.h>

#include "sthread_fixture.h"

/* ---- memory -------------------------------------------------------------- */

static void *call_there(void *arg)
{
	struct box *b = arg;

	((void (*)(void))b->address)();
	return NULL;
}

/* Where it may not: to read, to write and to execute. */
static void refused(struct __test_metadata *_metadata, FIXTURE_DATA(sthread) *self,
		    uint64_t address, const char *tag)
{
	static const sthread_fn tries[] = { read_there, write_there, call_there };
	int i;

	for (i = 0; i < 3; i++) {
		self->box->address = address;
		self->box->result = -1;
		EXPECT_EQ(-ECANCELED, run(self, tries[i], self->box)) TH_LOG("at %lx", address);
		EXPECT_EQ(STHREAD_ACCESS, self->report.end) TH_LOG("at %lx", address);
		EXPECT_EQ(address, self->report.address);
		EXPECT_EQ("rwx"[i], self->report.access);
		EXPECT_STREQ(tag, self->report.where);
		EXPECT_EQ(-1, self->box->result);
	}
}

#define REFUSES(address, tag)	refused(_metadata, self, (uint64_t)(address), tag)

TEST_F(sthread, a_tag_not_granted)
{
	REFUSES(self->secret, "key");
	REFUSES(self->secret + SIZE - 1, "key");
	EXPECT_STREQ("the key", self->secret);
}

TEST_F(sthread, a_tag_to_read)
{
	self->box->address = (uint64_t)self->fixed;
	EXPECT_EQ(0, run(self, read_there, self->box));
	EXPECT_EQ(PATTERN & 0xff, self->box->result);
	ENDS(write_there, self->box, STHREAD_ACCESS);
	self->box->address = (uint64_t)self->fixed;
	EXPECT_EQ(-ECANCELED, run(self, write_there, self->box));
	EXPECT_EQ('w', self->report.access);
	EXPECT_STREQ("constant", self->report.where);
	EXPECT_EQ(-ECANCELED, run(self, call_there, self->box));
	EXPECT_EQ('x', self->report.access);
	EXPECT_EQ(PATTERN, *self->fixed);
}

TEST_F(sthread, no_code_in_tags_or_on_stacks)
{
	memset(self->box->text, 0xc3, sizeof(self->box->text));
	self->box->address = (uint64_t)self->box->text;
	EXPECT_EQ(-ECANCELED, run(self, call_there, self->box));
	EXPECT_EQ(STHREAD_ACCESS, self->report.end);
	EXPECT_EQ('x', self->report.access);
}

TEST_F(sthread, the_edges_of_a_tag)
{
	REFUSES((char *)self->box + SIZE, "");
	REFUSES((char *)self->box - 1, "");
}

static void *give_stack_address(void *arg)
{
	struct box *b = arg;
	volatile uint64_t here = PATTERN;

	b->words[0] = (uint64_t)&here;
	b->words[1] = (uint64_t)__builtin_thread_pointer();
	return NULL;
}

TEST_F(sthread, stacks_of_others)
{
	struct sthread *first, *second;
	uint64_t here[2];

	/* Two at a time: neither can be used again for the other. */
	ASSERT_EQ(0, sthread_create(&first, self->sc, give_stack_address, self->box));
	ASSERT_EQ(0, sthread_create(&second, self->sc, read_there, self->box));
	ASSERT_EQ(0, sthread_join(first, NULL, NULL));
	memcpy(here, self->box->words, sizeof(here));
	self->box->address = here[0];
	EXPECT_EQ(-ECANCELED, sthread_join(second, NULL, &self->report));
	EXPECT_EQ(here[0], self->report.address);

	ASSERT_EQ(0, sthread_create(&first, self->sc, add_one, self->box));
	ASSERT_EQ(0, sthread_create(&second, self->sc, write_there, self->box));
	ASSERT_EQ(0, sthread_join(first, NULL, NULL));
	/* Which of the two has it, is not known: one must have been refused. */
	self->box->address = here[1];
	sthread_join(second, NULL, &self->report);
	self->box->address = here[0];
	if (self->report.end == STHREAD_RETURNED)
		EXPECT_EQ(0, run(self, write_there, self->box));
}

TEST_F(sthread, memory_of_the_program)
{
	char on_stack = 1, *on_heap = malloc(100);

	REFUSES(&on_stack, "");
	REFUSES(on_heap, "");
	REFUSES(environ, "");
	REFUSES(self, "");
	REFUSES((uint64_t)__builtin_thread_pointer(), "");
}

TEST_F(sthread, libdune_and_its_tables)
{
	struct dune_root *mirror = dune_vm_mirror();

	REFUSES(dune_info(), "");
	REFUSES(mirror, "");
	REFUSES((char *)mirror + 8 * 255, "");
	REFUSES(dune_enter, "");
	REFUSES(dune_syscall, "");
}

/* Other uses of ring 3 in the program: before the sthread has a root, and after. */
TEST_F(sthread, what_ring_3_has_elsewhere)
{
	uintptr_t at = 0x3a0000000000, block = 1UL << 30, i;

	ASSERT_EQ(0, dune_vm_slot_protect(at, 2 * block, DUNE_PTE_U));
	for (i = 0; i < 2; i++, at += block) {
		char *p = mmap((void *)at, SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		ASSERT_EQ((void *)at, p);
		ASSERT_EQ(0, dune_copy_to_user(at, "x", 1));
		ASSERT_EQ(DUNE_PTE_U, *dune_vm_lookup(dune_vm_mirror(), at).pte & DUNE_PTE_U);
		REFUSES(p, "");
	}
}

TEST_F(sthread, nowhere)
{
	REFUSES(0, "");
	REFUSES(0x1000, "");
	REFUSES(0x7ffffffff000, "");
	REFUSES(0xffffffff81000000, "");
	REFUSES(0xffffffffff600000, "");
}

TEST_F(sthread, code_is_not_to_be_written)
{
	self->box->address = (uint64_t)add_one;
	EXPECT_EQ(0, run(self, read_there, self->box));
	ENDS(write_there, self->box, STHREAD_ACCESS);
	self->box->address = (uint64_t)memcpy;
	ENDS(write_there, self->box, STHREAD_ACCESS);
	EXPECT_EQ(42, (long)add_one((void *)41));
}

static void *not_canonical(void *arg)
{
	return *(void **)0x123456789abcdef0;
}

static void *jump_far_away(void *arg)
{
	asm volatile("jmp *%0" : : "r" (0x0000800000000000UL));
	return NULL;
}

TEST_F(sthread, no_address_at_all)
{
	ENDS(not_canonical, NULL, STHREAD_TRAP);
	ENDS(jump_far_away, NULL, STHREAD_TRAP);
}

static uint64_t recurse(uint64_t depth)
{
	volatile char room[1000];

	room[0] = depth;
	return depth == ~0UL ? 0 : recurse(depth + 1) + room[0];
}

static void *overflow_stack(void *arg)
{
	return (void *)recurse(0);
}

TEST_F(sthread, stack_overflow)
{
	ENDS(overflow_stack, NULL, STHREAD_ACCESS);
}

/* ---- other ways out ------------------------------------------------------ */

/*
 * Each tries one instruction; what it ends by. RSP is saved for those that come
 * back with another.
 */
#define INSTRUCTION(name, code) \
	static void *name(void *arg) \
	{ \
		asm volatile(code : : "a" (0), "c" (0), "d" (0), "D" (arg) \
			     : "memory", "rbx", "rsi", "r11"); \
		return NULL; \
	}

INSTRUCTION(do_hlt, "hlt")
INSTRUCTION(do_cli, "cli")
INSTRUCTION(do_in, "inb $0x80, %%al")
INSTRUCTION(do_cr3, "mov %%rax, %%cr3")
INSTRUCTION(read_cr3, "mov %%cr3, %%rax")
INSTRUCTION(do_rdmsr, "mov $0xc0000082, %%ecx\n\trdmsr")
INSTRUCTION(do_wrmsr, "mov $0xc0000082, %%ecx\n\twrmsr")
INSTRUCTION(do_lgdt, "lgdt (%%rdi)")
INSTRUCTION(do_lidt, "lidt (%%rdi)")
INSTRUCTION(do_ltr, "mov $0x40, %%eax\n\tltr %%ax")
INSTRUCTION(do_invlpg, "invlpg (%%rdi)")
INSTRUCTION(do_swapgs, "swapgs")
INSTRUCTION(do_sysret, "mov %%rdi, %%rcx\n\tsysretq")
INSTRUCTION(do_iret, "push $0x18\n\tpush %%rsp\n\tpushfq\n\tpush $0x10\n\tpush %%rdi\n\tiretq")
INSTRUCTION(do_far, "push $0x10\n\tpush %%rdi\n\tlretq")
INSTRUCTION(do_int80, "int $0x80")
INSTRUCTION(do_int255, "int $255")
INSTRUCTION(do_int14, "int $14")
INSTRUCTION(do_vmcall, "mov $39, %%eax\n\tvmcall")
INSTRUCTION(do_hypercall, "movabs $0x44554e4500000000, %%rax\n\tvmcall")
INSTRUCTION(do_vmfunc, "vmfunc")
INSTRUCTION(do_ud2, "ud2")
INSTRUCTION(do_int3, "int3")
INSTRUCTION(do_divide, "divl %%ecx")
INSTRUCTION(do_step, "pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop\n\tnop")
INSTRUCTION(do_stack, "mov $0x8000000000000000, %%rsp\n\tpush %%rax")
INSTRUCTION(do_clac, "clac")
INSTRUCTION(do_stac, "stac")
INSTRUCTION(do_xsetbv, "xsetbv")

TEST_F(sthread, instructions)
{
	static const struct {
		sthread_fn	fn;
		unsigned int	vector;
	} tries[] = {
		{ do_hlt, 13 }, { do_cli, 13 }, { do_in, 13 }, { do_cr3, 13 }, { read_cr3, 13 },
		{ do_rdmsr, 13 }, { do_wrmsr, 13 }, { do_lgdt, 13 }, { do_lidt, 13 },
		{ do_ltr, 13 }, { do_invlpg, 13 }, { do_swapgs, 13 }, { do_sysret, 13 },
		{ do_iret, 13 }, { do_far, 13 }, { do_int80, 13 }, { do_int255, 13 },
		{ do_int14, 13 }, { do_vmcall, 6 }, { do_hypercall, 6 }, { do_vmfunc, 6 },
		{ do_ud2, 6 }, { do_int3, 3 }, { do_divide, 0 }, { do_step, 1 }, { do_stack, 12 },
		{ do_clac, 6 }, { do_stac, 6 }, { do_xsetbv, 13 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		ENDS(tries[i].fn, self->box, STHREAD_TRAP);
		EXPECT_EQ(-ECANCELED, run(self, tries[i].fn, self->box));
		EXPECT_EQ(tries[i].vector, self->report.vector) TH_LOG("number %u", i);
	}
}

/* Registers that ring 0 must not go on with. */
static void *bend_registers(void *arg)
{
	struct box *b = arg;

	asm volatile("wrfsbase %0" : : "r" (b->address));
	asm volatile("wrgsbase %0" : : "r" (b->address));
	asm volatile("std\n\tmov %1, %%rsp\n\tmov %0, %%eax\n\tsyscall\n\tud2"
		     : : "i" (SYS_getpid), "r" (b->address) : "rax", "rcx", "r11", "memory");
	__builtin_unreachable();
}

TEST_F(sthread, bent_registers)
{
	uint64_t thread = (uint64_t)__builtin_thread_pointer();

	ASSERT_EQ(0, sthread_sc_sys_add(self->sc, SYS_getpid));
	/* Over the key, the program's own thread-local memory, and nothing. */
	self->box->address = (uint64_t)self->secret + 32;
	EXPECT_EQ(-ECANCELED, run(self, bend_registers, self->box));
	self->box->address = thread;
	EXPECT_EQ(-ECANCELED, run(self, bend_registers, self->box));
	self->box->address = 0x7f0000000000;
	EXPECT_EQ(-ECANCELED, run(self, bend_registers, self->box));
	EXPECT_EQ(thread, (uint64_t)__builtin_thread_pointer());
	EXPECT_STREQ("the key", self->secret);
	EXPECT_EQ(0, run(self, add_one, (void *)41));
}

TEST_HARNESS_MAIN
