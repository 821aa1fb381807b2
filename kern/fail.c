// SPDX-License-Identifier: GPL-2.0-only
/*
 * fail.c - make the n-th step of a set-up path fail, to prove its unwinding
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>

#include "dune.h"

static atomic_t steps_left = ATOMIC_INIT(0);

static int set_fail_at(const char *text, const struct kernel_param *kp)
{
	int n, r = kstrtoint(text, 0, &n);

	if (r)
		return r;
	if (n < 0)
		return -EINVAL;
	atomic_set(&steps_left, n);
	return 0;
}

static int get_fail_at(char *text, const struct kernel_param *kp)
{
	return sysfs_emit(text, "%d\n", atomic_read(&steps_left));
}

static const struct kernel_param_ops fail_at_ops = {
	.set = set_fail_at,
	.get = get_fail_at,
};

module_param_cb(fail_at, &fail_at_ops, NULL, 0600);
MODULE_PARM_DESC(fail_at, "Debugging: let the n-th fallible set-up step from now on fail with ENOMEM, once [default: 0, none]");

/* Stands before each step of a set-up path that may fail. */
int dune_fail_step(void)
{
	if (likely(!atomic_read(&steps_left)))
		return 0;
	return atomic_dec_if_positive(&steps_left) == 0 ? -ENOMEM : 0;
}
