/* SPDX-License-Identifier: MIT */
/*
 * machine.c - on what a figure was measured, in a line
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench.h"

#define SLED	"\t.rept 1000\n\tnop\n\t.endr\n"
#define CHAIN	"\t.rept 1000\n\timul %%rax, %%rax\n\t.endr\n"

static bool about_1000(uint64_t ticks)
{
	return ticks >= 990 && ticks <= 1010;
}

/*
 * Does the TSC count instructions? Then a thousand of any kind take a thousand
 * ticks; on hardware those that wait for each other take three times as long as
 * those that do not, at the least.
 */
static bool counts_instructions(void)
{
	uint64_t empty = ticks_empty(), t, nops = ~0UL, chain = ~0UL;
	int i;

	for (i = 0; i < 100; i++) {
		t = ticks_now();
		asm volatile(SLED : : : "memory");
		t = ticks_now() - t - empty;
		nops = t < nops ? t : nops;
		t = ticks_now();
		asm volatile(CHAIN : : : "rax", "cc", "memory");
		t = ticks_now() - t - empty;
		chain = t < chain ? t : chain;
	}
	return about_1000(nops) && about_1000(chain);
}

static void first_line(const char *file, char *to, int size)
{
	FILE *f = fopen(file, "r");

	if (!f || !fgets(to, size, f))
		*to = '\0';
	to[strcspn(to, "\n")] = '\0';
	if (f)
		fclose(f);
}

static void cpu_model(char *to, int size)
{
	char line[256];
	FILE *f = fopen("/proc/cpuinfo", "r");

	snprintf(to, size, "unknown CPU");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "model name\t: ", 13))
			continue;
		snprintf(to, size, "%.*s", (int)strcspn(line + 13, "\n"), line + 13);
		break;
	}
	if (f)
		fclose(f);
}

/* The mitigations in force, by the names of what they are against. */
static void mitigations(char *to, int size)
{
	static const char dir[] = "/sys/devices/system/cpu/vulnerabilities";
	char path[512], line[256];
	struct dirent *entry;
	DIR *d = opendir(dir);
	int used = 0;

	*to = '\0';
	while (d && (entry = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		first_line(path, line, sizeof(line));
		if (!strncmp(line, "Mitigation", 10) && used < size)
			used += snprintf(to + used, size - used, "%s%s", used ? " " : "",
					 entry->d_name);
	}
	if (d)
		closedir(d);
	if (!used)
		snprintf(to, size, "none");
}

/* No quotes or backslashes: it goes into JSON and CSV. */
static void plain(char *s)
{
	for (; *s; s++)
		if (*s == '"' || *s == '\\' || *s < ' ')
			*s = ' ';
}

const char *machine_text(void)
{
	static char text[1024];
	char model[128], mitigated[256], cmdline[384];
	struct utsname name;

	if (*text)
		return text;
	uname(&name);
	cpu_model(model, sizeof(model));
	mitigations(mitigated, sizeof(mitigated));
	first_line("/proc/cmdline", cmdline, sizeof(cmdline));
	snprintf(text, sizeof(text),
		 "%s; %s, %ld of them; Linux %s; mitigations: %s; command line: %s",
		 counts_instructions() ? "emulated, a tick is an instruction" :
					 "a tick is one of the TSC",
		 model, sysconf(_SC_NPROCESSORS_ONLN), name.release, mitigated, cmdline);
	plain(text);
	return text;
}
