// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.c - the run loop: enter the guest, and do what its exit asks for
 *
 * Everything around one entry happens in one stretch with interrupts off, so
 * that no interrupt, signal or reschedule request can slip in between the last
 * look for work and the entry. Whatever Linux wants done on the way to user
 * mode (signals, task work, stops) is left to Linux: the loop returns
 * DUNE_EXIT_NONE and is called again.
 */
#include <linux/context_tracking.h>
#include <linux/entry-common.h>
#include <linux/hw_breakpoint.h>
#include <linux/sched.h>
#include <linux/vtime.h>
#include <asm/debugreg.h>
#include <asm/fpu/api.h>
#include <asm/tlbflush.h>
#include <asm/vmx.h>

#include "exit.h"
#include "l1tf.h"
#include "msrs.h"
#include "observe.h"
#include "syscall.h"
#include "vmenter.h"
#include "vmx.h"
#include "vmx_ops.h"

#define LEAVE_WORK	(EXIT_TO_USER_MODE_WORK & ~_TIF_NEED_RESCHED)
#define ENTRY_BLOCKERS	(EXIT_TO_USER_MODE_WORK | _TIF_NEED_RESCHED | _TIF_NEED_FPU_LOAD)

/*
 * Without the room that the paravirtual forms keep for a hypervisor's own; such
 * a hypervisor offers no VMX. Where lockdep follows the flag, it is told.
 */
static __always_inline void irq_off(void)
{
	if (IS_ENABLED(CONFIG_TRACE_IRQFLAGS))
		local_irq_disable();
	else
		native_irq_disable();
}

static __always_inline void irq_on(void)
{
	if (IS_ENABLED(CONFIG_TRACE_IRQFLAGS))
		local_irq_enable();
	else
		native_irq_enable();
}

/* Host state that the scheduler or an interrupt may have changed. */
static __always_inline void refresh_host_state(struct dune_vcpu *vcpu)
{
	unsigned long cr3 = __native_read_cr3(), cr4 = __read_cr4();

	if (unlikely(cr3 != vcpu->host_cr3)) {
		vmcs_writel(HOST_CR3, cr3);
		vcpu->host_cr3 = cr3;
	}
	if (unlikely(cr4 != vcpu->host_cr4)) {
		vmcs_writel(HOST_CR4, cr4);
		vcpu->host_cr4 = cr4;
	}
}

/*
 * INVEPT makes the CPU forget all that came by this EPT, the guest's own
 * translations included (SDM, "Operations That Invalidate Cached Mappings").
 */
static noinline void flush_tlb(struct dune_vcpu *vcpu)
{
	u64 ept_generation;

	/* In this order: dune_vm_flush_ept() has it the other way round. */
	vcpu->generation = smp_load_acquire(&vcpu->vm->generation);
	ept_generation = READ_ONCE(vcpu->vm->ept_generation);
	if (ept_generation == vcpu->ept_generation) {
		if (vcpu->vpid)
			vmx_invvpid(VMX_VPID_EXTENT_SINGLE_CONTEXT, vcpu->vpid);
		return;
	}
	vcpu->ept_generation = ept_generation;
	if (vmx_caps.invept_single)
		vmx_invept(VMX_EPT_EXTENT_CONTEXT, vcpu->vm->ept.eptp);
	else
		vmx_invept(VMX_EPT_EXTENT_GLOBAL, 0);
}

static noinline void do_entry_work(struct dune_vcpu *vcpu)
{
	if (vcpu->entry_work & ENTRY_ADVANCE)
		vmcs_writel(GUEST_RIP, vmcs_readl(GUEST_RIP) + vcpu->advance);
	/* With an exception on its way, the window opens again after it. */
	if ((vcpu->entry_work & (ENTRY_INTERRUPT | ENTRY_EVENT)) == ENTRY_INTERRUPT)
		vcpu_inject_interrupt(vcpu);
	if (vcpu->entry_work & ENTRY_EVENT) {
		vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, vcpu->event_info);
		vmcs_write32(VM_ENTRY_EXCEPTION_ERROR_CODE, vcpu->event_error);
		vmcs_write32(VM_ENTRY_INSTRUCTION_LEN, vcpu->event_insn_len);
	}
	vcpu->entry_work = 0;
}

