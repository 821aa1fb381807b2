/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracepoints.h - dune:*, what perf, trace-cmd and tracefs can be told of
 *
 * The run loop has one static key for all that is seldom wanted on the way in,
 * and one for the way out; the events there turn them on while they are on
 * themselves. So the loop is no longer for them.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dune

#if !defined(_DUNE_KERN_TRACEPOINTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DUNE_KERN_TRACEPOINTS_H

#include <linux/tracepoint.h>
#include <asm/vmx.h>

#include "dune.h"

/* So that perf and trace-cmd know them by value. */
TRACE_DEFINE_ENUM(EPT_FAULT_AT_ONCE);
TRACE_DEFINE_ENUM(EPT_FAULT_RESOLVED);
TRACE_DEFINE_ENUM(EPT_FAULT_BOUNCE);
TRACE_DEFINE_ENUM(EPT_FAULT_REFUSED);

/* observe.c */
int observe_entries_on(void);
void observe_entries_off(void);
int observe_exits_on(void);
void observe_exits_off(void);

DECLARE_EVENT_CLASS(dune_vcpu,
	TP_PROTO(const struct dune_vcpu *vcpu),
	TP_ARGS(vcpu),
	TP_STRUCT__entry(
		__field(u32, vcpu)
		__field(pid_t, process)
		__field(u16, vpid)
	),
	TP_fast_assign(
		__entry->vcpu = vcpu->id;
		__entry->process = vcpu->vm->pid;
		__entry->vpid = vcpu->vpid;
	),
	TP_printk("vcpu %u process %d vpid %u", __entry->vcpu, __entry->process, __entry->vpid)
);

DEFINE_EVENT(dune_vcpu, dune_vcpu_create,
	TP_PROTO(const struct dune_vcpu *vcpu), TP_ARGS(vcpu));
DEFINE_EVENT(dune_vcpu, dune_vcpu_end,
	TP_PROTO(const struct dune_vcpu *vcpu), TP_ARGS(vcpu));

TRACE_EVENT_FN(dune_entry,
	TP_PROTO(const struct dune_vcpu *vcpu, u64 rip, u32 event),
	TP_ARGS(vcpu, rip, event),
	TP_STRUCT__entry(
		__field(u32, vcpu)
		__field(u32, event)
		__field(u64, rip)
	),
	TP_fast_assign(
		__entry->vcpu = vcpu->id;
		__entry->event = event;
		__entry->rip = rip;
	),
	TP_printk("vcpu %u rip 0x%llx event 0x%x", __entry->vcpu, __entry->rip, __entry->event),
	observe_entries_on, observe_entries_off
);

TRACE_EVENT_FN(dune_exit,
	TP_PROTO(const struct dune_vcpu *vcpu, u32 reason, u64 qualification, u64 rip),
	TP_ARGS(vcpu, reason, qualification, rip),
	TP_STRUCT__entry(
		__field(u32, vcpu)
		__field(u32, reason)
		__field(u64, qualification)
		__field(u64, rip)
	),
	TP_fast_assign(
		__entry->vcpu = vcpu->id;
		__entry->reason = reason;
		__entry->qualification = qualification;
		__entry->rip = rip;
	),
	TP_printk("vcpu %u reason %s%s qualification 0x%llx rip 0x%llx", __entry->vcpu,
		  __print_symbolic(__entry->reason & 0xffff, VMX_EXIT_REASONS),
		  __entry->reason & VMX_EXIT_REASONS_FAILED_VMENTRY ? " (entry failed)" : "",
		  __entry->qualification, __entry->rip),
	observe_exits_on, observe_exits_off
);

TRACE_EVENT_FN(dune_syscall,
	TP_PROTO(const struct dune_vcpu *vcpu, u64 nr, bool fast),
	TP_ARGS(vcpu, nr, fast),
	TP_STRUCT__entry(
		__field(u32, vcpu)
		__field(bool, fast)
		__field(u64, nr)
	),
	TP_fast_assign(
		__entry->vcpu = vcpu->id;
		__entry->fast = fast;
		__entry->nr = nr;
	),
	TP_printk("vcpu %u nr %llu path %s", __entry->vcpu, __entry->nr,
		  __entry->fast ? "fast" : "native"),
	observe_exits_on, observe_exits_off
);

TRACE_EVENT_FN(dune_violation,
	TP_PROTO(const struct dune_vcpu *vcpu, u64 gpa, u32 result),
	TP_ARGS(vcpu, gpa, result),
	TP_STRUCT__entry(
		__field(u32, vcpu)
		__field(u32, access)
		__field(u64, gpa)
		__field(u64, hva)
		__field(u32, result)
	),
	TP_fast_assign(
		__entry->vcpu = vcpu->id;
		__entry->access = vcpu->access.access;
		__entry->gpa = gpa;
		__entry->hva = vcpu->access.hva;
		__entry->result = result;
	),
	TP_printk("vcpu %u gpa 0x%llx hva 0x%llx access %s result %s", __entry->vcpu,
		  __entry->gpa, __entry->hva,
		  __print_flags(__entry->access, "", { DUNE_ACCESS_READ, "r" },
				{ DUNE_ACCESS_WRITE, "w" }, { DUNE_ACCESS_EXEC, "x" }),
		  __print_symbolic(__entry->result, { EPT_FAULT_AT_ONCE, "at-once" },
				   { EPT_FAULT_RESOLVED, "resolved" },
				   { EPT_FAULT_BOUNCE, "bounced" },
				   { EPT_FAULT_REFUSED, "refused" })),
	observe_exits_on, observe_exits_off
);

TRACE_EVENT(dune_invalidate,
	TP_PROTO(const struct dune_vm *vm, unsigned long start, unsigned long end, bool flushed),
	TP_ARGS(vm, start, end, flushed),
	TP_STRUCT__entry(
		__field(pid_t, process)
		__field(bool, flushed)
		__field(unsigned long, start)
		__field(unsigned long, end)
	),
	TP_fast_assign(
		__entry->process = vm->pid;
		__entry->flushed = flushed;
		__entry->start = start;
		__entry->end = end;
	),
	TP_printk("process %d start 0x%lx end 0x%lx %s", __entry->process, __entry->start,
		  __entry->end, __entry->flushed ? "flushed" : "nothing there")
);

DECLARE_EVENT_CLASS(dune_slot,
	TP_PROTO(const struct dune_vm *vm, u64 va, u64 gpa),
	TP_ARGS(vm, va, gpa),
	TP_STRUCT__entry(
		__field(pid_t, process)
		__field(u64, va)
		__field(u64, gpa)
	),
	TP_fast_assign(
		__entry->process = vm->pid;
		__entry->va = va & ~(SLOT_SIZE - 1);
		__entry->gpa = gpa;
	),
	TP_printk("process %d va 0x%llx gpa 0x%llx", __entry->process, __entry->va, __entry->gpa)
);

DEFINE_EVENT(dune_slot, dune_slot_give,
	TP_PROTO(const struct dune_vm *vm, u64 va, u64 gpa), TP_ARGS(vm, va, gpa));
DEFINE_EVENT(dune_slot, dune_slot_take,
	TP_PROTO(const struct dune_vm *vm, u64 va, u64 gpa), TP_ARGS(vm, va, gpa));

#endif /* _DUNE_KERN_TRACEPOINTS_H */

/* Found by the -I of Kbuild; outside of the guard, to be read again and again. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE tracepoints
#include <trace/define_trace.h>
