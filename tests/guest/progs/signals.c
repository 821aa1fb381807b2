/* SPDX-License-Identifier: MIT */
/*
 * signals.c - signals and their handlers: registers, faults, stacks, flags, order
 */
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "signals.h"

/* ---- registers ---------------------------------------------------------- */

static const int numbers[] = { REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_R8, REG_R9,
			       REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };

static void look(int sig, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	unsigned int i, good = 0;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		good += r[numbers[i]] == 0x1000 + numbers[i];
	say("registers seen: %u, trap %lld, flags %llx, at its address %d", good, r[REG_TRAPNO],
	    r[REG_EFL] & 0x8d5, info->si_addr == (void *)r[REG_RIP]);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		r[numbers[i]] += 0x1000;
	r[REG_RAX] = 4711;
	r[REG_RIP] += 2;
	r[REG_EFL] |= 1;
}

static void registers(void)
{
	static uint64_t out[16];

	handle(SIGILL, look, 0);
#define LOAD(reg, n)	"mov $0x1000 + " #n ", %%" #reg "\n\t"
	asm volatile(LOAD(rbx, 11) LOAD(rcx, 14) LOAD(rdx, 12) LOAD(rsi, 9) LOAD(rdi, 8)
		     LOAD(r8, 0) LOAD(r9, 1) LOAD(r10, 2) LOAD(r11, 3) LOAD(r12, 4) LOAD(r13, 5)
		     LOAD(r14, 6) LOAD(r15, 7)
		     "xor %%eax, %%eax\n\tclc\n\t"
		     "movq $99, -8(%%rsp)\n\t"		/* the red zone */
		     "movq $98, -128(%%rsp)\n\t"
		     "ud2\n\t"
		     "mov %%rax, %0\n\tmov %%rbx, 8+%0\n\tmov %%r15, 16+%0\n\tmov %%rdi, 24+%0\n\t"
		     "setc 32+%0\n\t"
		     "mov -8(%%rsp), %%rax\n\tmov %%rax, 40+%0\n\t"
		     "mov -128(%%rsp), %%rax\n\tmov %%rax, 48+%0\n\t"
		     : "=m" (out) : : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10",
		       "r11", "r12", "r13", "r14", "r15", "cc", "memory");
	say("registers changed: %lu %lx %lx %lx carry %lu red zone %lu %lu", out[0], out[1], out[2],
	    out[3], out[4] & 1, out[5], out[6]);
}

static void change_vectors(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	struct _libc_fpstate *fp = uc->uc_mcontext.fpregs;
	double garbage = 7;

	say("xmm3 in the frame: %x, mxcsr %x, cwd %x", fp->_xmm[3].element[0], fp->mxcsr, fp->cwd);
	fp->_xmm[3].element[0] = 0x77;
	asm volatile("cvtsi2sd %%eax, %%xmm4\n\tfldpi\n\tfldpi" : "+x" (garbage) : "a" (5) : "xmm4");
	uc->uc_mcontext.gregs[REG_RIP] += 2;
}

static void vectors(void)
{
	uint32_t in[4] = { 0x55, 2, 3, 4 }, out[4] = { 0 };
	uint64_t four = 0;
	uint32_t csr = 0x1fc0;

	handle(SIGILL, change_vectors, 0);
	asm volatile("ldmxcsr %4\n\tmovdqu %2, %%xmm3\n\tmovdqu %2, %%xmm4\n\tud2\n\t"
		     "movdqu %%xmm3, %0\n\tmovq %%xmm4, %1\n\tstmxcsr %3"
		     : "=m" (out), "=m" (four), "+m" (in), "=m" (csr) : "m" (csr)
		     : "xmm3", "xmm4", "memory");
	say("xmm3 changed to %x, xmm4 kept %lx, mxcsr %x", out[0], four, csr);
	csr = 0x1f80;
	asm volatile("ldmxcsr %0" : : "m" (csr));
}

/* ---- faults ------------------------------------------------------------- */

static sigjmp_buf back;
static char *area;

static void told(int sig, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	say("  signal %d code %d, address +%ld, trap %lld error %llx cr2 +%lld", sig, info->si_code,
	    (sig == SIGSEGV || sig == SIGBUS) && info->si_code > 0 && info->si_code < 128 ? (long)((char *)info->si_addr - area) : 0,
	    r[REG_TRAPNO], r[REG_TRAPNO] == 14 ? r[REG_ERR] : 0,
	    r[REG_TRAPNO] == 14 ? r[REG_CR2] - (greg_t)area : 0);
	siglongjmp(back, 1);
}

#define FAULT(name, ...) do { \
	say("fault %s", name); \
	if (!sigsetjmp(back, 1)) \
		__VA_ARGS__; \
	} while (0)

