/* SPDX-License-Identifier: MIT */
/*
 * cfi.h - unwind tables for code that runs on another's behalf
 *
 * The caller's registers are in a structure that a register points to. A
 * debugger's plain backtrace then goes from the run loop into the guest, and
 * from a trap handler into the code it interrupted. (DWARF 4, 6.4.2.3: a rule is
 * an expression, here DW_OP_bregN and an offset of two LEB128 bytes.)
 */
#ifndef _LIBDUNE_CFI_H
#define _LIBDUNE_CFI_H

#define CFI_BREG_RBX	0x73
#define CFI_BREG_RSP	0x77

/* Column @column of the caller is saved at @base + @offset. */
.macro CFI_SAVED column, base, offset
	.cfi_escape 0x10, \column, 3, \base, (\offset & 0x7f) | 0x80, \offset >> 7
.endm

/* The caller's stack pointer, too. */
.macro CFI_SAVED_SP base, offset
	.cfi_escape 0x0f, 4, \base, (\offset & 0x7f) | 0x80, \offset >> 7, 0x06
.endm

/* All registers, in a struct whose offsets are named @prefix_register. */
#define CFI_ALL(prefix, base) \
	CFI_SAVED_SP base, prefix##_rsp; \
	CFI_SAVED 0, base, prefix##_rax; \
	CFI_SAVED 1, base, prefix##_rdx; \
	CFI_SAVED 2, base, prefix##_rcx; \
	CFI_SAVED 3, base, prefix##_rbx; \
	CFI_SAVED 4, base, prefix##_rsi; \
	CFI_SAVED 5, base, prefix##_rdi; \
	CFI_SAVED 6, base, prefix##_rbp; \
	CFI_SAVED 8, base, prefix##_r8; \
	CFI_SAVED 9, base, prefix##_r9; \
	CFI_SAVED 10, base, prefix##_r10; \
	CFI_SAVED 11, base, prefix##_r11; \
	CFI_SAVED 12, base, prefix##_r12; \
	CFI_SAVED 13, base, prefix##_r13; \
	CFI_SAVED 14, base, prefix##_r14; \
	CFI_SAVED 15, base, prefix##_r15; \
	CFI_SAVED 16, base, prefix##_rip

#endif /* _LIBDUNE_CFI_H */
