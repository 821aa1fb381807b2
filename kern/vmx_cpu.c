// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmx_cpu.c - VMX operation on every CPU, while somebody needs it
 *
 * VMXON with the first VM, VMXOFF with the last, as KVM does, so that whoever
 * comes second gets a clean refusal. A CPU may go away at any time (hotplug,
 * suspend, reboot, crash): it first forgets every VMCS that is active on it.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/reboot.h>
#include <linux/syscore_ops.h>
#include <asm/reboot.h>
#include <asm/tlbflush.h>

#include "vmx.h"
#include "vmx_ops.h"

DEFINE_PER_CPU(bool, dune_vmx_on);
DEFINE_PER_CPU(struct list_head, dune_active_vmcs);
DEFINE_PER_CPU(struct dune_vcpu *, dune_current_vmcs);
static DEFINE_PER_CPU(struct vmcs *, vmxon_region);

/* Protects users; taken outside the CPU hotplug lock. */
static DEFINE_MUTEX(users_lock);
static unsigned int users;
static bool going_down;
static enum cpuhp_state hotplug_state;

static void cpu_vmxon(void *arg)
{
	atomic_t *failed = arg;
	int r = -EBUSY;

	if (__this_cpu_read(dune_vmx_on))
		return;
	if (!(__read_cr4() & X86_CR4_VMXE)) {
		cr4_set_bits(X86_CR4_VMXE);
		r = vmx_vmxon(__pa(__this_cpu_read(vmxon_region)));
		if (r)
			cr4_clear_bits(X86_CR4_VMXE);
	}
	if (r) {
		atomic_set(failed, r);
		return;
	}
	vmx_invept(VMX_EPT_EXTENT_GLOBAL, 0);
	__this_cpu_write(dune_vmx_on, true);
}

/* Make the CPU write back and forget @vcpu's VMCS. On that CPU, IRQs off. */
static void clear_here(struct dune_vcpu *vcpu)
{
	vmx_vmclear(__pa(vcpu->vmcs));
	if (__this_cpu_read(dune_current_vmcs) == vcpu)
		__this_cpu_write(dune_current_vmcs, NULL);
	list_del_init(&vcpu->on_cpu);
	vcpu->launched = 0;
	WRITE_ONCE(vcpu->cpu, -1);
}

static void cpu_vmxoff(void *unused)
{
	struct dune_vcpu *vcpu, *next;

	if (!__this_cpu_read(dune_vmx_on))
		return;
	list_for_each_entry_safe(vcpu, next, this_cpu_ptr(&dune_active_vmcs), on_cpu)
		clear_here(vcpu);
	vmx_vmxoff();
	cr4_clear_bits(X86_CR4_VMXE);
	__this_cpu_write(dune_vmx_on, false);
}

static void clear_vcpu_ipi(void *arg)
{
	struct dune_vcpu *vcpu = arg;

	if (vcpu->cpu == raw_smp_processor_id())
		clear_here(vcpu);
}

/* Take @vcpu's VMCS off whichever CPU it is active on. IRQs on; may wait. */
void vmx_clear_vcpu(struct dune_vcpu *vcpu)
{
	int cpu = READ_ONCE(vcpu->cpu);

	if (cpu >= 0)
		smp_call_function_single(cpu, clear_vcpu_ipi, vcpu, 1);
}

/*
 * A crash: NMI context, nothing may be locked or freed, VMX must be off for
 * the next kernel to start. The list is this CPU's own.
 */
static void emergency_vmxoff(void)
{
	struct dune_vcpu *vcpu;

	going_down = true;
	if (!__this_cpu_read(dune_vmx_on))
		return;
	list_for_each_entry(vcpu, this_cpu_ptr(&dune_active_vmcs), on_cpu)
		vmx_vmclear(__pa(vcpu->vmcs));
	vmx_vmxoff();
	cr4_clear_bits(X86_CR4_VMXE);
	__this_cpu_write(dune_vmx_on, false);
}

/*
 * The kernel has one slot for such a callback. kvm_intel, once loaded, takes it
 * (6.1: for ever; 6.12: while it has VMX on) and its callback does for us too.
 * Ours stays registered between users: to give it up takes an RCU grace period.
 */
static DEFINE_MUTEX(emergency_lock);
static bool emergency_registered, kvm_intel_here;	/* under emergency_lock */

static bool kvm_intel_loaded(void)
{
	struct path path;

	if (kern_path("/sys/module/kvm_intel", 0, &path))
		return false;
	path_put(&path);
	return true;
}

static void emergency_register(void)
{
	if (emergency_registered || kvm_intel_here)
		return;
	cpu_emergency_register_virt_callback(emergency_vmxoff);
	emergency_registered = true;
}

static void emergency_unregister(void)
{
	if (!emergency_registered)
		return;
	cpu_emergency_unregister_virt_callback(emergency_vmxoff);
	emergency_registered = false;
}

/* Before kvm_intel's own start-up, which wants the slot free, and after its end. */
static int module_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct module *module = data;

	if (strcmp(module->name, "kvm_intel"))
		return NOTIFY_OK;
	mutex_lock(&emergency_lock);
	if (event == MODULE_STATE_COMING) {
		kvm_intel_here = true;
		emergency_unregister();
	} else if (event == MODULE_STATE_GOING) {
		kvm_intel_here = false;
		if (READ_ONCE(users))
			emergency_register();
	}
	mutex_unlock(&emergency_lock);
	return NOTIFY_OK;
}

