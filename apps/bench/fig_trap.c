/* SPDX-License-Identifier: MIT */
/*
 * fig_trap.c - a page fault and its handler; Appel's and Li's two passes
 *
 * Natively the handler is SIGSEGV's and protection is mprotect(2)'s; in Dune mode
 * both are the program's own, and code and handler are in ring 0.
 */
#include <signal.h>
#include <sys/mman.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#include "bench.h"

#define FAULTS		1000
#define PAGES		100
#define PASSES		51

#define GPRS_ONLY	__attribute__((target("general-regs-only")))
#define RIGHTS		(DUNE_PTE_P | DUNE_PTE_W)

static double values[FAULTS];
static volatile uint64_t handler_at;
static uint64_t empty;		/* between two readings as they are made here */
static uint64_t *entries;	/* of the pages, one after another */
static char *pages;		/* 2 * PAGES, of which the first half faults */
static struct dune_root *root;

/* Without a call, so that there is nothing of it in what is measured. */
GPRS_ONLY static inline uint64_t now(void)
{
	uint32_t a, d;

	asm volatile("lfence; rdtsc" : "=a" (a), "=d" (d) : : "memory");
	return a | (uint64_t)d << 32;
}

static uint64_t now_empty(void)
{
	uint64_t best = ~0ULL, t;
	int i;

	for (i = 0; i < 1000; i++) {
		t = now();
		t = now() - t;
		best = t < best ? t : best;
	}
	return best;
}

/* The same in both modes, by what each has for it. */
struct means {
	void	(*protect)(char *p, long n);
	void	(*unprotect)(char *p, long n);
};

static void linux_protect(char *p, long n)
{
	mprotect(p, n * PAGE, PROT_READ);
}

static void linux_unprotect(char *p, long n)
{
	mprotect(p, n * PAGE, PROT_READ | PROT_WRITE);
}

static void dune_protect(char *p, long n)
{
	dune_vm_protect(root, (uintptr_t)p, n * PAGE, DUNE_PTE_P);
}

static void dune_unprotect(char *p, long n)
{
	dune_vm_protect(root, (uintptr_t)p, n * PAGE, RIGHTS);
}

static const struct means linux_means = { linux_protect, linux_unprotect };
static const struct means dune_means = { dune_protect, dune_unprotect };

/* ---- one fault -------------------------------------------------------------- */

/* More rights than before: no flush is needed, a stale translation just faults. */
GPRS_ONLY static int on_fault(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	handler_at = now();
	__atomic_or_fetch(dune_vm_lookup(root, addr).pte, DUNE_PTE_W, __ATOMIC_RELAXED);
	return DUNE_TRAP_DONE;
}

GPRS_ONLY static int on_fault_untimed(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	__atomic_or_fetch(dune_vm_lookup(root, addr).pte, DUNE_PTE_W, __ATOMIC_RELAXED);
	return DUNE_TRAP_DONE;
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	handler_at = now();
	linux_unprotect((char *)((uintptr_t)info->si_addr & ~(PAGE - 1)), 1);
}

/* From the access to the handler, or to what follows the access. */
static double fault_ticks(const struct means *means, bool round_trip)
{
	volatile char *p = pages;
	uint64_t t, end;
	int i;

	for (i = 0; i < FAULTS; i++) {
		means->protect(pages, 1);
		t = now();
		*p = 1;
		end = now();
		values[i] = (double)((round_trip ? end : handler_at) - t) - empty;
	}
	return median(values, FAULTS);
}

static void prepare_pages(void)
{
	int i;

	/* In one block of 2 MiB, so that their entries are in one table. */
	pages = map_pages(2 * 512);
	pages = (char *)(((uintptr_t)pages + 512 * PAGE - 1) & ~(512 * PAGE - 1));
	for (i = 0; i < 2 * PAGES; i++)
		pages[i * PAGE] = 1;
	empty = now_empty();
}

static void handle_signal(void (*fn)(int sig, siginfo_t *info, void *context))
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &sa, NULL);
	prepare_pages();
}

double trap_native(void)
{
	handle_signal(on_signal);
	return fault_ticks(&linux_means, false);
}

double trap_round_trip_native(void)
{
	handle_signal(on_signal);
	return fault_ticks(&linux_means, true);
}

