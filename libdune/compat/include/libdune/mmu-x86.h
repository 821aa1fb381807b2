/* SPDX-License-Identifier: MIT */
/*
 * mmu-x86.h - the bits of page tables, control registers and descriptors
 */
#ifndef _DUNE_COMPAT_MMU_X86_H
#define _DUNE_COMPAT_MMU_X86_H

/* Indices: n is 0 for a page table, 3 for the top table. */
#define NPTENTRIES	(1 << NPTBITS)
#define PDXMASK		(NPTENTRIES - 1)
#define PDSHIFT(n)	(12 + NPTBITS * (n))
#define PDX(n, la)	(((uintptr_t)(la) >> PDSHIFT(n)) & PDXMASK)
#define PPN(la)		((la) >> PGSHIFT)

#define PGSHIFT		12
#define PGSIZE		(1 << PGSHIFT)
#define PGMASK		(PGSIZE - 1)
#define PGOFF(la)	((uintptr_t)(la) & PGMASK)
#define PGADDR(la)	((uintptr_t)(la) & ~CAST64(PGMASK))

#define BIG_PGSHIFT	21
#define BIG_PGSIZE	(1 << BIG_PGSHIFT)
#define BIG_PGMASK	(BIG_PGSIZE - 1)
#define BIG_PGOFF(la)	((uintptr_t)(la) & BIG_PGMASK)
#define BIG_PGADDR(la)	((uintptr_t)(la) & ~CAST64(BIG_PGMASK))

#define PTE_P		0x0001
#define PTE_W		0x0002
#define PTE_U		0x0004
#define PTE_PWT		0x0008
#define PTE_PCD		0x0010
#define PTE_A		0x0020
#define PTE_D		0x0040
#define PTE_PS		0x0080	/* a leaf, above the lowest level */
#define PTE_PAT		0x0080	/* at the lowest level */
#define PTE_G		0x0100
#define PTE_AVAIL	0x0E00
#define PTE_PAT_PS	0x1000	/* in a leaf above the lowest level */
#define PTE_AVAIL2	UINT64(0x7FF0000000000000)
#define PTE_NX		UINT64(0x8000000000000000)

/*
 * Not where the original had them: libdune has uses for bits 9, 10 and 52 of its
 * own, and bits 59 to 62 are protection keys.
 */
#ifndef PTE_COW
#define PTE_COW		0x0800	/* to be copied when it is written to */
#endif
#define PTE_USR1	UINT64(0x0020000000000000)
#define PTE_USR2	UINT64(0x0040000000000000)
#define PTE_USR3	UINT64(0x0080000000000000)

#define PTE_ADDR(pte)	((physaddr_t)(pte) & UINT64(0x000ffffffffff000))
#define PTE_FLAGS(pte)	((physaddr_t)(pte) & UINT64(0xfff0000000000fff))

#define CR0_PE		0x1
#define CR0_MP		0x2
#define CR0_EM		0x4
#define CR0_TS		0x8
#define CR0_ET		0x10
#define CR0_NE		0x20
#define CR0_WP		0x10000
#define CR0_AM		0x40000
#define CR0_NW		0x20000000
#define CR0_CD		0x40000000
#define CR0_PG		0x80000000

#define CR3_PWT		0x8
#define CR3_PCD		0x10

#define CR4_VME		0x1
#define CR4_PVI		0x2
#define CR4_TSD		0x4
#define CR4_DE		0x8
#define CR4_PSE		0x10
#define CR4_PAE		0x20
#define CR4_MCE		0x40
#define CR4_PGE		0x80
#define CR4_PCE		0x100
#define CR4_OSFXSR	0x200
#define CR4_OSX		0x400

#define EFER		0xc0000080
#define EFER_SCE	0x1
#define EFER_LME	0x100
#define EFER_LMA	0x400
#define EFER_NXE	0x800
#define EFER_FFXSR	0x4000

#define MSR_FS_BASE	0xc0000100
#define MSR_GS_BASE	0xc0000101

#define FL_CF		0x00000001
#define FL_PF		0x00000004
#define FL_AF		0x00000010
#define FL_ZF		0x00000040
#define FL_SF		0x00000080
#define FL_TF		0x00000100
#define FL_IF		0x00000200
#define FL_DF		0x00000400
#define FL_OF		0x00000800
#define FL_IOPL_MASK	0x00003000
#define FL_IOPL_0	0x00000000
#define FL_IOPL_1	0x00001000
#define FL_IOPL_2	0x00002000
#define FL_IOPL_3	0x00003000
#define FL_NT		0x00004000
#define FL_RF		0x00010000
#define FL_VM		0x00020000
#define FL_AC		0x00040000
#define FL_VIF		0x00080000
#define FL_VIP		0x00100000
#define FL_ID		0x00200000

/* Bits of a page fault's error code. */
#define FEC_P		0x1	/* forbidden, not missing */
#define FEC_W		0x2
#define FEC_U		0x4
#define FEC_RSV		0x8
#define FEC_I		0x10

/* Descriptors: what stands in bits 40 to 55. */
#define STA_A		(ONE << 0)
#define STA_W		(ONE << 1)
#define STA_E		(ONE << 2)
#define STA_X		(ONE << 3)
#define STA_R		(ONE << 1)
#define STA_C		(ONE << 2)

#define SEG_A		(STA_A << 40)
#define SEG_W		(STA_W << 40)
#define SEG_E		(STA_E << 40)
#define SEG_X		(STA_X << 40)
#define SEG_R		(STA_R << 40)
#define SEG_C		(STA_C << 40)
#define SEG_S		(ONE << 44)
#define SEG_LDT		(UINT64(0x2) << 40)
#define SEG_TSSA	(UINT64(0x9) << 40)
#define SEG_TSSB	(UINT64(0xa) << 40)
#define SEG_CG		(UINT64(0xc) << 40)
#define SEG_IG		(UINT64(0xe) << 40)
#define SEG_TG		(UINT64(0xf) << 40)
#define SEG_DPL(x)	(((x) & UINT64(3)) << 45)
#define SEG_P		(ONE << 47)
#define SEG_L		(ONE << 53)
#define SEG_D		(ONE << 54)
#define SEG_G		(ONE << 55)

#define SEG_LIM(x)	(((x) & 0xffff) | ((x) & UINT64(0xf0000)) << 32)
#define SEG_BASELO(x)	((CAST64(x) & 0xffffff) << 16 | (CAST64(x) & 0xff000000) << 32)
#define SEG_BASEHI(x)	(CAST64(x) >> 32)

#endif /* _DUNE_COMPAT_MMU_X86_H */
