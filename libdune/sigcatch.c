/* SPDX-License-Identifier: MIT */
/*
 * sigcatch.c - where Linux delivers the program's signals (host half)
 *
 * In a thread in Dune mode the signal is put into its queue; the interrupted
 * run loop is set to a place from where it looks there before it enters the
 * guest, or passes on a system call, again. In other threads the program's
 * handler is called as Linux would have called it.
 */
#include <linux/time_types.h>
#include <asm/signal.h>
#include <asm/siginfo.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>

#include "priv.h"

/* A struct ucontext with the mask as the kernel lays it out. */
struct context {
	unsigned long		flags;
	struct context		*link;
	struct dune_altstack	stack;
	struct sigcontext	mc;
	uint64_t		mask;
};

/* Signals an exception can become. All others are put off while one waits. */
#define SYNCHRONOUS	(SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS) | SIG_BIT(SIGILL) | \
			 SIG_BIT(SIGTRAP) | SIG_BIT(SIGFPE) | SIG_BIT(SIGSYS))

/*
 * To Linux, the outside stack is the alternate signal stack of a thread in Dune
 * mode; its size, which nobody else would choose, tells such threads from others.
 */
static struct dune_thread *thread_of(const struct context *context)
{
	struct dune_thread *t;

	if (context->stack.size != OUTSIDE_STACK_SIZE)
		return NULL;
	t = dune_thread_at((void *)(context->stack.sp - PAGE_SIZE));
	return t->self == t ? t : NULL;
}

/* The calling thread's signals come to @t from now on. */
void dune_sigcatch_begin(struct dune_thread *t)
{
	struct dune_altstack outside = {
		.sp = t->host_sp - OUTSIDE_STACK_SIZE,
		.size = OUTSIDE_STACK_SIZE,
	};
	struct dune_altstack was;

	if (!sys(__NR_sigaltstack, &outside, &was) && !(was.flags & ALTSTACK_DISABLE))
		t->sig.altstack = was;
}

/*
 * And no longer: what has arrived and was not delivered is sent again. Signals
 * are blocked.
 */
void dune_sigcatch_end(struct dune_thread *t)
{
	struct dune_altstack own = t->sig.altstack;
	long pid = sys(__NR_getpid), tid = sys(__NR_gettid);
	uint32_t i;

	if (!own.size)
		own.flags = ALTSTACK_DISABLE;
	sys(__NR_sigaltstack, &own, NULL);
	for (i = 0; i < t->sig.count; i++)
		sys(__NR_rt_tgsigqueueinfo, pid, tid, t->sig.queue[i].sig, t->sig.queue[i].info);
	t->sig.count = 0;
}

/*
 * The mask that a call set for its own time and that was in force when the
 * signal came; Linux has told us only the one it will go back to.
 */
static bool temporary_mask(struct dune_thread *t, const struct sigcontext *mc, uint64_t *mask)
{
	const struct dune_regs *regs = &t->run->regs;
	const struct dune_tf *user = dune_ring3_call(t);
	const struct dune_thread *whose = t;
	uint64_t at, pair[2];

	if (!t->run->in_syscall || (long)mc->rax != -EINTR)
		return false;
	switch (regs->rax) {
	case __NR_rt_sigsuspend:
		at = regs->rdi;
		break;
	case __NR_ppoll:
		at = regs->r10;
		break;
	case __NR_epoll_pwait:
	case __NR_epoll_pwait2:
		at = regs->r8;
		break;
	case __NR_pselect6:
	case __NR_io_pgetevents:
		/* Not what ring 3 gave: the handler that forwarded the call has a copy. */
		if (user && user->r9 != regs->r9)
			whose = NULL;
		if (!regs->r9 || dune_read_guest(whose, pair, regs->r9, sizeof(pair)))
			return false;
		at = pair[0];
		break;
	default:
		return false;
	}
	return at && !dune_read_guest(whose, mask, at, 8);
}

