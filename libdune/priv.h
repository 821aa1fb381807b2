/* SPDX-License-Identifier: MIT */
/*
 * priv.h - what libdune's files share
 *
 * "Host half" is code that runs outside Dune mode, on a thread's outside stack,
 * between two stays in the guest; "guest half" runs at CPL 0 inside. Neither
 * uses libc.
 */
#ifndef _LIBDUNE_PRIV_H
#define _LIBDUNE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#include "sig.h"
#include "sys.h"
#include "x86.h"

#define DUNE_API	__attribute__((visibility("default")))
#define PAGE_SIZE	4096UL

/* Behind all small variables, which so lie in few pages. */
#define LARGE		__attribute__((common))

/* linux/errno values; <errno.h> would bring libc's errno with it. */
#include <asm/errno.h>

/* Hypercalls: VMCALL with this in the upper half of RAX, see host.c. */
#define HYPERCALL_MAGIC	0x44554e45UL		/* "DUNE" */
#define HYPERCALL(n)	(HYPERCALL_MAGIC << 32 | (n))
#define HC_LEAVE	HYPERCALL(0)		/* go on outside Dune mode */
#define HC_RAISE	HYPERCALL(1)		/* rdi: trap frame nobody claimed, rsi: CR2 */
#define HC_DIE		HYPERCALL(2)		/* the same, and nothing to go back to */

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t iomap;
} __attribute__((packed));

/* IST entries, counted from 1 as in a gate. */
#define IST_TRAP	1
#define IST_DOUBLE	2
/* What a trap gets of its stack; how much there is; and the other's, above it. */
#define IST_STEP	4096UL
#define IST_SIZE	(4 * IST_STEP)
#define IST_DOUBLE_SIZE	4096UL

/* XSAVE's standard form, without AMX, and Linux's second magic number. */
#define FPU_SIZE	4096

/* Of roots, in each thread's TLB. */
#define NR_PCIDS	32

struct dom_call;

/* See ring3.c. */
struct dune_ring3 {
	struct dune_root *ring0_root, *root;	/* root: NULL where both are one */
	uint64_t	ring0_fs, fs;
	uint8_t		there;		/* not 0: ring 3's are loaded */
};

/*
 * A thread's own. The guest half finds it through GS (ring 3 has its own GS
 * base: swapgs on every ring change), the host half in a register.
 */
struct dune_thread {
	struct dune_thread *self;
	uint64_t	user_rsp;	/* scratch of the SYSCALL entry */
	uint64_t	ring0_sp;	/* where entries from ring 3 begin their stack */
	uint64_t	ring3_frame;	/* of the innermost dune_ring3_enter() */
	struct dune_ring3 ring3;

	struct dune_run	*run;
	uint64_t	host_sp;	/* top of the outside stack */
	int		vcpu_fd;
	uint8_t		entered;	/* the guest has run */
	uint8_t		vfork;		/* freed by the parent, who waits for us */

	uint64_t	ring0_fs, ring3_fs;	/* libdune/compat's */

	uint64_t	signal_sp;	/* top of the stack on which signals are delivered */

	/* sandbox/: the call in whose domain it is, the innermost that waits for us. */
	struct dom_call	*call, *waiting;
	uint32_t	tid;		/* Linux's; 0: not asked for yet */
	uint32_t	call_tid;	/* the same, if calls may go the short way; or 0 */

	uint64_t	ist_floor;	/* end of the traps' IST stack */
	struct tss	tss;
	struct dune_handlers *handlers;	/* its own, or NULL */
	void		*block;		/* everything above and the stacks */
	struct dune_root *root;		/* the page table it runs on */
	struct dune_regs forked;	/* the guest's, for the child of a fork */
	struct dune_sigstate sig;
	/* Vector registers on their way between a signal frame and the CPU. */
	uint8_t		fpu[FPU_SIZE] __attribute__((aligned(64)));

	/* The vcpu's, whichever thread has it: what runs it; and see vm_flush.c. */
	uint64_t	run_key;
	uint64_t	stamp[NR_PCIDS];
	uint32_t	tlb_root;	/* id of the root it was on last */
	bool		tlb_used;
};

