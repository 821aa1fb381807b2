// SPDX-License-Identifier: MIT
/*
 * wild.c - a plugin that attacks its host
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static long raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 asm("r10") = d, r8 asm("r8") = e, r9 asm("r9") = f;
	long r;

	asm volatile("syscall" : "=a" (r)
		     : "0" (nr), "D" (a), "S" (b), "d" (c), "r" (r10), "r" (r8), "r" (r9)
		     : "rcx", "r11", "memory");
	return r;
}

long read_at(const volatile long *p)
{
	return *p;
}

void write_at(volatile long *p, long v)
{
	*p = v;
}

void jump_to(void (*fn)(void))
{
	fn();
}

long any_call(long nr, long a, long b, long c, long d, long e)
{
	return raw(nr, a, b, c, d, e, 0);
}

long mmap_call(long addr, long size, long prot, long flags)
{
	return raw(SYS_mmap, addr, size, prot, flags, -1, 0);
}

/* Instructions that are not for ring 3. */
void instruction(int which)
{
	switch (which) {
	case 0: asm volatile("vmcall" : : "a" (39)); break;
	case 1: asm volatile("int $0x80" : : "a" (20)); break;
	case 2: asm volatile("sysenter"); break;
	case 3: asm volatile("hlt"); break;
	case 4: asm volatile("cli"); break;
	case 5: asm volatile("mov %%cr3, %%rax" : : : "rax"); break;
	case 6: asm volatile("mov %0, %%cr3" : : "r" (0L)); break;
	case 7: asm volatile("wrmsr" : : "c" (0xc0000100), "a" (0), "d" (0)); break;
	case 8: asm volatile("lgdt (%%rsp)" : : : "memory"); break;
	case 9: asm volatile("swapgs"); break;
	case 10: asm volatile("int $255"); break;
	case 11: asm volatile("in $0x60, %%al" : : : "rax"); break;
	case 12: asm volatile("ud2"); break;
	case 13: asm volatile("int3"); break;
	case 14: asm volatile("sgdt (%%rsp)" : : : "memory"); break;
	case 15: asm volatile("pushq $0x10\n\tpushq %0\n\tlretq" : : "r" (instruction)); break;
	case 16: asm volatile("pushq $0x18\n\tpushq %%rsp\n\tpushfq\n\tpushq $0x10\n\t"
			      "pushq %0\n\tiretq" : : "r" (instruction)); break;
	case 17: asm volatile("sysretq" : : "c" (instruction), "a" (0)); break;
	case 18: asm volatile("vmxoff"); break;
	case 19: asm volatile("xsetbv" : : "c" (0), "a" (7), "d" (0)); break;
	case 20: asm volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop" : : : "memory"); break;
	case 21: asm volatile("pushfq; orq $0x40000, (%%rsp); popfq;"
			      "movq 1(%%rsp), %%rax" : : : "rax", "memory"); break;
	case 22: asm volatile("clts"); break;
	case 23: asm volatile("invlpg (%%rsp)" : : : "memory"); break;
	case 24: asm volatile("mov %%dr7, %%rax" : : : "rax"); break;
	}
}

#define INSTRUCTIONS	25

int instructions(void)
{
	return INSTRUCTIONS;
}

/* Flags and registers that survive into the host's, if it lets them. */
void leave_a_mess(void)
{
	asm volatile("std\n\t"
		     "pushfq; orq $0x44000, (%%rsp); popfq\n\t"	/* AC, NT */
		     "pushq $0x0\n\tldmxcsr (%%rsp)\n\tadd $8, %%rsp\n\t"
		     "pushq $0x0\n\tfldcw (%%rsp)\n\tadd $8, %%rsp\n\t"
		     "mov $0x1000, %%eax\n\t"		/* the end of a call */
		     "mov $1, %%edi\n\t"
		     "xor %%ebp, %%ebp\n\txor %%ebx, %%ebx\n\tmov $-1, %%r12\n\t"
		     "mov $-1, %%r13\n\tmov $-1, %%r14\n\tmov $-1, %%r15\n\t"
		     "syscall" : : : "memory");
}

void set_bases(long fs, long gs)
{
	asm volatile("wrgsbase %0" : : "r" (gs));
	asm volatile("wrfsbase %0" : : "r" (fs));
	raw(0x1000, 0, 0, 0, 0, 0, 0);
}

void set_pkru(void)
{
	asm volatile("wrpkru" : : "a" (-1), "c" (0), "d" (0));
	raw(0x1000, 0, 0, 0, 0, 0, 0);
}

