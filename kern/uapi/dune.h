/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * dune.h - the whole interface between dune.ko and user space
 *
 * Installed as <dune/uapi.h>. An open file of /dev/dune is a handle on the VM
 * of the opener's address space (mm); all handles of one mm share one VM. A
 * vcpu is a file descriptor of its own, run by one thread at a time, with one
 * shared page, struct dune_run, at offset 0 of its mmap(). The page can be
 * mapped once (MAP_SHARED, not executable; EINVAL for anything else, EBUSY for
 * a second time), and fork() does not copy it.
 *
 * Every ioctl fails with
 *   ENOTTY  the number is unknown or its direction or size differs,
 *   EINVAL  a reserved bit is set or a value is out of range,
 *   EFAULT  the argument cannot be read or written,
 *   EPERM   the caller's mm is not the one the VM was made for,
 *   ENODEV  that mm has ended (execve(), exit) and the VM with it,
 * and with what stands at each besides. A call that fails changes nothing.
 */
#ifndef _DUNE_UAPI_H
#define _DUNE_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define DUNE_DEVICE		"/dev/dune"
#define DUNE_IOC_MAGIC		0xDE

/* ---- ioctls of the VM file ------------------------------------------- */

/* What this module and this CPU can do. */
#define DUNE_GET_INFO		_IOR(DUNE_IOC_MAGIC, 0x00, struct dune_info)
/* Make a vcpu; returns its descriptor (O_CLOEXEC). The argument is 0 or flags:
 * DUNE_VCPU_NO_SMEP_SMAP. EMFILE, ENFILE, ENOMEM as for open(2). */
#define DUNE_CREATE_VCPU	_IO(DUNE_IOC_MAGIC, 0x01)
/* CR4 has neither bit: at CPL 0 pages of CPL 3 may be executed and accessed. */
#define DUNE_VCPU_NO_SMEP_SMAP	(1U << 0)
/* Give the 1 GiB block around slot.va a place in guest-physical memory, or
 * say which one it has. With DUNE_SLOT_AT, at the place that slot.gpa names.
 * EFAULT: Linux maps nothing in that block; ENOSPC: no guest-physical address is
 * left; EBUSY: the place, or the block, is taken; EINVAL: there is no such place;
 * ENOMEM. */
#define DUNE_MAP_SLOT		_IOWR(DUNE_IOC_MAGIC, 0x02, struct dune_slot)

/*
 * Take the block's place back, to be given to another block. No guest page table
 * may lead there any more; every vcpu's TLB is flushed. slot.gpa is 0, or
 * DUNE_SLOT_ASK to be told only whether it could be taken. EBUSY: no, Linux maps
 * something in the block; ENOENT: it has no place.
 */
#define DUNE_UNMAP_SLOT		_IOW(DUNE_IOC_MAGIC, 0x03, struct dune_slot)
/*
 * Bring what Linux has present in a range into the EPT, so that it costs no exit
 * later. Nothing is faulted in (madvise(2) MADV_POPULATE_READ and _WRITE do that)
 * and blocks without a place are passed over. EINVAL: the range is not below
 * 2^47; EINTR: killed meanwhile; ENOMEM.
 */
#define DUNE_PREFAULT		_IOW(DUNE_IOC_MAGIC, 0x04, struct dune_range)
/*
 * Flush the TLBs of all vcpus: once it returns, none uses a translation that the
 * guest's page tables no longer hold. The argument must be 0.
 */
#define DUNE_FLUSH_TLB		_IO(DUNE_IOC_MAGIC, 0x05)

/* ---- ioctls of the vcpu file ----------------------------------------- */

/*
 * Run the guest until it needs user space. Returns one of DUNE_EXIT_*, with
 * struct dune_run filled in. EBUSY: another thread runs or sets up this vcpu, or
 * it is a system call of a guest's, in the middle of whose stay no vcpu can run;
 * EINVAL: the registers asked for by dune_run.set are not valid (nothing ran);
 * EIO: VMX is off, the machine is going down. A signal never makes it fail: it
 * returns DUNE_EXIT_NONE and is to be called again.
 *
 * lseek(vcpu, key, SEEK_SET) is the same, on a shorter way through the kernel: no
 * security module looks at each call. The key is what DUNE_GET_KEY says.
 */