/* fds.c */
int dune_fd_take(int fd);
void dune_fd_close(int fd);
void dune_fd_forget_all(bool close);

/* init.c */
struct dune_global {
	bool		ready;
	int		fd;		/* of /dev/dune */
	struct dune_info info;
	uint32_t	xsave_size;	/* 0: FXSAVE only */
	uint32_t	fpu_size;	/* of what a signal frame has of it */
	uint64_t	fpu_mask;	/* those components, 0: FXSAVE only */
	uint32_t	mxcsr_mask;
	uint32_t	vcpu_flags;	/* for DUNE_CREATE_VCPU */
	uint8_t		smap;
	uint8_t		ring3_signals;	/* signals and their handlers are ring 3's */
};
extern struct dune_global dune_global;
int dune_open(void);
int dune_reopen(int stale_fd);

/* The linker's: where the file that libdune is linked into begins and ends. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

/* arena.c */
void *dune_map(size_t size);
void *dune_map_aligned(size_t size);
void *dune_map_fd(size_t size, int fd);
bool dune_arena_is_set(void);
void dune_unmap(void *p, size_t size);
int dune_unmap_call(void);
uintptr_t *dune_arena_freed(size_t size);

/* root.c */
int dune_root_init(void);
int dune_root_add(uintptr_t va);
int dune_root_add_range(const void *start, size_t size);
void dune_root_freeze(void);
void dune_root_thaw(void);
int dune_root_rebuild(void);
uint64_t dune_root_cr3(void);
bool dune_user_range(uint64_t start, uint64_t size);

/* By va >> 30: a block's slot + 1 (0: it has none) and what else is known of it. */
extern uint32_t dune_blocks[];
#define BLOCK_SLOT	0xffffU
#define BLOCK_PENDING	(1U << 16)	/* no root has its leaf yet */
#define BLOCK_SUPERVISOR (1U << 17)	/* said by dune_vm_slot_protect(), or the default */
#define BLOCK_USER	(1U << 18)	/* that there was when it came */
#define BLOCK_SHARED	(1U << 19)	/* libdune has memory there: every root maps it */

static inline bool dune_block_in_use(uintptr_t va)
{
	uint32_t block = __atomic_load_n(&dune_blocks[va >> 30], __ATOMIC_ACQUIRE);

	return (block & BLOCK_SLOT) && !(block & BLOCK_PENDING);
}

/* vm_root.c */
void dune_thread_root(struct dune_thread *t, struct dune_root *root);
void dune_thread_close(struct dune_thread *t);
bool dune_is_alone(void);

/* thread.c */
int dune_thread_new(struct dune_thread **thread);
void dune_thread_clear(struct dune_thread *thread);
void dune_thread_free(struct dune_thread *thread);
int dune_thread_reopen(struct dune_thread *thread);
void dune_thread_own_sregs(struct dune_thread *thread, struct dune_sregs *sregs);
void dune_thread_sregs(struct dune_thread *thread, struct dune_sregs *sregs);
struct dune_thread *dune_thread_at(void *block);
#define BLOCK_SIZE	(240 * 1024UL)
/* Also how dune_sigcatch() knows a thread in Dune mode; a multiple of 16. */
#define OUTSIDE_STACK_SIZE	(64 * 1024UL - 1008)

static inline long dune_get_sregs(struct dune_thread *t, struct dune_sregs *s)
{
	return sys(__NR_ioctl, t->vcpu_fd, DUNE_GET_SREGS, s);
}

static inline long dune_set_sregs(struct dune_thread *t, const struct dune_sregs *s)
{
	return sys(__NR_ioctl, t->vcpu_fd, DUNE_SET_SREGS, s);
}

static inline struct dune_thread *dune_this_thread(void)
{
	struct dune_thread *t;

	asm volatile("movq %%gs:0, %0" : "=r" (t));
	return t;
}

/* spare.c */
uintptr_t *dune_spare_place(void);
struct dune_thread *dune_spare_take(void);
void dune_spare_forget(void);
void dune_spare_close(void);

