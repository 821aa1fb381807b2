/* SPDX-License-Identifier: MIT */
/*
 * relay.c - take the machine's frames apart (see init.c)
 *
 *	relay DIR < emulator's standard output
 *
 * Standard output and error of the command go to ours; the kernel's log to
 * DIR/kernel.log, the command's status to DIR/status.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char start[] = "\002DUNE-MACHINE\002";

static void pass_on(FILE *to, size_t size)
{
	while (size--) {
		int c = getchar();

		if (c == EOF)
			exit(1);
		putc(c, to);
	}
	fflush(to);
}

static FILE *open_in(const char *dir, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

int main(int argc, char **argv)
{
	FILE *kernel, *status;
	size_t at = 0;
	int c;

	if (argc != 2)
		return 2;
	kernel = open_in(argv[1], "kernel.log");

	/* The emulator has things to say first. */
	while (start[at]) {
		c = getchar();
		if (c == EOF)
			return 1;
		at = c == start[at] ? at + 1 : c == start[0];
	}
	fclose(open_in(argv[1], "started"));

	while ((c = getchar()) != EOF) {
		int type, low, high;

		if (c != 2)
			continue;
		type = getchar();
		low = getchar();
		high = getchar();
		if (high == EOF)
			break;
		switch (type) {
		case 'O':
			pass_on(stdout, low | high << 8);
			break;
		case 'E':
			pass_on(stderr, low | high << 8);
			break;
		case 'M':
			fputs("tests/vm/run: ", stderr);
			pass_on(stderr, low | high << 8);
			fputc('\n', stderr);
			break;
		case 'D':	/* no frame: it has started once more */
			while ((c = getchar()) != EOF && c != 2)
				;
			break;
		case 'K':
			pass_on(kernel, low | high << 8);
			break;
		case 'X':
			status = open_in(argv[1], "status");
			pass_on(status, low | high << 8);
			fclose(status);
			return 0;
		}
	}
	return 1;
}
