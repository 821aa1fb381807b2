/* SPDX-License-Identifier: MIT */
/*
 * thread.c - a thread's vcpu and the memory it needs in both halves
 *
 * One mapping holds it all, each stack above a page that stays out of reach:
 *
 *	guard | outside stack 64K | guard | ring-0 stack 64K |
 *	guard | signal stack 64K | IST stacks 16K, 4K | struct dune_thread
 */
#include <linux/mman.h>
#include <asm/prctl.h>

#include "priv.h"

#define STACK_SIZE	(64 * 1024UL)

#define HOST_STACK_TOP	(PAGE_SIZE + STACK_SIZE)
#define RING0_STACK_TOP	(HOST_STACK_TOP + PAGE_SIZE + STACK_SIZE)
#define SIGNAL_STACK_TOP (RING0_STACK_TOP + PAGE_SIZE + STACK_SIZE)
#define IST1_TOP	(SIGNAL_STACK_TOP + IST_SIZE)
#define IST2_TOP	(IST1_TOP + IST_DOUBLE_SIZE)

_Static_assert(IST2_TOP + sizeof(struct dune_thread) <= BLOCK_SIZE, "the block is too small");

static void protect_guards(char *block)
{
	sys(__NR_mprotect, block, PAGE_SIZE, PROT_NONE);
	sys(__NR_mprotect, block + HOST_STACK_TOP, PAGE_SIZE, PROT_NONE);
	sys(__NR_mprotect, block + RING0_STACK_TOP, PAGE_SIZE, PROT_NONE);
}

static int open_vcpu(struct dune_thread *t)
{
	long fd = sys(__NR_ioctl, dune_global.fd, DUNE_CREATE_VCPU, dune_global.vcpu_flags);
	uint64_t key = 0;
	int r;

	if (sys_failed(fd))
		return fd;
	r = dune_fd_take(fd);
	if (r < 0)
		return r;
	t->vcpu_fd = r;
	/* Its number has been low: another thread may have put another file there. */
	r = sys(__NR_ioctl, t->vcpu_fd, DUNE_GET_KEY, &key);
	if (r)
		dune_fd_close(t->vcpu_fd);
	/* By us: where Linux, short of memory, cannot bring its page in, it says EFAULT. */
	t->run_key = key;
	return r;
}

/* Given its block; not yet known to be one. */
struct dune_thread *dune_thread_at(void *block)
{
	return (struct dune_thread *)((char *)block + IST2_TOP);
}

static void set_up(struct dune_thread *t, char *block)
{
	t->self = t;
	t->block = block;
	t->host_sp = (uintptr_t)block + PAGE_SIZE + OUTSIDE_STACK_SIZE;
	t->ring0_sp = (uintptr_t)block + RING0_STACK_TOP;
	t->signal_sp = (uintptr_t)block + SIGNAL_STACK_TOP;
	t->sig.hand = &dune_sighand_main;
	t->ist_floor = (uintptr_t)block + SIGNAL_STACK_TOP;
	t->tss.ist[IST_TRAP - 1] = (uintptr_t)block + IST1_TOP;
	t->tss.ist[IST_DOUBLE - 1] = (uintptr_t)block + IST2_TOP;
	dune_gdt_init(t);
}

/* As if it were new; its vcpu gets all of its state before it runs. */
static void set_up_again(struct dune_thread *t)
{
	struct dune_run *run = t->run;
	void *block = t->block;
	int fd = t->vcpu_fd;

	__builtin_memset(t, 0, offsetof(struct dune_thread, fpu));
	t->run = run;
	t->vcpu_fd = fd;
	run->set = run->in_syscall = 0;
	set_up(t, block);
}

static int make(struct dune_thread *t, char *block)
{
	int r = dune_root_add_range(block, BLOCK_SIZE) ?: open_vcpu(t);

	if (r)
		return r;
	t->run = dune_map_fd(dune_global.info.run_size, t->vcpu_fd);
	r = t->run ? dune_root_add_range(t->run, dune_global.info.run_size) : -ENOMEM;
	if (r) {
		dune_unmap(t->run, dune_global.info.run_size);
		dune_fd_close(t->vcpu_fd);
		return r;
	}
	set_up(t, block);
	return 0;
}

int dune_thread_new(struct dune_thread **thread)
{
	char *block;
	int r;

	*thread = dune_spare_take();
	if (*thread) {
		set_up_again(*thread);
		return 0;
	}
	block = dune_map(BLOCK_SIZE);
	if (!block)
		return -ENOMEM;
	protect_guards(block);
	*thread = dune_thread_at(block);
	r = make(*thread, block);
	if (r)
		dune_unmap(block, BLOCK_SIZE);
	return r;
}

/* What a thread has besides its block and its vcpu. */
void dune_thread_clear(struct dune_thread *t)
{
	dune_thread_root(t, NULL);
	dune_sighand_put(t->sig.hand);
	dune_handlers_free(t);
}