static void faults(void)
{
	volatile int zero = 0;
	int sig, fd = memfd_create("f", 0);

	area = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(area + 4096, 4096, PROT_READ);
	mprotect(area + 8192, 4096, PROT_READ | PROT_WRITE);
	mmap(area + 12288, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	munmap(area + 65536, 4096);
	(void)*(volatile char *)(area + 4096);
	for (sig = SIGHUP; sig < SIGTERM; sig++)
		handle(sig, told, 0);
	FAULT("read", *(volatile char *)area);
	FAULT("write", *(volatile char *)(area + 5) = 1);
	FAULT("read-only", *(volatile char *)(area + 4100) = 1);
	FAULT("unmapped", *(volatile char *)(area + 65536 + 9) = 1);
	FAULT("unmapped read", *(volatile char *)(area + 65536 + 9));
	FAULT("execute", ((void (*)(void))(area + 8192))());
	FAULT("execute nothing", ((void (*)(void))(area + 65536))());
	FAULT("beyond the file", *(volatile char *)(area + 12288));
	FAULT("divide", zero = 12 / zero);
	FAULT("ud2", asm volatile("ud2"));
	FAULT("int3", asm volatile("int3"));
	FAULT("int 0x81", asm volatile("int $0x81"));
	FAULT("not canonical", asm volatile("mov (%0), %%al" : : "r" (1UL << 62) : "rax"));
	FAULT("hlt", asm volatile("hlt"));
	FAULT("sse", asm volatile("pushq $0x1f00\n\tldmxcsr (%%rsp)\n\tadd $8, %%rsp\n\t"
				  "xorps %%xmm0, %%xmm0\n\tdivss %%xmm0, %%xmm0" : : : "xmm0"));
	FAULT("raised", raise(SIGSEGV));
	asm volatile("pushq $0x1f80\n\tldmxcsr (%rsp)\n\tadd $8, %rsp");
	for (sig = SIGHUP; sig < SIGTERM; sig++)
		signal(sig, SIG_DFL);
}

static void step(int sig, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	came++;
	last = info->si_code;
	if (came == 4)
		r[REG_EFL] &= ~0x100;
}

static void single_step(void)
{
	came = 0;
	handle(SIGTRAP, step, 0);
	asm volatile("pushf\n\torl $0x100, (%%rsp)\n\tpopf\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop"
		     : : : "cc", "memory");
	say("steps %d code %d", came, last);
}

/* ---- stacks ------------------------------------------------------------- */

static void stack_told(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	stack_t now = { 0 }, other = { .ss_sp = area, .ss_size = 65536 };
	int r;

	sigaltstack(NULL, &now);
	r = sigaltstack(&other, NULL);
	say("  on the stack: flags %x, in the frame %x size %zu; change: %d", now.ss_flags,
	    uc->uc_stack.ss_flags, uc->uc_stack.ss_size, r ? errno : 0);
	if (!r)
		sigaltstack(&now, NULL);
	if (sig == SIGSEGV)
		siglongjmp(back, 1);
	if (!depth++)
		raise(sig);
}

static int overflow(int n)
{
	volatile char page[4096];

	page[0] = n;
	return n > 1 << 20 ? 0 : overflow(n + 1) + page[0];
}

static void stacks(void)
{
	size_t size = 65536;
	long r;
	char *mine = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t ss = { .ss_sp = mine, .ss_size = 100 }, old = { 0 };

	say("too small: %d", sigaltstack(&ss, NULL) ? errno : 0);
	ss.ss_size = size;
	ss.ss_flags = 77;
	say("bad flags: %d", sigaltstack(&ss, NULL) ? errno : 0);
	ss.ss_flags = 0;
	say("set: %d", sigaltstack(&ss, &old));
	say("was: flags %x size %zu", old.ss_flags, old.ss_size);
	r = syscall(SYS_sigaltstack, 8L, NULL);
	say("bad pointer: %ld %d", r, errno);

	handle(SIGUSR1, count, 0);
	raise(SIGUSR1);
	say("without SA_ONSTACK on it: %d", handler_sp - (uintptr_t)mine < size);
	handle(SIGUSR1, count, SA_ONSTACK);
	raise(SIGUSR1);
	say("with: %d", handler_sp - (uintptr_t)mine < size);
	depth = 0;
	handle(SIGUSR1, stack_told, SA_ONSTACK | SA_NODEFER);
	raise(SIGUSR1);
	ss.ss_flags = 1U << 31;
	sigaltstack(&ss, NULL);
	depth = 0;
	say("disarmed in the handler");
	raise(SIGUSR1);
	sigaltstack(NULL, &old);
	say("after: flags %x size %zu", old.ss_flags, old.ss_size);
	ss.ss_flags = 0;
	sigaltstack(&ss, NULL);
	handle(SIGSEGV, stack_told, SA_ONSTACK);
	say("stack overflow");
	if (!sigsetjmp(back, 1))
		overflow(0);
	ss.ss_flags = SS_DISABLE;
	sigaltstack(&ss, &old);
	say("before disabling: flags %x size %zu", old.ss_flags, old.ss_size);
	signal(SIGSEGV, SIG_DFL);
}

/* ---- flags and masks ---------------------------------------------------- */

static void nested(int sig, siginfo_t *info, void *uc)
{
	int d = ++depth;

	say("  handler %d enters at depth %d, mask %lx", sig, d, mask_now());
	if (d < 3)
		raise(sig == SIGUSR1 && d == 2 ? SIGUSR2 : sig);
	say("  handler %d leaves depth %d", sig, d);
}

static void flags(void)
{
	struct sigaction sa, old;

	handle(SIGUSR1, nested, 0);
	handle(SIGUSR2, nested, 0);
	depth = 0;
	say("deferred");
	raise(SIGUSR1);
	handle(SIGUSR1, nested, SA_NODEFER);
	depth = 0;
	say("not deferred");
	raise(SIGUSR1);
	handle(SIGUSR1, count, SA_RESETHAND);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	say("for one time, then default: %d, flags %x", old.sa_handler == SIG_DFL, old.sa_flags);
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = count;
	sa.sa_flags = SA_SIGINFO | SA_RESTART | 0x400 | 0x20000;
	sigfillset(&sa.sa_mask);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR1, NULL, &old);
	say("told back: same %d flags %x mask %d %d", old.sa_sigaction == count, old.sa_flags,
	    sigismember(&old.sa_mask, SIGKILL), sigismember(&old.sa_mask, SIGUSR2));
	say("not for SIGKILL: %d, nor 0: %d, nor 65: %ld %d", sigaction(SIGKILL, &sa, NULL),
	    sigaction(0, &sa, NULL), syscall(SYS_rt_sigaction, 65, NULL, &old, 8), errno);
	say("a size of 4: %ld %d, a bad address: %ld %d", syscall(SYS_rt_sigaction, 10, NULL, &old, 4),
	    errno, syscall(SYS_rt_sigaction, 10, 8L, NULL, 8), errno);
	say("mask at the end %lx", mask_now());
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	say("ignored");
}

