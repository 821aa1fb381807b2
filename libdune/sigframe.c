/* SPDX-License-Identifier: MIT */
/*
 * sigframe.c - the frame a signal handler finds on its stack
 *
 * Byte for byte what Linux writes (arch/x86/include/asm/sigframe.h, and
 * asm/sigcontext.h for the vector registers), from the guest's registers. Every
 * byte that comes back was in the program's hands and is checked.
 */
#include <asm/signal.h>
#include <asm/siginfo.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>

#include "priv.h"

struct frame {
	uint64_t		restorer;	/* the handler returns there */
	unsigned long		flags;
	uint64_t		link;
	struct dune_altstack	stack;
	struct sigcontext	mc;
	uint64_t		mask;
	uint8_t			info[SIGINFO_SIZE];
};

#define RED_ZONE	128
#define MAGIC2_SIZE	FP_XSTATE_MAGIC2_SIZE

/* What a program may set by rt_sigreturn(2). */
#define RETURN_FLAGS	(FLAG_AC | 0x800 /* OF */ | FLAG_DF | FLAG_TF | FLAG_RF | 0xd5)

/* ---- vector registers --------------------------------------------------- */

#define MXCSR_INIT	0x1f80
#define XFEATURE_PKRU	(1UL << 9)

static void xsave(void *area, uint64_t mask)
{
	asm volatile("xsave64 (%0)" : : "r" (area), "a" ((uint32_t)mask),
		     "d" ((uint32_t)(mask >> 32)) : "memory");
}

static void xrstor(const void *area, uint64_t mask)
{
	asm volatile("xrstor64 (%0)" : : "r" (area), "a" ((uint32_t)mask),
		     "d" ((uint32_t)(mask >> 32)) : "memory");
}

static uint64_t frame_fpu_size(void)
{
	return dune_global.fpu_mask ? dune_global.fpu_size + MAGIC2_SIZE : 512;
}

/* Into the thread's own buffer, as it goes into the frame. */
static void save_fpu(struct dune_thread *t)
{
	struct _fpx_sw_bytes *sw = (void *)(t->fpu + 464);
	uint32_t magic = FP_XSTATE_MAGIC2;

	if (!dune_global.fpu_mask) {
		asm volatile("fxsave64 (%0)" : : "r" (t->fpu) : "memory");
		__builtin_memset(sw, 0, sizeof(*sw));
		return;
	}
	__builtin_memset(t->fpu, 0, dune_global.fpu_size);
	xsave(t->fpu, dune_global.fpu_mask);
	*sw = (struct _fpx_sw_bytes) {
		.magic1		= FP_XSTATE_MAGIC1,
		.extended_size	= dune_global.fpu_size + MAGIC2_SIZE,
		.xfeatures	= dune_global.fpu_mask,
		.xstate_size	= dune_global.fpu_size,
	};
	__builtin_memcpy(t->fpu + dune_global.fpu_size, &magic, MAGIC2_SIZE);
}

/* As every handler finds them, and who says nothing else gets back. */
static void reset_fpu(struct dune_thread *t)
{
	uint32_t *area = (uint32_t *)t->fpu;

	__builtin_memset(t->fpu, 0, 576);
	area[0] = 0x37f;
	area[6] = MXCSR_INIT;
	if (!dune_global.fpu_mask) {
		asm volatile("fxrstor64 (%0)" : : "r" (t->fpu));
		return;
	}
	xrstor(t->fpu, dune_global.fpu_mask & ~XFEATURE_PKRU);
	/* Linux's init_pkru: no key but 0. */
	if (dune_global.fpu_mask & XFEATURE_PKRU)
		asm volatile("wrpkru" : : "a" (0x55555554), "c" (0), "d" (0));
}

/*
 * From the copy in the thread's buffer: nothing in it may make XRSTOR fault.
 * @extended: more than FXSAVE's 512 bytes.
 */
