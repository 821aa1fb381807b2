/* SPDX-License-Identifier: MIT */
/*
 * gen.c - prints libc's names of errors and signals as tables for names.c
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define MAX_ERROR	134

int main(void)
{
	int i;

	printf("static const struct { const char *name, *what; } errors[] = {\n");
	for (i = 1; i < MAX_ERROR; i++)
		if (strerrorname_np(i))
			printf("\t[%d] = { \"%s\", \"%s\" },\n", i, strerrorname_np(i), strerror(i));
	printf("};\nstatic const char *const signals[] = {\n");
	for (i = 1; i < 32; i++)
		if (sigabbrev_np(i))
			printf("\t[%d] = \"%s\",\n", i, i == SIGIO ? "IO" : sigabbrev_np(i));
	printf("};\n");
	return 0;
}
