// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats.c - what all vcpus count, in debugfs, for root: dune/stats
 *
 * A line for each vcpu, one for each VM, with the sums of its vcpus, those that have
 * ended included, and one for the machine: a word, then "name=number". Numbers
 * of exits by reason are there if they are not 0. No addresses.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>

#include "dune.h"
#include "vms.h"

static struct dentry *folder;

static void show_totals(struct seq_file *m, const struct dune_totals *t)
{
	const struct dune_stats *s = &t->stats;
	int i;

	seq_printf(m, " exits=%llu fast-syscalls=%llu native-syscalls=%llu", s->exits,
		   s->fast_syscalls, t->native_syscalls);
	seq_printf(m, " resolved=%llu bounced=%llu refused=%llu",
		   t->violations[EPT_FAULT_RESOLVED], t->violations[EPT_FAULT_BOUNCE],
		   t->violations[EPT_FAULT_REFUSED]);
	seq_printf(m, " vmreads=%llu vmwrites=%llu", s->vmreads, s->vmwrites);
	for (i = 0; i < DUNE_NR_HW_REASONS; i++)
		if (s->by_reason[i])
			seq_printf(m, " exit-%d=%llu", i, s->by_reason[i]);
	seq_putc(m, '\n');
}

static void show_sum(struct seq_file *m, const struct dune_totals *t)
{
	seq_printf(m, " vcpus-made=%llu invalidations=%llu flushes=%llu kicks=%llu",
		   t->vcpus, t->invalidations, t->flushes, t->kicks);
	show_totals(m, t);
}

/* The vcpus' lines, then the VM's own. */
static void show_vm(struct seq_file *m, const struct dune_vm *vm, struct dune_totals *machine)
{
	static struct dune_totals one, sum;	/* under dune_vms_lock */
	const struct dune_vcpu *vcpu;

	memset(&sum, 0, sizeof(sum));
	dune_totals_add_vm(&sum, vm);
	list_for_each_entry(vcpu, &vm->vcpus, in_vm) {
		memset(&one, 0, sizeof(one));
		dune_totals_add_vcpu(&one, vcpu);
		dune_totals_add(&sum, &one);
		seq_printf(m, "vcpu pid=%d tid=%d id=%u vm=%llu", vm->pid, READ_ONCE(vcpu->tid),
			   vcpu->id, vm->nr);
		show_totals(m, &one);
	}
	seq_printf(m, "process pid=%d vm=%llu slots=%u tables=%lu", vm->pid, vm->nr,
		   READ_ONCE(vm->slots.used) - READ_ONCE(vm->slots.nr_free),
		   READ_ONCE(vm->ept.nr_tables));
	show_sum(m, &sum);
	dune_totals_add(machine, &sum);
}

static int stats_show(struct seq_file *m, void *unused)
{
	static struct dune_totals machine;	/* under dune_vms_lock */
	const struct dune_vm *vm;

	spin_lock(&dune_vms_lock);
	machine = dune_ended;
	list_for_each_entry(vm, &dune_vms, in_all)
		show_vm(m, vm, &machine);
	seq_puts(m, "machine");
	show_sum(m, &machine);
	spin_unlock(&dune_vms_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/* Without debugfs the module does all the same. */
void __init dune_stats_init(void)
{
	folder = debugfs_create_dir("dune", NULL);
	debugfs_create_file("stats", 0400, folder, NULL, &stats_fops);
}

void dune_stats_exit(void)
{
	debugfs_remove(folder);
}
