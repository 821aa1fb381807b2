/* SPDX-License-Identifier: MIT */
/*
 * main.c - dune-bench: what Dune costs, beside what Linux costs
 */
#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dune/dune.h>

#include "bench.h"

const struct figure figures[] = {
	{ .name = "getpid", .what = "getpid by VMCALL, fast path, whole loop",
	  .native = getpid_native, .dune = getpid_dune },
	{ .name = "getpid-native-path", .what = "getpid by VMCALL, fast path off",
	  .native_path = true, .native = getpid_native, .dune = getpid_dune },
	{ .name = "call-getpid", .what = "getpid by libc", .both = call_getpid_libc },
	{ .name = "call-read", .what = "read of a byte of /dev/zero", .both = call_read_1 },
	{ .name = "call-write", .what = "write of a byte to /dev/null", .both = call_write_1 },
	{ .name = "call-stat", .what = "stat of /proc/self", .both = call_stat_proc },
	{ .name = "call-mmap", .what = "mmap and munmap of a page", .both = call_mmap_munmap },
	{ .name = "call-clock-gettime", .what = "clock_gettime, by the vDSO",
	  .both = call_clock_gettime },
	{ .name = "interpose-ptrace", .what = "getpid watched by ptrace",
	  .native_only = true, .both = interpose_ptrace },
	{ .name = "interpose-seccomp", .what = "getpid by seccomp user notification",
	  .native_only = true, .both = interpose_seccomp },
	{ .name = "interpose-dispatch", .what = "getpid by syscall user dispatch",
	  .native_only = true, .both = interpose_dispatch },
	{ .name = "soft-dirty-scan", .what = "written pages found and forgotten, each page",
	  .native_only = true, .both = soft_dirty_scan },
	{ .name = "soft-dirty-write", .what = "first write to a page since",
	  .native_only = true, .both = soft_dirty_write },
	{ .name = "userfaultfd-scan", .what = "the same: userfaultfd told of them, protected anew",
	  .native_only = true, .both = userfaultfd_scan },
	{ .name = "userfaultfd-write", .what = "first write since: a trap to another thread, and back",
	  .native_only = true, .both = userfaultfd_write },
	{ .name = "pagemap-scan", .what = "the same by PAGEMAP_SCAN, where Linux has it",
	  .native_only = true, .both = pagemap_scan },
	{ .name = "pagemap-scan-write", .what = "first write to a page since",
	  .native_only = true, .both = pagemap_scan_write },
	{ .name = "trap", .what = "page fault, from the access to its handler in C",
	  .native = trap_native, .dune = trap_dune },
	{ .name = "trap-frame", .what = "to a handler that has all registers",
	  .native = trap_native, .dune = trap_frame_dune },
	{ .name = "trap-round-trip", .what = "and back, the page-table entry mended",
	  .native = trap_round_trip_native, .dune = trap_round_trip_dune },
	{ .name = "appel1", .what = "100 times: trap, unprotect a page, protect another",
	  .native = appel1_native, .dune = appel1_dune },
	{ .name = "appel2", .what = "protect 100 pages; trap and unprotect each",
	  .native = appel2_native, .dune = appel2_dune },
	{ .name = "ring3-answered", .what = "system call of ring 3, answered in ring 0",
	  .native = ring3_native, .dune = ring3_answered_dune },
	{ .name = "ring3-answered-frame", .what = "the same, the handler having all registers",
	  .native = ring3_native, .dune = ring3_answered_frame_dune },
	{ .name = "ring3-forwarded", .what = "getpid of ring 3, passed on to Linux",
	  .native = ring3_native, .dune = ring3_forwarded_dune },
	{ .name = "thread-create", .what = "pthread_create and pthread_join",
	  .both = thread_create },
	{ .name = "init-enter", .what = "dune_init and dune_enter", .dune = init_enter_dune },
	{ .name = "ept-violation", .what = "first touch in Dune mode, host page present",
	  .dune = ept_violation_dune },
	{ .name = "ept-violation-around", .what = "the same, seven pages around it present too",
	  .dune = ept_violation_around_dune },
	{ .name = "ept-violation-warm", .what = "the same, page after page, each",
	  .dune = ept_violation_warm_dune },
	{ .name = "first-touch-4k", .what = "first touch of anonymous memory, write",
	  .both = first_touch_4k },
	{ .name = "first-touch-thp", .what = "the same in huge pages, per 4 KiB",
	  .both = first_touch_thp },
	{ .name = "first-touch-2m", .what = "the same, a huge page at a time",
	  .both = first_touch_2m },
	{ .name = "first-touch-hugetlb-2m", .what = "of hugetlbfs, 2 MiB at a time",
	  .both = first_touch_hugetlb_2m },
	{ .name = "first-touch-hugetlb-1g", .what = "of hugetlbfs, 1 GiB",
	  .both = first_touch_hugetlb_1g },
	{ .name = "read-then-write", .what = "first touch to read, then to write",
	  .both = read_then_write },
	{ .name = "mprotect-1", .what = "mprotect of a page in 20 MiB, and its next use",
	  .both = mprotect_one },
	{ .name = "fork-256m", .what = "fork with 256 MiB, and writing it all again",
	  .both = fork_256m },
	{ .name = "munmap-1g", .what = "munmap of 1 GiB, a page in each 2 MiB used",
	  .both = munmap_1g },
	{ .name = "page-walk-mirror-4k", .what = "a step through 128 MiB of small pages",
	  .both = page_walk_mirror_4k },
	{ .name = "page-walk-mirror-2m", .what = "a step through 128 MiB of huge pages",
	  .both = page_walk_mirror_2m },
	{ .name = "plugin-call", .what = "call of a function in a domain; a process, by pipes",
	  .dune = plugin_call_dune, .native = plugin_call_native },
	{ .name = "plugin-create", .what = "a domain, a plugin in it; fork, exec, the same",
	  .dune = plugin_create_dune, .native = plugin_create_native },
	{ .name = "plugin-reset", .what = "a domain back to its snapshot after a call",
	  .dune = plugin_reset_dune },
	{ .name = "policy-getpid", .what = "getpid that a policy, a filter of seccomp allows",
	  .program = policy_getpid },
	{ .name = "policy-deny", .what = "getppid that a policy, a filter of seccomp refuses",
	  .program = policy_deny },
	{ .name = "policy-openat", .what = "openat with a rule about files; natively without",
	  .program = policy_openat },
	{ .name = "page-walk-4k", .what = "small pages, guest leaves of 4 KiB",
	  .both = page_walk_4k },
	{ .name = "page-walk-2m", .what = "huge pages, guest leaves of 2 MiB",
	  .both = page_walk_2m },
	{ .name = "pte-lookup", .what = "dune_vm_lookup of a page", .dune = pte_lookup_dune },
	{ .name = "protect-1", .what = "mprotect and dune_vm_protect of a page, flush included",
	  .native = protect_1_native, .dune = protect_1_dune },
	{ .name = "protect-100", .what = "the same, 100 pages in one call",
	  .native = protect_100_native, .dune = protect_100_dune },
	{ .name = "dirty-scan", .what = "scan and clear dirty bits, per page; 1 in 8 is dirty",
	  .dune = dirty_scan_dune },
	{ .name = "dirty-scan-all", .what = "the same, all are dirty", .dune = dirty_scan_all_dune },
	{ .name = "dirty-scan-none", .what = "the same, none is", .dune = dirty_scan_none_dune },
	{ .name = "sthread-create", .what = "an sthread created and joined; natively, a pthread",
	  .native = pthread_native, .dune = sthread_create_dune },
	{ .name = "sthread-fresh", .what = "none to use again; natively, fork and wait",
	  .native = fork_native, .dune = sthread_fresh_dune },
	{ .name = "root-switch", .what = "dune_vm_switch; natively, a switch of processes",
	  .native = process_switch_native, .dune = root_switch_dune },
	{ .name = "root-switch-flush", .what = "MOV CR3 without PCID",
	  .native = process_switch_native, .dune = root_switch_flushed_dune },
	{ .name = "space-1", .what = "mprotect of a page, in 1 GiB used here and there",
	  .series = SCALE, .both = space_1 },
	{ .name = "space-30", .what = "in 30 GiB", .series = SCALE, .both = space_30 },
	{ .name = "space-400", .what = "in 400 GiB", .series = SCALE, .both = space_400 },
	{ .name = "mappings-10", .what = "among 10 mappings", .series = SCALE,
	  .both = mappings_10 },
	{ .name = "mappings-1000", .what = "among 1000 mappings", .series = SCALE,
	  .both = mappings_1000 },
	{ .name = "mappings-10000", .what = "among 10000 mappings", .series = SCALE,
	  .both = mappings_10000 },
	{ .name = "threads-1", .what = "beside 1 waiting thread", .series = SCALE,
	  .both = threads_1 },
	{ .name = "threads-16", .what = "beside 16 waiting threads", .series = SCALE,
	  .both = threads_16 },
	{ .name = "threads-128", .what = "beside 128 waiting threads", .series = SCALE,
	  .both = threads_128 },
	{ .name = "parallel-getpid-1", .what = "getpid, on 1 CPU", .series = PARALLEL,
	  .both = parallel_getpid_1 },
	{ .name = "parallel-getpid-2", .what = "the same on 2 at a time", .series = PARALLEL,
	  .both = parallel_getpid_2 },
	{ .name = "parallel-touch-1", .what = "first touch of a page, on 1 CPU", .series = PARALLEL,
	  .both = parallel_touch_1 },
	{ .name = "parallel-touch-2", .what = "the same on 2 at a time", .series = PARALLEL,
	  .both = parallel_touch_2 },
	{ .name = "run-sqlite3", .what = "sqlite3: 6000 rows, an index, a join",
	  .series = PROGRAMS, .program = run_sqlite3 },
	{ .name = "run-gzip", .what = "gzip of 512 KiB", .series = PROGRAMS, .program = run_gzip },
	{ .name = "run-python3", .what = "python3: dictionaries, JSON, a checksum",
	  .series = PROGRAMS, .program = run_python3 },
	{ .name = "sandbox-sqlite3", .what = "the same sqlite3 under the policy workdir",
	  .series = PROGRAMS, .program = sandbox_sqlite3 },
	{ .name = "sandbox-gzip", .what = "the same gzip under the policy read-only",
	  .series = PROGRAMS, .program = sandbox_gzip },
	{ .name = "sandbox-python3", .what = "the same python3 under the policy pure",
	  .series = PROGRAMS, .program = sandbox_python3 },
	{ .name = "plugin-png", .what = "libpng: a megapixel decoded in a domain, directly",
	  .series = PROGRAMS, .program = run_plugin_png },
	{ .name = "run-lighttpd-1", .what = "lighttpd, a small page to 1 client, each",
	  .series = PROGRAMS, .program = run_lighttpd_1 },
	{ .name = "run-lighttpd-20", .what = "lighttpd, a small page to 20 clients, each",
	  .series = PROGRAMS, .program = run_lighttpd_20 },
	{ .name = "trace-getpid", .what = "getpid under strace, under dune-trace",
	  .series = PROGRAMS, .program = trace_getpid },
	{ .name = "trace-whole", .what = "the same, all that the tracer does, each",
	  .series = PROGRAMS, .program = trace_whole },
	{ NULL }
};