static void queueing(void)
{
	struct sigaction sa = { .sa_sigaction = order, .sa_flags = SA_SIGINFO };
	sigset_t set, old, now;
	int i;

	sigfillset(&sa.sa_mask);
	sigfillset(&set);
	for (i = 0; i < 3; i++)
		sigaction(SIGRTMIN + i, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	sigprocmask(SIG_SETMASK, &set, &old);
	for (i = 0; i < 3; i++) {
		sigqueue(getpid(), SIGRTMIN + 2 - i, (union sigval){ .sival_int = 10 + i });
		sigqueue(getpid(), SIGRTMIN + 2 - i, (union sigval){ .sival_int = 20 + i });
		raise(SIGUSR1);
	}
	sigpending(&now);
	say("pending: %d %d %d", sigismember(&now, SIGUSR1), sigismember(&now, SIGRTMIN),
	    sigismember(&now, SIGUSR2));
	sigprocmask(SIG_SETMASK, &old, NULL);
	say("all delivered");
}

/* ---- frames that the handler has spoilt -------------------------------- */

static int spoil;

static void spoiler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *r = uc->uc_mcontext.gregs;

	switch (spoil) {
	case 0:		/* the monitor's memory, where there is one */
		uc->uc_mcontext.fpregs = (void *)0x10000000000;
		break;
	case 1:
		uc->uc_mcontext.fpregs = (void *)0xffff888000000000;
		break;
	case 2:
		r[REG_RIP] = 0x1234567890abcdef;
		break;
	case 3:
		r[REG_RIP] = 0xffffffff81000000;
		break;
	case 4:
		r[REG_RIP] = 0x10000001000;
		break;
	case 5:		/* IOPL, NT, VM, VIF, VIP, ID, and some to be kept */
		r[REG_EFL] |= 0x3f7000 & ~0x40000;
		break;
	case 6:
		r[REG_RSP] = 0x10000001000;
		break;
	case 7:
		uc->uc_mcontext.fpregs = NULL;
		break;
	}
}

static void bad_frames(void)
{
	uint64_t flags;
	int status;

	for (spoil = 0; spoil < 8; spoil++) {
		fflush(stdout);
		if (!fork()) {
			handle(SIGUSR1, spoiler, 0);
			kill(getpid(), SIGUSR1);
			asm volatile("pushf\n\tpop %0" : "=r" (flags));
			_exit(spoil == 5 ? !!(flags & 0x4000) : 9);
		}
		wait(&status);
		say("spoilt %d: %x", spoil, status & 0xff7f);
	}
	/* With no frame at all: RSP at unmapped memory, then SYSCALL 15. */
	if (!fork()) {
		asm volatile("mov $8192, %%rsp\n\tmov $15, %%eax\n\tsyscall\n\tud2" : : : "rax");
		_exit(9);
	}
	wait(&status);
	say("no frame: %x", status & 0xff7f);
}

int main(void)
{
	static const struct part parts[] = {
		PART(registers), PART(vectors), PART(faults), PART(single_step), PART(stacks),
		PART(flags), PART(queueing), PART(bad_frames),
	};

	return run_parts(parts, sizeof(parts) / sizeof(parts[0]));
}
