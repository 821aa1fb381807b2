/* SPDX-License-Identifier: MIT */
/*
 * tasks.c - the arguments of clone() and clone3(), and what became of a child
 */
#include <linux/sched.h>
#include <signal.h>

#include "trace.h"

static void put_where(struct text *t, const char *name, uint64_t address)
{
	put_string(t, name);
	put_pointer(t, address);
}

static void put_exit_signal(struct text *t, uint64_t sig)
{
	put_string(t, ", exit_signal=");
	if (sig > 64)
		put_unsigned(t, sig);
	else
		put_signal(t, sig, "SIG");
}

/* What the call gave the parent. */
static void put_child(struct text *t, const struct trace_piece *p)
{
	int tid;

	if (!p || p->size < sizeof(tid))
		return;
	__builtin_memcpy(&tid, p + 1, sizeof(tid));
	put_numbers(t, " => {parent_tid=[#d]}", (uint64_t[]){ tid });
}

/* The first form of the structure is there. */
void put_clone_args(struct text *t, const struct call *call, const struct trace_piece *p)
{
	struct clone_args args = { 0 };

	__builtin_memcpy(&args, p + 1, CLONE_ARGS_SIZE_VER0);
	put_string(t, "{flags=");
	put_flags(t, KIND_CLONEBITS, args.flags);
	if (args.flags & CLONE_PIDFD)
		put_where(t, ", pidfd=", args.pidfd);
	if (args.flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID))
		put_where(t, ", child_tid=", args.child_tid);
	if (args.flags & CLONE_PARENT_SETTID)
		put_where(t, ", parent_tid=", args.parent_tid);
	put_exit_signal(t, args.exit_signal);
	put_where(t, ", stack=", args.stack);
	put_string(t, ", stack_size=");
	put_hex(t, args.stack_size);
	if (args.flags & CLONE_SETTLS)
		put_where(t, ", tls=", args.tls);
	put_char(t, '}');
	put_child(t, call->piece[OF_RESULT]);
}

/* All of clone()'s arguments, which strace shows in another order, and by their names. */
void put_clone(struct text *t, const struct call *call)
{
	const uint64_t *args = call->r->args;
	uint32_t flags = args[0];

	put_where(t, "child_stack=", args[1]);
	put_string(t, ", flags=");
	put_flags(t, KIND_CLONE, flags);
	if (flags & (CLONE_PARENT_SETTID | CLONE_PIDFD))
		put_where(t, ", parent_tid=", args[2]);
	if (flags & CLONE_SETTLS)
		put_where(t, ", tls=", args[4]);
	if (flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID))
		put_where(t, ", child_tidptr=", args[3]);
}

/* Of waitid(): no times, which the kernel does not write. */
void put_siginfo_of_child(struct text *t, const void *p)
{
	int v[7];

	READ(v, p);
	if (!v[0]) {
		put_string(t, "{}");
		return;
	}
	put_string(t, "{si_signo=");
	put_signal(t, v[0], "SIG");
	put_string(t, ", si_code=");
	put_child_code(t, v[2]);
	put_numbers(t, ", si_pid=#d, si_uid=#u, si_status=", (uint64_t[]){ v[4], (uint32_t)v[5] });
	if (v[2] == CLD_EXITED)
		put_signed(t, v[6]);
	else
		put_signal(t, v[6], "SIG");
	put_char(t, '}');
}
