/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - one face for kernels that differ
 *
 * Force-included into every file. HAVE_* come from Kbuild, which looks for the
 * words in the kernel's headers: stable series change interfaces too, so a
 * version number says little.
 */
#ifndef _DUNE_KERN_COMPAT_H
#define _DUNE_KERN_COMPAT_H

#ifdef pr_fmt
#undef pr_fmt
#endif
#define pr_fmt(fmt) "dune: " fmt

#ifndef __ASSEMBLY__

#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <asm/msr.h>
#include <asm/vmx.h>

#ifndef SECONDARY_EXEC_XSAVES
#define SECONDARY_EXEC_XSAVES	SECONDARY_EXEC_ENABLE_XSAVES
#endif

static __always_inline void compat_rcu_note_guest(void)
{
#ifdef HAVE_RCU_VIRT_NOTE_NOARG
	rcu_virt_note_context_switch();
#else
	rcu_virt_note_context_switch(smp_processor_id());
#endif
}

static inline void compat_vm_flags_mod(struct vm_area_struct *vma,
				       unsigned long set, unsigned long clear)
{
#ifdef HAVE_VM_FLAGS_SET
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

#if !defined(rdmsrl) && defined(HAVE_RDMSRQ)
#define rdmsrl(msr, val)	rdmsrq(msr, val)
#define wrmsrl(msr, val)	wrmsrq(msr, val)
#endif

#endif /* !__ASSEMBLY__ */
#endif /* _DUNE_KERN_COMPAT_H */
