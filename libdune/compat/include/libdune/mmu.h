/* SPDX-License-Identifier: MIT */
/*
 * mmu.h - page tables of four levels, and what the CPU finds by descriptor
 */
#ifndef _DUNE_COMPAT_MMU_H
#define _DUNE_COMPAT_MMU_H

#include "types.h"

#define UINT64(x)	((uint64_t)x)
#define CAST64(x)	((uint64_t)x)
#define ONE		UINT64(1)

#define NPTBITS		9	/* log2 of a table's entries */
#define NPTLVLS		3	/* the top level, counted from 0 */
#define PD_SKIP		6	/* to pd_lim in struct Pseudodesc */

#include "mmu-x86.h"

typedef uint64_t ptent_t;

/* What LGDT and LIDT take, from pd_lim on. */
struct Pseudodesc {
	uint16_t pd__garbage1;
	uint16_t pd__garbage2;
	uint16_t pd__garbage3;
	uint16_t pd_lim;
	uint64_t pd_base;
} __attribute__((packed));

struct Tss {
	char tss__ign1[4];
	uint64_t tss_rsp[3];
	uint64_t tss_ist[8];		/* counted from 1 */
	char tss__ign2[10];
	uint16_t tss_iomb;
	__extension__ uint8_t tss_iopb[];
} __attribute__((packed));

struct Gatedesc {
	uint64_t gd_lo;
	uint64_t gd_hi;
};

#endif /* _DUNE_COMPAT_MMU_H */
