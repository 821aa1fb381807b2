/* SPDX-License-Identifier: MIT */
/*
 * idt.c - descriptor tables of the guest
 *
 * The IDT is one for all threads. Every vector has an interrupt gate: the one
 * interrupt there is, VECTOR_SIGNAL, must not come while entry_trap.S is on the IST
 * stack. Ring 3 may call those that Linux lets it call, and what the program says.
 * All use an IST stack, so that no frame is ever pushed into the red zone of
 * interrupted code.
 */
#include "priv.h"

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_high, reserved;
};

#define GATE_INTERRUPT	0x8e		/* present, DPL 0, 64-bit interrupt gate */
#define GATE_DPL3	0x60

#define SEG_KERNEL_CODE	0x00af9b000000ffffULL
#define SEG_KERNEL_DATA	0x00cf93000000ffffULL
#define SEG_USER_DATA	0x00cff3000000ffffULL
#define SEG_USER_CODE	0x00affb000000ffffULL
#define SEG_TSS_BUSY	0x00008b0000000000ULL

static struct gate idt[256] __attribute__((aligned(4096)));

/* Vectors that INT n of ring 3 gets to. */
static bool called[256] = { [TRAP_BP] = true, [TRAP_OF] = true };

/* A vector with an error code would have none when it is called. */
DUNE_API int dune_trap_allow_ring3(unsigned int vector, bool allow)
{
	if (vector >= VECTOR_SIGNAL ||
	    (vector < 32 && vector != TRAP_BP && vector != TRAP_OF))
		return FAIL(-EINVAL);
	called[vector] = allow;
	if (dune_global.ready)
		__atomic_store_n(&idt[vector].type, GATE_INTERRUPT | (allow ? GATE_DPL3 : 0),
				 __ATOMIC_RELEASE);
	return 0;
}

static uintptr_t pgflt_target = (uintptr_t)dune_pgflt_entry;

/* Which of the two entries page faults take: they differ in 16 bits, see entry_pgflt.S. */
void dune_idt_set_pgflt(bool args_only)
{
	pgflt_target = args_only ? (uintptr_t)dune_pgflt_args_entry : (uintptr_t)dune_pgflt_entry;
	if (dune_global.ready)
		__atomic_store_n(&idt[TRAP_PF].offset_low, pgflt_target, __ATOMIC_RELEASE);
}

/* In two words: field by field it takes three times as long. */
static void set_gate(unsigned int v, uintptr_t target)
{
	const uint64_t base = (uint64_t)SEL_KERNEL_CS << 16 | (uint64_t)IST_TRAP << 32 |
			      (uint64_t)GATE_INTERRUPT << 40;
	uint64_t *word = (uint64_t *)&idt[v];

	word[0] = base | (target & 0xffff) | (target & 0xffff0000) << 32 |
		  (called[v] * (uint64_t)GATE_DPL3) << 40;
	word[1] = target >> 32;
}

void dune_idt_init(void)
{
	unsigned int v;

	for (v = 0; v < 256; v++)
		set_gate(v, (uintptr_t)dune_trap_stubs + v * TRAP_STUB_SIZE);
	set_gate(TRAP_PF, pgflt_target);
	idt[TRAP_DF].ist = IST_DOUBLE;
}

uint64_t dune_idt_base(void)
{
	return (uintptr_t)idt;
}

void dune_gdt_init(struct dune_thread *t)
{
	uint64_t base = (uintptr_t)&t->tss;
	__u64 *gdt = t->run->gdt;

	gdt[SEL_KERNEL_CS / 8] = SEG_KERNEL_CODE;
	gdt[SEL_KERNEL_SS / 8] = SEG_KERNEL_DATA;
	gdt[SEL_USER_SS / 8] = SEG_USER_DATA;
	gdt[SEL_USER_CS / 8] = SEG_USER_CODE;
	gdt[SEL_TSS / 8] = SEG_TSS_BUSY | (sizeof(t->tss) - 1) |
			      (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
	gdt[SEL_TSS / 8 + 1] = base >> 32;
	t->tss.iomap = sizeof(t->tss);
}
