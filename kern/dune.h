/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dune.h - the module's objects: a VM per address space, a vcpu per thread
 *
 * Lifetime: an open VM file holds the mmu notifier subscription (and thereby
 * the VM and its mm_struct) and one reference on VMX operation; a vcpu file
 * holds the VM file it was made from. The mm's end (release) only marks the
 * VM dead and gives its EPT back; the object lives on until the last file is
 * closed.
 */
#ifndef _DUNE_KERN_DUNE_H
#define _DUNE_KERN_DUNE_H

#include <linux/cpumask.h>
#include <linux/file.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <asm/desc_defs.h>
#include <asm/ptrace.h>

#include "uapi/dune.h"
#include "ept.h"
#include "ept_fault.h"
#include "ept_install.h"
#include "exit_record.h"
#include "slots.h"
#include "vms.h"

#define DUNE_GPA_NONE		(~0ULL)

struct dune_vm {
	struct mmu_notifier	mn;		/* mn.mm is the VM's mm */

	/*
	 * Protects ept, slots, dead and the invalidation range. Taken by the
	 * notifier, which waits for other CPUs to leave the guest: never take
	 * it with interrupts off.
	 */
	spinlock_t		ept_lock;
	struct ept		ept;
	struct dune_slots	slots;
	bool			dead;
	unsigned int		invalidating;	/* ranges in progress */
	unsigned long		inv_start;	/* their union */
	unsigned long		inv_end;
	wait_queue_head_t	inv_wait;

	/*
	 * Grow with every flush, under ept_lock; a vcpu that has seen less has to
	 * flush before it enters: what the EPT says, or only what the guest's own
	 * tables say. generation counts both.
	 */
	u64			generation;
	u64			ept_generation;

	struct cpumask		cpus;		/* on which a vcpu was loaded */

	u64			nr;		/* from 1; no two ever have the same */
	pid_t			pid;		/* the process that it was made for */
	u64			invalidations;	/* ranges, and */
	u64			kicks;		/* IPIs to CPUs in the guest: under ept_lock */

	/* Under dune_vms_lock. */
	struct list_head	in_all;		/* in dune_vms */
	struct list_head	vcpus;
	struct dune_totals	ended;		/* of vcpus that have ended */
};

/* VMCALL without prefixes, which is what the interface asks for. */
#define VMCALL_LEN		3

#define ENTRY_EVENT		BIT(0)	/* inject event_info */
#define ENTRY_ADVANCE		BIT(1)	/* the guest goes on behind the instruction */
#define ENTRY_INTERRUPT	BIT(2)	/* inject interrupt: the window has opened */

struct dune_vcpu {
	/* What an exit touches comes first. */
	unsigned long		host_rsp;	/* as last written to HOST_RSP */
	u8			launched;
	u8			entry_work;	/* ENTRY_*: to be done before the next entry */
	u8			advance;	/* bytes to add to RIP then */
	bool			notified;	/* the preempt notifier is registered */
	int			loaded_cpu;	/* where guest MSRs are in place, or -1 */
	u64			generation;
	u64			ept_generation;
	struct dune_vm		*vm;
	struct dune_run		*run;		/* shared with user space */
	unsigned long		host_cr3;
	unsigned long		host_cr4;
	unsigned long		host_fs_base;
	unsigned long		cr2;
	u64			host_debugctl;
	/*
	 * The guest's general registers, in the form in which the kernel wants a
	 * system call's. The page has a copy for user space to see.
	 */
	struct pt_regs		regs;
	struct desc_ptr		host_gdt;
	struct dune_stats	stats;		/* fast_syscalls is found at the end */
	u64			native_syscalls;
	u64			violations[NR_EPT_FAULT_RESULTS];	/* but those done at once */

	/* Guest values of what the VMCS does not switch. */
	u64			kernel_gs_base, lstar, star, sfmask;
	/* The host's, while the guest's are in place. */
	u64			host_kernel_gs_base;

	struct exit_record	exit;		/* the last */

	/* Event to inject at the next entry. */
	u32			event_info, event_error, event_insn_len;
	u8			interrupt;	/* vector waiting for its window */

	u32			entry_ctl_msrs;	/* MSRs in the autoload areas */
	struct vmcs		*vmcs;
	int			cpu;		/* where the VMCS is active, or -1 */
	u16			vpid;		/* 0: VPIDs are not used */
	bool			no_smep_smap;	/* as it was made */
	struct list_head	on_cpu;		/* in the CPU's list of active VMCSs */
	struct preempt_notifier	preempt;
	struct ept_cache	ept_cache;
	struct ept_access	access;
	enum ept_install	installed;	/* what the first look said */

	pid_t			tid;		/* the thread that ran it last */
	struct list_head	in_vm;		/* in vm->vcpus */
	u32			id;		/* of all that were made since the module was loaded */
	unsigned long		busy;		/* bit 0: a thread runs or sets up;
						 * bit 1: the page was mapped */
	struct file		*vm_file;
	u64			run_key;	/* for lseek(); in no page of the process's */
	struct page		*run_page;
	struct vmx_autoload	*autoload;
};

/* device.c */
int dune_device_init(void);
void dune_device_exit(void);

/* vm.c */
struct dune_vm *dune_vm_get(void);
void dune_vm_put(struct dune_vm *vm);
void dune_vm_drain(void);
int dune_vm_map_slot(struct dune_vm *vm, struct dune_slot *slot);
int dune_vm_unmap_slot(struct dune_vm *vm, struct dune_slot *slot);
u32 dune_gpa_bits(void);
u32 dune_nr_slots(void);

/*
 * flush.c, under ept_lock: when one returns, no CPU uses what the EPT no longer
 * says, or what the guest's own page tables no longer say.
 */
void dune_vm_flush_ept(struct dune_vm *vm);
void dune_vm_flush_guest(struct dune_vm *vm);

/* prefault.c */
int dune_vm_prefault(struct dune_vm *vm, struct dune_range *range);

/* shrink.c */
int dune_shrink_init(void);
void dune_shrink_exit(void);

/* stats.c */
void dune_stats_init(void);
void dune_stats_exit(void);

/* mmu.c */
int dune_mmu_invalidate_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range);
void dune_mmu_invalidate_end(struct mmu_notifier *mn, const struct mmu_notifier_range *range);
int dune_mmu_clear_young(struct mmu_notifier *mn, struct mm_struct *mm,
			 unsigned long start, unsigned long end);
int dune_mmu_test_young(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long va);

/* vcpu.c */
int dune_vcpu_create(struct dune_vm *vm, struct file *vm_file, u32 flags);

/* load.c */
int dune_vcpu_load_irqoff(struct dune_vcpu *vcpu);
void dune_vcpu_put(struct dune_vcpu *vcpu);
bool dune_in_stay(void);
void dune_vcpu_notify(struct dune_vcpu *vcpu);
void dune_vcpu_finish(struct dune_vcpu *vcpu);
void dune_vcpu_init_preempt(struct dune_vcpu *vcpu);
void dune_load_init(void);

/* run.c */
long dune_vcpu_run(struct dune_vcpu *vcpu);
long dune_vcpu_load_somewhere(struct dune_vcpu *vcpu);

/* fail.c */
int dune_fail_step(void);

/* info.c */
void dune_get_info(struct dune_info *info);

#endif /* _DUNE_KERN_DUNE_H */
