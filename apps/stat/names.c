/* SPDX-License-Identifier: MIT */
/*
 * names.c - of exits and of processes
 */
#include <asm/vmx.h>
#include <ctype.h>
#include <string.h>

#include "stat.h"

const char *reason_name(unsigned int reason)
{
	static const struct {
		unsigned int	reason;
		const char	*name;
	} names[] = { VMX_EXIT_REASONS };
	static char number[16];
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].reason == reason)
			return names[i].name;
	snprintf(number, sizeof(number), "REASON_%u", reason);
	return number;
}

/* Printable, and without what JSON would have to quote; "" if it is gone. */
const char *command_of(int pid)
{
	static char name[32];
	char path[32], *c;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f || !fgets(name, sizeof(name), f))
		name[0] = '\0';
	if (f)
		fclose(f);
	name[strcspn(name, "\n")] = '\0';
	for (c = name; *c; c++)
		if (!isprint((unsigned char)*c) || *c == '"' || *c == '\\')
			*c = '?';
	return name;
}

bool is_shown(const struct counts *c, const struct view *v)
{
	if (v->pid)
		return c->subject != MACHINE && c->pid == v->pid;
	return true;
}
