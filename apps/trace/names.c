/* SPDX-License-Identifier: MIT */
/*
 * names.c - names of system calls, errors and signals
 */
#include "trace.h"

/* In build/apps/trace: from <asm/unistd_64.h>, and from libc by gen.c. */
static const char *const names[MAX_NR] = {
#include "names.h"
};
#include "libc.h"

#define LENGTH(array)	(sizeof(array) / sizeof((array)[0]))

void put_call_name(struct text *t, unsigned int nr)
{
	if (nr < MAX_NR && names[nr]) {
		put_string(t, names[nr]);
		return;
	}
	put_string(t, "syscall_");
	put_hex(t, nr);
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

int call_number(const char *name)
{
	int nr;

	for (nr = 0; nr < MAX_NR; nr++)
		if (names[nr] && same(names[nr], name))
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
	return (unsigned int)error < LENGTH(errors) ? errors[error].name : NULL;
}

const char *error_text(int error)
{
	const char *what = (unsigned int)error < LENGTH(errors) ? errors[error].what : NULL;

	return what ? what : "Unknown error";
}

/* Without "SIG"; NULL: it has no name of its own. */
const char *signal_name(unsigned int sig)
{
	return sig < LENGTH(signals) ? signals[sig] : NULL;
}

/* Those of libc's own are counted from the kernel's first real-time signal, 32. */
void put_signal(struct text *t, unsigned int sig, const char *prefix)
{
	const char *name = signal_name(sig);

	if (sig < 1 || sig > 64) {
		put_signed(t, (int)sig);
		return;
	}
	put_string(t, prefix);
	if (name)
		put_string(t, name);
	else if (sig == 32)
		put_string(t, "RTMIN");
	else
		put_string(t, "RT_"), put_unsigned(t, sig - 32);
}
