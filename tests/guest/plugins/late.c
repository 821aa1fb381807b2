// SPDX-License-Identifier: MIT
/*
 * late.c - one more plugin for the domain of wild.c: what it does with files
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PAGE	4096L

extern char *chosen_page;	/* wild.c's */

static int mapped, told;

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

/* Of what there is, of what there is not, of what is no directory. */
static void look_elsewhere(void)
{
	static const char *const names[] = { "/etc/passwd", "/etc/no-such", "/etc/passwd/x",
					     "/proc/self/fd/0/x", "/dev/null" };
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (open(names[i], O_RDONLY) >= 0 || errno != ENOENT ||
		    !stat(names[i], &st) || errno != ENOENT)
			told |= 1 << i;
}

__attribute__((constructor)) static void begin(void)
{
	int fd = open("/lib/x86_64-linux-gnu/libm.so.6", O_RDONLY);

	look_elsewhere();
	if (chosen_page)
		map_at(chosen_page, PROT_READ | PROT_WRITE, fd);
	else
		map_files(fd);
}

int files_mapped(void)
{
	return mapped;
}

int files_told_of(void)
{
	return told;
}
