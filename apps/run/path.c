/* SPDX-License-Identifier: MIT */
/*
 * path.c - find the program, and the interpreter of a script
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "run.h"

#define X_OK		1
#define MAX_ARGS	4096

static bool executable(const char *path)
{
	return !sys(__NR_faccessat, AT_FDCWD, path, X_OK);
}

static const char *get_env(char **envp, const char *name)
{
	for (; *envp; envp++)
		if (starts_with(*envp, name) && (*envp)[length(name)] == '=')
			return *envp + length(name) + 1;
	return NULL;
}

/* As a shell: by PATH, unless the name has a slash. NULL: not found. */
const char *find_program(const char *name, char **envp)
{
	static char path[4096];
	const char *dirs = get_env(envp, "PATH"), *p;

	for (p = name; *p; p++)
		if (*p == '/')
			return name;
	if (!dirs)
		dirs = "/bin:/usr/bin";
	while (*name) {
		size_t n = 0, len = length(name);

		while (dirs[n] && dirs[n] != ':')
			n++;
		if (n + len + 2 <= sizeof(path)) {
			__builtin_memcpy(path, dirs, n);
			if (!n)
				path[n++] = '.';
			path[n] = '/';
			__builtin_memcpy(path + n + 1, name, len + 1);
			if (executable(path))
				return path;
		}
		while (*dirs && *dirs != ':')
			dirs++;
		if (!*dirs)
			break;
		dirs++;
	}
	return NULL;
}

static char *skip_blanks(char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

/* "#! interpreter [argument]": its two words, cut out of @line. */
static char *parse_line(char *line, char **argument)
{
	char *name = skip_blanks(line + 2), *p = name, *end;

	while (*p && *p != ' ' && *p != '\t')
		p++;
	*argument = NULL;
	if (*p) {
		*p = 0;
		*argument = skip_blanks(p + 1);
		for (end = *argument + length(*argument); end > *argument; end--)
			if (end[-1] != ' ' && end[-1] != '\t')
				break;
		*end = 0;
		if (!**argument)
			*argument = NULL;
	}
	return *name ? name : NULL;
}

/* What the @n bytes of a file's beginning name, cut out of them; NULL: it is no script. */
char *script_interpreter(char *start, long n, char **argument)
{
	long i;

	if (n < 2 || start[0] != '#' || start[1] != '!')
		return NULL;
	for (i = 0; i < n && start[i] != '\n'; i++)
		;
	start[i] = 0;
	return parse_line(start, argument);
}

/* Its first bytes, if @path is a script, and how many; 0 if not. */
static long script_start(const char *path, char *line, size_t size)
{
	long fd = open_to_load(path, true), n;

	if (sys_failed(fd))
		return fd;
	n = sys(__NR_read, fd, line, size);
	sys(__NR_close, fd);
	if (sys_failed(n))
		return n;
	return n >= 2 && line[0] == '#' && line[1] == '!' ? n : 0;
}

/*
 * The kernel's way with scripts: the interpreter runs, with the script's path
 * where argv[0] was. Interpreters may be scripts too, four deep. *@path becomes
 * what is to be loaded.
 */
char **script_arguments(char **argv, const char **path, int *error)
{
	static char lines[SCRIPT_DEPTH][SCRIPT_LINE];
	static char *args[2][MAX_ARGS];
	int depth;

	*error = 0;
	for (depth = 0; depth < SCRIPT_DEPTH; depth++) {
		char **to = args[depth & 1], *interp, *argument;
		long r = script_start(*path, lines[depth], sizeof(lines[0]) - 1);
		int n = 0, i;

		if (r <= 0) {
			*error = r;
			return argv;
		}
		interp = script_interpreter(lines[depth], r, &argument);
		if (!interp)
			break;
		to[n++] = interp;
		if (argument)
			to[n++] = argument;
		to[n++] = (char *)*path;
		for (i = 1; argv[0] && argv[i]; i++) {
			if (n == MAX_ARGS - 1) {
				*error = -E2BIG;
				return argv;
			}
			to[n++] = argv[i];
		}
		to[n] = NULL;
		argv = to;
		*path = interp;
	}
	*error = depth == SCRIPT_DEPTH ? -ELOOP : -ENOEXEC;
	return argv;
}
