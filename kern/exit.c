// SPDX-License-Identifier: GPL-2.0-only
/*
 * exit.c - every VM exit but the system call's
 *
 * What a privileged instruction asks for never reaches hardware. At CPL 3 the
 * guest gets the fault a real CPU raises there; at CPL 0 the program itself is
 * told, with the details, and decides (libdune reports, then injects the fault).
 */
#include <linux/sched.h>
#include <linux/thread_info.h>
#include <asm/cpu.h>
#include <asm/cpufeature.h>
#include <asm/mce.h>
#include <asm/processor.h>
#include <asm/traps.h>
#include <asm/vmx.h>

#include "ept_fault.h"
#include "exit.h"
#include "tracepoints.h"
#include "vmx.h"
#include "vmx_ops.h"

#define VECTOR(info)	((info) & INTR_INFO_VECTOR_MASK)

static bool is_exception(u32 info, u8 vector)
{
	return (info & INTR_INFO_VALID_MASK) && VECTOR(info) == vector &&
	       (info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_HARD_EXCEPTION;
}

static bool is_nmi(u32 info)
{
	return (info & INTR_INFO_VALID_MASK) &&
	       (info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR;
}

static u32 guest_cpl(void)
{
	return (vmcs_read32(GUEST_SS_AR_BYTES) >> 5) & 3;
}

/*
 * What only a report needs: the VMCS keeps it until the next exit, so it is
 * read when there is a report, not at each of the frequent violations.
 */
void exit_read_more(struct dune_vcpu *vcpu)
{
	struct dune_exit_info *info = &vcpu->run->info;

	info->cpl = guest_cpl();
	if (vcpu->exit.reason == EXIT_REASON_EPT_VIOLATION &&
	    (vcpu->exit.qualification & EPT_VIOLATION_GVA_IS_VALID))
		info->gva = vmcs_readl(GUEST_LINEAR_ADDRESS);
}

void exit_read(struct dune_vcpu *vcpu, struct exit_record *rec)
{
	if (rec->reason == EXIT_REASON_EXTERNAL_INTERRUPT ||
	    rec->reason == EXIT_REASON_INTERRUPT_WINDOW ||
	    rec->reason == EXIT_REASON_PREEMPTION_TIMER ||
	    rec->reason & VMX_EXIT_REASONS_FAILED_VMENTRY)
		return;

	rec->insn_len = 0;
	rec->vectoring_error = 0;
	rec->entry_error = 0;
	switch (rec->reason) {
	case EXIT_REASON_EPT_VIOLATION:
		break;		/* has been read */
	case EXIT_REASON_EXCEPTION_NMI:
		rec->cpl = guest_cpl();
		rec->intr_info = vmcs_read32(VM_EXIT_INTR_INFO);
		rec->intr_error = vmcs_read32(VM_EXIT_INTR_ERROR_CODE);
		rec->rip = vmcs_readl(GUEST_RIP);
		rec->rflags = vmcs_readl(GUEST_RFLAGS);
		rec->vectoring_info = vmcs_read32(IDT_VECTORING_INFO_FIELD);
		break;
	default:
		rec->cpl = guest_cpl();
		rec->gpa = 0;
		rec->qualification = vmcs_readl(EXIT_QUALIFICATION);
		rec->insn_len = vmcs_read32(VM_EXIT_INSTRUCTION_LEN);
		rec->vectoring_info = vmcs_read32(IDT_VECTORING_INFO_FIELD);
		break;
	}
	if (unlikely(rec->vectoring_info & INTR_INFO_VALID_MASK)) {
		rec->vectoring_error = vmcs_read32(IDT_VECTORING_ERROR_CODE);
		rec->insn_len = vmcs_read32(VM_EXIT_INSTRUCTION_LEN);
	}
}

static void machine_check(void)
{
#ifdef CONFIG_X86_MCE
	struct pt_regs regs = { .cs = 3, .flags = X86_EFLAGS_IF };

	do_machine_check(&regs);
#endif
}

void exit_urgent(const struct exit_record *rec)
{
	if (rec->reason == EXIT_REASON_EXCEPTION_NMI) {
		if (is_nmi(rec->intr_info))
			asm volatile("int $2");
		else if (is_exception(rec->intr_info, X86_TRAP_MC))
			machine_check();
	} else if ((u16)rec->reason == EXIT_REASON_MCE_DURING_VMENTRY) {
		machine_check();
	}
}

/* The exit came while the CPU delivered an event: deliver it again. */
static void requeue_event(struct dune_vcpu *vcpu, const struct exit_record *rec)
{
	u32 type = rec->vectoring_info & INTR_INFO_INTR_TYPE_MASK;

	if (!(rec->vectoring_info & INTR_INFO_VALID_MASK))
		return;
	vcpu->event_info = rec->vectoring_info & (INTR_INFO_VALID_MASK |
			   INTR_INFO_DELIVER_CODE_MASK | INTR_INFO_INTR_TYPE_MASK |
			   INTR_INFO_VECTOR_MASK);
	vcpu->event_error = rec->vectoring_error;
	vcpu->event_insn_len = 0;
	if (type == INTR_TYPE_SOFT_INTR || type == INTR_TYPE_SOFT_EXCEPTION ||
	    type == INTR_TYPE_PRIV_SW_EXCEPTION)
		vcpu->event_insn_len = rec->insn_len;
	vcpu->entry_work |= ENTRY_EVENT;
}

static int to_user(struct dune_vcpu *vcpu, const struct exit_record *rec, int what)
{
	vcpu->run->info = (struct dune_exit_info) {
		.hw_reason	= (u16)rec->reason,
		.insn_len	= rec->insn_len,
		.qualification	= rec->qualification,
		.gva		= ~0ULL,
		.gpa		= rec->gpa,
		.hva		= ~0ULL,
		.intr_info	= rec->vectoring_info & INTR_INFO_VALID_MASK ?
				  rec->vectoring_info : 0,
		.intr_error	= rec->vectoring_error,
		.entry_error	= rec->entry_error,
	};
	return what;
}

static int handle_ept_violation(struct dune_vcpu *vcpu, const struct exit_record *rec)
{
	enum ept_fault_result result;

	requeue_event(vcpu, rec);
	result = ept_fault(vcpu);
	vcpu->violations[result]++;
	trace_dune_violation(vcpu, rec->gpa, result);
	switch (result) {
	case EPT_FAULT_RESOLVED:
		return DUNE_EXIT_AGAIN;
	case EPT_FAULT_BOUNCE:
		return DUNE_EXIT_NONE;
	default:
		break;
	}
	to_user(vcpu, rec, 0);
	vcpu->run->info.access = vcpu->access.access;
	vcpu->run->info.hva = vcpu->access.hva;
	return DUNE_EXIT_EPT_FAULT;
}

static int handle_exception(struct dune_vcpu *vcpu, const struct exit_record *rec)
{
	if (is_nmi(rec->intr_info) || is_exception(rec->intr_info, X86_TRAP_MC)) {
		requeue_event(vcpu, rec);
		return DUNE_EXIT_AGAIN;
	}
	/*
	 * Where the guest cannot have asked for alignment checks, it is a split
	 * lock, and the host's to judge.
	 */
	if (is_exception(rec->intr_info, X86_TRAP_AC) &&
	    !(rec->cpl == 3 && (rec->rflags & X86_EFLAGS_AC)) &&
	    handle_guest_split_lock(rec->rip))
		return DUNE_EXIT_AGAIN;

	vcpu->event_info = rec->intr_info & (INTR_INFO_VALID_MASK |
			   INTR_INFO_DELIVER_CODE_MASK | INTR_INFO_INTR_TYPE_MASK |
			   INTR_INFO_VECTOR_MASK);
	vcpu->event_error = rec->intr_error;
	vcpu->event_insn_len = 1;
	vcpu->entry_work |= ENTRY_EVENT;
	return DUNE_EXIT_AGAIN;
}

/* As outside, but for what does not work inside. */
static void guest_cpuid(struct pt_regs *regs)
{
	u32 leaf = regs->ax, sub = regs->cx;
	u32 a = leaf, b, c = sub, d;

	native_cpuid(&a, &b, &c, &d);
	if (leaf == 1)
		c &= ~BIT(5);				/* VMX */
	else if (leaf == 7 && sub == 0)
		d &= ~(BIT(22) | BIT(24) | BIT(25));	/* AMX: needs #NM of the host */
	regs->ax = a;
	regs->bx = b;
	regs->cx = c;
	regs->dx = d;
}

static int handle_cpuid(struct dune_vcpu *vcpu, const struct exit_record *rec)
{
	if (test_thread_flag(TIF_NOCPUID)) {	/* arch_prctl(ARCH_CPUID, 0) */
		vcpu_queue_fault(vcpu, X86_TRAP_GP);
		return DUNE_EXIT_AGAIN;
	}
	guest_cpuid(&vcpu->regs);
	vcpu->advance = rec->insn_len;
	vcpu->entry_work |= ENTRY_ADVANCE;
	return DUNE_EXIT_AGAIN;
}

/* Instructions that a real CPU does not know outside VMX or SMX operation. */
static bool is_undefined(u32 reason)
{
	switch (reason) {
	case EXIT_REASON_VMCALL ... EXIT_REASON_VMON:
	case EXIT_REASON_INVEPT:
	case EXIT_REASON_INVVPID:
	case EXIT_REASON_VMFUNC:
	case EXIT_REASON_MWAIT_INSTRUCTION:
	case EXIT_REASON_MONITOR_INSTRUCTION:
	case 11:	/* GETSEC */
	case 17:	/* RSM */
		return true;
	}
	return false;
}

static bool is_privileged(u32 reason)
{
	switch (reason) {
	case EXIT_REASON_TASK_SWITCH:
	case EXIT_REASON_HLT:
	case EXIT_REASON_INVD:
	case EXIT_REASON_INVLPG:
	case EXIT_REASON_RDPMC:
	case EXIT_REASON_CR_ACCESS:
	case EXIT_REASON_DR_ACCESS:
	case EXIT_REASON_IO_INSTRUCTION:
	case EXIT_REASON_MSR_READ:
	case EXIT_REASON_MSR_WRITE:
	case EXIT_REASON_GDTR_IDTR:
	case EXIT_REASON_LDTR_TR:
	case EXIT_REASON_WBINVD:
	case EXIT_REASON_XSETBV:
	case EXIT_REASON_ENCLS:
	case EXIT_REASON_XSAVES:
	case EXIT_REASON_XRSTORS:
		return true;
	}
	return is_undefined(reason);
}

static int handle_privileged(struct dune_vcpu *vcpu, const struct exit_record *rec)
{
	if (rec->cpl == 0)
		return to_user(vcpu, rec, DUNE_EXIT_PRIVILEGED);
	vcpu_queue_fault(vcpu, is_undefined(rec->reason) ? X86_TRAP_UD : X86_TRAP_GP);
	return DUNE_EXIT_AGAIN;
}

int exit_handle(struct dune_vcpu *vcpu, const struct exit_record *rec)
{
	if (rec->reason == EXIT_REASON_EPT_VIOLATION)
		return handle_ept_violation(vcpu, rec);
	if (rec->reason & VMX_EXIT_REASONS_FAILED_VMENTRY)
		return to_user(vcpu, rec, DUNE_EXIT_ENTRY_FAILED);

	switch (rec->reason) {
	case EXIT_REASON_EXTERNAL_INTERRUPT:
	case EXIT_REASON_PREEMPTION_TIMER:
		return DUNE_EXIT_AGAIN;
	case EXIT_REASON_INTERRUPT_WINDOW:
		vcpu->entry_work |= ENTRY_INTERRUPT;
		return DUNE_EXIT_AGAIN;
	case EXIT_REASON_EXCEPTION_NMI:
		return handle_exception(vcpu, rec);
	case EXIT_REASON_CPUID:
		return handle_cpuid(vcpu, rec);
	case EXIT_REASON_TRIPLE_FAULT:
		return to_user(vcpu, rec, DUNE_EXIT_SHUTDOWN);
	}
	if (is_privileged(rec->reason))
		return handle_privileged(vcpu, rec);
	return to_user(vcpu, rec, DUNE_EXIT_UNKNOWN);
}
