/* SPDX-License-Identifier: MIT */
/*
 * box.h - the sandbox: system calls of ring 3 judged by a policy at CPL 0
 *
 * A front end (dune-run, a plugin's host) says which memory is ring 3's and does
 * the calls that are about itself; box_syscall() does the rest. No libc.
 *
 * A call goes one way: found in calls.def, its plain arguments checked, judged by
 * the rules, then given to its handler, which copies what it must look at into
 * memory of ring 0's, judges it there and passes on that copy.
 */
#ifndef _APPS_SANDBOX_BOX_H
#define _APPS_SANDBOX_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dune/dune.h>
#include <dune/trap.h>

#include <asm/errno.h>

#include "../../libdune/sys.h"
#include "policy.h"
#include "shared.h"

#define PATH_SIZE	4096		/* PATH_MAX */
#define DIR_FLAGS	(O_PATH | O_CLOEXEC)

struct request;
typedef long (*call_fn)(struct request *r);

/* How a call is decided, where that is the same for all its arguments. */
enum shortcut {
	SHORT_NONE, SHORT_RESULT, SHORT_PASS,
	SHORT_HANDLE,		/* allowed; the handler looks at its arguments */
};

/* A rule whose directory Linux can keep a call to; @begins: its first eight bytes. */
struct quick_rule {
	uint64_t	begins, mask;	/* those of them that it has */
	uint32_t	rights;
	int32_t		fd;
	uint32_t	size;		/* of its name; 0: it is "/" */
	const char	*name;
};

/* Where judged descriptors are while other threads have the same; see fdslots.c. */
#define NR_SLOTS	32

struct fd_slots {
	uint32_t	state, nr;
	uint32_t	busy;		/* a bit for each */
	uint32_t	first, end;	/* all are from here to there */
	uint32_t	room;		/* libdune's begin here; ring 3's end */
	int32_t		owner;		/* the process whose memory this is */
	uint32_t	fd[NR_SLOTS];
};

struct box {
	const struct policy *policy;
	struct shared	*shared;
	bool		report, learn;
	uint64_t	reserved;	/* bytes of addresses, for the monitor */
	bool		hides;		/* the policy, something */
	bool		shares_fds;	/* a clone has them in common with us */
	struct fd_slots	slots;		/* started before it does */
	/* Whether memory is all ring 3's. */
	bool		(*is_user)(uint64_t start, uint64_t size);
	/* Calls that are the front end's own; NULL: refused. */
	call_fn		front[NR_HANDLERS];
	void		(*after_vfork)(uint32_t tid);	/* the child is gone from here */
	void		(*after_fork)(void);		/* in the child, with memory of its own */
	struct {
		uint8_t	how;
		int32_t	result;
	} shortcut[NR_CALLS];
	unsigned int	nr_quick;
	struct quick_rule quick[MAX_PATHS];
};

/* One call on its way. */
struct request {
	struct box	*box;
	struct dune_tf	*tf;
	const struct call *call;
	uint32_t	nr;
	bool		again;		/* a signal comes first: leave the frame alone */
	bool		refused;	/* by the policy, and said so */
	uint64_t	args[6];	/* those of 32 bits cut to them */
};

/* box.c */
void box_start(struct box *b);
void box_syscall(struct box *b, struct dune_tf *tf);
long box_pass(struct request *r);
long box_pass_as(struct request *r, uint32_t nr, uint64_t a, uint64_t b, uint64_t c,
		 uint64_t d, uint64_t e, uint64_t f);
bool box_hides_fd(const struct box *b, uint64_t fd);

/* handlers.c */
extern const call_fn handlers[NR_HANDLERS];

/* user.c */
long user_read(struct request *r, void *to, uint64_t from, uint64_t size);
long user_write(struct request *r, uint64_t to, const void *from, uint64_t size);
long user_string(struct request *r, char *to, uint64_t from, size_t size);
long user_arguments(struct request *r);

/* fdclass.c */
uint32_t fd_class(void *data, uint64_t fd);

/* fdslots.c */
uint64_t time_now(void);
long slots_start(struct box *b);
bool slots_have(const struct box *b, uint32_t fd);
long slots_take(struct box *b, long fd);
void slots_leave(struct box *b, long slot);
void slots_forget(struct box *b);

/* names.c */
struct object {
	long		fd;		/* O_PATH; or the caller's own descriptor */
	bool		borrowed;	/* the latter */
	struct box	*slots;		/* it is in a slot of this one's, or NULL */
	uint32_t	rights;
};
#define RIGHT_SEE	(1U << 8)	/* metadata */

long settle(struct box *b, struct object *o);
void drop(struct object *o);
long borrow(struct request *r, uint64_t fd, struct object *o);
long find_file(struct request *r, uint64_t dir, const char *path, uint64_t flags,
	       uint32_t need, struct object *o);
long find_parent(struct request *r, uint64_t dir, char *path, uint32_t need,
		 const char **last, struct object *o);
bool must_look(long result);
uint32_t rights_within(const struct box *b, const char *name);
bool is_pinned(const struct box *b, const char *name);
#define ENTRY_SIZE	(PATH_SIZE + 257)	/* with a name of 255 behind */
void entry_name(struct request *r, const struct object *o, const char *last,
		char name[ENTRY_SIZE]);
bool hides_below(const struct box *b, const char *name);

/* rights.c */
void fd_name(char *to, uint64_t fd);
uint32_t rights_of_fd(struct request *r, long fd, char name[PATH_SIZE]);

/* quick.c */
long rule_for(struct request *r, const char *path, uint32_t need, const char **rest);
void rules_index(struct box *b);

/* start.c */
long rules_start(struct box *b);

/* report.c */
long refuse_path(struct request *r, const char *path, uint32_t need);
long refuse_peer(struct request *r, const char *what, const void *address, uint32_t size);
long refuse_limit(struct request *r, const char *what, int error);
long refuse_argument(struct request *r, unsigned int arg, const char *why, int error);
void report_verdict(struct request *r, const struct verdict *v);
void die_by_policy(struct request *r) __attribute__((noreturn));
void say(const struct box *b, const char *line);

/* limits.c */
long limits_start(struct box *b);
void limits_process(struct box *b);
uint64_t output_room(struct box *b, uint64_t wanted);
void output_unused(struct box *b, uint64_t bytes);

/* roster.c */
int roster_hold(struct box *b, uint64_t *held);
void roster_fill(struct box *b, int place, uint64_t held, uint32_t tid, bool thread);
void roster_give_back(struct box *b, int place, uint64_t held);
void roster_add(struct box *b, uint32_t tid);
void roster_leave(struct box *b, uint32_t tid, bool leaves);
bool roster_has(struct box *b, uint32_t tid);

/* learn.c */
void learn_call(struct box *b, uint32_t nr);
void learn_path(struct box *b, const char *path, uint32_t rights);
void learn_peer(struct box *b, enum peer_kind kind, const void *address, uint32_t size);
void learn_write(struct box *b);

/* landlock.c */
long landlock_use(const struct box *b, const char *monitor);

/* wall.c */
long wall_build(struct box *b, const char *monitor);

/* lib */
int dune_fmt(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static inline size_t text_length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static inline bool text_equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

#endif /* _APPS_SANDBOX_BOX_H */
