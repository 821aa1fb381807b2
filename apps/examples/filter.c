/* SPDX-License-Identifier: MIT */
/*
 * filter.c - call a function at ring 3, and decide about its system calls
 *
 * The section "ring3" is copied to a block of memory that is ring 3's, and it
 * reaches nothing else. It may write to standard output; other calls are refused.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <dune/dune.h>
#include <dune/trap.h>
#include <dune/vm.h>

#define GIB	(1UL << 30)

/* Not to be trusted. It has no libc, and no data but what it is given. */
__attribute__((section("ring3"), used))
static void plugin(const char *text, long size)
{
	long r = SYS_getpid;

	__asm__ volatile("syscall" : "+a" (r) : : "rcx", "r11", "memory");
	if (r == -EPERM)
		__asm__ volatile("syscall" : "=a" (r)
				 : "0" (SYS_write), "D" (1), "S" (text), "d" (size)
				 : "rcx", "r11", "memory");
	__asm__ volatile("syscall" : : "a" (SYS_exit), "D" (r));
	__builtin_unreachable();
}

/* The text is copied first: what was looked at is what is written. */
static long write_text(const struct dune_tf *tf)
{
	char text[256];
	uint64_t size = tf->rdx < sizeof(text) ? tf->rdx : sizeof(text);

	if (tf->rdi != 1)
		return -EPERM;
	if (dune_copy_from_user(text, tf->rsi, size))
		return -EFAULT;
	return dune_syscall(SYS_write, 1, (long)text, size, 0, 0, 0);
}

static void on_syscall(struct dune_tf *tf)
{
	if (tf->rax == SYS_exit)
		dune_ring3_exit(tf->rdi);
	tf->rax = tf->rax == SYS_write ? write_text(tf) : -EPERM;
}

/* A block of 1 GiB, which takes memory where it is used: @data, and the code. */
static uintptr_t block_for_ring3(const char *data, size_t size)
{
	extern const char __start_ring3[], __stop_ring3[];
	char *p = mmap(NULL, 2 * GIB, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *block = p + (-(uintptr_t)p & (GIB - 1));

	if (p == MAP_FAILED || dune_vm_slot_protect((uintptr_t)block, GIB, DUNE_PTE_U))
		return 0;
	/* Before dune_enter(): in Dune mode ring 0 keeps off ring 3's memory. */
	memcpy(block, data, size);
	memcpy(block + 4096, __start_ring3, __stop_ring3 - __start_ring3);
	return (uintptr_t)block;
}

int main(void)
{
	static const char text[] = "hello from ring 3\n";
	long size = sizeof(text) - 1;
	uintptr_t block = block_for_ring3(text, size);
	struct dune_tf tf = {
		.rip = block + 4096, .rsp = block + GIB - 8, .rdi = block, .rsi = size,
	};
	int r = block ? dune_init(0) : -ENOMEM;

	if (!r)
		r = dune_enter();
	if (r) {
		fprintf(stderr, "filter: %s\n", dune_strerror(r));
		return 1;
	}
	dune_trap_set_syscall_handler(on_syscall, 0);
	r = dune_ring3_enter(&tf);
	printf("filter: the plugin wrote %d bytes\n", r);
	return dune_leave() || r != size;
}
