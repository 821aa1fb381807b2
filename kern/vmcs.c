// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcs.c - the fixed part of a vcpu's VMCS
 *
 * What never changes after set-up: controls, flat segments, masks, and the
 * host state that is the same on every CPU. What follows the CPU or the task is
 * in load.c, what follows the program in sregs.c.
 */
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <asm/cpu_entry_area.h>
#include <asm/desc.h>
#include <asm/processor.h>
#include <asm/special_insns.h>
#include <asm/vmx.h>

#include "msrs.h"
#include "vmenter.h"
#include "vmx.h"
#include "vmx_ops.h"

DEFINE_STATIC_KEY_FALSE(dune_count_vmcs);

/* Access rights of segments (SDM, "Guest Register State"). */
#define AR_CODE64_CPL0		0xa09b	/* G, L, P, code, accessed */
#define AR_DATA_CPL0		0xc093	/* G, D/B, P, writable, accessed */
#define AR_TSS_BUSY		0x008b
#define AR_UNUSABLE		(1U << 16)

static unsigned long *msr_bitmap;
static DEFINE_IDA(vpids);

/* One bit per MSR, 1: exit. Reads of low and high MSRs, then writes of both. */
#define MSR_BITMAP_HIGH		0xc0000000U
#define MSR_BITMAP_READ_HIGH	(1024 * 8)
#define MSR_BITMAP_WRITE_HIGH	(3072 * 8)

static void __init pass_through(u32 msr)
{
	clear_bit(MSR_BITMAP_READ_HIGH + (msr - MSR_BITMAP_HIGH), msr_bitmap);
	clear_bit(MSR_BITMAP_WRITE_HIGH + (msr - MSR_BITMAP_HIGH), msr_bitmap);
}

int __init vmcs_init(void)
{
	msr_bitmap = (unsigned long *)__get_free_page(GFP_KERNEL);
	if (!msr_bitmap)
		return -ENOMEM;
	bitmap_fill(msr_bitmap, PAGE_SIZE * 8);
	pass_through(MSR_FS_BASE);
	pass_through(MSR_GS_BASE);
	pass_through(MSR_KERNEL_GS_BASE);
	return 0;
}

void vmcs_exit(void)
{
	free_page((unsigned long)msr_bitmap);
	ida_destroy(&vpids);
}

struct vmcs *vmcs_alloc(void)
{
	struct vmcs *vmcs;