/*
 * Rights to no memory at all, while the program is needed: for a while, for a call, for
 * a fault.
 */
void shut_and_loop(void)
{
	asm volatile("wrpkru\n1:\tjmp 1b" : : "a" (-1), "c" (0), "d" (0));
}

long shut_and_call(long nr, long arg)
{
	long r;

	asm volatile("wrpkru\n\tmov %1, %%rax\n\tsyscall\n\tmov %%rax, %%r8\n\t"
		     "xor %%eax, %%eax\n\txor %%ecx, %%ecx\n\txor %%edx, %%edx\n\twrpkru\n\t"
		     "mov %%r8, %%rax"
		     : "=a" (r) : "r" (nr), "D" (arg), "a" (-1), "c" (0), "d" (0), "S" (0)
		     : "r8", "r11", "memory");
	return r;
}

void shut_and_fault(void)
{
	asm volatile("wrpkru\n\tud2" : : "a" (-1), "c" (0), "d" (0));
}

void shut_and_read(void)
{
	asm volatile("wrpkru\n\tmov (%%rsp), %%rax" : : "a" (-1), "c" (0), "d" (0));
}

static volatile int depth;

int overflow(int n)
{
	volatile char here[512];

	if (n < 0)
		return 0;
	here[n % 512] = n;
	depth++;
	return overflow(n + 1) + here[(n + 1) % 512];
}

/* The end of a call, from a stack that is none. */
void syscall_with_stack(long sp)
{
	asm volatile("mov %0, %%rsp\n\tmov $0x1000, %%eax\n\txor %%edi, %%edi\n\tsyscall"
		     : : "r" (sp) : "memory");
}

void fault_with_stack(long sp)
{
	asm volatile("mov %0, %%rsp\n\tud2" : : "r" (sp) : "memory");
}

void loop(void)
{
	for (;;)
		asm volatile("");
}

