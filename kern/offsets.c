// SPDX-License-Identifier: GPL-2.0-only
/*
 * offsets.c - structure offsets for vmenter.S; compiled, never linked
 */
#define COMPILE_OFFSETS
#include <linux/kbuild.h>

#include <asm/vmx.h>

#include "dune.h"

#define REG(name, field)	OFFSET(VCPU_##name, dune_vcpu, regs.field)

static void __used offsets(void)
{
	DEFINE(VMCS_HOST_RSP, HOST_RSP);
	OFFSET(VCPU_host_rsp, dune_vcpu, host_rsp);
	OFFSET(VCPU_launched, dune_vcpu, launched);
	REG(rax, ax);
	REG(rcx, cx);
	REG(rdx, dx);
	REG(rbx, bx);
	REG(rbp, bp);
	REG(rsi, si);
	REG(rdi, di);
	REG(r8, r8);
	REG(r9, r9);
	REG(r10, r10);
	REG(r11, r11);
	REG(r12, r12);
	REG(r13, r13);
	REG(r14, r14);
	REG(r15, r15);
}
