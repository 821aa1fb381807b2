// SPDX-License-Identifier: GPL-2.0-only
/*
 * load.c - put a vcpu onto a CPU, and take it off again
 *
 * Loaded means: its VMCS is current and the MSRs that no VM entry switches hold
 * the guest's values. That stays so over exits the module handles itself; it is
 * undone before anybody else's code runs in user mode on this CPU, that is,
 * when the run ioctl returns or the scheduler takes the thread off.
 */
#include <linux/mm.h>
#include <linux/preempt.h>
#include <asm/desc.h>
#include <asm/debugreg.h>
#include <asm/fsgsbase.h>
#include <asm/mmu.h>
#include <asm/vmx.h>

#include "vmx.h"
#include "vmx_ops.h"

/* Without the call and the trace hooks of rdmsrl() and wrmsrl(). */
static __always_inline u64 read_msr(u32 msr)
{
	return __rdmsr(msr);
}

static __always_inline void write_msr(u32 msr, u64 value)
{
	__wrmsr(msr, (u32)value, value >> 32);
}

/* SYSCALL's MSRs. Linux sets them at boot, to the same on every CPU. */
static u64 host_lstar, host_star, host_sfmask;

static __always_inline void load_msrs(struct dune_vcpu *vcpu)
{
	/* In the kernel this MSR holds the task's own GS base. */
	vcpu->host_kernel_gs_base = read_msr(MSR_KERNEL_GS_BASE);
	if (vcpu->kernel_gs_base != vcpu->host_kernel_gs_base)
		write_msr(MSR_KERNEL_GS_BASE, vcpu->kernel_gs_base);
	write_msr(MSR_LSTAR, vcpu->lstar);
	write_msr(MSR_SYSCALL_MASK, vcpu->sfmask);
	if (vcpu->star != host_star)
		write_msr(MSR_STAR, vcpu->star);
	vcpu->host_debugctl = read_msr(MSR_IA32_DEBUGCTLMSR);
}

static __always_inline void put_msrs(struct dune_vcpu *vcpu)
{
	vcpu->kernel_gs_base = read_msr(MSR_KERNEL_GS_BASE);
	if (vcpu->kernel_gs_base != vcpu->host_kernel_gs_base)
		write_msr(MSR_KERNEL_GS_BASE, vcpu->host_kernel_gs_base);
	write_msr(MSR_LSTAR, host_lstar);
	write_msr(MSR_SYSCALL_MASK, host_sfmask);
	if (vcpu->star != host_star)
		write_msr(MSR_STAR, host_star);
}

/* A VM exit leaves these with limits or selectors of its own choice. */
static __always_inline void restore_descriptors(struct dune_vcpu *vcpu)
{
	load_gdt(&vcpu->host_gdt);
	invalidate_tss_limit();
#ifdef CONFIG_MODIFY_LDT_SYSCALL
	if (current->mm && READ_ONCE(current->mm->context.ldt))
		asm volatile("lldt %w0" : : "r" (GDT_ENTRY_LDT * 8));
#endif
}

/* Make @vcpu's VMCS active and current here. Interrupts off. */
static void make_current(struct dune_vcpu *vcpu, int cpu)
{
	if (vcpu->cpu != cpu) {
		if (!cpumask_test_cpu(cpu, &vcpu->vm->cpus))
			cpumask_set_cpu(cpu, &vcpu->vm->cpus);
		list_add(&vcpu->on_cpu, this_cpu_ptr(&dune_active_vmcs));
		WRITE_ONCE(vcpu->cpu, cpu);
		WRITE_ONCE(vcpu->tid, task_pid_nr(current));
		vcpu->launched = 0;
		vmx_vmptrld(__pa(vcpu->vmcs));
		__this_cpu_write(dune_current_vmcs, vcpu);
		vmcs_set_cpu(cpu);
		vcpu->host_gdt.address = (unsigned long)get_current_gdt_ro();
		vcpu->host_gdt.size = GDT_SIZE - 1;
		memcpy(&vcpu->run->gdt_cpu, get_current_gdt_ro() + GDT_ENTRY_CPUNODE,
		       sizeof(vcpu->run->gdt_cpu));

		/* Translations of an earlier stay, or of an earlier owner. */
		if (vcpu->vpid)
			vmx_invvpid(VMX_VPID_EXTENT_SINGLE_CONTEXT, vcpu->vpid);
		vcpu->generation = READ_ONCE(vcpu->vm->generation) - 1;
		vcpu->ept_generation = READ_ONCE(vcpu->vm->ept_generation) - 1;
	} else if (__this_cpu_read(dune_current_vmcs) != vcpu) {
		vmx_vmptrld(__pa(vcpu->vmcs));
		__this_cpu_write(dune_current_vmcs, vcpu);
	}
}