/* What only some CPUs need, or only tracepoints. */
static noinline void entry_extras(struct dune_vcpu *vcpu)
{
	observe_entry(vcpu);
	vmx_switch_perf_msrs(vcpu);
	l1tf_flush_l1d();
}

static noinline void do_restore_debug_state(struct dune_vcpu *vcpu)
{
	if (__this_cpu_read(cpu_dr7))
		hw_breakpoint_restore();
	if (vcpu->host_debugctl)
		update_debugctlmsr(vcpu->host_debugctl);
}

/* What an exit changed behind Linux's back and Linux may need at once. */
static __always_inline void restore_debug_state(struct dune_vcpu *vcpu)
{
	if (unlikely(__this_cpu_read(cpu_dr7) | vcpu->host_debugctl))
		do_restore_debug_state(vcpu);
}

/* The host's page faults have changed it since the guest left. */
static noinline void restore_cr2(struct dune_vcpu *vcpu)
{
	native_write_cr2(vcpu->cr2);
}

/*
 * On CPUs that run without a tick (nohz_full), RCU and the time accounting are
 * told of each entry and exit; on others a tick finds PF_VCPU set, see
 * take_interrupts().
 */
static __always_inline void tell_entry(void)
{
	if (!context_tracking_enabled())
		return;
	if (vtime_accounting_enabled_this_cpu())
		vtime_guest_enter(current);
	context_tracking_guest_enter();
}

static __always_inline void tell_exit(void)
{
	if (!context_tracking_enabled())
		return;
	context_tracking_guest_exit();
	if (vtime_accounting_enabled_this_cpu())
		vtime_guest_exit(current);
}

/* Interrupts are off and stay off; the vcpu is loaded. Returns the exit's reason. */
static __always_inline u32 enter_guest(struct dune_vcpu *vcpu)
{
	struct dune_vm *vm = vcpu->vm;

	/* This before generation: kick() in flush.c has it the other way round. */
	__this_cpu_write(dune_in_guest, vm);
	smp_mb();
	if (unlikely(READ_ONCE(vm->generation) != vcpu->generation))
		flush_tlb(vcpu);
	refresh_host_state(vcpu);
	if (unlikely(vcpu->entry_work))
		do_entry_work(vcpu);
	if (static_branch_unlikely(&dune_entry_extras))
		entry_extras(vcpu);
	if (unlikely(native_read_cr2() != vcpu->cr2))
		restore_cr2(vcpu);

	tell_entry();
	dune_vmenter(vcpu, failed);
	vcpu->cr2 = native_read_cr2();
	__this_cpu_write(dune_in_guest, NULL);
	restore_debug_state(vcpu);
	vcpu->stats.exits++;
	return vmcs_read_uncounted(VM_EXIT_REASON);

failed:
	__this_cpu_write(dune_in_guest, NULL);
	restore_debug_state(vcpu);
	return VMX_EXIT_REASONS_FAILED_VMENTRY;
}

/*
 * Whether nothing stands against an entry; interrupts off. What only needs the
 * FPU registers loaded is done here.
 */
static __always_inline bool may_enter(void)
{
	unsigned long flags = READ_ONCE(current_thread_info()->flags);

	if (likely(!(flags & ENTRY_BLOCKERS)))
		return true;
	if (flags & (ENTRY_BLOCKERS & ~_TIF_NEED_FPU_LOAD))
		return false;
	switch_fpu_return();
	return true;
}

/* Let pending interrupts, the tick above all, find the time to be the guest's. */
static void take_interrupts(void)
{
	current->flags |= PF_VCPU;
	local_irq_enable();
	/* One instruction for the shadow of STI. */
	asm volatile("nop");
	local_irq_disable();
	current->flags &= ~PF_VCPU;
	tell_exit();
}

/* Before interrupts are let in with the vcpu loaded. */
static __always_inline void notify(struct dune_vcpu *vcpu)
{
	if (unlikely(!vcpu->notified))
		dune_vcpu_notify(vcpu);
}

/*
 * A page that Linux has present: nothing but the EPT has to change, and the
 * guest goes on. Interrupts stay off; those pending end the next stay at once.
 */