	if (dune_fail_step())
		return NULL;
	vmcs = (struct vmcs *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (vmcs)
		vmcs->revision = vmx_caps.revision;
	return vmcs;
}

void vmcs_free(struct vmcs *vmcs)
{
	free_page((unsigned long)vmcs);
}

/* 0, which the guest then runs without, where none is left. */
u16 vpid_alloc(void)
{
	int vpid;

	if (!vmx_caps.has_vpid)
		return 0;
	vpid = ida_alloc_range(&vpids, 1, 65535, GFP_KERNEL);
	return vpid < 0 ? 0 : vpid;
}

void vpid_free(u16 vpid)
{
	if (vpid)
		ida_free(&vpids, vpid);
}

void vmx_write_failed(unsigned long field, unsigned long value)
{
	WARN_ONCE(1, "dune: VMWRITE of field %#lx failed\n", field);
}

static unsigned long guest_cr0(void)
{
	unsigned long cr0 = X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE |
			    X86_CR0_WP | X86_CR0_AM | X86_CR0_PG;

	return (cr0 | vmx_caps.cr0_fixed0) & vmx_caps.cr0_fixed1;
}

/* What a program relies on is as outside; what protects ring 0 is on. */
unsigned long vmcs_guest_cr4(void)
{
	unsigned long as_host = X86_CR4_PAE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT |
				X86_CR4_OSXSAVE | X86_CR4_FSGSBASE | X86_CR4_PCIDE |
				X86_CR4_PKE | X86_CR4_SMEP | X86_CR4_SMAP |
				X86_CR4_UMIP | X86_CR4_MCE;

	return (__read_cr4() & as_host) | X86_CR4_PGE | vmx_caps.cr4_fixed0;
}

static void write_controls(struct dune_vcpu *vcpu)
{
	u32 cpu2 = vmx_caps.cpu2_ctls;

	if (!vcpu->vpid)
		cpu2 &= ~SECONDARY_EXEC_ENABLE_VPID;
	vmcs_write32(PIN_BASED_VM_EXEC_CONTROL, vmx_caps.pin_ctls);
	vmcs_write32(CPU_BASED_VM_EXEC_CONTROL, vmx_caps.cpu_ctls);
	vmcs_write32(SECONDARY_VM_EXEC_CONTROL, cpu2);
	vmcs_write32(VM_EXIT_CONTROLS, vmx_caps.exit_ctls);
	vmcs_write32(VM_ENTRY_CONTROLS, vmx_caps.entry_ctls);

	/*
	 * #MC is the host's. #DB and #AC come back to the guest by injection:
	 * delivered by the CPU alone they can nest without end.
	 */
	vmcs_write32(EXCEPTION_BITMAP, BIT(18) | BIT(17) | BIT(1));
	vmcs_write32(PAGE_FAULT_ERROR_CODE_MASK, 0);
	vmcs_write32(PAGE_FAULT_ERROR_CODE_MATCH, 0);
	vmcs_write32(CR3_TARGET_COUNT, 0);
	vmcs_write64(MSR_BITMAP, __pa(msr_bitmap));
	if (cpu2 & SECONDARY_EXEC_XSAVES)
		vmcs_write64(XSS_EXIT_BITMAP, ~0ULL);
	if (cpu2 & SECONDARY_EXEC_ENCLS_EXITING)
		vmcs_write64(ENCLS_EXITING_BITMAP, ~0ULL);
	if (vcpu->vpid)
		vmcs_write16(VIRTUAL_PROCESSOR_ID, vcpu->vpid);
	vmcs_write64(EPT_POINTER, vcpu->vm->ept.eptp);
	if (vmx_caps.has_timer)
		vmcs_write32(VMX_PREEMPTION_TIMER_VALUE, dune_watchdog_ticks());

	vmcs_write32(VM_EXIT_MSR_STORE_COUNT, 0);
	vmcs_write32(VM_EXIT_MSR_LOAD_COUNT, 0);
	vmcs_write32(VM_ENTRY_MSR_LOAD_COUNT, 0);
	vmcs_write64(VM_EXIT_MSR_LOAD_ADDR, __pa(vcpu->autoload->host));
	vmcs_write64(VM_ENTRY_MSR_LOAD_ADDR, __pa(vcpu->autoload->guest));
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, 0);
	vmcs_write64(VMCS_LINK_POINTER, ~0ULL);
}