/* The thread's own FS base, which it may have changed since the last entry. */
static __always_inline void refresh_host_fs(struct dune_vcpu *vcpu)
{
	unsigned long base = boot_cpu_has(X86_FEATURE_FSGSBASE) ? rdfsbase() :
			     read_msr(MSR_FS_BASE);

	if (base != vcpu->host_fs_base) {
		vmcs_writel(HOST_FS_BASE, base);
		vcpu->host_fs_base = base;
	}
}

/*
 * Load on this CPU, where the VMCS is active or which it may come to: it is
 * active on no other. Interrupts off. -EAGAIN: VMX is off on this CPU, which is
 * going away: give it up and try again. -EIO: off everywhere, for good.
 */
int dune_vcpu_load_irqoff(struct dune_vcpu *vcpu)
{
	int cpu = smp_processor_id();

	if (unlikely(!__this_cpu_read(dune_vmx_on)))
		return system_state > SYSTEM_RUNNING ? -EIO : -EAGAIN;
	if (unlikely(__this_cpu_read(dune_current_vmcs) != vcpu))
		make_current(vcpu, cpu);
	refresh_host_fs(vcpu);
	load_msrs(vcpu);
	vcpu->loaded_cpu = cpu;
	return 0;
}

/* Interrupts are off; on the CPU it is loaded on, if it is. */
void dune_vcpu_put(struct dune_vcpu *vcpu)
{
	if (vcpu->loaded_cpu < 0)
		return;
	put_msrs(vcpu);
	restore_descriptors(vcpu);
	vcpu->loaded_cpu = -1;
}

static void sched_in(struct preempt_notifier *pn, int cpu)
{
}

static void sched_out(struct preempt_notifier *pn, struct task_struct *next)
{
	dune_vcpu_put(container_of(pn, struct dune_vcpu, preempt));
}

static struct preempt_ops preempt_ops = {
	.sched_in	= sched_in,
	.sched_out	= sched_out,
};

void dune_vcpu_init_preempt(struct dune_vcpu *vcpu)
{
	preempt_notifier_init(&vcpu->preempt, &preempt_ops);
}

/* Whether this thread's guest is making a call, its vcpu loaded. */
bool dune_in_stay(void)
{
	struct preempt_notifier *pn;

	hlist_for_each_entry(pn, &current->preempt_notifiers, link)
		if (pn->ops == &preempt_ops)
			return true;
	return false;
}

/*
 * From here on the thread may lose the CPU with the vcpu loaded. (A stay that
 * never lets interrupts in with the vcpu loaded does without.)
 */
void dune_vcpu_notify(struct dune_vcpu *vcpu)
{
	preempt_notifier_register(&vcpu->preempt);
	WRITE_ONCE(vcpu->tid, task_pid_nr(current));
	vcpu->notified = true;
}

/* The end of a stay: as if nothing had been loaded. */
void dune_vcpu_finish(struct dune_vcpu *vcpu)
{
	if (vcpu->loaded_cpu >= 0) {
		local_irq_disable();
		dune_vcpu_put(vcpu);
		local_irq_enable();
	}
	if (vcpu->notified) {
		preempt_notifier_unregister(&vcpu->preempt);
		vcpu->notified = false;
	}
}

void __init dune_load_init(void)
{
	rdmsrl(MSR_LSTAR, host_lstar);
	rdmsrl(MSR_STAR, host_star);
	rdmsrl(MSR_SYSCALL_MASK, host_sfmask);
}
