/* SPDX-License-Identifier: MIT */
/*
 * compat_hello_test.c - enter by the original's names, and what needs no tables
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libdune/dune.h"
#include "libdune/cpu-x86.h"
#include "check.h"

static unsigned int ring(void)
{
	unsigned long cs;

	asm volatile("mov %%cs, %0" : "=r" (cs));
	return cs & 3;
}

static volatile int signals, interrupts;

static void on_signal(int sig)
{
	signals += sig == SIGUSR1;
}

static void on_signal_interrupt(struct dune_tf *tf)
{
	interrupts += tf->rip != 0;
}

static void check_signals(void)
{
	CHECK("dune_signal", dune_signal(SIGUSR1, on_signal) != SIG_ERR);
	kill(getpid(), SIGUSR1);
	CHECK("its handler runs", signals == 1);
	CHECK("dune_register_signal_handler",
	      !dune_register_signal_handler(SIGUSR2, on_signal_interrupt));
	kill(getpid(), SIGUSR2);
	CHECK("it interrupts", interrupts == 1);
	CHECK("dune_register_intr_handler for a signal",
	      !dune_register_intr_handler(DUNE_SIGNAL_INTR_BASE + SIGHUP, on_signal_interrupt));
	kill(getpid(), SIGHUP);
	CHECK("it interrupts too", interrupts == 2);
	CHECK("no such signal", dune_register_signal_handler(65, on_signal_interrupt) == -EINVAL);
}

static void *thread(void *arg)
{
	*(int *)arg = dune_enter() == 0 && ring() == 0;
	dune_apic_init_rt_entry();
	return NULL;
}

static void check_threads_and_children(void)
{
	pthread_t t;
	int good = 0, status = -1;
	pid_t pid;

	pthread_create(&t, NULL, thread, &good);
	pthread_join(t, NULL);
	CHECK("a thread enters", good);
	pid = fork();
	if (!pid) {
		if (dune_enter())
			_exit(1);
		dune_flush_tlb();
		_exit(ring() == 0 ? 69 : 2);
	}
	waitpid(pid, &status, 0);
	CHECK("a child enters", WIFEXITED(status) && WEXITSTATUS(status) == 69);
	pid = fork();
	if (!pid) {
		dune_enter();
		dune_die();
	}
	waitpid(pid, &status, 0);
	CHECK("dune_die", WIFEXITED(status) && WEXITSTATUS(status) == 1);
	pid = fork();
	if (!pid) {
		dune_enter();
		assert(status == -1 && "on purpose");
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK("assert", WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static int types;
static int whole;

static void on_mapping(const struct dune_procmap_entry *e)
{
	types |= 1 << e->type;
	if (e->begin <= (uintptr_t)on_mapping && (uintptr_t)on_mapping < e->end)
		whole = e->r && e->x && !e->w && e->p && e->type == PROCMAP_TYPE_FILE &&
			strstr(e->path, "compat_hello");
}

static int loads, texts;

static int on_segment(struct dune_elf *elf, Elf64_Phdr *phdr)
{
	loads += phdr->p_type == PT_LOAD;
	return 0;
}

static int on_section(struct dune_elf *elf, const char *name, int nr, Elf64_Shdr *shdr)
{
	texts += !strcmp(name, ".text");
	return 0;
}

static int load_first(struct dune_elf *elf, Elf64_Phdr *phdr)
{
	if (phdr->p_type != PT_LOAD || phdr->p_offset)
		return 0;
	return dune_elf_load_ph(elf, phdr, (off_t)elf->priv - (off_t)PGADDR(phdr->p_vaddr)) ?: 1;
}

/* What dune_elf_dump() prints, which goes to descriptor 1 at once. */
static int dumped(struct dune_elf *elf)
{
	static char text[1 << 20];
	int out = dup(1), file = memfd_create("dump", 0), n;

	fflush(stdout);
	dup2(file, 1);
	n = dune_elf_dump(elf);
	dup2(out, 1);
	close(out);
	if (n || pread(file, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	close(file);
	return strstr(text, "Section headers") && strstr(text, ".text") &&
		strstr(text, "Program headers");
}

static void check_elf(void)
{
	struct dune_elf elf;
	char *copy = malloc(4 << 20);
	int fd = open("/proc/self/exe", O_RDONLY), n = read(fd, copy, 4 << 20);
	char *room = mmap(NULL, 4 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	close(fd);
	CHECK("dune_elf_open", !dune_elf_open(&elf, "/proc/self/exe"));
	CHECK("dune_elf_iter_ph", !dune_elf_iter_ph(&elf, on_segment) && loads >= 2);
	CHECK("dune_elf_iter_sh", !dune_elf_iter_sh(&elf, on_section) && texts == 1);
	CHECK("dune_elf_dump", dumped(&elf));
	elf.priv = room;
	CHECK("dune_elf_load_ph", dune_elf_iter_ph(&elf, load_first) == 1 &&
	      !memcmp(room, ELFMAG, SELFMAG));
	dune_elf_close(&elf);
	CHECK("dune_elf_open_mem", !dune_elf_open_mem(&elf, copy, n));
	loads = 0;
	CHECK("and its segments", !dune_elf_iter_ph(&elf, on_segment) && loads >= 2);
	dune_elf_close(&elf);
	CHECK("a short file", dune_elf_open_mem(&elf, copy, 63) == -EIO);
	copy[EI_CLASS] = ELFCLASS32;
	CHECK("another class", dune_elf_open_mem(&elf, copy, n) == -EINVAL);
	CHECK("no file", dune_elf_open(&elf, "/nowhere") == -EIO);
}

static void check_fpu(void)
{
	static struct fpu_area a, b;
	double x = 1.5, y = 0;

	dune_fpu_init(&a);
	dune_fpu_save_safe(&b);
	asm volatile("movsd %0, %%xmm7" : : "m" (x) : "xmm7");
	dune_fpu_save(&a);
	asm volatile("xorps %%xmm7, %%xmm7" : : : "xmm7");
	dune_fpu_load(&a);
	asm volatile("movsd %%xmm7, %0" : "=m" (y));
	CHECK("dune_fpu_save, dune_fpu_load", x == y);
	CHECK("the control word", a.xsave.fxsave.mxcsr == b.xsave.fxsave.mxcsr);
}

static void check_apic(void)
{
	bool error = false;

	dune_apic_init_rt_entry();
	CHECK("dune_apic_id_for_cpu", dune_apic_id_for_cpu(0, &error) < 8 || error);
	error = false;
	dune_apic_id_for_cpu(4000, &error);
	CHECK("no such CPU", error);
	CHECK("no interrupts between threads", dune_apic_send_ipi(33, dune_apic_id()) == -EOPNOTSUPP &&
	      dune_apic_eoi() == -EOPNOTSUPP);
}

int main(int argc, char *argv[])
{
	unsigned long before = dune_get_ticks();
	unsigned long fs, other;
	int ret = dune_init_and_enter();

	if (ret) {
		printf("failed to initialize DUNE\n");
		return ret;
	}
	CHECK("dune_init_and_enter", ring() == 0);
	CHECK("and again", !dune_init(true) && !dune_enter());
	CHECK("dune_get_ticks", dune_get_ticks() > before);
	CHECK("dune_printf", dune_printf("%s from dune_printf\n", "hello") == 23);
	rdmsrl(MSR_FS_BASE, fs);
	CHECK("MSR_FS_BASE", fs && fs == dune_get_user_fs());
	wrmsrl(MSR_FS_BASE, fs + 64);
	rdmsrl(MSR_FS_BASE, other);
	wrmsrl(MSR_FS_BASE, fs);
	CHECK("wrmsrl", other == fs + 64);
	check_signals();
	check_threads_and_children();
	dune_procmap_iterate(on_mapping);
	CHECK("dune_procmap_iterate", whole);
	CHECK("kinds of mappings", (types & 0x5e) == 0x5e);
	dune_procmap_dump();
	check_elf();
	check_fpu();
	check_apic();
	return done();
}