static struct notifier_block module_notifier = { .notifier_call = module_event };

/* Take a reference on VMX operation. -EBUSY: another hypervisor holds it. */
int vmx_get(void)
{
	atomic_t failed = ATOMIC_INIT(0);
	int r = 0;

	mutex_lock(&users_lock);
	if (READ_ONCE(going_down))
		r = -EIO;
	else if (!users) {
		r = dune_fail_step();
		cpus_read_lock();
		if (!r) {
			on_each_cpu(cpu_vmxon, &failed, 1);
			r = atomic_read(&failed);
		}
		if (r)
			on_each_cpu(cpu_vmxoff, NULL, 1);
		else
			users = 1;
		cpus_read_unlock();
		if (!r) {
			mutex_lock(&emergency_lock);
			emergency_register();
			mutex_unlock(&emergency_lock);
		}
	} else {
		users++;
	}
	mutex_unlock(&users_lock);
	return r;
}

void vmx_put(void)
{
	mutex_lock(&users_lock);
	if (!--users) {
		cpus_read_lock();
		on_each_cpu(cpu_vmxoff, NULL, 1);
		cpus_read_unlock();
	}
	mutex_unlock(&users_lock);
}

/* A CPU has come: it joins, or stays off if another hypervisor has it. */
static int cpu_comes(unsigned int cpu)
{
	atomic_t failed = ATOMIC_INIT(0);
	unsigned long flags;

	if (!READ_ONCE(users) || READ_ONCE(going_down))
		return 0;
	local_irq_save(flags);
	cpu_vmxon(&failed);
	local_irq_restore(flags);
	return atomic_read(&failed);
}

/* It goes. A thread of ours may run here once more: run.c looks at vmx_on. */
static int cpu_goes(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	cpu_vmxoff(NULL);
	local_irq_restore(flags);
	return 0;
}

static int reboot_event(struct notifier_block *nb, unsigned long event, void *unused)
{
	WRITE_ONCE(going_down, true);
	on_each_cpu(cpu_vmxoff, NULL, 1);
	return NOTIFY_OK;
}

static struct notifier_block reboot_notifier = { .notifier_call = reboot_event };

/* Suspend: the other CPUs went through cpu_goes(); this is the last one. */
static int suspend_last_cpu(void)
{
	cpu_vmxoff(NULL);
	return 0;
}

static void resume_first_cpu(void)
{
	atomic_t failed = ATOMIC_INIT(0);

	if (READ_ONCE(users))
		cpu_vmxon(&failed);
}

#ifdef HAVE_REGISTER_SYSCORE
static int syscore_suspend_cb(void *unused)
{
	return suspend_last_cpu();
}

static void syscore_resume_cb(void *unused)
{
	resume_first_cpu();
}

static const struct syscore_ops syscore_ops = {
	.suspend	= syscore_suspend_cb,
	.resume		= syscore_resume_cb,
};

static struct syscore syscore = { .ops = &syscore_ops };

static void syscore_add(void)
{
	register_syscore(&syscore);
}

static void syscore_remove(void)
{
	unregister_syscore(&syscore);
}
#else
static struct syscore_ops syscore_ops = {
	.suspend	= suspend_last_cpu,
	.resume		= resume_first_cpu,
};

static void syscore_add(void)
{
	register_syscore_ops(&syscore_ops);
}

static void syscore_remove(void)
{
	unregister_syscore_ops(&syscore_ops);
}
#endif

static void free_regions(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		vmcs_free(per_cpu(vmxon_region, cpu));
		per_cpu(vmxon_region, cpu) = NULL;
	}
}

static int __init alloc_regions(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		INIT_LIST_HEAD(&per_cpu(dune_active_vmcs, cpu));
		per_cpu(vmxon_region, cpu) = vmcs_alloc();
		if (!per_cpu(vmxon_region, cpu)) {
			free_regions();
			return -ENOMEM;
		}
	}
	return 0;
}

int __init vmx_init(void)
{
	int r;

	r = alloc_regions();
	if (r)
		return r;
	r = dune_fail_step() ?: cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "x86/dune:online",
						  cpu_comes, cpu_goes);
	if (r < 0)
		goto err_regions;
	hotplug_state = r;
	r = dune_fail_step() ?: register_reboot_notifier(&reboot_notifier);
	if (r)
		goto err_hotplug;
	r = dune_fail_step() ?: register_module_notifier(&module_notifier);
	if (r)
		goto err_reboot;
	if (kvm_intel_loaded()) {
		mutex_lock(&emergency_lock);
		kvm_intel_here = true;
		mutex_unlock(&emergency_lock);
	}
	syscore_add();
	preempt_notifier_inc();
	return 0;

err_reboot:
	unregister_reboot_notifier(&reboot_notifier);
err_hotplug:
	cpuhp_remove_state(hotplug_state);
err_regions:
	free_regions();
	return r;
}

void vmx_exit(void)
{
	preempt_notifier_dec();
	syscore_remove();
	unregister_module_notifier(&module_notifier);
	emergency_unregister();
	unregister_reboot_notifier(&reboot_notifier);
	cpuhp_remove_state(hotplug_state);
	free_regions();
}