#define WRITE_SEGMENT(seg, selector, limit, ar)			\
do {								\
	vmcs_write16(GUEST_##seg##_SELECTOR, (selector));	\
	vmcs_write32(GUEST_##seg##_LIMIT, (limit));		\
	vmcs_write32(GUEST_##seg##_AR_BYTES, (ar));		\
	vmcs_writel(GUEST_##seg##_BASE, 0);			\
} while (0)

static void write_guest(struct dune_vcpu *vcpu)
{
	unsigned long cr4 = vmcs_guest_cr4();

	if (vcpu->no_smep_smap)
		cr4 &= ~(X86_CR4_SMEP | X86_CR4_SMAP);
	WRITE_SEGMENT(CS, DUNE_KERNEL_CS, ~0U, AR_CODE64_CPL0);
	WRITE_SEGMENT(SS, DUNE_KERNEL_SS, ~0U, AR_DATA_CPL0);
	WRITE_SEGMENT(DS, 0, 0, AR_UNUSABLE);
	WRITE_SEGMENT(ES, 0, 0, AR_UNUSABLE);
	WRITE_SEGMENT(FS, 0, 0, AR_UNUSABLE);
	WRITE_SEGMENT(GS, 0, 0, AR_UNUSABLE);
	WRITE_SEGMENT(LDTR, 0, 0, AR_UNUSABLE);
	WRITE_SEGMENT(TR, 0, 0x67, AR_TSS_BUSY);
	vmcs_writel(GUEST_GDTR_BASE, 0);
	vmcs_write32(GUEST_GDTR_LIMIT, 0);
	vmcs_writel(GUEST_IDTR_BASE, 0);
	vmcs_write32(GUEST_IDTR_LIMIT, 0);

	/* Every bit is the host's: a change exits. */
	vmcs_writel(CR0_GUEST_HOST_MASK, ~0UL);
	vmcs_writel(CR4_GUEST_HOST_MASK, ~0UL);
	vmcs_writel(CR0_READ_SHADOW, guest_cr0());
	vmcs_writel(CR4_READ_SHADOW, cr4 & ~X86_CR4_VMXE);
	vmcs_writel(GUEST_CR0, guest_cr0());
	vmcs_writel(GUEST_CR3, 0);
	vmcs_writel(GUEST_CR4, cr4);
	vmcs_writel(GUEST_DR7, 0x400);
	vmcs_write64(GUEST_IA32_DEBUGCTL, 0);

	vmcs_writel(GUEST_RSP, 0);
	vmcs_writel(GUEST_RIP, 0);
	vmcs_writel(GUEST_RFLAGS, X86_EFLAGS_FIXED);
	vmcs_write32(GUEST_SYSENTER_CS, 0);
	vmcs_writel(GUEST_SYSENTER_ESP, 0);
	vmcs_writel(GUEST_SYSENTER_EIP, 0);
	vmcs_write32(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
	vmcs_write32(GUEST_INTERRUPTIBILITY_INFO, 0);
	vmcs_writel(GUEST_PENDING_DBG_EXCEPTIONS, 0);
}

static void write_host(struct dune_vcpu *vcpu)
{
	struct desc_ptr idt;
	u64 value;

	store_idt(&idt);
	vmcs_writel(HOST_CR0, read_cr0());
	vmcs_write16(HOST_CS_SELECTOR, __KERNEL_CS);
	vmcs_write16(HOST_SS_SELECTOR, __KERNEL_DS);
	vmcs_write16(HOST_DS_SELECTOR, 0);
	vmcs_write16(HOST_ES_SELECTOR, 0);
	vmcs_write16(HOST_FS_SELECTOR, 0);
	vmcs_write16(HOST_GS_SELECTOR, 0);
	vmcs_write16(HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8);
	vmcs_writel(HOST_IDTR_BASE, idt.address);
	vmcs_writel(HOST_RIP, (unsigned long)dune_vmexit);

	rdmsrl(MSR_IA32_SYSENTER_CS, value);
	vmcs_write32(HOST_IA32_SYSENTER_CS, value);
	rdmsrl(MSR_IA32_SYSENTER_EIP, value);
	vmcs_writel(HOST_IA32_SYSENTER_EIP, value);
}

/* Fill @vcpu's VMCS, which is current on this CPU. */
void vmcs_setup(struct dune_vcpu *vcpu)
{
	write_controls(vcpu);
	write_guest(vcpu);
	write_host(vcpu);
}

/* The host state that differs between CPUs; into the current VMCS. */
void vmcs_set_cpu(int cpu)
{
	unsigned long gs_base;

	rdmsrl(MSR_GS_BASE, gs_base);
	vmcs_writel(HOST_TR_BASE, (unsigned long)&get_cpu_entry_area(cpu)->tss.x86_tss);
	vmcs_writel(HOST_GDTR_BASE, (unsigned long)get_current_gdt_ro());
	vmcs_writel(HOST_GS_BASE, gs_base);
	vmcs_writel(HOST_IA32_SYSENTER_ESP, (unsigned long)(cpu_entry_stack(cpu) + 1));
}