#define DUNE_RUN		_IO(DUNE_IOC_MAGIC, 0x10)
/* EBUSY as for DUNE_RUN; EINVAL: non-canonical base, reserved bit in cr3. */
#define DUNE_GET_SREGS		_IOR(DUNE_IOC_MAGIC, 0x11, struct dune_sregs)
#define DUNE_SET_SREGS		_IOW(DUNE_IOC_MAGIC, 0x12, struct dune_sregs)
#define DUNE_GET_STATS		_IOR(DUNE_IOC_MAGIC, 0x13, struct dune_stats)
/*
 * A number that nobody can guess. Who has the descriptor but may not make ioctls, as
 * a program in ring 3 that got hold of it, cannot run the vcpu.
 */
#define DUNE_GET_KEY		_IOR(DUNE_IOC_MAGIC, 0x14, __u64)

/* ---- DUNE_GET_INFO ---------------------------------------------------- */

#define DUNE_FEATURE_FAST_SYSCALL (1ULL << 0)	/* the module dispatches calls */
#define DUNE_FEATURE_EPT_AD	(1ULL << 1)	/* EPT accessed and dirty bits */
#define DUNE_FEATURE_EPT_1G	(1ULL << 2)	/* 1 GiB EPT leaves */
#define DUNE_FEATURE_GUEST_1G	(1ULL << 3)	/* 1 GiB leaves in guest tables */
#define DUNE_FEATURE_TIMER	(1ULL << 4)	/* VMX preemption timer as watchdog */
#define DUNE_FEATURE_VPID	(1ULL << 5)
#define DUNE_FEATURE_COUNT_VMCS	(1ULL << 6)	/* VMREAD/VMWRITE are being counted */

#define DUNE_SLOT_SHIFT		30
#define DUNE_SLOT_SIZE		(1ULL << DUNE_SLOT_SHIFT)

struct dune_info {
	__u64 features;		/* DUNE_FEATURE_* */
	__u64 cr4;		/* the guest's CR4: which of SMEP, SMAP, UMIP, PCIDE,
				 * FSGSBASE, OSXSAVE it has */
	__u32 nr_slots;		/* slots of guest-physical memory */
	__u32 gpa_bits;		/* width of a guest-physical address */
	__u32 run_size;		/* bytes to mmap() of a vcpu */
	__u32 reserved;
};

#define DUNE_SLOT_ASK		1	/* in gpa, for DUNE_UNMAP_SLOT */
#define DUNE_SLOT_AT		2	/* in gpa, for DUNE_MAP_SLOT: the rest is the place */

struct dune_slot {
	__u64 va;		/* in: any address in the block, below 2^47 */
	__u64 gpa;		/* out: where the block starts; in: 0, or see DUNE_SLOT_* */
};

struct dune_range {
	__u64 va;		/* rounded down to a page */
	__u64 len;		/* bytes; the end is rounded up */
};

/* ---- state of a vcpu -------------------------------------------------- */

/* In the order in which the hardware numbers them. */
struct dune_regs {
	__u64 rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
	__u64 r8, r9, r10, r11, r12, r13, r14, r15;
	__u64 rip, rflags;
};

struct dune_sregs {
	__u64 cr3;		/* root of the guest's page table, a GPA (no PCID) */
	__u64 gdt_base, idt_base, tr_base;
	__u64 fs_base, gs_base;
	__u64 kernel_gs_base;	/* what SWAPGS exchanges gs_base with */
	__u64 lstar, star, sfmask;	/* SYSCALL's target, selectors, flag mask */
	__u16 gdt_limit, idt_limit, tr_limit, tr_selector;
};

/* Selectors of the flat 64-bit segments a new vcpu starts with, at CPL 0. */
#define DUNE_KERNEL_CS		0x10
#define DUNE_KERNEL_SS		0x18

/* dune_run.set: what DUNE_RUN takes over from the page before it enters. */
#define DUNE_SET_REGS		(1U << 0)	/* regs.rsp, regs.rip, regs.rflags */
#define DUNE_SET_EVENT		(1U << 1)	/* event: deliver it to the guest */
#define DUNE_SET_INTERRUPT	(1U << 2)	/* interrupt: deliver it when it may be */

