/* SPDX-License-Identifier: MIT */
/*
 * rseq.c - restartable sequences are off in Dune mode
 *
 * Linux aborts one by looking at the interrupted RIP, which in Dune mode is the
 * run loop's. So a thread that enters gives its registration up (libc then asks
 * Linux, or the vDSO, for the CPU's number), and rseq(2) is not there inside.
 */
#include "priv.h"

/* glibc's (2.35 and later): where its area lies from the thread pointer. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

#define RSEQ_FLAG_UNREGISTER	1
#define RSEQ_SIG		0x53053053	/* glibc's, for x86 */
#define RSEQ_AREA_MIN		32		/* what is registered, however little is used */

void dune_rseq_off(void)
{
	uintptr_t thread_pointer;

	if (!&__rseq_offset || !&__rseq_size || !__rseq_size)
		return;
	asm("mov %%fs:0, %0" : "=r" (thread_pointer));
	sys(__NR_rseq, thread_pointer + __rseq_offset, RSEQ_AREA_MIN, RSEQ_FLAG_UNREGISTER,
	    RSEQ_SIG);
}