/* idt.c */
void dune_idt_init(void);
uint64_t dune_idt_base(void);
void dune_idt_set_pgflt(bool args_only);
void dune_gdt_init(struct dune_thread *t);

/* gate.S */
int dune_gate_enter(struct dune_thread *t);
long dune_gate_clone(long nr, long a0, long a1, long a2, long a3, long a4,
		     struct dune_thread *child);
void dune_gate_exit(void *block, size_t size, long status, uintptr_t *freed, int unmap)
	__attribute__((noreturn));
void dune_gate_touch(uintptr_t va, bool write);
void dune_gate_break(void);
long dune_shown_call(long nr, long a, long b, long c, long d, long e);
extern char dune_touch_insn[], dune_touch_done[];
extern char dune_run_loop[], dune_run_insn[], dune_forward[], dune_forward_done[];
long dune_hypercall(uint64_t nr, uint64_t a, uint64_t b);

/* entry_trap.S */
extern char dune_trap_stubs[];
extern char dune_trap_move[];	/* where a trap's frame is written to its stack */
extern char dune_trap_bad_stack[];	/* and where it goes on if that cannot be */
extern char dune_pgflt_bad_stack[];
#define TRAP_STUB_SIZE	16

/* entry_pgflt.S */
void dune_pgflt_entry(void);
void dune_pgflt_args_entry(void);
extern char dune_pgflt_push[], dune_pgflt_pushed[], dune_pgflt_args_push[];
extern char dune_pgflt_args_pushed[];

/* entry_syscall.S, passthrough.S */
void dune_syscall_entry(void);
void dune_args_syscall_entry(void);
void dune_long_syscall_entry(void);
extern char dune_entry_vmcall[], dune_entry_after[];
void dune_user_call(struct dune_tf *tf, struct dune_tf *call);
extern char dune_user_look[], dune_user_vmcall_done[];

/* ring.S, vectors.S */
void dune_to_ring3(void);	/* %rsp is the frame */
void dune_back_to_ring3(void);	/* the same, after a signal's handler */
int dune_ring3_run(const struct dune_tf *tf, struct dune_thread *t);
long dune_call_saving_vectors(void *fn, uint64_t a, uint64_t b, uint64_t c);

/* ring3.c */
void dune_ring3_arrive(struct dune_thread *t);
void dune_ring3_depart(void);

/* Whether the innermost ring 3 has a root of its own; a domain sees to its own. */
static inline bool dune_ring3_is_apart(const struct dune_thread *t)
{
	return t->ring3.root && !t->call;
}

/* handler.c: a program's handlers */
/*
 * A function and, above its address, its flags: one word, 0 for none, so that a trap
 * that comes while one handler takes another's place finds either of them whole.
 */
struct dune_handler {
	uint64_t	word;
};
#define HANDLER_FLAGS	62		/* DUNE_TRAP_* from this bit on */

static inline uint64_t dune_handler_get(const struct dune_handler *h)
{
	return __atomic_load_n(&h->word, __ATOMIC_ACQUIRE);
}

static inline void *dune_handler_fn(uint64_t word)
{
	return (void *)(word & ((1UL << HANDLER_FLAGS) - 1));
}

static inline bool dune_handler_is(uint64_t word, unsigned int flag)
{
	return word & (uint64_t)flag << HANDLER_FLAGS;
}

enum { HANDLER_PGFLT = VECTOR_SIGNAL, HANDLER_SYSCALL, NR_HANDLERS };	/* and vectors */
int dune_handler_set(struct dune_handler *h, void *fn, unsigned int flags);
bool dune_handler_claims(const struct dune_handler *h, uint64_t a, uint64_t b, uint64_t c);
bool dune_handlers_claim(unsigned int which, uint64_t a, uint64_t b, uint64_t c);
uint64_t dune_syscall_handler(void);
bool dune_pgflt_claimed(const struct dune_thread *t);
void dune_handlers_lengthen(unsigned int which);
void dune_handlers_after_fork(void);
void dune_handlers_count_again(const struct dune_thread *t);
void dune_handlers_free(struct dune_thread *t);
extern void *dune_short_pgflt, *dune_args_pgflt, *dune_short_syscall, *dune_ring3_syscall;
void dune_no_short_pgflt(void);
void dune_no_args_pgflt(void);
void dune_no_short_syscall(void);

