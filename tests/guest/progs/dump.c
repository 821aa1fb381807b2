/* SPDX-License-Identifier: MIT */
/*
 * dump.c - what a program was given: arguments, environment, auxiliary vector
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>
#include <elf.h>

extern char **environ;

int main(int argc, char **argv)
{
	const unsigned char *random = (void *)getauxval(AT_RANDOM);
	struct timespec a, b;
	char line[80];
	int i, sum = 0;

	for (i = 0; i < argc; i++)
		printf("argv[%d]=%s\n", i, argv[i]);
	for (i = 0; environ[i]; i++)
		if (strncmp(environ[i], "_=", 2))
			puts(environ[i]);
	for (i = 0; i < 16; i++)
		sum |= random[i];
	printf("random %s, page size %lu, uid %lu, secure %lu\n", sum ? "set" : "zero",
	       getauxval(AT_PAGESZ), getauxval(AT_UID), getauxval(AT_SECURE));
	printf("phent %lu phnum %s entry %s execfn %s\n", getauxval(AT_PHENT),
	       getauxval(AT_PHNUM) > 4 ? "many" : "few", getauxval(AT_ENTRY) ? "set" : "zero",
	       (char *)getauxval(AT_EXECFN));
	printf("vdso %s, stack %s\n", memcmp((void *)getauxval(AT_SYSINFO_EHDR), "\177ELF", 4)
	       ? "broken" : "mapped", (unsigned long)&argc % 4 ? "odd" : "even");
	clock_gettime(CLOCK_MONOTONIC, &a);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("time goes %s\n", b.tv_sec > a.tv_sec || b.tv_nsec >= a.tv_nsec ? "on" : "back");
	while (fgets(line, sizeof(line), stdin))
		fputs(line, stdout);
	free(malloc(10 << 20));
	fprintf(stderr, "to standard error\n");
	return argc;
}