static __always_inline bool violation_at_once(struct dune_vcpu *vcpu, struct exit_record *rec)
{
	struct ept_access *access = &vcpu->access;
	enum ept_install r = EPT_NOT_TRIED;

	if (rec->reason != EXIT_REASON_EPT_VIOLATION)
		return false;
	exit_read_violation(rec);
	access->gpa = rec->gpa;
	access->access = exit_violation_access(rec);
	if (likely(!(rec->vectoring_info & INTR_INFO_VALID_MASK))) {
		/* Read-only as Linux has it, most likely: no need to look. */
		if (exit_violation_forbidden(rec) &&
		    dune_slots_gpa_to_va(&vcpu->vm->slots, rec->gpa, &access->hva))
			r = EPT_NOT_PRESENT;
		else
			r = ept_install_at_once(vcpu->vm, &vcpu->ept_cache, access);
	}
	if (unlikely(r != EPT_INSTALLED)) {
		vcpu->installed = r;
		return false;
	}
	vcpu->stats.by_reason[EXIT_REASON_EPT_VIOLATION]++;
	tell_exit();
	if (static_branch_unlikely(&dune_exit_extras))
		observe_violation_at_once(vcpu);
	return true;
}

/* All exits but a system call's; returns with interrupts on. */
static noinline int other_exit(struct dune_vcpu *vcpu, struct exit_record *rec)
{
	struct exit_seen seen = { };

	notify(vcpu);
	if (unlikely(rec->reason == VMX_EXIT_REASONS_FAILED_VMENTRY)) {	/* VM-Fail */
		*rec = (struct exit_record) { .reason = rec->reason };
		rec->entry_error = vmcs_read32(VM_INSTRUCTION_ERROR);
	}
	vcpu->stats.by_reason[min_t(u32, (u16)rec->reason, DUNE_NR_HW_REASONS - 1)]++;
	exit_read(vcpu, rec);
	if (static_branch_unlikely(&dune_exit_extras))
		seen = observe_read();
	exit_urgent(rec);
	take_interrupts();
	if (static_branch_unlikely(&dune_exit_extras))
		observe_exit(vcpu, &seen);
	/* A guest that only computes still passes through here with each tick. */
	if (rec->reason == EXIT_REASON_EXTERNAL_INTERRUPT)
		compat_rcu_note_guest();
	local_irq_enable();
	return exit_handle(vcpu, rec);
}

/*
 * Get the vcpu loaded, with interrupts off: then nothing can take it off the
 * CPU. 0, or with interrupts on what to return to user space.
 */
noinline long dune_vcpu_load_somewhere(struct dune_vcpu *vcpu)
{
	long r;

	for (;;) {
		preempt_disable();
		if (vcpu->cpu >= 0 && vcpu->cpu != smp_processor_id())
			vmx_clear_vcpu(vcpu);
		local_irq_disable();
		/* Never twice: the guest's MSRs would be taken for the host's. */
		r = vcpu->loaded_cpu == smp_processor_id() ? 0 : dune_vcpu_load_irqoff(vcpu);
		preempt_enable();
		if (!r)
			return 0;
		local_irq_enable();
		if (r != -EAGAIN)
			return r;
		if (signal_pending(current))
			return DUNE_EXIT_NONE;
		/* The CPU is going away; the scheduler will find another. */
		schedule_timeout_uninterruptible(1);
	}
}

/* The guest's registers, for user space and its debuggers to see. */
static void show_regs(struct dune_vcpu *vcpu)
{
	if (vcpu->entry_work & ENTRY_ADVANCE) {
		vmcs_writel(GUEST_RIP, vmcs_readl(GUEST_RIP) + vcpu->advance);
		vcpu->entry_work &= ~ENTRY_ADVANCE;
	}
	vcpu_get_regs(vcpu);
}

/* No CPU to load it on, where the rest could be read. */
static long give_up(struct dune_vcpu *vcpu, long r)
{
	vcpu_show_gprs(vcpu);
	return r;
}

static long leave(struct dune_vcpu *vcpu, long why)
{
	long r = dune_vcpu_load_somewhere(vcpu);

	/* Given up for a signal: what happened will happen again. */
	if (r)
		return give_up(vcpu, r);
	show_regs(vcpu);
	if (why != DUNE_EXIT_NONE)
		exit_read_more(vcpu);
	dune_vcpu_put(vcpu);
	local_irq_enable();
	return why;
}

