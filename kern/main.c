// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - load and unload
 */
#include <linux/module.h>

#include "l1tf.h"
#include "msrs.h"
#include "observe.h"
#include "syscall.h"
#include "vmx.h"
#include "vmx_ops.h"

static int set_count_vmcs(const char *text, const struct kernel_param *kp)
{
	bool on;
	int r = kstrtobool(text, &on);

	if (r)
		return r;
	*(bool *)kp->arg = on;
	if (on == static_key_enabled(&dune_count_vmcs))
		return 0;
	if (on) {
		static_branch_enable(&dune_count_vmcs);
		static_branch_inc(&dune_exit_extras);
	} else {
		static_branch_dec(&dune_exit_extras);
		static_branch_disable(&dune_count_vmcs);
	}
	return 0;
}

static const struct kernel_param_ops count_vmcs_ops = {
	.set = set_count_vmcs,
	.get = param_get_bool,
};

static bool count_vmcs;
module_param_cb(count_vmcs, &count_vmcs_ops, &count_vmcs, 0644);
MODULE_PARM_DESC(count_vmcs, "Count VMREADs and VMWRITEs of each vcpu for DUNE_GET_STATS [default: N]");

static int __init dune_init(void)
{
	int r;

	r = vmx_caps_init();
	if (r)
		return r;
	dune_load_init();
	msrs_init();
	r = dune_fail_step() ?: l1tf_init();
	if (r)
		return r;
	r = dune_fail_step() ?: vmcs_init();
	if (r)
		goto err_l1tf;
	r = dune_fail_step() ?: dune_syscall_init();
	if (r)
		goto err_vmcs;
	r = vmx_init();
	if (r)
		goto err_vmcs;
	r = dune_shrink_init();
	if (r)
		goto err_vmx;
	r = dune_device_init();
	if (r)
		goto err_shrink;
	dune_stats_init();
	pr_info("loaded; system calls take the %s path\n",
		dune_fast_syscalls() ? "fast" : "native");
	return 0;

err_shrink:
	dune_shrink_exit();
err_vmx:
	vmx_exit();
err_vmcs:
	vmcs_exit();
err_l1tf:
	l1tf_exit();
	return r;
}

static void __exit dune_exit(void)
{
	dune_stats_exit();
	dune_device_exit();
	dune_vm_drain();
	dune_shrink_exit();
	vmx_exit();
	vmcs_exit();
	l1tf_exit();
}

module_init(dune_init);
module_exit(dune_exit);

MODULE_DESCRIPTION("Dune: safe user-level access to privileged CPU features");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0");
