/* SPDX-License-Identifier: MIT */
/*
 * sig.h - signals between Linux, the host half and the guest half
 *
 * Linux delivers every signal to sigcatch.c, outside Dune mode, which puts it
 * into the thread's queue and blocks all others. The run loop then interrupts
 * the guest (VECTOR_SIGNAL), where sigdeliver.c makes the frame that Linux would
 * have made, from the guest's registers, and sets the handler's mask. So Linux
 * keeps every rule about who gets which signal when; only the last step is ours.
 */
#ifndef _LIBDUNE_SIG_H
#define _LIBDUNE_SIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NR_SIGNALS	64
#define SIG_BIT(sig)	(1ULL << ((sig) - 1))
#define SIGINFO_SIZE	128

/* struct sigaction as rt_sigaction(2) has it. */
struct dune_action {
	uint64_t	handler, flags, restorer, mask;
};

#define HANDLER_DFL	0UL
#define HANDLER_IGN	1UL
#define HANDLER_VECTOR	2UL	/* ours: see dune_signal_set_handler() */

/* The program's handlers; threads share one, as they share Linux's. */
struct dune_sighand {
	uint32_t		lock;		/* the process's own has another, see lock.h */
	uint32_t		users;		/* 0: the process's own, never freed */
	struct dune_action	action[NR_SIGNALS];
};

#define ALTSTACK_ONSTACK	1U
#define ALTSTACK_DISABLE	2U
#define ALTSTACK_AUTODISARM	(1U << 31)

/* stack_t. */
struct dune_altstack {
	uint64_t	sp;
	uint32_t	flags, reserved;
	uint64_t	size;
};

/*
 * One that may be put off, and each of those that a thread causes itself and
 * cannot put off: they are blocked one by one as they arrive.
 */
#define SIG_QUEUE	8

struct dune_signal {
	uint8_t			info[SIGINFO_SIZE] __attribute__((aligned(8)));
	struct dune_action	action;
	uint32_t		sig;
};

struct dune_sigstate {
	uint32_t		count;		/* in queue */
	uint32_t		kick;		/* the guest must be interrupted */
	uint8_t			delivering;
	uint64_t		saved_mask;	/* goes into the first frame */
	uint64_t		mask;		/* the thread's, without our blocking */
	uint64_t		start_mask;	/* of a new thread */
	uint64_t		trapno, error, cr2;	/* of the last exception */
	struct dune_altstack	altstack;
	struct dune_sighand	*hand;
	struct dune_signal	queue[SIG_QUEUE];
};

struct dune_thread;
struct dune_tf;
struct sigcontext;

/* sigaction.c */
uint64_t dune_sigmask_set(uint64_t mask);
extern struct dune_sighand dune_sighand_main;
long dune_sigaction(struct dune_sighand *hand, int sig, const struct dune_action *new,
		    struct dune_action *old);
long dune_sigaltstack(struct dune_thread *t, uint64_t sp, const struct dune_altstack *new,
		      struct dune_altstack *old);
bool dune_on_altstack(const struct dune_altstack *alt, uint64_t sp);
void dune_sighand_adopt(void);
void dune_sighand_lock(struct dune_sighand *hand);
void dune_sighand_unlock(struct dune_sighand *hand);
struct dune_sighand *dune_sighand_copy(struct dune_sighand *hand);
void dune_sighand_reset(struct dune_sighand *hand);
void dune_sighand_put(struct dune_sighand *hand);
struct dune_action dune_sighand_take(struct dune_sighand *hand, int sig);

/* sigcatch.c; gate.S */
void dune_sigcatch_return(void);
void dune_sigcatch(int sig, void *info, void *context);
void dune_sigcatch_begin(struct dune_thread *t);
void dune_sigcatch_end(struct dune_thread *t);

/* sigdeliver.c */
/* Told of each signal before its handler's frame is made; for who links libdune.a. */
extern void (*dune_signal_seen)(uint32_t sig, const void *info);
void dune_signal_deliver(struct dune_thread *t, struct dune_tf *tf);
void dune_signal_to_ring3(struct dune_tf *tf);
void dune_signal_return(struct dune_tf *tf);
void dune_signal_vector_outside(int sig, struct sigcontext *mc);

/* sigframe.c */
void dune_tf_to_context(struct sigcontext *mc, const struct dune_tf *tf);
void dune_tf_from_context(struct dune_tf *tf, const struct sigcontext *mc);
bool dune_sigframe_push(struct dune_thread *t, struct dune_tf *tf,
			const struct dune_signal *signal, uint64_t mask);
long dune_sigframe_pop(struct dune_thread *t, struct dune_tf *tf, bool user, uint64_t *mask);

#endif /* _LIBDUNE_SIG_H */
