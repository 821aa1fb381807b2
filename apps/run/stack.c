/* SPDX-License-Identifier: MIT */
/*
 * stack.c - the program's first stack
 *
 * The kernel made it for dune-run: the strings of the program's arguments and
 * environment are there already. Below them comes what a program expects to
 * find at its stack pointer (System V ABI, "Initial Stack").
 */
#include <elf.h>

#include "run.h"

void stack_read(uint64_t *sp, struct vectors *v)
{
	v->argc = *sp;
	v->argv = (char **)(sp + 1);
	v->envp = v->argv + v->argc + 1;
	v->auxv = (uint64_t *)v->envp;
	while (*v->auxv)
		v->auxv++;
	v->auxv++;
}

static size_t count(char **list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

static size_t count_auxv(const uint64_t *auxv)
{
	size_t n = 0;

	while (auxv[2 * n] != AT_NULL)
		n++;
	return n + 1;
}

/* What the kernel would have said of the program, where it spoke of dune-run. */
static uint64_t aux_value(uint64_t type, uint64_t value, const struct program *p,
			  uint64_t random, const char *path)
{
	switch (type) {
	case AT_PHDR:
		return p->main.bias + p->main.elf.phdr;
	case AT_PHNUM:
		return p->main.elf.phnum;
	case AT_BASE:
		return p->has_interp ? p->interp.bias : 0;
	case AT_ENTRY:
		return p->main.bias + p->main.elf.entry;
	case AT_RANDOM:
		return random;
	case AT_EXECFN:
		return (uint64_t)path;
	}
	return value;
}

/* Ring 3 cannot read the monitor's memory: a string there goes onto the stack. */
static char *place(char *s, char **top)
{
	size_t size;

	if (!s || !in_monitor((uint64_t)s, 1))
		return s;
	size = length(s) + 1;
	*top -= size;
	__builtin_memcpy(*top, s, size);
	return *top;
}

/* @sp: as dune-run found it. Returns the program's. */
uint64_t *stack_build(uint64_t *sp, const struct vectors *v, const struct program *p,
		      const char *path)
{
	size_t nr_arg = count(v->argv), nr_env = count(v->envp);
	size_t nr_aux = count_auxv(v->auxv), i;
	size_t words = 1 + nr_arg + 1 + nr_env + 1 + 2 * nr_aux;
	char *top = (char *)sp;
	uint64_t *random, *at, *to;

	/* What lies above sp is in use: everything new goes below. */
	path = place((char *)path, &top);
	for (i = 0; i < nr_arg; i++)
		v->argv[i] = place(v->argv[i], &top);
	random = (uint64_t *)((uint64_t)top & ~15UL) - 2;
	at = to = (uint64_t *)((uint64_t)(random - words) & ~15UL);

	sys(__NR_getrandom, random, 16, 0);
	*to++ = nr_arg;
	for (i = 0; i <= nr_arg; i++)
		*to++ = (uint64_t)v->argv[i];
	for (i = 0; i <= nr_env; i++)
		*to++ = (uint64_t)v->envp[i];
	for (i = 0; i < nr_aux; i++) {
		uint64_t type = v->auxv[2 * i];

		*to++ = type;
		*to++ = aux_value(type, v->auxv[2 * i + 1], p, (uint64_t)random, path);
	}
	return at;
}