void dune_thread_free(struct dune_thread *t)
{
	uintptr_t *place = dune_spare_place();

	dune_thread_clear(t);
	if (place) {
		__atomic_store_n(place, (uintptr_t)t, __ATOMIC_RELEASE);
		return;
	}
	dune_unmap(t->run, dune_global.info.run_size);
	dune_fd_close(t->vcpu_fd);
	dune_unmap(t->block, BLOCK_SIZE);
}

/* Its vcpu, as far as Linux is concerned; the process ends. */
void dune_thread_close(struct dune_thread *t)
{
	sys(__NR_munmap, t->run, dune_global.info.run_size);
	sys(__NR_close, t->vcpu_fd);
}

/* In a forked child: a vcpu of its own at the places of the parent's. */
int dune_thread_reopen(struct dune_thread *t)
{
	long p;
	int r = open_vcpu(t);

	if (r)
		return r;
	t->tlb_used = false;
	t->tid = t->call_tid = 0;
	dune_handlers_count_again(t);
	p = sys(__NR_mmap, t->run, dune_global.info.run_size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_FIXED, t->vcpu_fd, 0);
	if (sys_failed(p))
		return p;
	dune_gdt_init(t);
	return 0;
}

/* Those that lead to the thread's own memory. */
void dune_thread_own_sregs(struct dune_thread *t, struct dune_sregs *s)
{
	s->gdt_base = (uintptr_t)t->run->gdt;
	s->tr_base = (uintptr_t)&t->tss;
	s->gs_base = (uintptr_t)t;
}

/* The registers of a thread that begins at CPL 0 with this process's state. */
void dune_thread_sregs(struct dune_thread *t, struct dune_sregs *s)
{
	uint64_t fs = 0, gs = 0;

	sys(__NR_arch_prctl, ARCH_GET_FS, &fs);
	sys(__NR_arch_prctl, ARCH_GET_GS, &gs);
	*s = (struct dune_sregs) {
		.cr3		= dune_root_cr3(),
		.gdt_limit	= 8 * (DUNE_GDT_CPU + 1) - 1,
		.idt_base	= dune_idt_base(),
		.idt_limit	= 4095,
		.tr_limit	= sizeof(t->tss) - 1,
		.tr_selector	= SEL_TSS,
		.fs_base	= fs,
		.kernel_gs_base	= gs,
		.lstar		= (uintptr_t)dune_syscall_entry,
		/* SYSRET adds 8 and 16 to the upper selector. */
		.star		= (uint64_t)(SEL_USER_SS - 8) << 48 |
				  (uint64_t)SEL_KERNEL_CS << 32,
		.sfmask		= FLAG_IF | FLAG_TF | FLAG_DF | FLAG_IOPL | FLAG_NT | FLAG_RF | FLAG_AC,
	};
	dune_thread_own_sregs(t, s);
}

DUNE_API bool dune_active(void)
{
	uint16_t cs;

	asm volatile("mov %%cs, %0" : "=r" (cs));
	return cs == SEL_KERNEL_CS;
}

/*
 * A thread object for the calling thread, and its stack in the guest's table.
 * -EPERM: the VM, or the vcpu of a spare thread, is the parent's of a fork.
 */
static int prepare(struct dune_thread **t)
{
	struct dune_sregs sregs;
	int r = dune_root_add((uintptr_t)__builtin_frame_address(0)) ?: dune_thread_new(t);

	if (r)
		return r;
	dune_thread_root(*t, dune_vm_mirror());
	dune_thread_sregs(*t, &sregs);
	r = dune_set_sregs(*t, &sregs);
	if (r)
		dune_thread_free(*t);
	return r;
}

/* Outside Dune mode again: nothing of @t may be in use any more. */
static void leave_outside(struct dune_thread *t)
{
	uint64_t mask = dune_sigmask_set(~0ULL);

	if (t->sig.count)	/* all the rest was blocked already */
		mask = t->sig.saved_mask;
	dune_sigcatch_end(t);
	dune_thread_free(t);
	dune_sigmask_set(mask);
}

DUNE_API int dune_enter(void)
{
	struct dune_thread *t;
	int r, fd = dune_global.fd;

	if (!dune_global.ready)
		return FAIL(-EINVAL);
	if (dune_active())
		return FAIL(-EALREADY);
	r = prepare(&t);
	if (r == -EPERM)	/* a child of fork */
		r = dune_reopen(fd) ?: prepare(&t);
	if (r)
		return FAIL(r);
	dune_rseq_off();
	if (!dune_global.ring3_signals)
		dune_sighand_adopt();
	dune_sigcatch_begin(t);
	r = dune_gate_enter(t);
	if (!r)
		return 0;
	leave_outside(t);
	return FAIL(r);
}

DUNE_API int dune_leave(void)
{
	struct dune_thread *t;

	if (!dune_active())
		return FAIL(-EINVAL);
	t = dune_this_thread();
	dune_hypercall(HC_LEAVE, 0, 0);
	/* Outside now, on the same stack. */
	leave_outside(t);
	return 0;
}

DUNE_API int dune_vcpu_fd(void)
{
	return dune_active() ? dune_this_thread()->vcpu_fd : FAIL(-EINVAL);
}
