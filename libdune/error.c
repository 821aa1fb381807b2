/* SPDX-License-Identifier: MIT */
/*
 * error.c - what went wrong, and what to do about it
 */
#include "priv.h"

DUNE_API const char *dune_strerror(int error)
{
	switch (-error) {
	case 0:
		return "no error";
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return "there is no " DUNE_DEVICE ": the module is not loaded; as root, run: insmod build/modules/$(uname -r)/dune.ko (or modprobe dune, where it is installed)";
	case EACCES:
	case EPERM:
		return "no permission to open " DUNE_DEVICE ": run as root, or join the group it belongs to and log in again";
	case EBUSY:
		return "another hypervisor holds VMX on this machine: end its virtual machines and run: rmmod kvm_intel (from Linux 6.12 on, loading kvm with enable_virt_at_load=0 does as well)";
	case EOPNOTSUPP:
		return "the loaded module lacks something this libdune needs: load the module built with it";
	case EIO:
		return "VMX is off: the machine is going down";
	case EINVAL:
		return "called wrongly: an unknown flag, or dune_enter() without dune_init()";
	case EALREADY:
		return "this thread is in Dune mode already";
	case ENOMEM:
		return "out of memory (or of the memory this process may have: see ulimit and the cgroup's limit)";
	case EMFILE:
	case ENFILE:
		return "too many open files: a thread in Dune mode needs one descriptor; raise ulimit -n";
	case EINTR:
		return "interrupted by a signal: try again";
	case ENOSPC:
		return "no guest-physical address is left for another block of memory: this process uses more 1 GiB blocks than this CPU has slots";
	}
	return "an error without a text here; errno(3) names it";
}
