/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmx_ops.h - the VMX instructions, and nothing else
 *
 * Each may meet #UD: after an emergency VMXOFF (panic, reboot) the code that
 * was in VMX operation still runs for a moment. The exception table then skips
 * it; the machine is going down and no result matters any more.
 */
#ifndef _DUNE_KERN_VMX_OPS_H
#define _DUNE_KERN_VMX_OPS_H

#include <linux/bug.h>
#include <linux/jump_label.h>
#include <linux/percpu.h>
#include <asm/asm.h>
#include <asm/vmx.h>

#include "dune.h"

DECLARE_STATIC_KEY_FALSE(dune_count_vmcs);
DECLARE_PER_CPU(struct dune_vcpu *, dune_current_vmcs);

/* That so many accesses were made to the current VMCS, where somebody counts. */
static __always_inline void vmcs_count(unsigned int reads, unsigned int writes)
{
	struct dune_vcpu *vcpu;

	if (!static_branch_unlikely(&dune_count_vmcs))
		return;
	vcpu = this_cpu_read(dune_current_vmcs);
	if (!vcpu)
		return;
	vcpu->stats.vmreads += reads;
	vcpu->stats.vmwrites += writes;
}

/* For whoever counts several accesses at once, or none. */
static __always_inline unsigned long vmcs_read_uncounted(unsigned long field)
{
	unsigned long value;

	asm volatile("1: vmread %[field], %[value]\n2:\n"
		     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_ZERO_REG, %k[value])
		     : [value] "=r" (value) : [field] "r" (field) : "cc");
	return value;
}

void vmx_write_failed(unsigned long field, unsigned long value);

static __always_inline void vmcs_write_uncounted(unsigned long field, unsigned long value)
{
	asm goto("1: vmwrite %[value], %[field]\n\t"
		 "jbe %l[failed]\n\t"
		 "2:\n"
		 _ASM_EXTABLE(1b, 2b)
		 : : [value] "rm" (value), [field] "r" (field) : "cc" : failed);
	return;
failed:
	vmx_write_failed(field, value);
}

static __always_inline unsigned long __vmcs_read(unsigned long field)
{
	vmcs_count(1, 0);
	return vmcs_read_uncounted(field);
}

static __always_inline void __vmcs_write(unsigned long field, unsigned long value)
{
	vmcs_count(0, 1);
	vmcs_write_uncounted(field, value);
}

/* The width is part of a field's encoding (SDM, "VMCS Component Encoding"). */
#define VMCS_WIDTH_CHECK(field, width)					\
	BUILD_BUG_ON_MSG(__builtin_constant_p(field) &&			\
			 (((field) >> 13) & 3) != (width),		\
			 "VMCS field of another width")

static __always_inline u16 vmcs_read16(unsigned long field)
{
	VMCS_WIDTH_CHECK(field, 0);
	return __vmcs_read(field);
}

static __always_inline u64 vmcs_read64(unsigned long field)
{
	VMCS_WIDTH_CHECK(field, 1);
	return __vmcs_read(field);
}

static __always_inline u32 vmcs_read32(unsigned long field)
{
	VMCS_WIDTH_CHECK(field, 2);
	return __vmcs_read(field);
}

static __always_inline unsigned long vmcs_readl(unsigned long field)
{
	VMCS_WIDTH_CHECK(field, 3);
	return __vmcs_read(field);
}

static __always_inline void vmcs_write16(unsigned long field, u16 value)
{
	VMCS_WIDTH_CHECK(field, 0);
	__vmcs_write(field, value);
}

static __always_inline void vmcs_write64(unsigned long field, u64 value)
{
	VMCS_WIDTH_CHECK(field, 1);
	__vmcs_write(field, value);
}

static __always_inline void vmcs_write32(unsigned long field, u32 value)
{
	VMCS_WIDTH_CHECK(field, 2);
	__vmcs_write(field, value);
}

static __always_inline void vmcs_writel(unsigned long field, unsigned long value)
{
	VMCS_WIDTH_CHECK(field, 3);
	__vmcs_write(field, value);
}

static inline void vmx_vmclear(u64 phys)
{
	asm volatile("1: vmclear %0\n2:\n" _ASM_EXTABLE(1b, 2b)
		     : : "m" (phys) : "cc", "memory");
}

static inline void vmx_vmptrld(u64 phys)
{
	asm volatile("1: vmptrld %0\n2:\n" _ASM_EXTABLE(1b, 2b)
		     : : "m" (phys) : "cc", "memory");
}

static inline int vmx_vmxon(u64 phys)
{
	asm goto("1: vmxon %0\n\t"
		 "jbe %l[failed]\n\t"
		 _ASM_EXTABLE(1b, %l[failed])
		 : : "m" (phys) : "cc", "memory" : failed);
	return 0;
failed:
	return -EIO;
}

static inline void vmx_vmxoff(void)
{
	asm volatile("1: vmxoff\n2:\n" _ASM_EXTABLE(1b, 2b) : : : "cc", "memory");
}

static inline void vmx_invept(unsigned long type, u64 eptp)
{
	struct { u64 eptp, reserved; } desc = { eptp, 0 };

	asm volatile("1: invept %0, %1\n2:\n" _ASM_EXTABLE(1b, 2b)
		     : : "m" (desc), "r" (type) : "cc", "memory");
}

static inline void vmx_invvpid(unsigned long type, u16 vpid)
{
	struct { u64 vpid, gva; } desc = { vpid, 0 };

	asm volatile("1: invvpid %0, %1\n2:\n" _ASM_EXTABLE(1b, 2b)
		     : : "m" (desc), "r" (type) : "cc", "memory");
}

#endif /* _DUNE_KERN_VMX_OPS_H */
