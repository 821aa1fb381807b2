/* SPDX-License-Identifier: MIT */
/*
 * box.c - the way of a system call of ring 3's
 */
#include "box.h"

bool box_hides_fd(const struct box *b, uint64_t fd)
{
	const struct shared *s = b->shared;
	unsigned int i;

	if ((int)fd < 0)	/* AT_FDCWD, most of all: no descriptor is negative */
		return false;
	if (dune_owns_fd(fd))
		return true;
	fd = (uint32_t)fd;
	/* New vcpus come there: not even a free number is ring 3's to fill. */
	if (b->shares_fds && fd >= b->slots.room)
		return true;
	if (fd >= b->slots.first && fd < b->slots.end && slots_have(b, fd))
		return true;
	if (fd < s->hidden_from || fd >= s->hidden_to)
		return false;
	for (i = 0; i < b->policy->nr_paths; i++)
		if (s->path[i].fd == (int)fd)
			return true;
	return (int)fd == s->policy_fd || (int)fd == s->monitor_fd || (int)fd == s->report_fd ||
	       (int)fd == s->learn_fd;
}

/* Hand the call to Linux as @nr with these arguments; see dune_forward_syscall(). */
long box_pass_as(struct request *r, uint32_t nr, uint64_t a, uint64_t b, uint64_t c,
		 uint64_t d, uint64_t e, uint64_t f)
{
	const uint64_t args[6] = { a, b, c, d, e, f };
	long result;

	if (dune_forward_syscall(r->tf, nr, args, &result))
		return result;
	r->again = true;
	return -EINTR;
}

long box_pass(struct request *r)
{
	return box_pass_as(r, r->nr, r->args[0], r->args[1], r->args[2], r->args[3], r->args[4],
			   r->args[5]);
}

static long handle(struct request *r)
{
	call_fn fn = handlers[r->call->handler] ?: r->box->front[r->call->handler];

	return fn ? fn(r) : -ENOSYS;
}

static long decide(struct request *r)
{
	struct verdict v = policy_judge(r->box->policy, r->nr, r->args, fd_class, r->box);

	switch (v.action.kind) {
	case ACTION_LOG:
		report_verdict(r, &v);
		return handle(r);
	case ACTION_ALLOW:
		return handle(r);
	case ACTION_EMULATE:
		return v.action.value;
	case ACTION_KILL:
		report_verdict(r, &v);
		die_by_policy(r);
	}
	if (r->box->report)
		report_verdict(r, &v);
	return -v.action.value;
}

/* What Linux would not know, or the sandbox cannot check. */
static long unknown(struct request *r)
{
	if (r->box->report)
		refuse_argument(r, 6, "the sandbox cannot check this call", ENOSYS);
	return -ENOSYS;
}

static void __attribute__((noinline)) whole_way(struct box *b, struct dune_tf *tf)
{
	uint32_t nr = tf->rax;
	struct request r = {
		.box = b, .tf = tf, .nr = nr, .call = &calls[nr < NR_CALLS ? nr : 0],
	};
	long result;

	if (nr >= NR_CALLS || !calls[nr].name) {
		r.call = NULL;
		result = unknown(&r);
	} else {
		result = user_arguments(&r);
		if (!result)
			result = b->shortcut[nr].how == SHORT_HANDLE ? handle(&r) : decide(&r);
	}
	if (b->learn && r.call && !r.again)
		learn_call(b, nr);
	if (!r.again)
		tf->rax = result;
}

/*
 * Of what these are called with, only the arguments count: neither they nor who
 * refuses them need the rest of the caller's registers.
 */
#define BIT(handler)	(1ULL << (handler))

static const uint64_t by_arguments =
	BIT(DO_open) | BIT(DO_stat) | BIT(DO_statx) | BIT(DO_access) | BIT(DO_readlink) |
	BIT(DO_at_file) | BIT(DO_chown) | BIT(DO_utimensat) | BIT(DO_entry) | BIT(DO_link) |
	BIT(DO_rename) | BIT(DO_fcntl) | BIT(DO_ioctl) | BIT(DO_output) | BIT(DO_vector);

static bool needs_frame(uint32_t nr)
{
	return nr >= NR_CALLS || !(BIT(calls[nr].handler) & by_arguments);
}

void box_syscall(struct box *b, struct dune_tf *tf)
{
	uint32_t nr = tf->rax;

	tf->rax = nr;
	if (nr < NR_CALLS) {
		if (b->shortcut[nr].how == SHORT_RESULT) {
			tf->rax = (long)b->shortcut[nr].result;
			return;
		}
		if (b->shortcut[nr].how == SHORT_PASS) {
			dune_passthrough_syscall(tf);
			return;
		}
	}
	if (!needs_frame(nr) || dune_whole_frame(tf))
		whole_way(b, tf);
}

/* Nothing to check: neither memory nor descriptors, by no handler of its own. */
static bool needs_no_check(const struct call *c)
{
	unsigned int i;

	for (i = 0; i < 6; i++)
		if (c->arg[i].kind == ARG_FD || c->arg[i].kind == ARG_AT ||
		    c->arg[i].kind > ARG_LHEX)
			return false;
	return c->handler == DO_plain;
}

/* Decide beforehand what can be. */
void box_start(struct box *b)
{
	static const uint64_t no_args[6];
	struct verdict v;
	unsigned int nr;

	rules_index(b);
	slots_forget(b);
	for (nr = 0; nr < NR_CALLS; nr++) {
		b->shortcut[nr].how = SHORT_NONE;
		if (b->learn || !policy_is_constant(b->policy, nr))
			continue;
		v = policy_judge(b->policy, nr, no_args, fd_class, b);
		if (!calls[nr].name) {
			v.action.kind = ACTION_ERRNO;
			v.action.value = ENOSYS;
		}
		if (v.action.kind == ACTION_ERRNO && !b->report) {
			b->shortcut[nr].how = SHORT_RESULT;
			b->shortcut[nr].result = -v.action.value;
		} else if (v.action.kind == ACTION_EMULATE) {
			b->shortcut[nr].how = SHORT_RESULT;
			b->shortcut[nr].result = v.action.value;
		} else if (v.action.kind == ACTION_ALLOW && needs_no_check(&calls[nr])) {
			b->shortcut[nr].how = SHORT_PASS;
		} else if (v.action.kind == ACTION_ALLOW) {
			b->shortcut[nr].how = SHORT_HANDLE;
		}
	}
}
