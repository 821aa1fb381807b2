/* SPDX-License-Identifier: MIT */
/*
 * replay.c - a target of the fuzzer, run on the inputs that are kept
 *
 * In the place of libFuzzer: needs no clang. CORPUS is the inputs' folder.
 */
#include <dirent.h>
#include <string.h>

#include "fuzz.h"

static void run(const char *name)
{
	static uint8_t data[1 << 20];
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", CORPUS, name);
	f = fopen(path, "r");
	MUST(f);
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	fprintf(stderr, "# %s\n", name);
	LLVMFuzzerTestOneInput(data, n);
}

int main(void)
{
	DIR *dir = opendir(CORPUS);
	unsigned int number = 0;
	struct dirent *e;

	MUST(dir);
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		run(e->d_name);
		number++;
	}
	closedir(dir);
	printf("%sok 1 %u kept inputs\n1..1\n", number ? "" : "not ", number);
	return !number;
}