void loop_in_calls(void)
{
	for (;;)
		raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

void wait_for_ever(void)
{
	static int word;

	for (;;)
		raw(SYS_futex, (long)&word, 0, 0, 0, 0, 0);
}

void bomb(int touch)
{
	char *p;

	for (;;) {
		p = malloc(1 << 20);
		if (touch || !p)
			memset(p, 1, 1 << 20);
	}
}

long bomb_kindly(void)
{
	long n = 0;

	while (malloc(1 << 20))
		n++;
	return n;
}

#define PAGE	4096L

/* Have memory beyond the limit, out of reach: how many of @n pieces there are. */
long hide(long size, long n)
{
	long i, p;

	for (i = 0; i < n; i++) {
		p = mmap_call(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
		if (p < 0)
			break;
		memset((void *)p, 1, size);
		raw(SYS_mprotect, p, size, PROT_NONE, 0, 0, 0);
	}
	return i;
}

static int take_page(long at)
{
	if (mmap_call(at, PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED) != at)
		return 0;
	*(volatile char *)at = 1;
	return 1;
}

static long seams_at;

long last_seams(void)
{
	return seams_at;
}

/* Use pages with gaps, then what is between them: how many of @n there are. */
long seams(long n)
{
	long at = mmap_call(0, 2 * n * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS);
	long i, k;

	seams_at = at;
	for (i = 0; i < n; i += 100) {
		for (k = i; k < i + 100; k++)
			if (!take_page(at + 2 * k * PAGE))
				return k;
		for (k = i; k < i + 100; k++)
			if (!take_page(at + (2 * k + 1) * PAGE))
				return k;
	}
	return n;
}

/* For late.c: memory that has not been used. */
char *chosen_page;

long choose_page(long size)
{
	chosen_page = (char *)mmap_call(0, size, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS);
	return (long)chosen_page;
}

/* Use up all there is to describe mappings with. */
long fragment(void)
{
	long base = mmap_call(0, 4096 * 4096L, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS);
	long i, r = 0;

	for (i = 0; i < 4096 && !r; i += 2)
		r = raw(SYS_mprotect, base + i * 4096, 4096, PROT_READ, 0, 0, 0);
	return r;
}

void give_up(void)
{
	abort();
}

void leave(int status)
{
	_exit(status);
}

void write_code(int rw_first)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | (rw_first ? 0 : PROT_EXEC),
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return;
	p[0] = 0xc3;
	((void (*)(void))p)();
}

long open_file(const char *path)
{
	return raw(SYS_openat, AT_FDCWD, (long)path, O_RDONLY, 0, 0, 0);
}

/* While it is loaded it may open libraries, and nothing else. */
static long opened;

__attribute__((constructor)) static void try_to_open(void)
{
	static const char *const paths[] = {
		"/etc/passwd", "/proc/self/mem", "/proc/self/maps", "/dev/dune", "/init",
		"/lib/../etc/passwd", "/proc/self/root/etc/passwd", "/dune/bin/dune-run",
	};
	unsigned int i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (open_file(paths[i]) >= 0)
			opened |= 1 << i;
}

long opened_while_loading(void)
{
	return opened;
}

/* Whether the page at @p is that of the file. */
static int is_page(const char *p, int fd, long offset)
{
	static char page[PAGE];

	return p != MAP_FAILED && pread(fd, page, PAGE, offset) == PAGE && !memcmp(p, page, PAGE);
}

static char *over(char *p, int prot, int fd, long offset)
{
	return mmap(p, PAGE, prot, MAP_PRIVATE | MAP_FIXED, fd, offset);
}

static char *whole(int fd)
{
	return mmap(NULL, 8 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
}

/* Mapped once more, a page of a file is the file's: how many are not. */
static long mapped_wrong = -1;

__attribute__((constructor)) static void map_again(void)
{
	int m = open_file("/lib/x86_64-linux-gnu/libm.so.6");
	int c = open_file("/lib/x86_64-linux-gnu/libc.so.6");
	char *p = whole(m);
	long wrong = 0;

	if (m < 0 || c < 0 || p == MAP_FAILED)
		return;
	wrong += !is_page(over(p + PAGE, PROT_READ | PROT_EXEC, m, PAGE), m, PAGE);
	wrong += !is_page(over(p + PAGE, PROT_READ, m, PAGE), m, PAGE);
	wrong += !is_page(over(p + 2 * PAGE, PROT_READ, m, 5 * PAGE), m, 5 * PAGE);
	p = whole(m);
	wrong += !is_page(over(p + 2 * PAGE, PROT_READ, c, 2 * PAGE), c, 2 * PAGE);
	/* Written in between */
	p = whole(m);
	mprotect(p, PAGE, PROT_READ | PROT_WRITE);
	p[0] = 1;
	mprotect(p, PAGE, PROT_READ);
	wrong += !is_page(over(p, PROT_READ, m, 0), m, 0);
	p = whole(m);
	over(p, PROT_READ | PROT_WRITE, m, 0)[0] = 1;
	wrong += !is_page(over(p, PROT_READ, m, 0), m, 0);
	/* Unmapped, or something else */
	p = whole(m);
	munmap(p + PAGE, PAGE);
	wrong += !is_page(over(p + PAGE, PROT_READ, m, PAGE), m, PAGE);
	p = whole(m);
	mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	wrong += !is_page(over(p + PAGE, PROT_READ, m, PAGE), m, PAGE);
	/* The same number for another file */
	p = whole(m);
	close(m);
	m = open_file("/lib/x86_64-linux-gnu/libc.so.6");
	wrong += !is_page(over(p + 3 * PAGE, PROT_READ, m, 3 * PAGE), c, 3 * PAGE);
	mapped_wrong = wrong;
	close(m);
	close(c);
}

long mapped_wrongly(void)
{
	return mapped_wrong;
}

long attack_callback(long (*fn)(long, long), long a, long b)
{
	return fn(a, b);
}

/* Vector registers may hold what the host left there. */
long vectors_are_clean(void)
{
	unsigned char v[16 * 16];
	long sum = 0;
	unsigned int i;

	asm volatile("movdqu %%xmm0, (%0)\n\tmovdqu %%xmm1, 16(%0)\n\tmovdqu %%xmm2, 32(%0)\n\t"
		     "movdqu %%xmm3, 48(%0)\n\tmovdqu %%xmm4, 64(%0)\n\tmovdqu %%xmm5, 80(%0)\n\t"
		     "movdqu %%xmm6, 96(%0)\n\tmovdqu %%xmm7, 112(%0)\n\tmovdqu %%xmm8, 128(%0)\n\t"
		     "movdqu %%xmm9, 144(%0)\n\tmovdqu %%xmm10, 160(%0)\n\tmovdqu %%xmm11, 176(%0)\n\t"
		     "movdqu %%xmm12, 192(%0)\n\tmovdqu %%xmm13, 208(%0)\n\t"
		     "movdqu %%xmm14, 224(%0)\n\tmovdqu %%xmm15, 240(%0)" : : "r" (v) : "memory");
	for (i = 0; i < sizeof(v); i++)
		sum += v[i];
	return sum;
}