/*
 * An exception: vector 0 to 31, but not 2 (NMI) nor 21 (#CP, which the guest has
 * not); has_error exactly for 8, 10 to 14 and 17.
 */
struct dune_event {
	__u8 vector;
	__u8 has_error;
	__u16 reserved;
	__u32 error;
	__u64 cr2;		/* with vector 14 */
};

/* What DUNE_RUN returns. */
#define DUNE_EXIT_NONE		0	/* Linux had something to do: call again */
#define DUNE_EXIT_VMCALL	1	/* VMCALL at CPL 0; rip is already past it */
#define DUNE_EXIT_EPT_FAULT	2	/* an access that Linux refuses the process */
#define DUNE_EXIT_PRIVILEGED	3	/* an instruction the guest may not execute */
#define DUNE_EXIT_SHUTDOWN	4	/* triple fault */
#define DUNE_EXIT_ENTRY_FAILED	5	/* the CPU refused the guest's state */
#define DUNE_EXIT_UNKNOWN	6	/* any other exit; info.hw_reason names it */

#define DUNE_ACCESS_READ	(1U << 0)
#define DUNE_ACCESS_WRITE	(1U << 1)
#define DUNE_ACCESS_EXEC	(1U << 2)

/* Details of the last exit that was not DUNE_EXIT_NONE or _VMCALL. */
struct dune_exit_info {
	__u32 hw_reason;	/* basic exit reason, SDM appendix C */
	__u32 insn_len;		/* of the instruction at rip; 0 if unknown */
	__u64 qualification;
	__u64 gva;		/* EPT_FAULT: guest-linear address, ~0 if unknown */
	__u64 gpa;		/* EPT_FAULT */
	__u64 hva;		/* EPT_FAULT: the process's address; ~0 if the GPA
				 * lies in no slot */
	__u32 access;		/* EPT_FAULT: DUNE_ACCESS_* */
	__u32 cpl;
	__u32 intr_info;	/* event being delivered when the exit came, or 0 */
	__u32 intr_error;
	__u32 entry_error;	/* ENTRY_FAILED: VM-instruction error, or 0 */
	__u32 reserved;
};

/*
 * The page shared by a vcpu's thread and the module. regs holds the guest's
 * registers whenever DUNE_RUN has returned, or was left half-way for a signal;
 * rsp, rip and rflags are taken back only with DUNE_SET_REGS. in_syscall belongs to the run loop
 * in user space: it is set while a forwarded system call is under way there,
 * and the module sets it when it leaves such a call to Linux half-way (a
 * restart after a signal), so that the loop knows whose result it holds.
 */
#define DUNE_GDT_CPU	15

struct dune_run {
	struct dune_regs regs;
	__u32 set;		/* DUNE_SET_*; cleared when taken */
	__u32 in_syscall;
	struct dune_event event;
	__u32 interrupt;	/* vector 32 to 255: once the guest's IF is set and
				 * nothing else is being delivered. One waits at a
				 * time: a second takes the first one's place. */
	__u32 reserved;
	struct dune_exit_info info;
	/*
	 * A place for the guest's GDT, ready for the one segment that only the
	 * kernel can fill in: its limit is the number of the CPU (bits 0 to 11) and
	 * of its node, kept right wherever the guest runs. The vDSO's getcpu() reads
	 * it by LSL on CPUs without RDPID.
	 */
	__u64 gdt[DUNE_GDT_CPU];	/* the caller's */
	__u64 gdt_cpu;			/* selector 0x7b */
};

/* ---- DUNE_GET_STATS --------------------------------------------------- */

#define DUNE_NR_HW_REASONS	80

struct dune_stats {
	__u64 exits;		/* all VM exits of this vcpu */
	__u64 fast_syscalls;	/* of them, calls the module dispatched itself */
	__u64 vmreads;		/* only counted under the parameter count_vmcs */
	__u64 vmwrites;
	__u64 by_reason[DUNE_NR_HW_REASONS];
};

#endif /* _DUNE_UAPI_H */
