/* SPDX-License-Identifier: MIT */
/*
 * report.c - say what happened: what, where, and why, in a few lines
 *
 * Only where a program set a log callback. But for dune_log(), in the host half.
 */
#include "priv.h"

static dune_log_fn log_fn;
static void *log_data;

DUNE_API void dune_set_log(dune_log_fn fn, void *data)
{
	log_data = data;
	__atomic_store_n(&log_fn, fn, __ATOMIC_RELEASE);
}

DUNE_API void dune_log_stderr(void *data, const char *text)
{
	size_t len = 0;

	(void)data;
	while (text[len])
		len++;
	sys(__NR_write, 2, text, len);
	sys(__NR_write, 2, "\n", 1);
}

bool dune_log_wanted(void)
{
	return __atomic_load_n(&log_fn, __ATOMIC_RELAXED);
}

void dune_log(const char *fmt, ...)
{
	dune_log_fn fn = __atomic_load_n(&log_fn, __ATOMIC_ACQUIRE);
	char line[256];
	va_list ap;

	if (!fn)
		return;
	va_start(ap, fmt);
	dune_vfmt(line, sizeof(line), fmt, ap);
	va_end(ap);
	fn(log_data, line);
}

struct reason {
	uint32_t	nr;
	const char	*what;
};

/* Basic exit reasons (SDM appendix C) that a guest can cause at will. */
static const struct reason reasons[] = {
	{ 2, "triple fault: a fault while a double fault was delivered (is the IDT in order?)" },
	{ 9, "task switch" },
	{ 11, "GETSEC" },
	{ 12, "HLT" },
	{ 13, "INVD" },
	{ 15, "RDPMC" },
	{ 17, "RSM" },
	{ 19, "VMCLEAR" },
	{ 20, "VMLAUNCH" },
	{ 21, "VMPTRLD" },
	{ 22, "VMPTRST" },
	{ 23, "VMREAD" },
	{ 24, "VMRESUME" },
	{ 25, "VMWRITE" },
	{ 26, "VMXOFF" },
	{ 27, "VMXON" },
	{ 28, "access to a control register" },
	{ 29, "access to a debug register" },
	{ 30, "IN or OUT: port I/O" },
	{ 31, "RDMSR of an MSR outside the list" },
	{ 32, "WRMSR of an MSR outside the list" },
	{ 36, "MWAIT" },
	{ 39, "MONITOR" },
	{ 48, "access to guest-physical memory" },
	{ 50, "INVEPT" },
	{ 53, "INVVPID" },
	{ 54, "WBINVD" },
	{ 55, "XSETBV" },
	{ 59, "VMFUNC" },
	{ 60, "ENCLS" },
	{ 63, "XSAVES" },
	{ 64, "XRSTORS" },
};

static const char *reason_name(uint32_t nr)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].nr == nr)
			return reasons[i].what;
	return "a VM exit without a name here";
}

static const char *access_name(uint32_t access)
{
	if (access & DUNE_ACCESS_EXEC)
		return "execute";
	return access & DUNE_ACCESS_WRITE ? "write" : "read";
}

static const char *why_ept(const struct dune_exit_info *info)
{
	if (info->hva == ~0ULL)
		return "this guest-physical address lies in no slot: a guest page table points outside the process";
	if (info->gva == ~0ULL)
		return "the guest's tables themselves lie where Linux allows no access";
	return "Linux allows the process no such access there";
}

static void report_place(struct dune_thread *t)
{
	const struct dune_regs *regs = &t->run->regs;

	dune_log("dune:   RIP 0x%llx  RSP 0x%llx  RFLAGS 0x%llx  CPL %u", regs->rip, regs->rsp,
		 regs->rflags, t->run->info.cpl);
}

/* @code: what DUNE_RUN returned. */
void dune_report_exit(struct dune_thread *t, long code)
{
	const struct dune_exit_info *info = &t->run->info;

	if (!dune_log_wanted())
		return;
	switch (code) {
	case DUNE_EXIT_EPT_FAULT:
		dune_log("dune: refused: %s at GVA 0x%llx, GPA 0x%llx, HVA 0x%llx",
			 access_name(info->access), info->gva, info->gpa, info->hva);
		dune_log("dune:   why: %s", why_ept(info));
		break;
	case DUNE_EXIT_PRIVILEGED:
		dune_log("dune: refused: %s (exit reason %u, qualification 0x%llx)",
			 reason_name(info->hw_reason), info->hw_reason, info->qualification);
		dune_log("dune:   why: it would reach the machine, not the process; the guest gets a fault");
		break;
	case DUNE_EXIT_SHUTDOWN:
		dune_log("dune: the guest cannot go on: %s", reason_name(2));
		break;
	case DUNE_EXIT_ENTRY_FAILED:
		dune_log("dune: the CPU refused the guest's state (exit reason %u, VM-instruction error %u)",
			 info->hw_reason, info->entry_error);
		break;
	case DUNE_EXIT_UNKNOWN:
		dune_log("dune: the guest cannot go on: VM exit %u, qualification 0x%llx: %s",
			 info->hw_reason, info->qualification, reason_name(info->hw_reason));
		break;
	default:
		dune_log("dune: the guest cannot go on: %s", dune_strerror(code));
	}
	report_place(t);
	if (info->intr_info)
		dune_log("dune:   while event %u was delivered to the guest (error code 0x%x)",
			 info->intr_info & 0xff, info->intr_error);
}

static const char *const trap_names[32] = {
	"divide error", "debug exception", "NMI", "breakpoint", "overflow",
	"bound range exceeded", "invalid opcode", "device not available",
	"double fault", "coprocessor segment overrun", "invalid TSS",
	"segment not present", "stack fault", "general protection fault",
	"page fault", "reserved", "x87 floating-point error", "alignment check",
	"machine check", "SIMD floating-point error",
};

void dune_report_trap(const struct dune_tf *tf, uintptr_t cr2)
{
	const char *name = tf->vector < 32 ? trap_names[tf->vector] : NULL;

	if (!dune_log_wanted())
		return;
	dune_log("dune: unclaimed exception %lu (%s), error code 0x%lx", tf->vector,
		 name ? name : "no exception of the CPU", tf->error);
	if (tf->vector == TRAP_PF)
		dune_log("dune:   GVA 0x%lx, GPA 0x%lx: %s %s", (unsigned long)cr2,
			 dune_va_to_pa((void *)cr2), access_name(tf->error & DUNE_PF_FETCH ?
			 DUNE_ACCESS_EXEC : tf->error & DUNE_PF_WRITE ? DUNE_ACCESS_WRITE : 0),
			 tf->error & DUNE_PF_LINUX ? "refused by Linux" :
			 tf->error & DUNE_PF_PRESENT ? "forbidden by the guest's table" :
			 "of memory that is not mapped");
	dune_log("dune:   RIP 0x%lx  RSP 0x%lx  RFLAGS 0x%lx  CPL %lu", tf->rip, tf->rsp,
		 tf->rflags, tf->cs & 3);
}
