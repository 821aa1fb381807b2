/* SPDX-License-Identifier: MIT */
/*
 * main.c - dune-run PROGRAM [ARGS...]
 */
#include <linux/mman.h>
#include <linux/prctl.h>

#include "run.h"

void run_main(uint64_t *sp) __attribute__((noreturn));

static const char help[] =
	"usage: dune-run [OPTION]... [--] PROGRAM [ARG]...\n"
	"\n"
	"Runs an unmodified program in Dune mode, at CPL 3 under a monitor at CPL 0.\n"
	"Its arguments, environment, output and exit status are as without dune-run.\n"
	"\n"
	"  --policy=POLICY   refuse what POLICY, a file as in dune-policy(5), does not allow;\n"
	"                    or one of none, pure, read-only:DIR, workdir:DIR,\n"
	"                    network:ADDRESS:PORT\n"
	"  --report          say on standard error what the policy refuses\n"
	"  --trace           print system calls on standard error\n"
	"  --learn=FILE      write the policy that this run needs to FILE\n"
	"  -v, --verbose     report refused instructions and accesses on standard error\n"
	"  --argv0 NAME      what the program finds as its own name\n"
	"  --help, --version\n"
	"\n"
	"Exit status: the program's; 125 if Dune mode cannot be had, 126 if PROGRAM\n"
	"cannot be executed, 127 if it is not found.\n";

static void print_and_exit(const char *text)
{
	sys(__NR_write, 1, text, length(text));
	for (;;)
		sys(__NR_exit_group, 0);
}

/* The first argument that is not an option. */
static char **parse_options(char **argv, struct options *o)
{
	for (argv++; *argv && **argv == '-'; argv++) {
		if (equal(*argv, "--"))
			return argv + 1;
		if (equal(*argv, "--help"))
			print_and_exit(help);
		else if (equal(*argv, "--version"))
			print_and_exit("dune-run 1.0\n");
		else if (equal(*argv, "-v") || equal(*argv, "--verbose"))
			o->verbose = true;
		else if (equal(*argv, "--by-fd"))
			o->by_fd = true;
		else if (equal(*argv, "--trace"))
			o->trace = true;
		else if (equal(*argv, "--report"))
			o->report = true;
		else if (starts_with(*argv, "--policy="))
			o->policy = *argv + length("--policy=");
		else if (starts_with(*argv, "--learn="))
			o->learn = *argv + length("--learn=");
		else if (equal(*argv, "--policy-fd") && argv[1])
			o->policy_fd = *++argv;
		else if (equal(*argv, "--argv0") && argv[1])
			o->argv0 = *++argv;
		else if (equal(*argv, "--record") && argv[1])
			o->record = *++argv;
		else
			die(125, *argv, "no such option; --help lists them");
	}
	return argv;
}

static const char *exec_error(int error)
{
	switch (-error) {
	case ENOENT:
		return "no such file (or its interpreter is missing)";
	case EACCES:
		return "permission denied";
	case ENOEXEC:
		return "not a program for 64-bit x86";
	case ENOMEM:
		return "not enough memory";
	case EEXIST:
		return "its addresses are taken";
	case ELOOP:
		return "too many interpreters";
	case E2BIG:
		return "too many arguments";
	}
	return "it cannot be executed";
}

static void load(struct program *p, const char *path)
{
	int r = load_program(p, path);

	if (r)
		die(r == -ENOENT ? 127 : 126, path, exec_error(r));
}

/*
 * Without a policy the monitor's block is not reserved (block.c), which RLIMIT_AS
 * would count: nothing can be mapped there on demand (refuse.c), and what Linux, short
 * of other places, puts there ring 3 cannot use, and the monitor's own mappings replace.
 */
static void enter(bool verbose)
{
	int r;

	sys(__NR_mmap, MONITOR_GUARD, PAGE_SIZE, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (verbose)
		dune_set_log(dune_log_stderr, NULL);
	dune_set_arena(ARENA_BASE, ARENA_SIZE);
	dune_vm_default_slot(DUNE_PTE_U);
	dune_vm_slot_protect(MONITOR_BASE, MONITOR_SIZE, 0);
	if (box_on() && !record_on())
		dune_trap_set_syscall_handler(box_handler, DUNE_TRAP_ARGS_ONLY);
	else
		dune_trap_set_syscall_handler(record_on() ? record_syscall : monitor_syscall,
					      DUNE_TRAP_GPRS_ONLY);
	dune_signals_to_ring3(true);

	r = dune_init(0);
	if (!r && box_on())
		box_begin();
	r = r ?: dune_enter();
	if (r)
		die(125, "cannot enter Dune mode", dune_strerror(r));
}

/* As execve(2) would have called the process; Linux cuts it to 15 bytes. */
static void name_process(const char *path)
{
	const char *name = path;

	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	sys(__NR_prctl, PR_SET_NAME, name, 0, 0, 0);
}

static void start(const struct program *p, uint64_t *sp)
{
	const struct image *first = p->has_interp ? &p->interp : &p->main;
	struct dune_tf tf = {
		.rip	= first->bias + first->elf.entry,
		.rsp	= (uint64_t)sp,
		.rflags	= 0x202,
	};

	brk_init(p->brk);
	/* A program begins with FS and GS base 0. */
	asm volatile("wrmsr" : : "c" (0xc0000100), "a" (0), "d" (0));
	dune_ring3_enter(&tf);
	die(125, "the program left ring 3", NULL);
}

void run_main(uint64_t *sp)
{
	struct options o = { 0 };
	struct program program = { 0 };
	struct vectors v;
	const char *path, *file;
	char **all;
	int error;

	stack_read(sp, &v);
	all = v.argv;
	v.argv = parse_options(v.argv, &o);
	o.rest = v.argv;
	if (!v.argv[0])
		die(125, "which program?", "--help says more");
	if (o.policy_fd)
		block_reserve();
	if (o.policy_fd)
		box_open(&o);
	else if (o.policy || o.trace || o.learn)
		box_compile(&o, all, v.envp);
	path = find_program(v.argv[0], v.envp);
	if (!path)
		die(127, v.argv[0], "not found");
	if (o.argv0)
		v.argv[0] = o.argv0;
	file = path;
	/* Of a program's execve() it is no matter: whoever listened may have gone. */
	if (o.record && !record_init(o.record) && !o.argv0)
		die(125, o.record, "calls cannot be written down there");
	record_start(path, v.argv, v.envp);
	v.argv = script_arguments(v.argv, &path, &error);
	if (error)
		die(error == -ENOENT ? 127 : 126, path, exec_error(error));

	exec_init(path);
	name_process(file);
	load(&program, path);
	if (o.by_fd && path == file)
		fd_close(path);
	sp = stack_build(sp, &v, &program, path);
	enter(o.verbose);
	start(&program, sp);
	__builtin_unreachable();
}
