// SPDX-License-Identifier: GPL-2.0-only
/*
 * sregs.c - registers and events between user space and the VMCS
 *
 * Everything from user space is checked here against what a VM entry demands
 * (SDM, "Checks on Guest ... State"), so that no value can make an entry fail.
 * The vcpu is loaded, preemption off.
 */
#include <asm/processor.h>
#include <asm/vmx.h>

#include "vmx.h"
#include "vmx_ops.h"

/* Flags a program may set; IOPL is without meaning at CPL 0. */
#define RFLAGS_ALLOWED	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
			 X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_TF | \
			 X86_EFLAGS_IF | X86_EFLAGS_DF | X86_EFLAGS_OF | \
			 X86_EFLAGS_IOPL | X86_EFLAGS_NT | X86_EFLAGS_RF | \
			 X86_EFLAGS_AC | X86_EFLAGS_ID)

/* Exceptions that push an error code; #CP, which VMX treats in two ways, cannot arise. */
#define HAS_ERROR_CODE	(BIT(8) | GENMASK(14, 10) | BIT(17))
#define NO_EXCEPTIONS	(BIT(2) | BIT(21))

static bool canonical(u64 va)
{
	return (u64)((s64)(va << 16) >> 16) == va;
}

int vcpu_set_regs(struct dune_vcpu *vcpu, const struct dune_regs *regs)
{
	if (!canonical(regs->rip))
		return -EINVAL;
	if (regs->rflags & ~(u64)(RFLAGS_ALLOWED | X86_EFLAGS_FIXED))
		return -EINVAL;
	vmcs_writel(GUEST_RIP, regs->rip);
	vmcs_writel(GUEST_RSP, regs->rsp);
	vmcs_writel(GUEST_RFLAGS, regs->rflags | X86_EFLAGS_FIXED);
	vmcs_write32(GUEST_INTERRUPTIBILITY_INFO, 0);
	vmcs_writel(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	return 0;
}

/* The general registers, of which user space needs no leave to change any. */
void vcpu_take_gprs(struct dune_vcpu *vcpu)
{
	const struct dune_regs *from = &vcpu->run->regs;
	struct pt_regs *to = &vcpu->regs;

	to->ax = from->rax;
	to->cx = from->rcx;
	to->dx = from->rdx;
	to->bx = from->rbx;
	to->bp = from->rbp;
	to->si = from->rsi;
	to->di = from->rdi;
	to->r8 = from->r8;
	to->r9 = from->r9;
	to->r10 = from->r10;
	to->r11 = from->r11;
	to->r12 = from->r12;
	to->r13 = from->r13;
	to->r14 = from->r14;
	to->r15 = from->r15;
}

void vcpu_show_gprs(struct dune_vcpu *vcpu)
{
	const struct pt_regs *from = &vcpu->regs;
	struct dune_regs *to = &vcpu->run->regs;

	to->rax = from->ax;
	to->rcx = from->cx;
	to->rdx = from->dx;
	to->rbx = from->bx;
	to->rbp = from->bp;
	to->rsi = from->si;
	to->rdi = from->di;
	to->r8 = from->r8;
	to->r9 = from->r9;
	to->r10 = from->r10;
	to->r11 = from->r11;
	to->r12 = from->r12;
	to->r13 = from->r13;
	to->r14 = from->r14;
	to->r15 = from->r15;
}

/* All of them, for user space. */
void vcpu_get_regs(struct dune_vcpu *vcpu)
{
	struct dune_regs *to = &vcpu->run->regs;

	vcpu_show_gprs(vcpu);
	to->rip = vmcs_readl(GUEST_RIP);
	to->rsp = vmcs_readl(GUEST_RSP);
	to->rflags = vmcs_readl(GUEST_RFLAGS);
}

static bool has_error_code(u8 vector)
{
	return vector < 32 && (HAS_ERROR_CODE & BIT(vector));
}

static u32 exception_info(u8 vector)
{
	u32 info = INTR_INFO_VALID_MASK | vector;

	/* INT3 and INTO are traps of software to the CPU. */
	if (vector == 3 || vector == 4)
		info |= INTR_TYPE_SOFT_EXCEPTION;
	else
		info |= INTR_TYPE_HARD_EXCEPTION;
	if (has_error_code(vector))
		info |= INTR_INFO_DELIVER_CODE_MASK;
	return info;
}

int vcpu_set_event(struct dune_vcpu *vcpu, const struct dune_event *event)
{
	if (event->reserved || event->vector >= 32 || (NO_EXCEPTIONS & BIT(event->vector)) ||
	    event->has_error > 1 || event->has_error != has_error_code(event->vector) ||
	    (event->error & ~0xffffU) || (!event->has_error && event->error))
		return -EINVAL;

	vcpu->event_info = exception_info(event->vector);
	vcpu->event_error = event->error;
	/* The frame of INT3 and INTO points behind the (one-byte) instruction. */
	vcpu->event_insn_len = event->vector == 3 || event->vector == 4;
	vcpu->entry_work |= ENTRY_EVENT;
	if (event->vector == 14)
		vcpu->cr2 = event->cr2;
	return 0;
}

static void open_window(bool open)
{
	vmcs_write32(CPU_BASED_VM_EXEC_CONTROL, vmx_caps.cpu_ctls |
		     (open ? CPU_BASED_INTR_WINDOW_EXITING : 0));
}

/*
 * An interrupt waits until the guest can take one: IF is set, no STI or MOV SS
 * right before, no exception on its way. The CPU says when by a VM exit.
 */
int vcpu_set_interrupt(struct dune_vcpu *vcpu, u32 vector)
{
	if (vector < 32 || vector > 255)
		return -EINVAL;
	vcpu->interrupt = vector;
	open_window(true);
	return 0;
}

void vcpu_inject_interrupt(struct dune_vcpu *vcpu)
{
	open_window(false);
	vcpu->event_info = INTR_INFO_VALID_MASK | INTR_TYPE_EXT_INTR | vcpu->interrupt;
	vcpu->event_error = 0;
	vcpu->event_insn_len = 0;
	vcpu->entry_work |= ENTRY_EVENT;
}

/* An exception without an error code, or with 0, for what the guest just did. */
void vcpu_queue_fault(struct dune_vcpu *vcpu, u8 vector)
{
	vcpu->event_info = exception_info(vector);
	vcpu->event_error = 0;
	vcpu->event_insn_len = 0;
	vcpu->entry_work |= ENTRY_EVENT;
}

int vcpu_set_sregs(struct dune_vcpu *vcpu, const struct dune_sregs *s)
{
	const u64 bases[] = {
		s->gdt_base, s->idt_base, s->tr_base, s->fs_base, s->gs_base,
		s->kernel_gs_base, s->lstar,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(bases); i++)
		if (!canonical(bases[i]))
			return -EINVAL;
	if (s->cr3 >> boot_cpu_data.x86_phys_bits)
		return -EINVAL;
	/* No TI, no RPL; SYSCALL and SYSRET selectors that are ring 0 and 3. */
	if ((s->tr_selector & 7) || s->tr_limit < 0x67 || (s->star >> 32 & 3))
		return -EINVAL;

	vmcs_writel(GUEST_CR3, s->cr3);
	vmcs_writel(GUEST_GDTR_BASE, s->gdt_base);
	vmcs_write32(GUEST_GDTR_LIMIT, s->gdt_limit);
	vmcs_writel(GUEST_IDTR_BASE, s->idt_base);
	vmcs_write32(GUEST_IDTR_LIMIT, s->idt_limit);
	vmcs_writel(GUEST_TR_BASE, s->tr_base);
	vmcs_write32(GUEST_TR_LIMIT, s->tr_limit);
	vmcs_write16(GUEST_TR_SELECTOR, s->tr_selector);
	vmcs_writel(GUEST_FS_BASE, s->fs_base);
	vmcs_writel(GUEST_GS_BASE, s->gs_base);

	/* These come into force when the vcpu is loaded next. */
	dune_vcpu_put(vcpu);
	vcpu->kernel_gs_base = s->kernel_gs_base;
	vcpu->lstar = s->lstar;
	vcpu->star = s->star;
	vcpu->sfmask = s->sfmask & U32_MAX;
	return 0;
}

void vcpu_get_sregs(struct dune_vcpu *vcpu, struct dune_sregs *s)
{
	*s = (struct dune_sregs) {
		.cr3		= vmcs_readl(GUEST_CR3),
		.gdt_base	= vmcs_readl(GUEST_GDTR_BASE),
		.idt_base	= vmcs_readl(GUEST_IDTR_BASE),
		.tr_base	= vmcs_readl(GUEST_TR_BASE),
		.fs_base	= vmcs_readl(GUEST_FS_BASE),
		.gs_base	= vmcs_readl(GUEST_GS_BASE),
		.lstar		= vcpu->lstar,
		.star		= vcpu->star,
		.sfmask		= vcpu->sfmask,
		.gdt_limit	= vmcs_read32(GUEST_GDTR_LIMIT),
		.idt_limit	= vmcs_read32(GUEST_IDTR_LIMIT),
		.tr_limit	= vmcs_read32(GUEST_TR_LIMIT),
		.tr_selector	= vmcs_read16(GUEST_TR_SELECTOR),
	};
	rdmsrl(MSR_KERNEL_GS_BASE, s->kernel_gs_base);
}
