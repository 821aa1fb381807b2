// SPDX-License-Identifier: MIT
/*
 * late.c - one more plugin for the domain of wild.c: what it does with files
 */
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>

#define PAGE	4096L

extern char *chosen_page;	/* wild.c's */

static int mapped;

static int map_at(char *at, int prot, int fd)
{
	return mmap(at, PAGE, prot, MAP_PRIVATE | MAP_FIXED, fd, 0) == (void *)at;
}

/* The same page many times over, side by side. */
static void map_files(int fd)
{
	char *at = mmap(NULL, 3000 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return;
	while (mapped < 3000 && map_at(at + mapped * PAGE, PROT_NONE, fd))
		mapped++;
}

__attribute__((constructor)) static void begin(void)
{
	int fd = open("/lib/x86_64-linux-gnu/libm.so.6", O_RDONLY);

	if (chosen_page)
		map_at(chosen_page, PROT_READ | PROT_WRITE, fd);
	else
		map_files(fd);
}

int files_mapped(void)
{
	return mapped;
}