static int enter_with(dune_pgflt_fn fn, unsigned int flags)
{
	int r;

	prepare_pages();
	r = enter();
	if (r)
		return r;
	root = dune_vm_current();
	dune_unprotect(pages, 2 * PAGES);	/* small leaves, from now on */
	entries = dune_vm_lookup(root, (uintptr_t)pages).pte;
	return dune_trap_set_pgflt_handler(fn, flags);
}

/* Twice, the second time to be counted. */
static int sample_faults(struct sample *sample, bool round_trip, dune_pgflt_fn fn,
			 unsigned int flags)
{
	int r = enter_with(fn, flags);

	if (r)
		return r;
	sample->ticks = fault_ticks(&dune_means, round_trip);
	sample->n = FAULTS;
	details(sample);
	count_from();
	fault_ticks(&dune_means, round_trip);
	count_to();
	return counted(sample);
}

int trap_dune(struct sample *sample)
{
	return sample_faults(sample, false, on_fault, DUNE_TRAP_ARGS_ONLY);
}

int trap_frame_dune(struct sample *sample)
{
	return sample_faults(sample, false, on_fault, DUNE_TRAP_GPRS_ONLY);
}

int trap_round_trip_dune(struct sample *sample)
{
	return sample_faults(sample, true, on_fault_untimed, DUNE_TRAP_ARGS_ONLY);
}

/* ---- appel1: trap, unprotect a page, protect another; 100 pages -------------- */

static void on_appel1_signal(int sig, siginfo_t *info, void *context)
{
	char *p = (char *)((uintptr_t)info->si_addr & ~(PAGE - 1));

	linux_unprotect(p, 1);
	linux_protect(p + PAGES * PAGE, 1);
}

/* The program knows where the entries of its pages are. */
GPRS_ONLY static inline uint64_t *entry_of(uintptr_t addr)
{
	return &entries[(addr - (uintptr_t)pages) / PAGE];
}

GPRS_ONLY static int on_appel1_fault(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	uint64_t *entry = entry_of(addr);

	__atomic_or_fetch(entry, DUNE_PTE_W, __ATOMIC_RELAXED);
	__atomic_and_fetch(entry + PAGES, ~DUNE_PTE_W, __ATOMIC_RELAXED);
	asm volatile("invlpg (%0)" : : "r" (addr + PAGES * PAGE) : "memory");
	return DUNE_TRAP_DONE;
}

static double appel1(const struct means *means)
{
	uint64_t t;
	int pass, i;

	for (pass = 0; pass < PASSES; pass++) {
		means->unprotect(pages, 2 * PAGES);
		means->protect(pages, PAGES);
		t = now();
		for (i = 0; i < PAGES; i++)
			((volatile char *)pages)[i * PAGE] = 2;
		values[pass] = (double)(now() - t) - empty;
	}
	return median(values, PASSES);
}

/* ---- appel2: protect 100 pages, trap and unprotect each ----------------------- */

GPRS_ONLY static int on_appel2_fault(uintptr_t addr, uint64_t error, struct dune_tf *tf)
{
	__atomic_or_fetch(entry_of(addr), DUNE_PTE_W, __ATOMIC_RELAXED);
	return DUNE_TRAP_DONE;
}

static double appel2(const struct means *means)
{
	uint64_t t;
	int pass, i;

	for (pass = 0; pass < PASSES; pass++) {
		t = now();
		means->protect(pages, PAGES);
		for (i = 0; i < PAGES; i++)
			((volatile char *)pages)[i * PAGE] = 2;
		values[pass] = (double)(now() - t) - empty;
	}
	return median(values, PASSES);
}

static int sample_passes(struct sample *sample, double (*passes)(const struct means *means),
			 dune_pgflt_fn fn)
{
	int r = enter_with(fn, DUNE_TRAP_ARGS_ONLY);

	if (r)
		return r;
	sample->ticks = passes(&dune_means);
	sample->n = PASSES;
	details(sample);
	count_from();
	passes(&dune_means);
	count_to();
	return counted(sample);
}

double appel1_native(void)
{
	handle_signal(on_appel1_signal);
	return appel1(&linux_means);
}

int appel1_dune(struct sample *sample)
{
	return sample_passes(sample, appel1, on_appel1_fault);
}

double appel2_native(void)
{
	handle_signal(on_signal);
	return appel2(&linux_means);
}

int appel2_dune(struct sample *sample)
{
	return sample_passes(sample, appel2, on_appel2_fault);
}
