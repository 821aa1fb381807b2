/* SPDX-License-Identifier: MIT */
/*
 * wall.c - the second line: Linux itself refuses what the policy never allows
 *
 * If ring 3 should find a way past the sandbox, it meets no_new_privs, few
 * capabilities, Landlock (where the kernel has it) and, unless the policy does
 * without it, a seccomp filter that dune-policy made.
 */
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "box.h"

#define CAP(name)	(1U << CAP_##name)

/* About files and processes, which the policy is about; not about the machine. */
static const uint32_t kept_capabilities =
	CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) | CAP(FOWNER) | CAP(FSETID) |
	CAP(KILL) | CAP(SETGID) | CAP(SETUID) | CAP(NET_BIND_SERVICE) | CAP(IPC_LOCK) |
	CAP(SYS_NICE) | CAP(SYS_RESOURCE);

/* For good: with no_new_privs no program that is executed has more. */
static long drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	long r = sys(__NR_capget, &head, data);

	if (r)
		return r;
	data[0].permitted &= kept_capabilities;
	data[0].effective &= kept_capabilities;
	data[0].inheritable &= kept_capabilities;
	data[1] = (struct __user_cap_data_struct){ 0 };
	return sys(__NR_capset, &head, data);
}

static long use_seccomp(const struct box *b)
{
	const struct sock_fprog prog = {
		.len = b->policy->nr_filter,
		.filter = (struct sock_filter *)b->policy->filter,
	};

	return sys(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}

/* Once, for this process and all that come from it. @monitor: the path of dune-run. */
long wall_build(struct box *b, const char *monitor)
{
	long r;

	if (b->policy->second_line == SECOND_OFF)
		return 0;
	r = sys(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ?: drop_capabilities();
	r = r ?: landlock_use(b, monitor);
	if (!r && b->policy->second_line == SECOND_FULL)
		r = use_seccomp(b);
	return r;
}
