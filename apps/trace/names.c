/* SPDX-License-Identifier: MIT */
/*
 * names.c - names of system calls and errors
 */
#include <string.h>

#include "trace.h"

/* build/apps/trace/names.h, made from <asm/unistd_64.h>. */
static const char *const names[MAX_NR] = {
#include "names.h"
};

const char *call_name(unsigned int nr)
{
	static char number[32];

	if (nr < MAX_NR && names[nr])
		return names[nr];
	snprintf(number, sizeof(number), "syscall_%#x", nr);
	return number;
}

int call_number(const char *name)
{
	int nr;

	for (nr = 0; nr < MAX_NR; nr++)
		if (names[nr] && !strcmp(names[nr], name))
			return nr;
	return -1;
}

/* NULL: it has no name. The kernel's own codes for restarts are shown by strace too. */
const char *error_name(int error)
{
	switch (error) {
	case 512:
		return "ERESTARTSYS";
	case 513:
		return "ERESTARTNOINTR";
	case 514:
		return "ERESTARTNOHAND";
	case 516:
		return "ERESTART_RESTARTBLOCK";
	}
	return strerrorname_np(error);
}