/* Options of fig_trace.c's and fig_policy.c's. */
#define TIME_GETPIDS	256
#define TIME_POLICY	257

static const struct format *format = &format_table;
static const char *compare_file, *from_file;
static bool want_list, want_progress;
static enum series series = USUAL;
static const char **chosen;
static int nr_chosen;

static const struct figure *find_figure(const char *name)
{
	const struct figure *f;

	for (f = figures; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'j':
		format = &format_json;
		return 0;
	case 'v':
		format = &format_csv;
		return 0;
	case 'm':
		format = &format_model;
		return 0;
	case 'c':
		compare_file = arg;
		return 0;
	case 'f':
		from_file = arg;
		return 0;
	case TIME_GETPIDS:
		printf("%f\n", traced_getpids());
		exit(0);
	case TIME_POLICY:
		printf("%f\n", policy_time(arg));
		exit(0);
	case 'p':
		want_progress = true;
		return 0;
	case 'P':
		series = PARALLEL;
		return 0;
	case 'r':
		series = PROGRAMS;
		return 0;
	case 'l':
		want_list = true;
		return 0;
	case 's':
		series = SCALE;
		return 0;
	case ARGP_KEY_ARG:
		chosen[nr_chosen++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (compare_file && format != &format_table)
			argp_error(state, "--compare prints a table only");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "Print an array of JSON objects", 0 },
	{ "csv", 'v', NULL, 0, "Print comma-separated values", 0 },
	{ "compare", 'c', "FILE", 0, "Show what changed since FILE, printed by --json", 0 },
	{ "from", 'f', "FILE", 0, "Measure nothing: take the figures of FILE, printed by --json", 0 },
	{ "scale", 's', NULL, 0, "Measure one operation in larger and larger processes", 0 },
	{ "model", 'm', NULL, 0, "Print cycles that a CPU might take: a model", 0 },
	{ "parallel", 'P', NULL, 0, "Measure the same work on one CPU and on two at a time", 0 },
	{ "programs", 'r', NULL, 0, "Measure whole programs, natively and under dune-run", 0 },
	{ "progress", 'p', NULL, 0, "Name each figure on standard error as it is measured", 0 },
	{ "list", 'l', NULL, 0, "Print the figures' names", 0 },
	{ "time-getpids", TIME_GETPIDS, NULL, OPTION_HIDDEN, NULL, 0 },
	{ "time-policy", TIME_POLICY, "FIGURE", OPTION_HIDDEN, NULL, 0 },
	{ 0 }
};

static const struct argp argp = {
	options, parse, "[FIGURE]...",
	"Measure what Dune costs, beside what Linux costs. Ticks are those of the TSC:"
	" instructions in the emulated machine. VMREADs and VMWRITEs are counted in a pass"
	" of their own, which needs root.", NULL, NULL, NULL,
};

static bool is_named(const char *name)
{
	int i;

	for (i = 0; i < nr_chosen; i++)
		if (!strcmp(chosen[i], name))
			return true;
	return false;
}

static bool is_chosen(const struct figure *f)
{
	if (nr_chosen)
		return is_named(f->name);
	return f->series == series;
}

static void pin_to_first_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static struct result *before;
static int nr_before, nr_shown;

static void show(const struct result *r, const char *machine)
{
	if (compare_file)
		compare_row(r, earlier_find(before, nr_before, r->name));
	else
		format->row(r, !nr_shown, machine);
	nr_shown++;
}

static int measure_figures(void)
{
	const struct figure *f;
	int status = 0, r;

	pin_to_first_cpu();
	for (f = figures; f->name; f++) {
		struct result result;

		if (!is_chosen(f))
			continue;
		if (want_progress)
			fprintf(stderr, "dune-bench: %s\n", f->name);
		r = measure(f, &result);
		if (r) {
			fprintf(stderr, "dune-bench: %s: %s\n", f->name, f->program ?
				"a program is missing, or does not run" : dune_strerror(r));
			status = 1;
			continue;
		}
		show(&result, machine_text());
	}
	return status;
}

/* The figures in @file, or those chosen. */
static int show_earlier(const struct result *results, int n, const char *machine)
{
	int i;

	for (i = 0; i < n; i++)
		if (!nr_chosen || is_named(results[i].name))
			show(&results[i], machine);
	return 0;
}

static int run(void)
{
	struct result *results = NULL;
	char machine[1024] = "", machine_before[1024];
	int n = 0, status;

	if (compare_file) {
		nr_before = earlier_read(compare_file, &before, machine_before,
					 sizeof(machine_before));
		if (nr_before < 0)
			return 1;
	}
	if (from_file) {
		n = earlier_read(from_file, &results, machine, sizeof(machine));
		if (n < 0)
			return 1;
	} else {
		snprintf(machine, sizeof(machine), "%s", machine_text());
	}
	if (compare_file)
		compare_head(machine_before);
	else
		format->head(machine);
	status = from_file ? show_earlier(results, n, machine) : measure_figures();
	if (!compare_file)
		format->tail();
	return status;
}

int main(int argc, char **argv)
{
	const struct figure *f;
	int i;

	chosen = calloc(argc, sizeof(*chosen));
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	for (i = 0; i < nr_chosen && !from_file; i++) {
		if (find_figure(chosen[i]))
			continue;
		fprintf(stderr, "dune-bench: there is no figure '%s'; --list names them\n",
			chosen[i]);
		return 2;
	}
	if (want_list) {
		for (f = figures; f->name; f++)
			puts(f->name);
		return 0;
	}
	return run();
}