static void load_fpu(struct dune_thread *t, bool extended)
{
	uint32_t *area = (uint32_t *)t->fpu;
	uint64_t *header = (uint64_t *)(t->fpu + 512);
	uint64_t features = extended ? header[0] & dune_global.fpu_mask : 3;

	area[6] &= dune_global.mxcsr_mask;
	if (!dune_global.fpu_mask) {
		asm volatile("fxrstor64 (%0)" : : "r" (t->fpu));
		return;
	}
	__builtin_memset(header, 0, 64);
	header[0] = features;
	xrstor(t->fpu, dune_global.fpu_mask);
}

/* ---- from the guest's registers, and back ------------------------------- */

#define EACH_REGISTER(_) \
	_(r8) _(r9) _(r10) _(r11) _(r12) _(r13) _(r14) _(r15) _(rdi) _(rsi) _(rbp) _(rbx) \
	_(rdx) _(rax) _(rcx) _(rsp) _(rip)

void dune_tf_to_context(struct sigcontext *mc, const struct dune_tf *tf)
{
#define TO(name)	mc->name = tf->name;
	EACH_REGISTER(TO)
	mc->eflags = tf->rflags & ~(uint64_t)FLAG_IOPL;
}

void dune_tf_from_context(struct dune_tf *tf, const struct sigcontext *mc)
{
#define FROM(name)	tf->name = mc->name;
	EACH_REGISTER(FROM)
	tf->rflags = (mc->eflags & RETURN_FLAGS) | FLAG_IF | FLAG_FIXED;
}

static void fill(struct dune_thread *t, struct frame *f, const struct dune_tf *tf,
		 const struct dune_signal *signal, uint64_t mask, uint64_t fpu)
{
	__builtin_memset(f, 0, sizeof(*f));
	f->restorer = signal->action.restorer;
	f->flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	if (dune_global.fpu_mask)
		f->flags |= UC_FP_XSTATE;
	f->stack = t->sig.altstack;
	dune_tf_to_context(&f->mc, tf);
	f->mc.cs = tf->cs;
	f->mc.ss = tf->ss;
	f->mc.err = t->sig.error;
	f->mc.trapno = t->sig.trapno;
	f->mc.cr2 = t->sig.cr2;
	f->mc.oldmask = mask;
	f->mc.fpstate = (void *)fpu;
	f->mask = mask;
	__builtin_memcpy(f->info, signal->info, SIGINFO_SIZE);
}

/* Libdune's own instructions stand for the SYSCALL that led to them. */
static void hide_entry(struct dune_tf *tf)
{
	if (tf->cs & 3)
		return;
	if (tf->rip == (uintptr_t)dune_entry_vmcall)
		tf->rip = tf->rcx - 2;
	else if (tf->rip == (uintptr_t)dune_entry_after)
		tf->rip = tf->rcx;
}

/* ---- the frame ---------------------------------------------------------- */

static long put(const struct dune_tf *tf, uint64_t to, const void *from, uint64_t size)
{
	return tf->cs & 3 ? dune_copy_to_user(to, from, size) : dune_copy_out(to, from, size);
}

/* Where the handler's stack begins; whether that is the alternate one. */
static uint64_t stack_for(const struct dune_thread *t, const struct dune_tf *tf, uint64_t flags,
			  bool *alternate)
{
	const struct dune_altstack *alt = &t->sig.altstack;
	bool at_ring0 = (tf->cs & 3) && !dune_global.ring3_signals;
	uint64_t sp = at_ring0 ? t->ring0_sp : tf->rsp - RED_ZONE;
	bool armed = alt->size && !(alt->flags & ALTSTACK_AUTODISARM);

	*alternate = armed && dune_on_altstack(alt, sp);
	if ((flags & SA_ONSTACK) && alt->size && !*alternate) {
		*alternate = true;
		return alt->sp + alt->size;
	}
	return sp;
}

/*
 * Make @tf begin the handler, with all it needs to come back on its stack.
 * Whether there was room. @mask: the mask to come back to.
 */
