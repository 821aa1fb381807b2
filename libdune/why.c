/* SPDX-License-Identifier: MIT */
/*
 * why.c - a call of the library's failed: which, why, and what helps
 *
 * One line to the log callback, from the call itself, in whichever mode that is.
 */
#include "priv.h"

struct why {
	const char	*function;	/* or the beginning of its name */
	int		error;
	const char	*text;
};

/* The first that fits; if none does, dune_strerror(). */
static const struct why whys[] = {
	{ "dune_init", EINVAL,
	  "flags has an unknown bit: is this libdune older than the headers?" },
	{ "dune_enter", EINVAL, "dune_init() was not called, or failed: call it first" },
	{ "dune_leave", EINVAL, "this thread is not in Dune mode" },
	{ "dune_vcpu_fd", EINVAL, "this thread is not in Dune mode" },
	{ "dune_set_arena", EINVAL,
	  "base and size must be multiples of 4096, and the range must not wrap round" },
	{ "dune_set_arena", EBUSY, "libdune has memory already: call this before dune_init()" },
	{ "dune_prefault", EINVAL,
	  "the range does not end below 2^47, or flags is none of the three values, or dune_init() was not called (or Linux is older than 5.14)" },
	{ "dune_prefault", ENOMEM,
	  "a part of the range is not mapped, or no memory is left: mmap() all of it first" },
	{ "dune_prefault", EFAULT,
	  "Linux allows no such access to a part of the range: see its mprotect()" },
	{ "dune_signal_set_handler", EINVAL,
	  "this signal cannot be handled, or flags has an unknown bit" },
	{ "dune_trap_allow_ring3", EINVAL,
	  "of the CPU's own exceptions ring 3 can be given only 3 and 4; others are 32 to 254" },
	{ "dune_thread_set_", EINVAL,
	  "this thread is not in Dune mode, or this vector cannot be handled, or flags has an unknown bit" },
	{ "dune_trap_", EINVAL, "this vector cannot be handled, or flags has an unknown bit" },
	{ "dune_ring3_enter_root", EINVAL,
	  "rip or fs_base is no address of the lower half, or the root is missing or the caller's own, or signals are ring 3's" },
	{ "dune_ring3_enter", EINVAL, "rip is no address of the lower half" },
	{ "dune_vm_flush", EINVAL,
	  "dune_init() was not called, or the range is empty or does not end below 2^47" },
	{ "dune_vm_slot_protect", EINVAL,
	  "address and length must be multiples of 1 GiB below 2^47, and rights DUNE_PTE_U or 0" },
	{ "dune_vm_default_slot", EINVAL, "rights must be DUNE_PTE_U or 0" },
	{ "dune_vm_switch", EINVAL, "only a thread in Dune mode can switch, and to a root" },
	{ "dune_vm_switch", EFAULT,
	  "this root lacks the thread's stack or libdune's own memory: clone the current root instead" },
	{ "dune_root_free", EINVAL, "the mirror root stays, and this is no other root" },
	{ "dune_root_free", EBUSY,
	  "a thread runs on this root: have it dune_vm_switch() to another first" },
	{ "dune_root_new", EINVAL, "dune_init() was not called, or failed: call it first" },
	{ "dune_vm_clone", EINVAL,
	  "there is no root, or flags has an unknown bit, or dune_init() was not called" },
	{ "dune_vm_", EEXIST, "something is mapped in the range: dune_vm_unmap() it first" },
	{ "dune_vm_", ENOENT,
	  "a part of the range is not mapped: map it first, or name the parts one by one" },
	{ "dune_vm_", EINVAL,
	  "the range is empty, not aligned to its leaves, or does not end below 2^47; or a right or flag is unknown" },
};

static bool begins_with(const char *s, const char *prefix)
{
	while (*prefix && *s == *prefix) {
		s++;
		prefix++;
	}
	return !*prefix;
}

static const char *text_for(const char *function, int error)
{
	size_t i;

	for (i = 0; i < sizeof(whys) / sizeof(whys[0]); i++)
		if (whys[i].error == -error && begins_with(function, whys[i].function))
			return whys[i].text;
	return dune_strerror(error);
}

static void say(const char *function, int error)
{
	dune_log("dune: %s: %s", function, text_for(function, error));
}

/* Returns @error. The callback may use vector registers, whoever called us. */
int dune_failed(const char *function, int error)
{
	if (dune_log_wanted()) {
		if (dune_active())
			dune_call_saving_vectors(say, (uintptr_t)function, error, 0);
		else
			say(function, error);
	}
	return error;
}
