/* SPDX-License-Identifier: MIT */
/*
 * libdune_sigdeliver_test.c - signals as interrupts: whose handler is called
 */
#include "libdune_fake_sys.h"
#include "../../libdune/sigdeliver.c"

#include "libdune_tap.h"

struct dune_global dune_global;
struct dune_sighand dune_sighand_main;

static bool inside;
static uint64_t linux_has;
static int called, called_while_changing;

static int on_signal(struct dune_tf *tf)
{
	called++;
	return 0;
}

/* One that Linux has delivered just before it hears of the new action. */
static long change(int sig, uint64_t handler)
{
	struct sigcontext mc = { 0 };

	called = 0;
	dune_signal_vector_outside(sig, &mc);
	called_while_changing = called;
	linux_has = handler;
	return 0;
}

long fake_sys(long nr, long a, long b, long c, long d, long e, long f)
{
	return nr == __NR_rt_sigaction ? change(a, ((struct dune_action *)b)->handler) : -ENOSYS;
}

long dune_sigaction(struct dune_sighand *hand, int sig, const struct dune_action *new,
		    struct dune_action *old)
{
	return change(sig, new->handler);
}

bool dune_active(void) { return inside; }
uint64_t dune_sigmask_set(uint64_t mask) { return 0; }
void dune_raise(int sig, int code, uintptr_t addr) { }
void dune_raise_fatal(int sig, int code, uintptr_t addr) { }
void dune_tf_to_context(struct sigcontext *mc, const struct dune_tf *tf) { }
void dune_tf_from_context(struct dune_tf *tf, const struct sigcontext *mc) { }

bool dune_sigframe_push(struct dune_thread *t, struct dune_tf *tf, const struct dune_signal *signal,
			uint64_t mask)
{
	return false;
}

long dune_sigframe_pop(struct dune_thread *t, struct dune_tf *tf, bool user, uint64_t *mask)
{
	return -EFAULT;
}

/* As handler.c has them. */
int dune_handler_set(struct dune_handler *h, void *fn, unsigned int flags)
{
	if (flags & ~DUNE_TRAP_GPRS_ONLY)
		return -EINVAL;
	h->word = (uintptr_t)fn;
	return 0;
}

bool dune_handler_claims(const struct dune_handler *h, uint64_t a, uint64_t b, uint64_t c)
{
	dune_trap_fn fn = (dune_trap_fn)h->word;

	return fn && fn((struct dune_tf *)a) == DUNE_TRAP_DONE;
}

int main(void)
{
	int i;

	ok(dune_signal_set_handler(0, on_signal, 0) == -EINVAL &&
	   dune_signal_set_handler(65, on_signal, 0) == -EINVAL &&
	   dune_signal_set_handler(10, on_signal, 4) == -EINVAL &&
	   dune_signal_set_handler(10, NULL, 4) == -EINVAL, "what cannot be");
	for (i = 0; i < 2; i++) {
		inside = i;
		ok(!dune_signal_set_handler(10, on_signal, 0) && linux_has == HANDLER_VECTOR &&
		   called_while_changing == 1, "a handler is there when Linux hears of it");
		ok(!dune_signal_set_handler(10, NULL, 0) && linux_has == HANDLER_DFL &&
		   called_while_changing == 1, "and until Linux has given the signal back");
	}
	return tap_end();
}
