/* SPDX-License-Identifier: MIT */
/*
 * offsets.c - structure offsets for the assembly; compiled, never linked
 */
#include "sandbox/domain.h"

#define DEFINE(name, value) \
	asm volatile("\n.ascii \"->" #name " %c0\"" : : "i" (value))
#define REG(name)	DEFINE(REGS_##name, offsetof(struct dune_regs, name))
#define TF(name)	DEFINE(TF_##name, offsetof(struct dune_tf, name))
#define CALL(name)	DEFINE(CALL_##name, offsetof(struct dom_call, name))
#define ARGS(name)	DEFINE(ARGS_##name, offsetof(struct dune_domain_call, name))
#define SHORT(name, member) \
	DEFINE(SHORT_##name, (long)(offsetof(struct dune_domain, member) - \
				    offsetof(struct dune_domain, short_call)))
#define THREAD(name)	DEFINE(THREAD_##name, offsetof(struct dune_thread, name))

void offsets(void);

void offsets(void)
{
	_Static_assert(offsetof(struct dune_run, regs) == 0, "regs come first");
	DEFINE(RUN_in_syscall, offsetof(struct dune_run, in_syscall));
	DEFINE(RUN_set, offsetof(struct dune_run, set));
	DEFINE(RUN_interrupt, offsetof(struct dune_run, interrupt));
	DEFINE(SET_REGS, DUNE_SET_REGS);
	DEFINE(SET_INTERRUPT, DUNE_SET_INTERRUPT);
	DEFINE(EXIT_VMCALL, DUNE_EXIT_VMCALL);
	DEFINE(HOST_LEAVE, HOST_LEAVE);
	DEFINE(GLOBAL_xsave_size, offsetof(struct dune_global, xsave_size));
	DEFINE(CR4_TO_KEEP, CR4_PCIDE | CR4_PKE);
	DEFINE(GLOBAL_cr4, offsetof(struct dune_global, info.cr4));
	DEFINE(GLOBAL_smap, offsetof(struct dune_global, smap));
	DEFINE(GLOBAL_ring3_signals, offsetof(struct dune_global, ring3_signals));
	REG(rax);
	REG(rcx);
	REG(rdx);
	REG(rbx);
	REG(rsp);
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
	REG(rip);
	REG(rflags);
	TF(rax);
	TF(rcx);
	TF(rdx);
	TF(rbx);
	TF(rbp);
	TF(rsi);
	TF(rdi);
	TF(r8);
	TF(r9);
	TF(r10);
	TF(r11);
	TF(r12);
	TF(r13);
	TF(r14);
	TF(r15);
	TF(vector);
	TF(error);
	TF(rip);
	TF(cs);
	TF(rflags);
	TF(rsp);
	TF(ss);
	DEFINE(TF_SIZE, sizeof(struct dune_tf));
	THREAD(self);
	THREAD(user_rsp);
	THREAD(ring0_sp);
	THREAD(ring3_frame);
	THREAD(signal_sp);
	DEFINE(THREAD_ist_trap, offsetof(struct dune_thread, tss.ist[IST_TRAP - 1]));
	THREAD(ist_floor);
	DEFINE(IST_STEP, IST_STEP);
	DEFINE(IST_SIZE, IST_SIZE);
	DEFINE(IST_DOUBLE_SIZE, IST_DOUBLE_SIZE);
	DEFINE(THREAD_sig_count, offsetof(struct dune_thread, sig.count));
	DEFINE(THREAD_sig_kick, offsetof(struct dune_thread, sig.kick));
	DEFINE(THREAD_sig_delivering, offsetof(struct dune_thread, sig.delivering));
	THREAD(call);
	THREAD(call_tid);
	DEFINE(DOMAIN_short_call, offsetof(struct dune_domain, short_call));
	DEFINE(DOMAIN_dead, offsetof(struct dune_domain, dead));
	DEFINE(DOMAIN_tid, offsetof(struct dune_domain, threads[0].tid));
	SHORT(back, entries.call_return);
	SHORT(tid, threads[0].tid);
	SHORT(fs, threads[0].fs);
	SHORT(waiters, waiters);
	CALL(args);
	CALL(go);
	DEFINE(CALL_go_rsp, offsetof(struct dom_call, go.rsp));
	CALL(vectors);
	CALL(cr3);
	CALL(host_cr3);
	CALL(host_fs);
	CALL(host_gs);
	ARGS(arg);
	ARGS(timeout);
	ARGS(flags);
	ARGS(result);
	ARGS(fresult);
	THREAD(run);
	THREAD(host_sp);
	THREAD(vcpu_fd);
	THREAD(run_key);
	THREAD(entered);
}