/* A filter has seen a call at the run loop's SYSCALL; the program made it here. */
static void *call_address(struct dune_thread *t)
{
	struct dune_tf *user = dune_ring3_call(t);

	return (void *)(user ? user->rip : t->run->regs.rcx);
}

static void enqueue(struct dune_thread *t, int sig, const siginfo_t *info, struct context *c)
{
	struct dune_sigstate *s = &t->sig;
	struct dune_signal *entry;

	if (s->count == SIG_QUEUE)	/* more than there are that can come at once */
		return;
	if (!s->count) {
		s->saved_mask = s->mask = c->mask;
		temporary_mask(t, &c->mc, &s->mask);
	}
	entry = &s->queue[s->count];
	entry->action = dune_sighand_take(s->hand, sig);
	/* Another thread took the handler that was good for one time. */
	if (entry->action.handler <= HANDLER_IGN)
		return;
	__builtin_memcpy(entry->info, info, SIGINFO_SIZE);
	if (sig == SIGSYS && info->si_code == SYS_SECCOMP)
		((siginfo_t *)entry->info)->si_call_addr = call_address(t);
	entry->sig = sig;
	s->count++;
	s->kick = 1;
	c->mask |= ~SYNCHRONOUS | SIG_BIT(sig);
}

static bool within(uint64_t rip, const char *start, const char *end)
{
	return rip >= (uintptr_t)start && rip < (uintptr_t)end;
}

/* The access made for the guest failed for good: go on behind it. */
static bool touch_failed(struct dune_thread *t, int sig, const siginfo_t *info,
			 struct sigcontext *mc)
{
	if (!within(mc->rip, dune_touch_insn, dune_touch_done) || info->si_code <= 0 ||
	    (sig != SIGSEGV && sig != SIGBUS))
		return false;
	t->sig.trapno = mc->trapno;
	t->sig.error = mc->err;
	t->sig.cr2 = mc->cr2;
	mc->rip = (uintptr_t)dune_touch_done;
	return true;
}

/*
 * The run loop looks into the queue before it enters the guest or passes on a
 * call: from behind that look, back to it. A call that was not begun, or that
 * Linux wants to begin again after the handler, is given back to the guest.
 */
static void redirect(struct dune_thread *t, struct sigcontext *mc)
{
	bool at_run = mc->rip == (uintptr_t)dune_run_insn;
	bool at_call = within(mc->rip, dune_forward, dune_forward_done) ||
		       (at_run && t->run->in_syscall);

	if (at_call) {
		/* A call interrupted once already, and a handler ends it. */
		mc->rax = mc->rax == __NR_restart_syscall ? -EINTR : -ECALLAGAIN;
		mc->rip = (uintptr_t)dune_forward_done;
	} else if (at_run || within(mc->rip, dune_run_loop, dune_run_insn)) {
		mc->rip = (uintptr_t)dune_run_loop;
	}
}

/* Outside Dune mode Linux has blocked more than it should. */
static void call_handler(int sig, void *info, struct context *c)
{
	struct dune_action action = dune_sighand_take(&dune_sighand_main, sig);
	uint64_t mask = c->mask | action.mask;

	if (!(action.flags & SA_NODEFER))
		mask |= SIG_BIT(sig);
	dune_sigmask_set(mask);
	if (action.handler == HANDLER_VECTOR)
		dune_signal_vector_outside(sig, &c->mc);
	else if (action.handler > HANDLER_IGN)
		((void (*)(int sig, void *info, void *context))action.handler)(sig, info, c);
}

void dune_sigcatch(int sig, void *info, void *context)
{
	struct context *c = context;
	struct dune_thread *t = thread_of(c);

	if (!t) {
		call_handler(sig, info, c);
		return;
	}
	touch_failed(t, sig, info, &c->mc);
	enqueue(t, sig, info, c);
	redirect(t, &c->mc);
}
