/* SPDX-License-Identifier: MIT */
/*
 * util.c - printing, ending, mapping, signals
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compat.h"

#define LINE_SIZE	1024

/* To descriptor 1 at once, past stdio's buffer. Longer lines are cut. */
int dune_compat_printf(const char *fmt, ...)
{
	char line[LINE_SIZE];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (n < 0)
		return n;
	return write(STDOUT_FILENO, line, n < LINE_SIZE ? n : LINE_SIZE - 1);
}

void dune_compat_die(void)
{
	_exit(EXIT_FAILURE);
}

void dune_compat_assert_failed(const char *expr, const char *file, int line, const char *func)
{
	dune_compat_printf("ASSERT(%s) at %s:%d in function %s\n", expr, file, line, func);
	dune_compat_die();
}

void *dune_compat_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	return mmap(addr, length, prot, flags, fd, offset);
}

dune_sighandler dune_compat_signal(int sig, dune_sighandler cb)
{
	return signal(sig, cb);
}

void dune_compat_dump_trap_frame(struct dune_tf *tf)
{
	dune_compat_printf("RAX %016lx  RBX %016lx  RCX %016lx  RDX %016lx\n"
			   "RSI %016lx  RDI %016lx  RBP %016lx  RSP %016lx\n",
			   tf->rax, tf->rbx, tf->rcx, tf->rdx, tf->rsi, tf->rdi, tf->rbp, tf->rsp);
	dune_compat_printf("R8  %016lx  R9  %016lx  R10 %016lx  R11 %016lx\n"
			   "R12 %016lx  R13 %016lx  R14 %016lx  R15 %016lx\n",
			   tf->r8, tf->r9, tf->r10, tf->r11, tf->r12, tf->r13, tf->r14, tf->r15);
	dune_compat_printf("RIP %016lx  RFLAGS %08lx  CS %04lx  SS %04lx  vector %lu  error %lx\n",
			   tf->rip, tf->rflags, tf->cs, tf->ss, tf->vector, tf->error);
}
