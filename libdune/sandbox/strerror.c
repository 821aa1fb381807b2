/* SPDX-License-Identifier: MIT */
/*
 * strerror.c - what went wrong with a domain, and what to do about it
 */
#include "domain.h"

DUNE_API const char *dune_domain_strerror(int error)
{
	switch (-error) {
	case 0:
		return "no error";
	case EPERM:
		return "this thread is not in Dune mode: call dune_enter() first";
	case EINVAL:
		return "called wrongly: an unknown flag, an option or address out of range, a buffer that is none, or no snapshot";
	case EBUSY:
		return "a call is under way or a buffer is shared; or, of dune_domain_create(), the program uses signal 63, which domains need";
	case EOWNERDEAD:
		return "the domain has ended: dune_domain_report() says why; reset it to a snapshot, or make another";
	case ENOEXEC:
		return "the dynamic linker refused the file: dune_domain_report() has its words";
	case ENOENT:
		return "there is no such file, or no such symbol in what is loaded";
	case EACCES:
		return "no permission to read the file";
	case ENAMETOOLONG:
		return "the path or name is too long";
	case EFAULT:
		return "the memory is not the domain's, or cannot be accessed so";
	case ENOMEM:
		return "out of memory: the domain's (raise its limit) or the process's";
	case ENOSPC:
		return "no guest-physical address is left, or the domain has as many callbacks or shared buffers as it can have";
	case EAGAIN:
		return "the process has no timer left for the call's timeout: raise ulimit -i";
	}
	return dune_strerror(error);
}
