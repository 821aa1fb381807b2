/* SPDX-License-Identifier: MIT */
/*
 * numbers.h - a domain's own system calls, and sizes that the assembly knows
 */
#ifndef _LIBDUNE_SANDBOX_NUMBERS_H
#define _LIBDUNE_SANDBOX_NUMBERS_H

#define NR_RETURN	0x1000	/* a call has ended: result, double result */
#define NR_PARK		0x1001	/* the loader waits: struct dom_entries, or 0 */
#define NR_CALLBACK	0x1100	/* and the callback's index */

#define MAX_CALLBACKS	32
#define CALLBACK_SIZE	16	/* bytes of code for each */

#ifndef __ASSEMBLER__
/* Functions of the loader's, for the host to call, and its ends of calls. */
struct dom_entries {
	unsigned long	load, symbol, spawn;
	unsigned long	call_return, call_with_doubles, callbacks;
};
#endif

#endif /* _LIBDUNE_SANDBOX_NUMBERS_H */