bool dune_sigframe_push(struct dune_thread *t, struct dune_tf *tf,
			const struct dune_signal *signal, uint64_t mask)
{
	bool alternate, user = (tf->cs & 3) && dune_global.ring3_signals;
	uint64_t fpu, at;
	struct frame f;

	hide_entry(tf);
	fpu = stack_for(t, tf, signal->action.flags, &alternate);
	fpu = (fpu - frame_fpu_size()) & ~63UL;
	at = ((fpu - sizeof(f)) & ~15UL) - 8;
	if (alternate && !dune_on_altstack(&t->sig.altstack, at))
		return false;
	if (!(signal->action.flags & SA_RESTORER))
		return false;

	fill(t, &f, tf, signal, mask, fpu);
	save_fpu(t);
	if (!user) {
		tf->cs = SEL_KERNEL_CS;
		tf->ss = SEL_KERNEL_SS;
	}
	if (put(tf, fpu, t->fpu, frame_fpu_size()) || put(tf, at, &f, sizeof(f))) {
		tf->cs = f.mc.cs;
		tf->ss = f.mc.ss;
		return false;
	}
	if (t->sig.altstack.flags & ALTSTACK_AUTODISARM)
		t->sig.altstack = (struct dune_altstack) { .flags = ALTSTACK_DISABLE };
	reset_fpu(t);

	tf->rip = signal->action.handler;
	tf->rsp = at;
	tf->rdi = signal->sig;
	tf->rsi = at + offsetof(struct frame, info);
	tf->rdx = at + offsetof(struct frame, flags);
	tf->rax = 0;
	tf->rflags &= ~(uint64_t)(FLAG_DF | FLAG_RF | FLAG_TF);
	return true;
}

/* Ring 3's frame is read in the guest half, CPL 0's in the host half. */
static long get(const struct dune_thread *t, bool user, void *to, uint64_t from, uint64_t size)
{
	if (user)
		return dune_copy_from_user(to, from, size);
	return dune_read_guest(t, to, from, size);
}

/* Whether the frame's vector registers could be read. */
static bool pop_fpu(struct dune_thread *t, uint64_t from, bool user)
{
	const struct _fpx_sw_bytes *sw = (void *)(t->fpu + 464);
	uint32_t magic = 0;
	bool extended;

	if (!from) {
		reset_fpu(t);
		return true;
	}
	if (get(t, user, t->fpu, from, 512))
		return false;
	extended = dune_global.fpu_mask && sw->magic1 == FP_XSTATE_MAGIC1 &&
		   sw->xstate_size == dune_global.fpu_size &&
		   sw->extended_size == dune_global.fpu_size + MAGIC2_SIZE;
	if (extended && get(t, user, t->fpu, from, dune_global.fpu_size))
		return false;
	if (extended && get(t, user, &magic, from + dune_global.fpu_size, MAGIC2_SIZE))
		return false;
	load_fpu(t, extended && magic == FP_XSTATE_MAGIC2);
	return true;
}

/*
 * rt_sigreturn(2): @tf becomes what the frame on its stack says. @user: it is
 * ring 3's; else CPL 0's, which may have been on its way back to ring 3.
 * Returns -EFAULT where there is no such frame, or none that can be.
 */
long dune_sigframe_pop(struct dune_thread *t, struct dune_tf *tf, bool user, uint64_t *mask)
{
	uint64_t at = tf->rsp - 8;
	struct frame f;

	if (get(t, user, &f, at, sizeof(f)) || !pop_fpu(t, (uintptr_t)f.mc.fpstate, user))
		return -EFAULT;
	dune_sigaltstack(t, tf->rsp, &f.stack, NULL);
	dune_tf_from_context(tf, &f.mc);
	if (user || (f.mc.cs & 3)) {
		tf->cs = SEL_USER_CS;	/* of whatever RIP: the way there looks */
		tf->ss = SEL_USER_SS;
	} else {
		tf->cs = SEL_KERNEL_CS;
		tf->ss = SEL_KERNEL_SS;
	}
	*mask = f.mask;
	return 0;
}
