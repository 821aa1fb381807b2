/* SPDX-License-Identifier: MIT */
/*
 * seccomp.c - a program's filters, with the run loop let through
 *
 * Linux shows a filter every system call of the thread, the run loop's own too:
 * one that forbids lseek(2) would end Dune mode with the process. So in front of
 * each filter go a few instructions that allow what comes from gate.S, all but
 * the SYSCALL instructions at which the program's calls are made. The filter
 * judges those, with their numbers and arguments as ever; their instruction
 * pointer is the run loop's.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "priv.h"

#define OFFSET(field)	((uint32_t)__builtin_offsetof(struct seccomp_data, field))
#define IP_LOW		OFFSET(instruction_pointer)
#define IP_HIGH		(OFFSET(instruction_pointer) + 4)

#define LOAD(offset)		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define EQUAL(value, t, f)	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, t, f)
#define AT_LEAST(value, t, f)	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, value, t, f)
#define RETURN(value)		BPF_STMT(BPF_RET | BPF_K, value)

#define PREFIX	9

bool dune_has_filters;		/* the program's */

/* Continues behind itself if the call is the program's. */
static void prefix(struct sock_filter *f)
{
	uint64_t done = (uintptr_t)dune_forward_done;
	uint64_t clone = (uintptr_t)dune_clone_done, ending = (uintptr_t)dune_exit_done;
	uint64_t start = (uintptr_t)dune_gate_start, end = (uintptr_t)dune_gate_end;
	const struct sock_filter code[PREFIX] = {
		LOAD(IP_HIGH),
		EQUAL((uint32_t)(done >> 32), 0, 7),
		LOAD(IP_LOW),
		EQUAL((uint32_t)done, 5, 0),
		EQUAL((uint32_t)clone, 4, 0),
		EQUAL((uint32_t)ending, 3, 0),
		AT_LEAST((uint32_t)start, 0, 2),
		AT_LEAST((uint32_t)end, 1, 0),
		RETURN(SECCOMP_RET_ALLOW),
	};

	__builtin_memcpy(f, code, sizeof(code));
}

/* Memory for a filter of @len instructions behind the prefix, or NULL. */
static struct sock_filter *with_prefix(struct sock_fprog *own, unsigned short len)
{
	struct sock_filter *copy = dune_map((PREFIX + len) * sizeof(*copy));

	if (!copy)
		return NULL;
	own->len = PREFIX + len;
	own->filter = copy;
	prefix(copy);
	return copy + PREFIX;
}

static void give_back(const struct sock_fprog *own)
{
	dune_unmap(own->filter, own->len * sizeof(*own->filter));
}

static long set_filter(struct dune_thread *t, long nr, uint64_t a, uint64_t b, uint64_t from)
{
	struct sock_fprog prog, own;
	struct sock_filter *place;
	long r;

	/* What is wrong with the rest of the call, Linux knows. */
	if (dune_read_guest(t, &prog, from, sizeof(prog)))
		return dune_shown_call(nr, a, b, from, 0, 0);
	if (!prog.len || prog.len > BPF_MAXINSNS - PREFIX)
		return -EINVAL;
	place = with_prefix(&own, prog.len);
	if (!place)
		return -ENOMEM;
	r = dune_read_guest(t, place, (uintptr_t)prog.filter, prog.len * sizeof(*place));
	if (!r)
		r = dune_shown_call(nr, a, b, (uintptr_t)&own, 0, 0);
	dune_has_filters |= !sys_failed(r);
	give_back(&own);
	return r;
}

/* Strict mode as a filter: four calls, and death by SIGKILL for any other. */
static long set_strict(void)
{
	const struct sock_filter code[] = {
		LOAD(OFFSET(arch)),
		EQUAL(AUDIT_ARCH_X86_64, 0, 5),
		LOAD(OFFSET(nr)),
		EQUAL(__NR_read, 4, 0),
		EQUAL(__NR_write, 3, 0),
		EQUAL(__NR_exit, 2, 0),
		EQUAL(__NR_rt_sigreturn, 1, 0),
		RETURN(SECCOMP_RET_KILL_THREAD),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sock_filter *place;
	struct sock_fprog own;
	long r;

	if (sys(__NR_prctl, PR_GET_SECCOMP))
		return -EINVAL;
	r = sys(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (r)
		return r;
	place = with_prefix(&own, sizeof(code) / sizeof(code[0]));
	if (!place)
		return -ENOMEM;
	__builtin_memcpy(place, code, sizeof(code));
	r = dune_shown_call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, (uintptr_t)&own, 0, 0);
	dune_has_filters |= !sys_failed(r);
	give_back(&own);
	return r;
}

/* seccomp(2), prctl(2): whether they are about filters, and done. */
bool dune_seccomp(struct dune_thread *t, long *r)
{
	const struct dune_regs *regs = &t->run->regs;

	if ((uint32_t)regs->rax == __NR_seccomp && regs->rdi == SECCOMP_SET_MODE_FILTER)
		*r = set_filter(t, __NR_seccomp, regs->rdi, regs->rsi, regs->rdx);
	else if ((uint32_t)regs->rax == __NR_seccomp && regs->rdi == SECCOMP_SET_MODE_STRICT &&
		 !regs->rsi && !regs->rdx)
		*r = set_strict();
	else if ((uint32_t)regs->rax == __NR_prctl && regs->rdi == PR_SET_SECCOMP &&
		 regs->rsi == SECCOMP_MODE_FILTER)
		*r = set_filter(t, __NR_prctl, regs->rdi, regs->rsi, regs->rdx);
	else if ((uint32_t)regs->rax == __NR_prctl && regs->rdi == PR_SET_SECCOMP &&
		 regs->rsi == SECCOMP_MODE_STRICT)
		*r = set_strict();
	else
		return false;
	return true;
}
