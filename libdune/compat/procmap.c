/* SPDX-License-Identifier: MIT */
/*
 * procmap.c - what the process has mapped, from /proc/self/maps
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"

static int type_of(const char *path)
{
	static const struct {
		const char *path;
		int type;
	} known[] = {
		{ "", PROCMAP_TYPE_ANONYMOUS },
		{ "[heap]", PROCMAP_TYPE_HEAP },
		{ "[stack]", PROCMAP_TYPE_STACK },
		{ "[vsyscall]", PROCMAP_TYPE_VSYSCALL },
		{ "[vdso]", PROCMAP_TYPE_VDSO },
		{ "[vvar]", PROCMAP_TYPE_VVAR },
	};
	size_t i;

	if (*path == '/')
		return PROCMAP_TYPE_FILE;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(path, known[i].path))
			return known[i].type;
	return PROCMAP_TYPE_UNKNOWN;
}

/* The path stays in @line. */
static bool parse(char *line, struct dune_procmap_entry *e)
{
	char r, w, x, p;
	int path = 0;

	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "%lx-%lx %c%c%c%c %lx %*s %*s %n", &e->begin, &e->end, &r, &w, &x, &p,
		   &e->offset, &path) != 7 || !path)
		return false;
	e->r = r == 'r';
	e->w = w == 'w';
	e->x = x == 'x';
	e->p = p == 'p';
	e->path = line + path;
	e->type = type_of(e->path);
	return true;
}

void dune_compat_procmap_iterate(dune_procmap_cb cb)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	struct dune_procmap_entry entry;
	char *line = NULL;
	size_t size = 0;

	if (!maps)
		return;
	while (getline(&line, &size, maps) > 0)
		if (parse(line, &entry))
			cb(&entry);
	free(line);
	fclose(maps);
}

static void dump_entry(const struct dune_procmap_entry *e)
{
	static const char *const types[] = {
		"unknown", "file", "anonymous", "heap", "stack", "vsyscall", "vdso", "vvar",
	};

	dune_compat_printf("%016lx-%016lx %c%c%c%c %08lx %-9s %s\n", e->begin, e->end,
			   e->r ? 'r' : '-', e->w ? 'w' : '-', e->x ? 'x' : '-',
			   e->p ? 'p' : 's', e->offset, types[e->type], e->path);
}

void dune_compat_procmap_dump(void)
{
	dune_compat_procmap_iterate(dump_entry);
}
