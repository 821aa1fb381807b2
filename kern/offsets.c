// SPDX-License-Identifier: GPL-2.0-only
/*
 * offsets.c - structure offsets for vmenter.S; compiled, never linked
 */
#define COMPILE_OFFSETS
#include <linux/kbuild.h>

#include <asm/vmx.h>

#include "dune.h"

#define REG(name)	OFFSET(REGS_##name, dune_regs, name)

static void __used offsets(void)
{
	DEFINE(VMCS_HOST_RSP, HOST_RSP);
	OFFSET(VCPU_run, dune_vcpu, run);
	OFFSET(VCPU_host_rsp, dune_vcpu, host_rsp);
	OFFSET(VCPU_launched, dune_vcpu, launched);
	BUILD_BUG_ON(offsetof(struct dune_run, regs));
	REG(rax);
	REG(rcx);
	REG(rdx);
	REG(rbx);
	REG(rbp);
	REG(rsi);
	REG(rdi);
	REG(r8);
	REG(r9);
	REG(r10);
	REG(r11);
	REG(r12);
	REG(r13);
	REG(r14);
	REG(r15);
}
