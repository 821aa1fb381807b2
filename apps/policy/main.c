/* SPDX-License-Identifier: MIT */
/*
 * main.c - dune-policy: check a policy, or compile it for dune-run
 *
 * dune-run has no C library and so no libseccomp: it executes this program, and is
 * executed by it in turn, with the compiled policy in a memory file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dune_policy.h"

#define MAX_TEXT	(1 << 20)
#define FAILED		125	/* as dune-run's */

static const char help[] =
	"usage: dune-policy POLICY...\n"
	"\n"
	"Checks policies for dune-run. POLICY is a file, or one of the ready policies none,\n"
	"pure, read-only:DIR, workdir:DIR, network:ADDRESS:PORT. Says how many rules, paths\n"
	"and addresses each has, or where and what is wrong in it.\n"
	"\n"
	"  --list            the system calls that dune-run knows, with their groups\n"
	"  --help, --version\n";

static void die(const char *what, const char *why)
{
	fprintf(stderr, "dune-policy: %s: %s\n", what, why);
	exit(FAILED);
}

static char *read_file(const char *name)
{
	char *text = malloc(MAX_TEXT + 1);
	FILE *f = fopen(name, "re");
	size_t n;

	if (!text || !f)
		die(name, strerror(errno));
	n = fread(text, 1, MAX_TEXT + 1, f);
	if (ferror(f))
		die(name, strerror(errno));
	if (n > MAX_TEXT)
		die(name, "too long for a policy");
	if (memchr(text, 0, n))
		die(name, "a policy is text, without zero bytes");
	text[n] = 0;
	fclose(f);
	return text;
}

/* "workdir:/x" as the text "use workdir "/x"", or NULL: the name of a file. */
static char *ready_text(const char *spec)
{
	size_t n = strcspn(spec, ":"), size = 2 * strlen(spec) + 16;
	char *name = strndup(spec, n), *text = malloc(size), *to;
	bool argument;

	if (!name || !text)
		die(spec, strerror(ENOMEM));
	if (!ready_policy(name, &argument) || strchr(name, '/')) {
		free(name);
		free(text);
		return NULL;
	}
	to = text + sprintf(text, "use %s", name);
	free(name);
	if (!spec[n])
		return text;
	to += sprintf(to, " \"");
	for (spec += n + 1; *spec; *to++ = *spec++)
		if (*spec == '"' || *spec == '\\')
			*to++ = '\\';
	strcpy(to, "\"");
	return text;
}

/* A path that is not there gives nothing; most often it is misspelt. */
static void check_paths(const char *spec, const struct policy *p)
{
	unsigned int i;

	for (i = 0; i < p->nr_paths; i++) {
		const char *path = p->text + p->path[i].text;

		if (access(path, F_OK) && errno == ENOENT)
			fprintf(stderr, "%s:%u: warning: there is no %s\n", spec, p->path[i].line, path);
	}
}

static struct policy *compile(const char *spec, bool warn)
{
	struct policy *p = calloc(1, sizeof(*p));
	char *text = ready_text(spec);
	struct parse_error e;
	int r;

	if (!p)
		die(spec, strerror(errno));
	warn = warn && !text;
	if (!text)
		text = read_file(spec);
	if (!policy_parse(p, spec, text, call_number, &e)) {
		fprintf(stderr, "%s:%u:%u: %s\n", spec, e.line, e.column, e.text);
		exit(FAILED);
	}
	free(text);
	if (warn)
		check_paths(spec, p);
	r = make_filter(p);
	if (r)
		die(spec, strerror(-r));
	return p;
}

static void check(const char *spec)
{
	struct policy *p = compile(spec, true);

	printf("%s: %u rules, %u paths, %u addresses, a filter of %u instructions\n", spec,
	       p->nr_rules, p->nr_paths, p->nr_peers, p->nr_filter);
	free(p);
}

static void list(void)
{
	unsigned int group, nr;

	for (group = 1; group < NR_GROUPS; group++)
		for (nr = 0; nr < NR_CALLS; nr++)
			if (calls[nr].group == group)
				printf("@%s %s\n", call_groups[group], calls[nr].name);
}

/* --start POLICY DUNE_RUN ARGUMENT...: from dune-run, and back to it. */
static void start(char **argv)
{
	struct policy *p = compile(argv[0], false);
	int fd = memfd_create("dune-policy", MFD_ALLOW_SEALING);
	char *path = argv[1];
	char number[16];

	if (fd < 0 || write(fd, p, sizeof(*p)) != sizeof(*p))
		die(argv[0], strerror(errno));
	snprintf(number, sizeof(number), "%d", fd);
	/* argv: POLICY DUNE_RUN ... becomes dune-run --policy-fd N ... */
	argv[-1] = "dune-run";
	argv[0] = "--policy-fd";
	argv[1] = number;
	execv(path, argv - 1);
	die(path, strerror(errno));
}

int main(int argc, char **argv)
{
	int i;

	if (argc > 3 && !strcmp(argv[1], "--start"))
		start(argv + 2);
	if (argc < 2) {
		fputs(help, stderr);
		return FAILED;
	}
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help"))
			fputs(help, stdout);
		else if (!strcmp(argv[i], "--version"))
			puts("dune-policy 1.0");
		else if (!strcmp(argv[i], "--list"))
			list();
		else
			check(argv[i]);
	}
	return 0;
}