/* What user space wants changed before the guest goes on. */
static long take_changes(struct dune_vcpu *vcpu)
{
	struct dune_run *run = vcpu->run;
	u32 set = READ_ONCE(run->set);
	u32 interrupt = READ_ONCE(run->interrupt);
	struct dune_event event = run->event;
	struct dune_regs regs = run->regs;
	long r;

	if (set & ~(DUNE_SET_REGS | DUNE_SET_EVENT | DUNE_SET_INTERRUPT))
		return -EINVAL;
	r = dune_vcpu_load_somewhere(vcpu);
	if (r)
		return r;
	if (set & DUNE_SET_REGS)
		r = vcpu_set_regs(vcpu, &regs);
	if (!r && (set & DUNE_SET_EVENT))
		r = vcpu_set_event(vcpu, &event);
	if (!r && (set & DUNE_SET_INTERRUPT))
		r = vcpu_set_interrupt(vcpu, interrupt);
	dune_vcpu_put(vcpu);
	local_irq_enable();
	if (!r)
		run->set = 0;
	return r;
}

/*
 * VMCALL at CPL 0, a system call: dispatched here, or given to user space.
 * Interrupts are off, and on afterwards. 0: enter again.
 */
static __always_inline long system_call(struct dune_vcpu *vcpu)
{
	struct pt_regs *regs = &vcpu->regs;
	u64 nr = regs->ax;
	long ret;

	vmcs_write_uncounted(GUEST_RIP, vmcs_read_uncounted(GUEST_RIP) + VMCALL_LEN);
	tell_exit();

	if (unlikely(!dune_syscall_is_fast(nr))) {
		if (static_branch_unlikely(&dune_exit_extras))
			observe_system_call(vcpu, nr, false);
		vcpu->native_syscalls++;
		vcpu_get_regs(vcpu);
		dune_vcpu_put(vcpu);
		irq_on();
		return DUNE_EXIT_VMCALL;
	}
	if (static_branch_unlikely(&dune_exit_extras))
		observe_system_call(vcpu, nr, true);
	notify(vcpu);
	irq_on();

	ret = dune_syscall_dispatch(regs, nr);
	if (dune_syscall_wants_restart(ret)) {
		leave(vcpu, 0);
		return dune_syscall_leave_restart(vcpu->run, regs, ret);
	}
	regs->ax = ret;
	return 0;
}

static __always_inline bool is_system_call(u32 reason)
{
	return likely(reason == EXIT_REASON_VMCALL) &&
	       !(vmcs_read_uncounted(GUEST_SS_AR_BYTES) & (3 << 5));
}

long dune_vcpu_run(struct dune_vcpu *vcpu)
{
	struct exit_record *rec = &vcpu->exit;
	u32 reason;
	long r;

	vcpu_take_gprs(vcpu);
	if (unlikely(READ_ONCE(vcpu->run->set))) {
		r = take_changes(vcpu);
		if (r)
			return r;
	}

	for (;;) {
		irq_off();
		/* Never loaded on another CPU: see sched_out() in load.c. */
		if (unlikely(vcpu->loaded_cpu < 0) &&
		    (vcpu->cpu != smp_processor_id() || dune_vcpu_load_irqoff(vcpu))) {
			local_irq_enable();
			r = dune_vcpu_load_somewhere(vcpu);
			if (r)
				return give_up(vcpu, r);
		}
		if (unlikely(!may_enter())) {
			bool work = READ_ONCE(current_thread_info()->flags) & LEAVE_WORK;

			if (work)
				show_regs(vcpu);
			dune_vcpu_put(vcpu);
			local_irq_enable();
			if (work)
				return DUNE_EXIT_NONE;
			if (need_resched())
				schedule();
			continue;
		}

		reason = enter_guest(vcpu);
		if (is_system_call(reason)) {
			r = system_call(vcpu);
			if (unlikely(r))
				return r;
			continue;
		}

		rec->reason = reason;
		vmcs_count(reason == EXIT_REASON_VMCALL ? 2 : 1, 0);
		if (violation_at_once(vcpu, rec))
			continue;
		r = other_exit(vcpu, rec);
		if (r == DUNE_EXIT_AGAIN)
			continue;
		return leave(vcpu, r);
	}
}
