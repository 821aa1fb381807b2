/* SPDX-License-Identifier: MIT */
/*
 * trap.c - the original's handlers, which return nothing, behind libdune's
 *
 * Ring 3 has an FS base of its own; a handler runs with ring 0's, as libc needs
 * it. That is exchanged here, in functions that have no stack protector.
 */
#include <stdio.h>

#include "../priv.h"
#include "compat.h"

static dune_intr_cb intr_cbs[256];
static dune_intr_cb signal_cbs[65];
static dune_pgflt_cb pgflt_cb;
static dune_syscall_cb syscall_cb;

static uint64_t read_fs(void)
{
	uint32_t low, high;
	uint64_t fs;

	if (dune_global.info.cr4 & CR4_FSGSBASE) {
		asm volatile("rdfsbase %0" : "=r" (fs));
		return fs;
	}
	asm volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (MSR_FS_BASE));
	return (uint64_t)high << 32 | low;
}

static void write_fs(uint64_t fs)
{
	if (dune_global.info.cr4 & CR4_FSGSBASE)
		asm volatile("wrfsbase %0" : : "r" (fs) : "memory");
	else
		asm volatile("wrmsr" : : "c" (MSR_FS_BASE), "a" ((uint32_t)fs),
			     "d" ((uint32_t)(fs >> 32)) : "memory");
}

/* Both sides begin with what the thread has. */
void compat_fs_begin(void)
{
	struct dune_thread *t = dune_this_thread();

	t->ring0_fs = t->ring3_fs = read_fs();
}

/* A signal may also come outside Dune mode. */
static bool from_ring3(const struct dune_tf *tf)
{
	return (tf->cs & 3) && dune_active() && dune_this_thread()->ring0_fs;
}

/* With ring 0's FS base from here on; whether that was another. */
static bool begin(const struct dune_tf *tf)
{
	struct dune_thread *t;

	if (!from_ring3(tf))
		return false;
	t = dune_this_thread();
	t->ring3_fs = read_fs();
	write_fs(t->ring0_fs);
	return true;
}

static void end(bool exchanged)
{
	if (exchanged)
		write_fs(dune_this_thread()->ring3_fs);
}

static void call(dune_intr_cb cb, struct dune_tf *tf)
{
	bool exchanged = begin(tf);

	cb(tf);
	end(exchanged);
}

unsigned long dune_compat_get_user_fs(void)
{
	return dune_active() ? dune_this_thread()->ring3_fs : 0;
}

void dune_compat_set_user_fs(unsigned long fs_base)
{
	if (dune_active())
		dune_this_thread()->ring3_fs = fs_base;
}

static int on_intr(struct dune_tf *tf)
{
	dune_intr_cb cb = __atomic_load_n(&intr_cbs[tf->vector & 255], __ATOMIC_RELAXED);

	if (!cb)
		return DUNE_TRAP_PASS;
	call(cb, tf);
	return DUNE_TRAP_DONE;
}

static int on_signal(struct dune_tf *tf)
{
	dune_intr_cb cb = __atomic_load_n(&signal_cbs[tf->vector - DUNE_SIGNAL_INTR_BASE],
					  __ATOMIC_RELAXED);

	if (cb)
		call(cb, tf);
	return DUNE_TRAP_DONE;
}

/* What Linux refuses no page table mends: it stays Linux's, and is a signal. */
static int on_pgflt(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	bool exchanged;

	if (error & DUNE_PF_LINUX)
		return DUNE_TRAP_PASS;
	exchanged = begin(tf);
	pgflt_cb(addr, tf->error, tf);
	end(exchanged);
	return DUNE_TRAP_DONE;
}

/* The fourth argument comes in R10; the original's handlers have it in RCX. */
static void on_syscall(struct dune_tf *tf)
{
	tf->rcx = tf->r10;
	call(syscall_cb, tf);
	tf->rcx = tf->rip;
}

int dune_compat_register_signal_handler(int signum, dune_intr_cb cb)
{
	if (signum < 1 || signum > 64)
		return -EINVAL;
	if (cb)
		__atomic_store_n(&signal_cbs[signum], cb, __ATOMIC_RELEASE);
	return dune_signal_set_handler(signum, cb ? on_signal : NULL, 0);
}

int dune_compat_register_intr_handler(int vec, dune_intr_cb cb)
{
	dune_intr_cb old;
	int r;

	if (vec < 0 || vec > 255)
		return -EINVAL;
	if (vec > DUNE_SIGNAL_INTR_BASE)
		return dune_compat_register_signal_handler(vec - DUNE_SIGNAL_INTR_BASE, cb);
	old = intr_cbs[vec];
	__atomic_store_n(&intr_cbs[vec], cb, __ATOMIC_RELEASE);
	r = dune_trap_set_handler(vec, cb ? on_intr : NULL, 0);
	if (r)
		intr_cbs[vec] = old;
	return r;
}

void dune_compat_register_pgflt_handler(dune_pgflt_cb cb)
{
	if (cb)
		__atomic_store_n(&pgflt_cb, cb, __ATOMIC_RELEASE);
	dune_trap_set_pgflt_handler(cb ? on_pgflt : NULL, 0);
}

void dune_compat_register_syscall_handler(dune_syscall_cb cb)
{
	if (cb)
		__atomic_store_n(&syscall_cb, cb, __ATOMIC_RELEASE);
	dune_trap_set_syscall_handler(cb ? on_syscall : NULL, 0);
}

int dune_compat_jump_to_user(struct dune_tf *tf)
{
	struct dune_thread *t = dune_this_thread();
	int r;

	t->ring0_fs = read_fs();
	write_fs(t->ring3_fs);
	r = dune_ring3_enter(tf);
	write_fs(t->ring0_fs);
	return r;
}

void dune_compat_ret_from_user(int ret)
{
	dune_ring3_exit(ret);
}

/* A call of ring 3's keeps R10, whatever the handler makes of its argument. */
void dune_compat_passthrough_syscall(struct dune_tf *tf)
{
	uint64_t r10 = tf->r10;

	tf->r10 = tf->rcx;
	dune_passthrough_syscall(tf);
	tf->r10 = r10;
}

/* resume.S */
void compat_resume(struct dune_tf *tf) __attribute__((noreturn));

void dune_compat_pop_trap_frame(struct dune_tf *tf)
{
	bool ring3 = tf->cs & 3;

	tf->cs = ring3 ? SEL_USER_CS : SEL_KERNEL_CS;
	tf->ss = ring3 ? SEL_USER_SS : SEL_KERNEL_SS;
	tf->rflags &= ~(uint64_t)(FLAG_IOPL | FLAG_NT | FLAG_VM | FLAG_VIF_VIP);
	tf->rflags |= FLAG_IF | FLAG_FIXED;
	if (ring3 && dune_this_thread()->ring0_fs)
		write_fs(dune_this_thread()->ring3_fs);
	compat_resume(tf);
}