/* trap.c: called from the entries */
void dune_trap(struct dune_tf *tf, uintptr_t cr2);
void dune_trap_too_deep(struct dune_tf *tf, uintptr_t cr2);
void dune_pgflt_passed(struct dune_tf *tf, uintptr_t cr2);
void dune_put_right(struct dune_tf *tf);
void dune_syscall_trap(struct dune_tf *tf);
void dune_passthrough_frame(struct dune_tf *tf);
void dune_bad_rip(struct dune_tf *tf);
bool dune_pgflt_early(struct dune_tf *tf, uintptr_t cr2);
/*
 * The error code by which the host half injects a fault of Linux's: no CPU finds
 * a reserved bit in an entry that is not present.
 */
#define PF_FROM_LINUX	DUNE_PF_RSVD

/* host.c */
#define HOST_RESUME	0
#define HOST_LEAVE	1
#define HOST_FORWARD	2	/* an ordinary system call after all */
int dune_host_exit(struct dune_thread *t, long code);
void dune_host_restart(struct dune_thread *t);
bool dune_host_may_call(struct dune_thread *t);
struct dune_tf *dune_ring3_call(const struct dune_thread *t);

/* copy.S, uaccess.c: in the guest half; memory.c: in the host half */
uint64_t dune_uaccess(void *to, const void *from, uint64_t size, bool smap);
extern char dune_uaccess_words[], dune_uaccess_rest[];
extern char dune_uaccess_insn[], dune_uaccess_fixup[];
long dune_copy_out(uint64_t to, const void *from, uint64_t size);
long dune_copy_in(void *to, uint64_t from, uint64_t size);
long dune_read_guest(const struct dune_thread *t, void *to, uint64_t from, uint64_t size);
long dune_write_guest(const struct dune_thread *t, uint64_t to, const void *from, uint64_t size);

/* sandbox/: what a domain's code does; called from trap.c */
void dune_dom_syscall(struct dom_call *c, struct dune_tf *tf);
void dune_dom_trap(struct dom_call *c, struct dune_tf *tf, uintptr_t cr2)
	__attribute__((noreturn));
void dune_dom_signal(struct dune_thread *t, struct dom_call *c, struct dune_tf *tf);
void dune_dom_put_off_signal(struct dune_thread *t, struct dune_tf *tf);

/* special.c */
int dune_host_syscall(struct dune_thread *t);

/* clone.c */
long dune_clone(struct dune_thread *t, long nr);
void dune_thread_begin(struct dune_thread *t);

/* bases.c */
long dune_arch_prctl(struct dune_thread *t, uint64_t code, uint64_t arg);
void dune_bases_to_linux(struct dune_thread *t);

/* seccomp.c */
bool dune_seccomp(struct dune_thread *t, long *r);
extern bool dune_has_filters __attribute__((visibility("hidden")));
extern const char dune_gate_start[], dune_gate_end[], dune_clone_done[], dune_exit_done[];

/* rseq.c */
void dune_rseq_off(void);

/* signal.c */
void dune_raise(int sig, int code, uintptr_t addr);
void dune_raise_fatal(int sig, int code, uintptr_t addr);
void dune_raise_trap(struct dune_thread *t, const struct dune_tf *tf, uintptr_t cr2);
void dune_raise_access(struct dune_thread *t, uintptr_t va, uint32_t access);

/* report.c */
void dune_report_exit(struct dune_thread *t, long code);
void dune_report_trap(const struct dune_tf *tf, uintptr_t cr2);
bool dune_log_wanted(void);
void dune_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* why.c: return FAIL(error) from a function of the program's */
int dune_failed(const char *function, int error);
#define FAIL(error)	dune_failed(__func__, error)

/* fmt.c */
int dune_vfmt(char *buf, size_t size, const char *fmt, va_list ap);
int dune_fmt(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* _LIBDUNE_PRIV_H */
